// Package quote shows names that nslaunch did not choose: of profiles, file
// systems, processes and records. A terminal acts on control characters, and some
// others cannot be seen. A name with either could forge the line that it stands in.
package quote

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable reports whether a character of a name can be shown as it is. It is
// false for control characters, bidirectional controls, all that has no width or
// no glyph of its own, and blanks but the space.
func Printable(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r >= ' ' && r != 0x7f
	case r == utf8.RuneError, r == '\u2800': // a braille pattern without a dot
		return false
	}
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func allPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !Printable(r) })
		}
	}
	return true
}

// Word returns a name as one word of a shell, on one line. It is the name itself if
// it has nothing but letters and digits of ASCII and % + , - . / : = @ _. Otherwise it is in single quotes,
// or in $'…' of bash(1) with escapes where a character is not [Printable]. No two names have the same word.
func Word(s string) string {
	if !allPrintable(s) {
		return "$'" + strings.ReplaceAll(escaped(s, `\`), "'", `\'`) + "'"
	}
	plain := s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("%+,-./:=@_", r))
	})
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Words returns the [Word] of each name, with separator between them.
func Words(names []string, separator string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = Word(name)
	}
	return strings.Join(words, separator)
}

// Line returns a text that is all on one line, with what is not [Printable]
// escaped as in [strconv.Quote]. It is the last guard before a text is printed: a name in the
// text should be a [Word] already.
func Line(s string) string {
	if allPrintable(s) {
		return s
	}
	return escaped(s, "")
}

// escaped returns s with escapes for what is not printable, and for the characters of also.
func escaped(s, also string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch part := s[i : i+size]; {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strings.ContainsRune(also, r):
			b.WriteString(`\` + part)
		case Printable(r):
			b.WriteString(part)
		default:
			b.WriteString(escape(r))
		}
		i += size
	}
	return b.String()
}

// escape returns the escape of a character, which both Go and bash(1) read.
func escape(r rune) string {
	if q := strconv.QuoteRuneToASCII(r); q[1] == '\\' {
		return q[1 : len(q)-1]
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// JSON returns a text in JSON with what is not [Printable] as \uXXXX. It says the same:
// outside of strings JSON has such characters only as line ends and tabs, which are left.
func JSON(text []byte) []byte {
	if allPrintable(strings.NewReplacer("\n", "", "\t", "").Replace(string(text))) {
		return text
	}
	out := make([]byte, 0, len(text)+16)
	for _, r := range string(text) {
		switch {
		case r == '\n' || r == '\t' || Printable(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}
