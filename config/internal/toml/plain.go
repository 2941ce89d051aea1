package toml

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plainValue returns the boolean, integer or float that TOML takes s for; nil
// for anything else. That may be a date or time, of which a profile has none.
func plainValue(s string) any {
	switch s {
	case "true":
		return true
	case "false":
		return false
	}
	if base := numberBase(s); base != 10 {
		if digitGroups(s[2:], base) != len(s)-2 {
			return nil
		}
		return integer(s)
	}
	unsigned := strings.TrimLeft(s[:min(len(s), 1)], "+-") + s[min(len(s), 1):]
	switch unsigned {
	case "inf":
		return float(s)
	case "nan":
		if s[0] == '-' {
			return math.Copysign(math.NaN(), -1)
		}
		return math.NaN()
	}
	whole := digitGroups(unsigned, 10)
	if whole == 0 || whole > 1 && unsigned[0] == '0' {
		return nil
	}
	rest := unsigned[whole:]
	if rest == "" {
		return integer(s)
	}
	if rest[0] == '.' {
		n := digitGroups(rest[1:], 10)
		if n == 0 {
			return nil
		}
		rest = rest[1+n:]
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		n := digitGroups(rest, 10)
		if n == 0 {
			return nil
		}
		rest = rest[n:]
	}
	if rest != "" {
		return nil
	}
	return float(s)
}

// numberBase returns the base that the prefix of an integer means.
func numberBase(s string) int {
	if len(s) > 2 && s[0] == '0' {
		switch s[1] {
		case 'x':
			return 16
		case 'o':
			return 8
		case 'b':
			return 2
		}
	}
	return 10
}

// digitGroups returns the length of the digits that s starts with. Single
// underscores may be between them.
func digitGroups(s string, base int) int {
	for i := range len(s) {
		switch {
		case digit(s[i]) < base:
		case s[i] == '_' && i > 0 && s[i-1] != '_' && i+1 < len(s) && digit(s[i+1]) < base:
		default:
			return i
		}
	}
	return len(s)
}

// digit returns the value of a hexadecimal digit, 16 for any other byte.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return 16
}

// integer returns an int64, nil where it is out of range.
func integer(s string) any {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		return nil
	}
	return n
}

// float returns a float64, nil where it is out of range.
func float(s string) any {
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil {
		return nil
	}
	return f
}

// unescape resolves the escapes of a basic string. ok is false where there is
// one that TOML does not have, which stays as it is.
func unescape(s string) (text string, ok bool) {
	b := make([]byte, 0, len(s))
	ok = true
	for len(s) > 0 {
		if s[0] != '\\' {
			b = append(b, s[0])
			s = s[1:]
			continue
		}
		if rest := strings.TrimLeft(s[1:], " \t\r\n"); strings.Contains(s[1:len(s)-len(rest)], "\n") {
			s = rest // a line that goes on in the next
			continue
		}
		n := 0
		if b, n = appendEscape(b, s); n == 0 {
			b = append(b, '\\')
			s, ok = s[1:], false
			continue
		}
		s = s[n:]
	}
	return string(b), ok
}

// appendEscape appends what the escape at the start of s means, and
// returns the escape's length, 0 for an unknown one.
func appendEscape(b []byte, s string) ([]byte, int) {
	if len(s) < 2 {
		return b, 0
	}
	digits := 0
	switch s[1] {
	case 'b':
		return append(b, '\b'), 2
	case 't':
		return append(b, '\t'), 2
	case 'n':
		return append(b, '\n'), 2
	case 'f':
		return append(b, '\f'), 2
	case 'r':
		return append(b, '\r'), 2
	case 'e':
		return append(b, 0x1b), 2
	case '"', '\\':
		return append(b, s[1]), 2
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return b, 0
	}
	n := 2 + digits
	if len(s) < n {
		return b, 0
	}
	r, err := strconv.ParseUint(s[2:n], 16, 32)
	if err != nil || !utf8.ValidRune(rune(r)) {
		return b, 0
	}
	return utf8.AppendRune(b, rune(r)), n
}
