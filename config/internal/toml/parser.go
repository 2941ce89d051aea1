package toml

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// parseTOML returns the document's tree: map[string]any, []any,
// []map[string]any, string, int64, float64, bool and time.Time.
// twice is the key that the scanner has found to be defined twice, if any: the
// parser finds some of them only.
func parseTOML(src *Source, twice *clash) (tree map[string]any, problem *Error) {
	// The parser's own mistakes are panics.
	defer func() {
		if r := recover(); r != nil {
			tree, problem = nil, &Error{Pos: src.Pos(0), Msg: fmt.Sprintf("the TOML parser gave up: %v", r)}
		}
	}()
	var v any
	if _, err := toml.Decode(string(src.Text), &v); err != nil {
		return nil, syntaxError(src, twice, err)
	}
	if twice != nil {
		return nil, twice.problem(src)
	}
	tree, _ = v.(map[string]any)
	return tree, nil
}

// badText finds what TOML allows nowhere: bytes that are not UTF-8, and
// control characters. The parser is off by some bytes there.
func badText(text []byte) (offset int, msg string) {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return 0, "the text is UTF-16 (save it as UTF-8)"
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				return i, fmt.Sprintf("byte 0x%02x is not UTF-8", c)
			}
			i += size
			continue
		case c == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			return i, "carriage return without a line feed (save the file with line feeds)"
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
			return i, fmt.Sprintf("control character 0x%02x", c)
		}
		i++
	}
	return 0, ""
}

// problem returns the error for a key that is defined twice.
func (c *clash) problem(src *Source) *Error {
	first := src.Pos(c.first).Line
	msg := fmt.Sprintf("defined already in line %d", first)
	switch before, again := afterKey(src.Text, c.first), afterKey(src.Text, c.second); {
	case header(src.Text, c.first) && header(src.Text, c.second):
		msg += fmt.Sprintf(" (move its keys below line %d)", first)
	case header(src.Text, c.second) && before == '.':
		msg += fmt.Sprintf(" (move line %d below this one, without %q)", first, c.path+".")
	case before == '=' && again == '=':
		msg += " (remove one of them)"
	}
	return &Error{Pos: src.Pos(c.second), Key: c.path, Msg: msg}
}

// afterKey returns the byte that follows the part of a key at an offset.
func afterKey(text []byte, at int) byte {
	rest := string(text[at:])
	rest = strings.TrimLeft(rest[tokenWidth(rest):], " \t")
	if rest == "" {
		return 0
	}
	return rest[0]
}

// header reports whether the key at an offset is that of a [table].
func header(text []byte, at int) bool {
	return at > 0 && text[at-1] == '[' && (at == 1 || text[at-2] == '\n')
}

// syntaxError gives a parser's error our form and its right place.
func syntaxError(src *Source, twice *clash, err error) *Error {
	pe, ok := err.(toml.ParseError)
	if !ok {
		return &Error{Pos: src.Pos(0), Msg: err.Error()}
	}
	text := src.Text
	start := pe.Position.Start
	if bytes.HasPrefix(text, []byte(Bom)) {
		start += len(Bom) // the parser has cut it off
	}
	start = min(max(start, 0), len(text))
	msg := strings.TrimSuffix(pe.Message, ".")
	if r, size := utf8.DecodeRuneInString(msg); !strings.HasPrefix(msg, "EOF") {
		msg = string(unicode.ToLower(r)) + msg[size:]
	}

	// The parser's place is that of the first part of the key.
	if strings.HasPrefix(msg, "key '") {
		if twice != nil {
			return twice.problem(src)
		}
		start = beforeQuotes(text, start)
	}

	end := strings.Contains(msg, "\x00") || strings.Contains(msg, `\x00`) ||
		strings.Contains(msg, "unexpected EOF") || strings.Contains(msg, "end of file")
	switch {
	case end:
		start = len(bytes.TrimRight(text, " \t\r\n"))
		msg = strings.NewReplacer(`'\x00'`, "the end of the file", "\x00", "", "unexpected EOF", "unexpected end of the file").Replace(msg)
	case strings.HasPrefix(msg, "invalid escape in") || strings.Contains(msg, "digits after '\\"):
		// The token that is marked goes from the string's start to the bad byte.
		token := text[start:min(start+pe.Position.Len, len(text))]
		start += max(bytes.LastIndexByte(token, '\\'), 0)
	case strings.HasPrefix(msg, "expected a top-level item"):
		token := text[start:min(start+pe.Position.Len, len(text))]
		start += len(token) - len(bytes.TrimLeft(token, " \t"))
	case strings.HasPrefix(msg, "invalid escape:") || strings.HasPrefix(msg, "escaped character"):
		start = beforeQuotes(text, start)
	}
	switch {
	case !end:
		start, msg = reword(text, start, msg)
	case strings.Contains(msg, "inline table terminator"):
		msg = unclosedTable
	}
	msg = strings.ReplaceAll(msg, `'\n'`, "the end of the line")
	key := ""
	if strings.Contains(msg, "out of range") {
		key = pe.LastKey // the text alone says nothing of what it is for
	}
	return &Error{Pos: src.Pos(start), Key: key, Msg: printable(msg)}
}

// printable escapes what would not be seen: the parser prints the text's
// bytes as they are.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// beforeQuotes moves an offset that is right after the opening quotes of a
// string in front of them.
func beforeQuotes(text []byte, at int) int {
	for n := 0; n < 3 && at > 0 && (text[at-1] == '"' || text[at-1] == '\''); n++ {
		at--
	}
	return at
}
