package stage

import (
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// What lies in memory that Go does not know as such, mapped or of numbers, has no pointer.
func TestFlat(t *testing.T) {
	nstest.AssertFlat(t, op{}, statx{}, siginfo{}, machine{}.buf, machine{}.msg, machine{}.text, machine{}.cmsg)
}
