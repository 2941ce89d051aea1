package lang

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nearest"
)

// Suggest returns the word of known that got was most likely meant to be, "" if none is near; see [nearest.Of].
func Suggest[T ~string](got string, known []T) T { return nearest.Of(got, known) }

// Words lists what is allowed: "a, b or c".
func Words[T ~string](all []T) string {
	var b strings.Builder
	for i, w := range all {
		switch {
		case i == 0:
		case i == len(all)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}

// DidYouMean returns ` (did you mean "x"?)` where one of known is close to
// got, else "".
func DidYouMean[T ~string](got string, known []T) string {
	if s := Suggest(got, known); s != "" {
		return fmt.Sprintf(" (did you mean %q?)", string(s))
	}
	return ""
}
