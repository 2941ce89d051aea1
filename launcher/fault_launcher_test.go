package launcher

import (
	"fmt"
	"slices"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// broken is an action of the launcher that fails in place of another.
type broken struct{ plan.Action }

func (broken) Apply(step.Launch) error { return unix.EIO }

// Each step of the launcher fails in turn, waiting for a child among them, while
// the children are wherever they have come to.
func TestEachLauncherStepFails(t *testing.T) {
	faultPlans(t, func(t *testing.T, p *plan.Plan) {
		for i, s := range p.Steps {
			_, waits := s.Action.(step.WaitForLauncher)
			_, starts := s.Action.(step.StartStage)
			if _, acts := s.Action.(step.Launcher); !acts && !waits && !starts {
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
