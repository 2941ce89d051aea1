package units

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// undo ends a scope that cannot be used, with its process, if that is in it.
func (u *Unit) undo() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if !u.made { // a unit of that name may be another's: ours has our process
		if err := u.reconnect(ctx); err != nil || u.locate(ctx) != nil {
			return
		}
	}
	_ = u.end(ctx) // the error that led here is the one to report
}

// End kills what is left in a scope, and returns when the scope is gone. A
// unit that was kept is left alone.
func (u *Unit) End() error {
	if u.request.Keep {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return u.end(ctx)
}

func (u *Unit) end(ctx context.Context) error {
	name := u.request.Unit
	stopping := false
	for {
		if err := u.reconnect(ctx); err != nil {
			return err
		}
		state, found := u.state(ctx)
		if !found || u.replaced(ctx) {
			return nil
		}
		if state == "failed" {
			_ = u.ResetFailedUnitContext(ctx, name)
		}
		// Before the stop: that would first ask the processes to end, and give them time.
		_ = u.KillUnitWithTarget(ctx, name, "all", int32(unix.SIGKILL))
		if !stopping && u.alive() {
			_, err := u.StopUnitContext(ctx, name, "replace", nil)
			stopping = err == nil
		}
		if !pause(ctx) {
			return fmt.Errorf("%s is still %s after %s", name, state, limit)
		}
	}
}

// replaced reports whether the unit is another one of the same name by now.
func (u *Unit) replaced(ctx context.Context) bool {
	if u.id == "" {
		return false
	}
	id, err := u.property(ctx, u.request.Unit, "Unit", "InvocationID")
	now := fmt.Sprintf("%x", id)
	return err == nil && now != "" && now != u.id
}

// reconnect connects again if the manager, or the bus, was restarted.
func (u *Unit) reconnect(ctx context.Context) error {
	if u.alive() {
		return nil
	}
	u.Close()
	for {
		m, err := connect(ctx, u.request)
		if err == nil {
			u.manager = m
			return nil
		}
		if !pause(ctx) {
			return err
		}
	}
}
