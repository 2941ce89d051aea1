package launcher

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// broken is an action of the launcher that fails in place of another.
type broken struct{ Action }

func (broken) apply(*launch) error { return unix.EIO }

// Each step of the launcher fails in turn, waiting for a child among them, while
// the children are wherever they have come to.
func TestEachLauncherStepFails(t *testing.T) {
	faultPlans(t, func(t *testing.T, p *Plan) {
		for i, s := range p.Steps {
			_, waits := s.Action.(waitForLauncher)
			_, starts := s.Action.(startStage)
			if _, acts := s.Action.(launcherAction); !acts && !waits && !starts {
				continue
			}
			t.Run(fmt.Sprintf("%d %s", i, s.Action), func(t *testing.T) {
				patched := *p
				patched.Steps = slices.Clone(p.Steps)
				patched.Steps[i].Action = broken{s.Action}
				wantFailure(t, p, failed(t, &patched), i, unix.EIO)
			})
		}
	})
}
