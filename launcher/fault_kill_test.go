package launcher

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// A child that is killed at any op is reported and was waited for, also where it
// has not sent its process id yet. From its release on, a killed command is one that
// ran.
func TestKilledAtEachOp(t *testing.T) {
	faultPlans(t, func(t *testing.T, p *plan.Plan) {
		for _, i := range opsToTry(p) {
			o := &p.Program.Ops[i]
			patched := *p
			patched.Program = new(program.Program)
			*patched.Program = *p.Program
			patched.Program.Ops = slices.Clone(p.Program.Ops)
			// The next call is the end: seccomp(2) allows none but read and write.
			patched.Program.Ops[i] = program.Op{Nr: unix.SYS_PRCTL, Out: o.Out, Step: o.Step,
				Args: [6]program.Operand{program.Const(unix.PR_SET_SECCOMP), program.Const(1)}}
			t.Run(fmt.Sprintf("%d %s", i, o.Name()), func(t *testing.T) {
				before := nstest.Snapshot(t)
				var exit Exit
				var unit unit
				s, err := Start(context.Background(), &patched, unit.options())
				if err == nil {
					exit, err = s.Wait()
				}
				unit.check(t)
				nstest.AssertNothingLeft(t, before)
				if dead := unreaped(t); dead != "" {
					t.Errorf("children are left that were not waited for: %s", dead)
				}
				switch {
				case o.Nr == unix.SYS_EXIT_GROUP && err != nil && strings.Contains(err.Error(), "ENOENT"):
					// It was about to end; what it has forked goes on.
				case err == nil && released(p, i) && exit == Exit{Signal: unix.SIGKILL}:
				case err != nil && strings.Contains(err.Error(), "was killed by SIGKILL"):
				case err != nil && p.Layout.Control >= 0 && strings.Contains(err.Error(), "the child ended unexpectedly"):
				default:
					t.Errorf("got %+v, %v", exit, err)
				}
			})
		}
	})
}

// released reports whether an op is the command's own, after the launcher's last
// word to it or close before.
func released(p *plan.Plan, i int) bool {
	for j := range i + 2 {
		if o := &p.Program.Ops[min(j, len(p.Program.Ops)-1)]; o.Nr == program.SpecialSync && o.Args[0].Value == uint64(step.PointCommand) {
			return true
		}
	}
	return false
}
