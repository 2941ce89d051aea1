package resident

import (
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// An assistant reads the state as another process wrote it: there is no pointer in it.
func TestStateIsFlat(t *testing.T) { nstest.AssertFlat(t, State{}) }
