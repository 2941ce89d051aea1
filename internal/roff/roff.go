// Package roff writes manual pages in the macros of man(7), from plain text and from the part of Markdown
// that our documentation is written in.
package roff

import (
	"fmt"
	"strings"
)

// Page is a manual page that is being written.
type Page struct {
	b     strings.Builder
	fresh bool // nothing stands below the heading yet
}

// New begins a page; date is of its last change, as 2006-01-02.
func New(name, section, date, source string) *Page {
	p := &Page{}
	fmt.Fprintf(&p.b, ".TH %s %s %s %s\n", quote(strings.ToUpper(name)), section, date, quote(source))
	p.b.WriteString(".nh\n.ad l\n")
	return p
}

func (p *Page) String() string { return p.b.String() }

// Section begins a section.
func (p *Page) Section(title string) {
	fmt.Fprintf(&p.b, ".SH %s\n", quote(strings.ToUpper(title)))
	p.fresh = true
}

// Subsection begins a part of a section.
func (p *Page) Subsection(title string) {
	fmt.Fprintf(&p.b, ".SS %s\n", quote(title))
	p.fresh = true
}

// add writes what stands below a heading; before is a macro that it needs elsewhere than right below one.
func (p *Page) add(before, s string) {
	if !p.fresh {
		p.b.WriteString(before)
	}
	p.fresh = false
	p.b.WriteString(s)
}

// Text is a paragraph. In all texts, what is in ** or ` is bold.
func (p *Page) Text(s string) { p.add(".PP\n", inline(s)+"\n") }

// Line is a line of its own.
func (p *Page) Line(s string) { p.add(".br\n", inline(s)+"\n") }

// Tagged is a term and what it means.
func (p *Page) Tagged(term, s string) { p.add("", ".TP\n"+inline(term)+"\n"+inline(s)+"\n") }

// Indent moves what follows to the right, until Outdent.
func (p *Page) Indent() { p.b.WriteString(".RS\n") }

// Outdent ends what Indent began.
func (p *Page) Outdent() { p.b.WriteString(".RE\n") }

// Bullet is an item of a list. There is an empty line only before the first.
func (p *Page) Bullet(s string, first bool) {
	item := ".IP \\(bu 2\n" + inline(s) + "\n"
	if !first {
		item = ".PD 0\n" + item + ".PD\n"
	}
	p.add("", item)
}

// Example is text in which every character stays where it is.
func (p *Page) Example(s string) {
	p.add(".PP\n", ".RS 4\n.nf\n")
	for line := range strings.Lines(s) {
		p.b.WriteString(escape(strings.TrimRight(line, "\n")) + "\n")
	}
	p.b.WriteString(".fi\n.RE\n")
}

// escape writes text so that roff takes none of it for its own.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...", "▸", ">", "–", `\(en`, "·", `\(bu`, "^", `\(ha`, "~", `\(ti`,
		"'", `\(aq`, "`", `\(ga`, "µ", `\(mc`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// quote writes one argument of a macro.
func quote(s string) string {
	return `"` + strings.ReplaceAll(escape(s), `"`, `\(dq`) + `"`
}

// inline writes running text: ** and ` make bold, and a link is its text.
func inline(s string) string {
	s = links(strings.Join(strings.Fields(s), " "))
	var b strings.Builder
	for s != "" {
		at := strings.IndexAny(s, "`*")
		if at < 0 {
			break
		}
		mark := s[at : at+1]
		if mark == "*" {
			if !strings.HasPrefix(s[at:], "**") {
				b.WriteString(plain(s[:at+1]))
				s = s[at+1:]
				continue
			}
			mark = "**"
		}
		end := strings.Index(s[at+len(mark):], mark)
		if end < 0 {
			break
		}
		b.WriteString(plain(s[:at]))
		b.WriteString(`\fB` + plain(s[at+len(mark):at+len(mark)+end]) + `\fR`)
		s = s[at+len(mark)+end+len(mark):]
	}
	b.WriteString(plain(s))
	text := b.String()
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

// plain is escape for what does not begin a line.
func plain(s string) string {
	return strings.TrimPrefix(escape(s), `\&`)
}

// links replaces [text](address) by the text.
func links(s string) string {
	for {
		middle := strings.Index(s, "](")
		if middle < 0 {
			return s
		}
		open, end := strings.LastIndexByte(s[:middle], '['), strings.IndexByte(s[middle:], ')')
		if open < 0 || end < 0 {
			return s
		}
		s = s[:open] + s[open+1:middle] + s[middle+end+1:]
	}
}
