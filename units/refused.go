package units

import (
	"context"

	"errors"
	"fmt"
	"strings"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"github.com/nslaunch/nslaunch/internal/placement"
	"golang.org/x/sys/unix"
)

// explainRefusal says why the manager did not even try to start the scope.
func (u *Unit) explainRefusal(ctx context.Context, err error, all []setting) *placement.Error {
	e := u.explain(err, u.request, all)
	switch {
	case e.Name == errUnitExists:
		u.explainTaken(ctx, e)
	case e.Name != "" && e.Cause == "":
		if s, words := u.culprit(ctx, all); s != nil {
			if words.Name != e.Name || wordsOf(*words) != wordsOf(err) {
				e.Message, e.Name = refusal(u.called()+" refused "+u.request.Unit, *words).Message, words.Name
			}
			u.accuse(e, *s)
		}
	}
	return e
}

// explainTaken is about a name that another unit has.
func (u *Unit) explainTaken(ctx context.Context, e *placement.Error) {
	unit := u.request.Unit
	state, found := u.state(ctx)
	if u.request.Fixed {
		e.Setting = "unit"
	}
	switch {
	case !found:
		e.Cause = "a unit of that name existed, and has just ended"
		e.Cure = "try again"
	case u.text(ctx, unit, "Unit", "FragmentPath") != "" && !u.transient(ctx):
		e.Cause = "a unit file has that name: " + u.text(ctx, unit, "Unit", "FragmentPath")
		e.Cure = "another name"
	case state == "failed":
		e.Cause = "a unit of that name has failed, and is kept for inspection"
		e.Cure = fmt.Sprintf("see %s status %s, then %[1]s reset-failed %[2]s", u.systemctl(), unit)
	default:
		e.Cause = "a unit of that name is " + state
		e.Cure = fmt.Sprintf("see %s status %s; end it with %[1]s stop %[2]s, or use another name", u.systemctl(), unit)
	}
}

func (u *Unit) transient(ctx context.Context) bool {
	v, err := u.property(ctx, u.request.Unit, "Unit", "Transient")
	is, ok := v.(bool)
	return err == nil && ok && is
}

// bait is a property that no systemd has.
const bait = "NslaunchNoSuchProperty"

// culprit finds the setting that the manager refused without naming it. Each is put in front of a property
// that no manager has: it looks at all properties, in order, before it applies any, so that nothing is
// ever started, and a complaint about another one than the last is about the setting.
func (u *Unit) culprit(ctx context.Context, all []setting) (*setting, *dbus.Error) {
	for i, s := range all {
		name := fmt.Sprintf("nslaunch-check-%x.scope", random())
		_, err := u.StartTransientUnitContext(ctx, name, "fail",
			[]systemd.Property{s.Property, {Name: bait, Value: dbus.MakeVariant(true)}}, nil)
		var words dbus.Error
		switch {
		case !errors.As(err, &words):
			return nil, nil
		case !strings.Contains(wordsOf(err), bait):
			return &all[i], &words
		}
	}
	return nil, nil
}

func random() []byte {
	var id [8]byte
	_, _ = unix.Getrandom(id[:], 0) // of this size it never fails
	return id[:]
}
