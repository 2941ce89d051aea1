package records

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a launcher may take to end once its command is dead.
const patience = 5 * time.Second

// Stopped is how Stop ended a sandbox.
type Stopped struct {
	Ended  bool // it had ended before
	Killed bool // it did not end in time
	Status *int // as that of run; nil if it ended before its command ran, or nobody knows
}

// Stop ends the sandbox: its launcher passes TERM on as the profile's stop signal, and what has not
// ended in time is killed. It returns when nothing of it runs.
func (f *Found) Stop(limit time.Duration) (Stopped, error) {
	switch f.State {
	case Ended:
		return Stopped{Ended: true, Status: &f.End.Status}, nil
	case Elsewhere, Unproven:
		return Stopped{}, fmt.Errorf("%q cannot be stopped: %s", f.Name, f.Why)
	}
	// Only what is proven is signalled: a forged record could name any process.
	p, err := prove(f.Record)
	if err == unix.ESRCH {
		return Stopped{Ended: true}, nil // it has ended since
	}
	if err != nil {
		return Stopped{}, fmt.Errorf("%q cannot be stopped: %w", f.Name, err)
	}
	defer p.close()
	killed, err := p.end(limit)
	if err != nil {
		return Stopped{}, err
	}
	return Stopped{Killed: killed, Status: p.status()}, f.clear()
}

// end ends the launcher and its command. It reports whether one of them had to be killed.
func (p *proof) end(limit time.Duration) (killed bool, err error) {
	err = unix.PidfdSendSignal(p.pidfd, unix.SIGTERM, nil, 0)
	if err == unix.ESRCH {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("signal the launcher of %q, process %d: %w", p.Name, p.Launcher.PID, err)
	}
	// What is stopped does not see it.
	if p.Launcher.Stopped() || p.Target != nil && p.Target.Process.Stopped() {
		_ = unix.PidfdSendSignal(p.pidfd, unix.SIGCONT, nil, 0)
	}
	if await(p.pidfd, limit) {
		return false, nil
	}
	// The launcher records how its command ended, if it can.
	if p.Target != nil {
		if command, err := p.Target.Process.Open(); err == nil {
			_ = unix.PidfdSendSignal(command, unix.SIGKILL, nil, 0)
			unix.Close(command)
			if await(p.pidfd, patience) {
				return true, nil
			}
		}
	}
	_ = unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0)
	if !await(p.pidfd, patience) {
		return true, fmt.Errorf("the launcher of %q, process %d, does not end", p.Name, p.Launcher.PID)
	}
	return true, nil
}

// status is the status that a launcher which has ended recorded. What it held is open here still.
func (p *proof) status() *int {
	r, err := readRecord(p.memory, longestRecord)
	switch {
	case err != nil || r.Started.IsZero():
		return nil
	case r.End == nil:
		killed := 128 + int(unix.SIGKILL)
		return &killed
	}
	return &r.End.Status
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
