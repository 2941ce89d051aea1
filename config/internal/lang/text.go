package lang

// Infinity is the word for no limit.
const Infinity = "infinity"

// MaxName is the length in bytes that the kernel bounds the host and the
// domain name to (__NEW_UTS_LEN), and that we bound a sandbox's name to.
const MaxName = 64

// LetterOrDigit reports whether c is one of ASCII.
func LetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// NameByte reports whether the names of sandboxes and hosts may have c.
func NameByte(c byte) bool {
	return LetterOrDigit(c) || c == '.' || c == '_' || c == '-'
}

// AllBytes reports whether all of s is good.
func AllBytes(s string, good func(c byte) bool) bool {
	for i := range len(s) {
		if !good(s[i]) {
			return false
		}
	}
	return true
}

// AllDigits reports whether s has nothing but digits; it may be empty.
func AllDigits(s string) bool {
	return AllBytes(s, func(c byte) bool { return '0' <= c && c <= '9' })
}

// EnvName reports whether s can be an environment variable of a shell's.
func EnvName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') &&
		AllBytes(s, func(c byte) bool { return LetterOrDigit(c) || c == '_' })
}
