package records

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a launcher may take to end once its command is dead.
const patience = 5 * time.Second

// Stop ends the sandbox: its launcher passes TERM on as the profile's stop signal, and what has not
// ended in time is killed. It returns when nothing of it runs.
func (f *Found) Stop(limit time.Duration) error {
	switch f.State {
	case Ended:
		return nil
	case Elsewhere, Unproven:
		return fmt.Errorf("%q cannot be stopped: %s", f.Name, f.Why)
	}
	// Only what is proven is signalled: a forged record could name any process.
	p, err := prove(f.Record)
	if err == unix.ESRCH {
		return nil // it has ended since
	}
	if err != nil {
		return fmt.Errorf("%q cannot be stopped: %w", f.Name, err)
	}
	defer p.close()
	pidfd := p.pidfd
	err = unix.PidfdSendSignal(pidfd, unix.SIGTERM, nil, 0)
	if err == unix.ESRCH {
		return nil
	}
	if err != nil {
		return fmt.Errorf("signal the launcher of %q, process %d: %w", f.Name, p.Launcher.PID, err)
	}
	// What is stopped does not see it.
	if p.Launcher.Stopped() || p.Target != nil && p.Target.Process.Stopped() {
		_ = unix.PidfdSendSignal(pidfd, unix.SIGCONT, nil, 0)
	}
	if await(pidfd, limit) {
		return f.clear()
	}
	// The launcher tells how its command ended, if it can.
	if p.Target != nil {
		if command, err := p.Target.Process.Open(); err == nil {
			_ = unix.PidfdSendSignal(command, unix.SIGKILL, nil, 0)
			unix.Close(command)
			if await(pidfd, patience) {
				return f.clear()
			}
		}
	}
	_ = unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
	if !await(pidfd, patience) {
		return fmt.Errorf("the launcher of %q, process %d, does not end", f.Name, p.Launcher.PID)
	}
	return f.clear()
}

// clear does for a launcher that was killed what it could not do itself.
func (f *Found) clear() error {
	return f.dir.locked(func() error {
		here, err := Here()
		if err == nil {
			_, err = f.dir.settle(f.Name+suffix, here)
		}
		return err
	})
}
