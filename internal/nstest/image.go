package nstest

import (
	"os"
	"strings"
)

// Portable tells whether the tests are to run sandboxes by the portable image: NSLAUNCH_IMAGE of the
// environment says so, which every command of theirs gets.
func Portable() bool { return os.Getenv("NSLAUNCH_IMAGE") == "portable" }

// WithoutImage takes out of a text what a plan, or an error of one, says of the portable image that the tests ask for.
func WithoutImage(text string) string {
	return strings.ReplaceAll(text, ", by the portable image: NSLAUNCH_IMAGE asks for it", "")
}
