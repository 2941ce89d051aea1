// Package nearest finds the word that a mistyped one was most likely meant to be.
package nearest

import (
	"strings"
)

// Of returns the word of known that got was most likely meant to be: one
// that differs in case alone, else the one the fewest typing mistakes away,
// the first of equals; "" where all are further than a third of got's length.
func Of[T ~string](got string, known []T) T {
	// Longer than any word of ours, and the distance costs its square.
	if got == "" || len(got) > 64 {
		return ""
	}
	var best T
	lower := strings.ToLower(got)
	least := max(1, len(got)/3) + 1
	for _, k := range known {
		d := distance(lower, strings.ToLower(string(k)))
		if d < least && d < len(k) { // a replacement of every letter is no typing mistake
			best, least = k, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
