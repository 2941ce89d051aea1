package conformance

import (
	"fmt"
	"strconv"
	"strings"
)

// traced is one system call, as strace(1) or `plan --syscalls` prints it.
type traced struct {
	name   string
	args   []operand
	result string // what stands after the closing parenthesis
	text   string // the whole line
}

// operand is one operand of a call, or a part of it.
type operand struct {
	kind   byte      // 'n' number, 's' string, 'l' list, 'r' record, 'w' word in lower case
	number uint64    // n: of all parts together
	parts  []uint64  // n: what "|" joins
	text   string    // s, w
	list   []operand // l, r
	names  []string  // r
	not    bool      // l: "~[…]", the complement of a set
}

// unfinished stands for the operands of a call in which the process was killed, unavailable for its result if it was killed sooner:
// then the operands that strace had not read are missing.
const (
	unfinished  = "<unfinished ...>"
	unavailable = "= ? <unavailable>"
)

// parseCall parses "name(operands) = result". A word that is no symbol and no
// number, such as a register, is a word.
func parseCall(text string) (traced, error) {
	name, _, ok := strings.Cut(text, "(")
	if !ok {
		return traced{}, fmt.Errorf("not a call: %s", text)
	}
	p := &syntax{text: text, at: len(name) + 1}
	args, _ := p.sequence(')')
	if p.err != nil {
		return traced{}, fmt.Errorf("%s: %w", text, p.err)
	}
	return traced{name, args, strings.TrimSpace(text[p.at:]), text}, nil
}

// syntax parses strace's notation of operands.
type syntax struct {
	text string
	at   int
	err  error
}

func (p *syntax) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("at %d: %s", p.at, fmt.Sprintf(format, args...))
	}
	p.at = len(p.text)
}

func (p *syntax) rest() string { return p.text[min(p.at, len(p.text)):] }

// skip passes over s, if it comes next.
func (p *syntax) skip(s string) bool {
	if strings.HasPrefix(p.rest(), s) {
		p.at += len(s)
		return true
	}
	return false
}

// sequence parses values, with names or without, up to the closing character.
func (p *syntax) sequence(closing byte) (values []operand, names []string) {
	for {
		for p.skip(" ") || p.skip(",") {
		}
		if p.at >= len(p.text) {
			p.fail("no %q", closing)
			return values, names
		}
		if p.skip(string(closing)) {
			return values, names
		}
		if p.skip("...") { // what was not asked for
			continue
		}
		if p.skip(unfinished) {
			values, names = append(values, operand{kind: 'w', text: unfinished}), append(names, "")
			continue
		}
		if p.skip("/*") {
			_, after, _ := strings.Cut(p.rest(), "*/")
			p.at = len(p.text) - len(after)
			continue
		}
		name := ""
		if i := strings.IndexAny(p.rest(), "=,(){}[]\"|"); i > 0 && p.rest()[i] == '=' {
			name = p.rest()[:i]
			p.at += i + 1
		}
		values, names = append(values, p.value()), append(names, name)
	}
}

func (p *syntax) value() operand {
	switch {
	case p.skip(`"`):
		return operand{kind: 's', text: p.quoted()}
	case p.skip("~["):
		list, _ := p.sequence(']')
		return operand{kind: 'l', list: list, not: true}
	case p.skip("["):
		list, _ := p.sequence(']')
		return operand{kind: 'l', list: list}
	case p.skip("{"):
		list, names := p.sequence('}')
		return operand{kind: 'r', list: list, names: names}
	}
	return p.scalar()
}

// scalar parses what "|" joins: numbers and symbols.
func (p *syntax) scalar() operand {
	end := strings.IndexAny(p.rest(), ", )]}")
	if end < 0 {
		end = len(p.rest())
	}
	word := p.rest()[:end]
	p.at += end
	o := operand{kind: 'n'}
	for part := range strings.SplitSeq(word, "|") {
		n, ok := number(part)
		switch {
		case part == "" && word != "": // "|0x1000"
		case ok:
			o.number |= n
			o.parts = append(o.parts, n)
		case strings.ToLower(word) == word && word != "":
			return operand{kind: 'w', text: word}
		default:
			p.fail("unknown symbol %q (strace_symbols_test.go has those that are known)", part)
		}
	}
	return o
}

// number is the value of a number or symbol; strace writes some as a product.
func number(word string) (uint64, bool) {
	if a, b, ok := strings.Cut(word, "*"); ok {
		x, okA := number(a)
		y, okB := number(b)
		return x * y, okA && okB
	}
	if n, err := strconv.ParseInt(word, 0, 64); err == nil {
		return uint64(n), true
	}
	if n, err := strconv.ParseUint(word, 0, 64); err == nil {
		return n, true
	}
	n, ok := straceSymbols()[word]
	return n, ok
}

// quoted parses a string up to its closing quote: C's escapes, with up to three
// octal digits.
func (p *syntax) quoted() string {
	var b strings.Builder
	for {
		rest := p.rest()
		if rest == "" {
			p.fail("no closing quote")
			return b.String()
		}
		p.at++
		switch c := rest[0]; {
		case c == '"':
			if p.skip("...") {
				p.fail("a string that strace has cut short")
			}
			return b.String()
		case c != '\\':
			b.WriteByte(c)
		case len(rest) > 1 && rest[1] >= '0' && rest[1] <= '7':
			digits := 1
			for digits < 3 && digits+1 < len(rest) && rest[digits+1] >= '0' && rest[digits+1] <= '7' {
				digits++
			}
			n, _ := strconv.ParseUint(rest[1:1+digits], 8, 8)
			b.WriteByte(byte(n))
			p.at += digits
		default:
			r, _, _, err := strconv.UnquoteChar(rest, '"')
			if err != nil {
				p.fail("escape %.4q", rest)
			}
			b.WriteByte(byte(r))
			p.at++
		}
	}
}
