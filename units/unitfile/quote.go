package unitfile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// execStart returns the value of ExecStart=. The path of the program is taken as it is but for
// quotes and specifiers, and its arguments have variables, too; see systemd.service(5), COMMAND LINES.
func execStart(program, profile string, flags []string) (string, error) {
	switch {
	case !strings.HasPrefix(program, "/") || !strings.HasPrefix(profile, "/"):
		return "", fmt.Errorf("want absolute paths, got %q and %q", program, profile)
	case !utf8.ValidString(program) || strings.ContainsAny(program, `'"\`) || strings.ContainsFunc(program, unicode.IsControl):
		return "", fmt.Errorf("systemd accepts no program with quotes, backslashes or control characters in its path, and nslaunch is %q", program)
	case !utf8.ValidString(profile):
		// It would be started, but systemctl could not show it.
		return "", fmt.Errorf("systemd accepts no path that is not UTF-8, and the profile is %q", profile)
	}
	line := word(percents(program))
	for _, arg := range append(flags, profile) {
		if !utf8.ValidString(arg) || strings.ContainsFunc(arg, unicode.IsControl) && arg != profile {
			return "", fmt.Errorf("systemd accepts only UTF-8 without control characters in a flag, got %q", arg)
		}
		line += " " + word(strings.ReplaceAll(percents(arg), "$", "$$"))
	}
	return line, nil
}

// assignments returns the values of Environment=, of NAME=VALUE each.
func assignments(env []string) ([]string, error) {
	var all []string
	for _, e := range env {
		name, value, ok := strings.Cut(e, "=")
		if !ok || !variableName(name) {
			return nil, fmt.Errorf("want NAME=VALUE, got %q", e)
		}
		if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' }) {
			return nil, fmt.Errorf("systemd accepts only UTF-8 without control characters in a variable, got %q", e)
		}
		all = append(all, word(percents(e)))
	}
	return all, nil
}

func variableName(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// percents doubles what would start a specifier.
func percents(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// word quotes one word of a value that is split into words, where it has to be;
// see systemd.syntax(7), QUOTING.
func word(s string) string {
	plain := func(r rune) bool {
		return quote.Printable(r) && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("/_.:,+@=%$-", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case !quote.Printable(r):
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// line returns the value of a setting that takes the rest of its line. At the end of a
// line a backslash would go on in the next; a blank is stripped. Such a value has no
// escapes, so what cannot be shown is replaced.
func line(s string) string {
	s = percents(strings.Map(func(r rune) rune {
		if quote.Printable(r) {
			return r
		}
		return '?'
	}, s))
	if strings.HasSuffix(s, `\`) {
		s += " "
	}
	return s
}
