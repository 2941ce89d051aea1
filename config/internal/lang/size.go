package lang

import (
	"fmt"
	"strings"
)

// wantSize is how messages show the notation.
const wantSize = `want a size such as "512M", in bytes or with K, M, G, T, P or E`

// ParseSize reads a number of bytes, with an optional suffix for
// a power of 1024. What is finer than a byte is cut off.
func ParseSize(s string) (uint64, error) {
	n, suffix, ok := CutNumber(s)
	if !ok {
		return 0, fmt.Errorf("%s, got %q", wantSize, s)
	}
	var unit uint64
	switch suffix {
	case "":
		unit = 1
	case "K", "M", "G", "T", "P", "E":
		unit = 1 << (10 * (1 + strings.Index("KMGTPE", suffix)))
	default:
		// "4g", "4GB" and "4GiB" all mean 4G.
		letter := strings.ToUpper(suffix[:1])
		switch strings.ToUpper(suffix[1:]) {
		case "", "B", "IB":
			if strings.Contains("KMGTPE", letter) {
				return 0, fmt.Errorf("%s, got %q (did you mean %q?)", wantSize, s, strings.TrimSuffix(s, suffix)+letter)
			}
		}
		return 0, fmt.Errorf("%s, got %q", wantSize, s)
	}
	size, err := n.Times(unit)
	if err != nil {
		return 0, fmt.Errorf("%q is too large, want less than 16E", s)
	}
	return size, nil
}
