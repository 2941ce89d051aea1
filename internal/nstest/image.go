package nstest

import (
	"os"
	"strings"
)

// Portable reports whether the tests are to run sandboxes by the portable image: NSLAUNCH_IMAGE of the
// environment says so, which every command of theirs gets.
func Portable() bool { return os.Getenv("NSLAUNCH_IMAGE") == "portable" }

// Rounds returns how often a test is to repeat what it does: n times by the sealed image, and a fifth of it by the portable one,
// to spare time.
func Rounds(n int) int {
	if Portable() {
		return n / 5
	}
	return n
}

// WithoutImage takes out of a text what a plan, or an error of one, says of the portable image that the tests ask for.
func WithoutImage(text string) string {
	return strings.ReplaceAll(text, ", by the portable image: NSLAUNCH_IMAGE asks for it", "")
}
