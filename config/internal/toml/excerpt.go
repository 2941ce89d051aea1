package toml

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Excerpt returns the line that a place is in, without its line end, and how many bytes of it the key or value at the place
// fills there. It is the text that was read, not the file as it is now. ok is false for a place that has no text, such as a flag.
func (p Pos) Excerpt() (line string, width int, ok bool) {
	if p.src == nil || p.Line == 0 {
		return "", 0, false
	}
	text := bytes.TrimPrefix(p.src.Text, []byte(Bom))
	for range p.Line - 1 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return "", 0, false
		}
		text = text[end+1:]
	}
	if end := bytes.IndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	line = strings.TrimSuffix(string(text), "\r")
	if p.Col > len(line) {
		return line, 1, true
	}
	return line, tokenWidth(line[p.Col-1:]), true
}

// tokenWidth returns the length of the key or value that a text starts with. What goes on in the next line is as long as
// its first byte, except for a string without an end.
func tokenWidth(text string) int {
	switch text[0] {
	case '"', '\'':
		return quotedWidth(text)
	case '[', '{':
		depth := 0
		for i := 0; i < len(text); i++ {
			switch text[i] {
			case '"', '\'':
				i += quotedWidth(text[i:]) - 1
			case '[', '{':
				depth++
			case ']', '}':
				if depth--; depth == 0 {
					return i + 1
				}
			case '#':
				return 1
			}
		}
		return 1
	}
	if !bareKeyByte(text[0]) && text[0] != '+' { // no key and no value: what is wrong is this character
		_, size := utf8.DecodeRuneInString(text)
		return size
	}
	ends := " \t,]}=#."
	if c := text[0]; c == '+' || c == '-' || '0' <= c && c <= '9' {
		ends = " \t,]}=#"
	}
	if end := strings.IndexAny(text, ends); end >= 0 {
		return max(end, 1)
	}
	return len(text)
}

// quotedWidth returns the length of the string that a text starts with.
func quotedWidth(text string) int {
	quote := text[:1]
	if three := strings.Repeat(quote, 3); strings.HasPrefix(text, three) {
		quote = three
	}
	for i := len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote[0] == '"':
			i++
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote)
		}
	}
	return len(strings.TrimRight(text, " \t"))
}
