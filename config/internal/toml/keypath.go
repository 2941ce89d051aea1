package toml

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// A key path is written as TOML writes a dotted key, with indexes:
// mounts."/work".rw, idmap.uid[0].inside.

// JoinKey appends a key to the path of its table, in quotes where it is not bare.
func JoinKey(path, key string) string {
	if !BareKey(key) {
		key = QuoteKey(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// IndexKey appends the index of an element to the path of its array.
func IndexKey(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}

// BareKey reports whether a key needs no quotes.
func BareKey(s string) bool {
	for i := range len(s) {
		if !bareKeyByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func bareKeyByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

// QuoteKey writes a key as a basic string of TOML, with escapes for what cannot be shown.
func QuoteKey(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case quote.Printable(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// ParentKey returns the path of what directly holds the key or element at
// path, "" for a top-level key.
func ParentKey(path string) string {
	end := 0
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '.', '[':
			end = i
		case '"':
			for i++; i < len(path) && path[i] != '"'; i++ {
				if path[i] == '\\' {
					i++
				}
			}
		}
	}
	return path[:end]
}

// SplitKey splits a dotted key as TOML reads one; ok is false where s is none.
func SplitKey(s string) (parts []string, ok bool) {
	sc := &scanner{text: s}
	for {
		sc.skip(false)
		before := sc.at
		part := sc.keyPart()
		if sc.at == before {
			return nil, false
		}
		if quote := s[before]; !bareKeyByte(quote) && (sc.at < before+2 || s[sc.at-1] != quote) {
			return nil, false // unclosed
		}
		parts = append(parts, part)
		sc.skip(false)
		switch {
		case sc.at == len(s):
			return parts, true
		case sc.peek() != '.':
			return nil, false
		}
		sc.at++
	}
}
