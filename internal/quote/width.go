package quote

import "unicode"

// Width returns how many columns of a terminal a text fills that is a [Line]. Letters of East Asia and most emoji are
// two columns wide, and a mark that combines with the letter before it has no width.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += RuneWidth(r)
	}
	return n
}

// Start returns the longest start of a text that fills at most a number of columns.
func Start(s string, columns int) string {
	for i, r := range s {
		if columns -= RuneWidth(r); columns < 0 {
			return s[:i]
		}
	}
	return s
}

// Cut returns a text that fills at most a number of columns: a longer one ends in "…".
func Cut(s string, columns int) string {
	if Width(s) <= columns {
		return s
	}
	return Start(s, columns-1) + "…"
}

// RuneWidth returns how many columns of a terminal a character fills that is [Printable].
func RuneWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me), 0x1160 <= r && r <= 0x11ff:
		return 0
	case wide(r):
		return 2
	}
	return 1
}

// wide reports whether a character is Wide or Fullwidth by Unicode's EastAsianWidth.txt. Characters that are not assigned
// are wide where their neighbours are.
func wide(r rune) bool {
	in := func(low, high rune) bool { return low <= r && r <= high }
	switch {
	case r < 0x1100:
		return false
	case r < 0x2e80:
		return in(0x1100, 0x115f) || in(0x231a, 0x231b) || in(0x2329, 0x232a) || in(0x23e9, 0x23ec) || r == 0x23f0 || r == 0x23f3 ||
			in(0x25fd, 0x25fe) || in(0x2614, 0x2615) || in(0x2630, 0x2637) || in(0x2648, 0x2653) || r == 0x267f || in(0x268a, 0x268f) ||
			r == 0x2693 || r == 0x26a1 || in(0x26aa, 0x26ab) || in(0x26bd, 0x26be) || in(0x26c4, 0x26c5) || r == 0x26ce || r == 0x26d4 ||
			r == 0x26ea || in(0x26f2, 0x26f3) || r == 0x26f5 || r == 0x26fa || r == 0x26fd || r == 0x2705 || in(0x270a, 0x270b) ||
			r == 0x2728 || r == 0x274c || r == 0x274e || in(0x2753, 0x2755) || r == 0x2757 || in(0x2795, 0x2797) || r == 0x27b0 ||
			r == 0x27bf || in(0x2b1b, 0x2b1c) || r == 0x2b50 || r == 0x2b55
	case r < 0x1f000:
		return in(0x2e80, 0x303e) || in(0x3041, 0x4dbf) || in(0x4dc0, 0xa4cf) || in(0xa960, 0xa97c) || in(0xac00, 0xd7a3) ||
			in(0xf900, 0xfaff) || in(0xfe10, 0xfe19) || in(0xfe30, 0xfe6b) || in(0xff01, 0xff60) || in(0xffe0, 0xffe6) ||
			in(0x16fe0, 0x18d08) || in(0x1aff0, 0x1b2fb) || in(0x1d300, 0x1d376)
	}
	return r == 0x1f004 || r == 0x1f0cf || r == 0x1f18e || in(0x1f191, 0x1f19a) || in(0x1f200, 0x1f320) || in(0x1f32d, 0x1f335) ||
		in(0x1f337, 0x1f37c) || in(0x1f37e, 0x1f393) || in(0x1f3a0, 0x1f3ca) || in(0x1f3cf, 0x1f3d3) || in(0x1f3e0, 0x1f3f0) ||
		r == 0x1f3f4 || in(0x1f3f8, 0x1f43e) || r == 0x1f440 || in(0x1f442, 0x1f4fc) || in(0x1f4ff, 0x1f53d) || in(0x1f54b, 0x1f54e) ||
		in(0x1f550, 0x1f567) || r == 0x1f57a || in(0x1f595, 0x1f596) || r == 0x1f5a4 || in(0x1f5fb, 0x1f64f) || in(0x1f680, 0x1f6c5) ||
		r == 0x1f6cc || in(0x1f6d0, 0x1f6d2) || in(0x1f6d5, 0x1f6df) || in(0x1f6eb, 0x1f6ec) || in(0x1f6f4, 0x1f6fc) ||
		in(0x1f7e0, 0x1f7f0) || in(0x1f90c, 0x1f93a) || in(0x1f93c, 0x1f945) || in(0x1f947, 0x1f9ff) || in(0x1fa70, 0x1faff) ||
		in(0x20000, 0x3fffd)
}
