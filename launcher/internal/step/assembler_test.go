package step

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
)

// idle is a step that nobody does.
type idle struct{}

func (idle) String() string { return "do nothing" }

// A step that nobody would do is an error before anything is done.
func TestAssembleIdle(t *testing.T) {
	assemble := func(by plan.Actor, a plan.Action) error {
		p := &plan.Plan{Host: &host.Host{}, Steps: []plan.Step{{By: plan.ByStage, Action: BlockSignals{}}, {By: by, Action: a}}}
		_, err := Assemble(p, 0)
		return err
	}
	for _, s := range []plan.Step{{By: plan.ByStage, Action: idle{}}, {By: plan.ByLauncher, Action: idle{}}, {By: plan.ByLauncher, Action: ForkCommand{}}, {By: plan.ByStage, Action: AwaitInit{}}} {
		if err := assemble(s.By, s.Action); err == nil || !strings.Contains(err.Error(), "a bug of nslaunch") {
			t.Errorf("%s, %T: %v", s.By, s.Action, err)
		}
	}
	for _, s := range []plan.Step{{By: plan.ByLauncher, Action: AwaitInit{}}, {By: plan.ByStage, Action: BlockSignals{}}} { // the control
		if err := assemble(s.By, s.Action); err != nil {
			t.Errorf("%s, %T: %v", s.By, s.Action, err)
		}
	}
}
