package nstest

import "os"

// Portable tells whether the tests are to run sandboxes by the portable image: NSLAUNCH_IMAGE of the
// environment says so, which every command of theirs gets.
func Portable() bool { return os.Getenv("NSLAUNCH_IMAGE") == "portable" }
