package toml

import (
	"bytes"
	"fmt"
	"strings"
)

// reword says in plain English what the parser found wrong at an offset, and what to write, where that is clear. It may move
// the offset to the place that has to be changed.
func reword(text []byte, start int, msg string) (int, string) {
	begin := bytes.LastIndexByte(text[:start], '\n') + 1
	end := len(text)
	if n := bytes.IndexByte(text[start:], '\n'); n >= 0 {
		end = start + n
	}
	line := strings.TrimRight(strings.TrimPrefix(string(text[begin:end]), Bom), " \t\r")
	trimmed := strings.TrimLeft(line, " \t")
	rest := strings.TrimRight(string(text[start:end]), " \t\r")
	switch {
	case strings.HasPrefix(msg, "strings cannot contain newlines"):
		if at := unclosed(line); at >= 0 {
			quote := line[at : at+1]
			msg = "the string has no closing " + quote
			if open := line[at:]; !strings.ContainsAny(open[1:], `,]}#"'`) {
				msg += " (write " + open + quote + ")"
			}
			return begin + at, msg
		}
	case strings.Contains(msg, "array terminator") && strings.Contains(msg, "got"):
		if begin != start && rest != "" && strings.IndexByte(`"'`, rest[0]) >= 0 {
			return start, "a comma is missing before this element (write , " + rest[:tokenWidth(rest)] + ")"
		}
		above := bytes.TrimRight(text[:begin], " \t\r\n")
		if last := above[bytes.LastIndexByte(above, '\n')+1:]; strings.Contains(rest, "=") && bytes.IndexByte(last, '#') < 0 {
			return len(above), "the array is not closed (write ])"
		}
		return start, "the array before this is not closed: a ] is missing"
	case strings.Contains(msg, "inline table terminator"):
		return start, unclosedTable
	case strings.HasPrefix(msg, "expected '.' or ']' to end table name"):
		switch {
		case strings.HasPrefix(trimmed, "[") && strings.ContainsAny(rest, "/~$"):
			return start, "a key that is a path needs quotes (write " + quotedHeader(trimmed) + ")"
		case strings.HasPrefix(trimmed, "[") && strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "]"):
		case strings.HasPrefix(trimmed, "["):
			return start, "the table's name has no closing ] (write " + trimmed + "])"
		}
	case strings.HasPrefix(msg, "expected '.' or '='"):
		return start, badPair(trimmed, msg)
	case strings.HasPrefix(msg, "expected value but found"):
		return start, badValue(rest, msg)
	case strings.Contains(msg, "cannot have leading zeroes"):
		return start, fmt.Sprintf("a number cannot start with 0 (write %q for an octal number)", rest[:tokenWidth(rest)])
	case (strings.HasPrefix(msg, "invalid escape in string") || strings.Contains(msg, "hexadecimal digits after '\\")) && len(rest) > 1:
		return start, rest[:2] + ` is not an escape (write \\ for a backslash)`
	case strings.HasPrefix(msg, "expected a top-level item to end"):
		const one = "only one key = value fits in a line"
		pair := strings.TrimLeft(rest, ";, \t")
		switch _, value, isPair := strings.Cut(trimmed, "="); {
		case strings.Trim(rest, ";,") == "":
			return start, "a line ends without " + rest[:1] + " (leave it out)"
		case strings.Contains(pair, "="):
			return start, one + " (write " + pair + " in a line of its own)"
		case isPair && startsNumber(value):
			word, _, _ := strings.Cut(strings.TrimSpace(value), " ")
			return begin + strings.Index(string(text[begin:end]), word), "a string needs quotes (write " + QuoteKey(word) + ")"
		}
		return start, one + ": start a new line here"
	}
	return start, msg
}

const unclosedTable = "the table before this is not closed: a } is missing"

// startsNumber reports whether a value starts as a number does, and goes on with a letter right after it: 5s, 512M.
func startsNumber(value string) bool {
	value = strings.TrimSpace(value)
	after := strings.TrimLeft(value, "0123456789.")
	return after != value && after != "" && strings.IndexByte(" \t,;#]}", after[0]) < 0
}

// quotedHeader returns the header of a table with the last part of its name in quotes.
func quotedHeader(line string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(line, "["), "]")
	at := strings.IndexAny(name, "/~$")
	return "[" + name[:at] + QuoteKey(name[at:]) + "]"
}

// unclosed returns where the string starts that a line does not close, -1 if there is none.
func unclosed(line string) int {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '#':
			return -1
		case '"', '\'':
			width := quotedWidth(line[i:])
			if whole := line[i : i+width]; width < 2 || whole[width-1] != whole[0] {
				return i
			}
			i += width - 1
		}
	}
	return -1
}

// badPair says what is wrong with a line that has no = where one has to be.
func badPair(line, msg string) string {
	key := line[:len(line)-len(strings.TrimLeft(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."))]
	rest := strings.TrimLeft(line[len(key):], " \t")
	switch {
	case strings.HasPrefix(line, "{"):
		return `this is not TOML (leave out the outer braces, and write version = 1 for "version": 1, each key in a line of its own)`
	case strings.Trim(line, "-") == "" || key != "" && strings.TrimRight(rest, " \t") == ":":
		return "this is not TOML but looks like YAML (write key = value, and an array as command = [\"npm\", \"install\"])"
	case strings.HasPrefix(line, "//") || strings.HasPrefix(line, ";") || strings.HasPrefix(line, "--"):
		return "a comment starts with # (write # " + strings.TrimLeft(line, "/;- \t") + ")"
	case strings.HasPrefix(line, "/") || strings.HasPrefix(line, "~") || strings.HasPrefix(line, "$"):
		if path, value, ok := strings.Cut(line, "="); ok {
			return fmt.Sprintf("a key that is a path needs quotes (write %q =%s)", strings.TrimSpace(path), value)
		}
	case key != "" && strings.HasSuffix(key, ".") && strings.ContainsAny(rest[:min(len(rest), 1)], "/~$"):
		if path, value, ok := strings.Cut(rest, "="); ok {
			path, below := strings.TrimSpace(path), ""
			if i := strings.LastIndexByte(path, '.'); i > strings.LastIndexByte(path, '/') {
				path, below = path[:i], path[i:]
			}
			return fmt.Sprintf("a key that is a path needs quotes (write %s%q%s =%s)", key, path, below, value)
		}
	case key != "" && strings.HasPrefix(rest, "{"):
		return "want a = between key and value (write " + key + " = " + rest + ")"
	case key != "" && strings.HasPrefix(rest, ":"):
		return "want a = between key and value, got : (write " + key + " = " + asValue(strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(rest, ":"), "="))) + ")"
	case key != "" && rest != "" && rest[0] != '=' && !strings.Contains(rest, "="):
		return "want a = between key and value (write " + key + " = " + asValue(rest) + ")"
	}
	return msg
}

// asValue returns a text as a value of TOML: in quotes if it is none.
func asValue(s string) string {
	if s != "" && strings.IndexByte(`"'[{`, s[0]) >= 0 || s != "" && plainValue(s) != nil {
		return s
	}
	return QuoteKey(s)
}

// badValue says what is wrong with a value.
func badValue(rest, msg string) string {
	if rest == "" {
		return msg
	}
	word := rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return !strings.ContainsRune(" \t,]}#\"'", r) }))]
	if strings.HasPrefix(rest, "${") {
		end := strings.IndexByte(rest, '}') + 1
		word = rest[:max(end+len(rest[end:])-len(strings.TrimLeftFunc(rest[end:], func(r rune) bool { return !strings.ContainsRune(" \t,]}#\"'", r) })), len(word))]
	}
	straight := strings.Trim(word, "“”„‘’«»")
	switch {
	case word == "True" || word == "False" || word == "TRUE" || word == "FALSE":
		return "true and false are written in lower case (write " + strings.ToLower(word) + ")"
	case straight != word:
		return "want straight quotes (write " + QuoteKey(straight) + ")"
	case word != "":
		return "a string needs quotes (write " + QuoteKey(word) + ")"
	}
	return msg
}
