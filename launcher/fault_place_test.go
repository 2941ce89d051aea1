package launcher

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// unit is one of systemd's as far as a launch knows. A test has it end, and looks.
type unit struct {
	placed, ended int
	pid           int
	lives         bool // the process was there when the unit was ended
}

func (u *unit) place(_ context.Context, p step.Placement) (step.Placed, error) {
	u.placed++
	u.pid = p.PID
	return step.Placed{Unit: "u.scope", End: u.end}, nil
}

func (u *unit) end() {
	u.ended++
	u.lives = unix.Kill(u.pid, 0) == nil
}

// options are those of a launch that nobody hears of.
func (u *unit) options() Options {
	return Options{Place: u.place, Notify: func(string, []byte, []int) {}}
}

// check asserts that it was ended as often as it was made, once the sandbox was gone.
func (u *unit) check(t *testing.T) {
	t.Helper()
	if u.placed > 1 || u.ended != u.placed || u.lives {
		t.Errorf("placed %d times, ended %d times, with the sandbox's process still there: %v", u.placed, u.ended, u.lives)
	}
}

// With a pid namespace and without, and with an init and without.
func placedProfiles() map[string]string {
	return map[string]string{
		"scope":        "version = 1\nnamespaces = { user = \"new\", pid = \"new\" }\nscope = { mode = \"required\" }\n",
		"no init":      "version = 1\nnamespaces = { user = \"new\", pid = \"new\" }\nscope = { mode = \"required\" }\nprocess = { init = false }\n",
		"no namespace": "version = 1\nscope = { mode = \"required\" }\n",
		"limit":        "version = 1\nnamespaces = { user = \"new\" }\nlimits = { memory = \"1G\" }\n",
	}
}

// placementStep is the index of a plan's step that places.
func placementStep(t *testing.T, p *plan.Plan) int {
	t.Helper()
	for i, s := range p.Steps {
		if _, ok := s.Action.(step.PlaceInScope); ok {
			return i
		}
	}
	t.Fatal("no step places anything")
	return 0
}

// eachPlaced runs test with plans that place, as each user, and asserts that
// nothing is left and nobody unreaped.
func eachPlaced(t *testing.T, command string, test func(t *testing.T, p *plan.Plan)) {
	t.Helper()
	for name, text := range placedProfiles() {
		t.Run(name, func(t *testing.T) {
			nstest.EachUser(t, func(t *testing.T, u nstest.User) {
				if !u.IsRoot() && !nstest.Inside(t) {
					nstest.RunAgain(t, nstest.Again(t, u))
					return
				}
				p := mustCompile(t, text+"command = "+command+"\n")
				before := nstest.Snapshot(t)
				test(t, p)
				nstest.AssertNothingLeft(t, before)
				if dead := unreaped(t); dead != "" {
					t.Errorf("children are left that were not waited for: %s", dead)
				}
			})
		})
	}
}

// A unit is ended once, when its command has ended, and by whatever.
func TestPlaced(t *testing.T) {
	for command, want := range map[string]Exit{
		`["true"]`: {}, `["sh", "-c", "exit 3"]`: {Code: 3}, `["sleep", "1000"]`: {Signal: unix.SIGKILL},
	} {
		t.Run(command, func(t *testing.T) {
			eachPlaced(t, command, func(t *testing.T, p *plan.Plan) {
				var u unit
				o, told := u.options(), ""
				o.Started = func(p Process) { told = p.Unit }
				s, err := Start(context.Background(), p, o)
				if err != nil {
					t.Fatal(err)
				}
				if told != "u.scope" {
					t.Errorf("the unit is %q", told)
				}
				if want.Signal != 0 {
					if u.ended != 0 {
						t.Error("it was ended while the command runs")
					}
					if err := s.Signal(want.Signal); err != nil {
						t.Error(err)
					}
				}
				exit, err := s.Wait()
				if again, _ := s.Wait(); again != exit || u.placed != 1 {
					t.Errorf("once more: %+v; placed %d times", again, u.placed)
				}
				u.check(t)
				if err != nil || exit != want {
					t.Errorf("got %+v, %v; want %+v", exit, err, want)
				}
			})
		})
	}
}

// A refusal is reported at its place in the profile, with its cause and cure.
func TestPlaceFails(t *testing.T) {
	eachPlaced(t, `["true"]`, func(t *testing.T, p *plan.Plan) {
		for _, refusal := range []error{
			unix.EIO, errors.New("no answer"),
			&step.PlaceError{Message: "the manager says no", Cause: "the cause", Cure: "the cure"},
			&step.PlaceError{Key: "command", Message: "the manager says no"},
		} {
			_, err := Start(context.Background(), p, Options{Place: func(context.Context, step.Placement) (step.Placed, error) { return step.Placed{}, refusal }})
			var failed *plan.StepError
			var place *step.PlaceError
			i := placementStep(t, p)
			if !errors.As(err, &failed) || !errors.Is(err, refusal) || failed.Index != i {
				t.Fatalf("got %v; want %v at step %d", err, refusal, i+1)
			}
			switch want := p.Steps[i].Origin; {
			case !errors.As(refusal, &place):
			case place.Key != "" && (failed.Step.Origin.Key != place.Key || failed.Step.Origin.Pos.Line == 0),
				place.Key == "" && failed.Step.Origin != want,
				failed.Cause != place.Cause || failed.Cure != place.Cure, !strings.Contains(err.Error(), place.Message):
				t.Errorf("%v is reported at %+v: %v", refusal, failed.Step.Origin, err)
			}
		}
		_, err := Start(context.Background(), p, Options{})
		if err == nil || !strings.Contains(err.Error(), "launcher.Options.Place is not set") {
			t.Errorf("got %v", err)
		}
	})
}

// The end of ctx ends a launch that is being placed, whether or not it then is.
func TestPlaceCancelled(t *testing.T) {
	eachPlaced(t, `["true"]`, func(t *testing.T, p *plan.Plan) {
		for _, made := range []bool{false, true} {
			ctx, cancel := context.WithCancel(context.Background())
			var u unit
			_, err := Start(ctx, p, Options{Place: func(ctx context.Context, p step.Placement) (step.Placed, error) {
				cancel()
				<-ctx.Done()
				// It is killed meanwhile.
				if _, err := unix.Poll([]unix.PollFd{{Fd: int32(p.PIDFD), Events: unix.POLLIN}}, 20000); err != nil && err != unix.EINTR {
					t.Error(err)
				}
				if made {
					return u.place(ctx, p)
				}
				return step.Placed{}, ctx.Err()
			}})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("made %v: got %v", made, err)
			}
			u.check(t)
			if made != (u.placed == 1) {
				t.Errorf("made %v, placed %d times", made, u.placed)
			}
			cancel()
		}
	})
}

// A child that is killed while it is placed is reported, unless the refusal is.
func TestPlaceKilled(t *testing.T) {
	eachPlaced(t, `["true"]`, func(t *testing.T, p *plan.Plan) {
		for _, refusal := range []error{nil, &step.PlaceError{Message: "the process is gone"}} {
			var u unit
			_, err := Start(context.Background(), p, Options{Place: func(ctx context.Context, p step.Placement) (step.Placed, error) {
				if err := unix.PidfdSendSignal(p.PIDFD, unix.SIGKILL, nil, 0); err != nil {
					t.Error(err)
				}
				placed, _ := u.place(ctx, p)
				if refusal != nil {
					u = unit{}
					return step.Placed{}, refusal
				}
				return placed, nil
			}})
			want := "was killed by SIGKILL"
			if refusal != nil {
				want = refusal.Error()
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("refused %v: got %v", refusal, err)
			}
			u.check(t)
		}
	})
}
