package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nslaunch/nslaunch/internal/process"
)

const (
	patience = 20 * time.Second // for a sandbox to come and to go
	batch    = 20               // sandboxes that are started at once
)

// memory counts what stays of a launcher while the command sleeps, one sandbox at a time.
func (f *field) memory() error {
	f.unit = bytesUsed
	return f.rounds(f.request.Rounds, func(r *runner) error {
		return f.launcher.withIdle(r.job, 1, 0, func(all []process.Stat) error {
			time.Sleep(f.request.Settle)
			pss, err := pssOfAll(all)
			r.series.Samples = append(r.series.Samples, pss)
			return err
		})
	})
}

// idle has many sandboxes at once, and counts both what their launchers' processes have and
// what the machine has less: the kernel's own, and the commands, are in that.
func (f *field) idle() error {
	f.unit = bytesUsed
	n := int64(f.request.Count)
	return f.rounds(1, func(r *runner) error {
		before, err := f.settled()
		if err != nil {
			return err
		}
		return f.launcher.withIdle(r.job, f.request.Count, before, func(all []process.Stat) error {
			after, err := f.settled()
			if err != nil {
				return err
			}
			pss, err := pssOfAll(all)
			r.series.Samples, r.whole = []int64{pss / n}, []int64{(before - after) / n}
			return err
		})
	})
}

// withIdle has count sandboxes at once whose command is idleName, and calls look with all
// processes there are then. They are not to take more than most of the memory that there
// was before, if that is not 0.
func (l *launcher) withIdle(j job, count int, before int64, look func([]process.Stat) error) error {
	if err := l.errors.Truncate(0); err != nil {
		return err
	}
	pids := map[int]bool{}
	all, err := l.bringUp(j, count, before, pids)
	if err == nil {
		err = look(all)
	}
	return errors.Join(err, l.takeDown(pids))
}

// bringUp starts them, some at a time, and returns all processes there are then.
func (l *launcher) bringUp(j job, count int, before int64, pids map[int]bool) ([]process.Stat, error) {
	for len(pids) < count {
		for range min(batch, count-len(pids)) {
			pid, err := l.start(j, l.null)
			if err != nil {
				return nil, fmt.Errorf("sandbox %d: %w", len(pids)+1, err)
			}
			pids[pid] = true
		}
		all, err := l.awaitIdle(pids)
		if err != nil {
			return nil, fmt.Errorf("sandbox %d: %w", len(pids), err)
		}
		if len(pids) == count {
			return all, nil
		}
		now, err := available()
		if err != nil {
			return nil, err
		}
		if used := before - now; before > 0 && used/int64(len(pids))*int64(count) > before*3/4 {
			return nil, fmt.Errorf("%d would take more memory than there is: %d have %d MiB", count, len(pids), used>>20)
		}
	}
	return nil, nil
}

// awaitIdle waits until there are as many commands as launchers.
func (l *launcher) awaitIdle(pids map[int]bool) ([]process.Stat, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		all, err := descendants()
		if err != nil {
			return nil, err
		}
		commands := 0
		for _, p := range all {
			if isCommand(p) {
				commands++
			}
			if pids[p.PID] && p.Ended() {
				var status syscall.WaitStatus
				if _, err := wait(p.PID, &status, 0); err != nil {
					return nil, err
				}
				delete(pids, p.PID)
				if err := l.fail(status); err != nil {
					return nil, err
				}
				return nil, errors.New("ended, well, before its command")
			}
		}
		if commands == len(pids) {
			return all, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d of %d commands run: %s", commands, len(pids), lastLines(l.errors))
		}
	}
}

// takeDown ends the commands, and what does not end with them.
func (l *launcher) takeDown(pids map[int]bool) error {
	start := time.Now()
	for {
		all, err := descendants()
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return nil
		}
		for _, p := range all {
			switch {
			case p.Parent == os.Getpid() && p.Ended():
				if _, err := wait(p.PID, nil, 0); err != nil {
					return err
				}
				delete(pids, p.PID)
			case isCommand(p) || time.Since(start) > patience/2:
				_ = syscall.Kill(p.PID, syscall.SIGKILL) // it may have ended
			}
		}
		if time.Since(start) > patience {
			return fmt.Errorf("processes are left: %v", all)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// pssOfAll is the proportional set size of processes, the commands aside.
func pssOfAll(all []process.Stat) (int64, error) {
	var sum int64
	for _, p := range all {
		if isCommand(p) || p.Ended() {
			continue
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.PID))
		if err != nil {
			return 0, err
		}
		pss, err := kibibytes(string(text), "Pss:")
		if err != nil {
			return 0, fmt.Errorf("%v: %w", p, err)
		}
		sum += pss
	}
	return sum, nil
}

// settled is available, when it changes no more: the kernel frees much of what
// was used only later. It does not wait for a machine that has other things to do.
func (f *field) settled() (int64, error) {
	last, err := available()
	for quiet, n := 0, 0; err == nil && quiet < 3 && n < 30; n++ {
		time.Sleep(f.request.Settle)
		var now int64
		now, err = available()
		if quiet++; max(now-last, last-now) > 1<<20 {
			quiet = 0
		}
		last = now
	}
	return last, err
}

// available is what the machine has left for new programs, in bytes.
func available() (int64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	return kibibytes(string(text), "MemAvailable:")
}

// kibibytes reads a line such as "Pss:  12 kB" of proc(5), in bytes.
func kibibytes(text, key string) (int64, error) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == key && f[2] == "kB" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in %q", key, text)
}

func isCommand(s process.Stat) bool { return s.Name == idleName && !s.Ended() }

// descendants lists all processes below this one, found by descent alone.
func descendants() ([]process.Stat, error) {
	all, err := process.All()
	return process.Below(all, os.Getpid()), err
}
