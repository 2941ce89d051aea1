package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// workerWord, as the only argument, makes this program a worker: it reads a request from
// stdin, does it, and writes an answer to stdout. It may be in other namespaces than
// the one who asks, and takes them with it when it ends.
const workerWord = "measure-as-worker"

// request is what a worker does.
type request struct {
	World    *world // nil: measure where it is
	UID, GID int    // whom the programs run as
	Measure  measure
	Jobs     []job // the same order as Probes
	Probes   []job // the same sandboxes with the command probeCommand
	Want     expectation
	Rounds   int
	Warmup   int
	Count    int // of launches or sandboxes at once
	InFlight int
	Settle   time.Duration // until launchers have gone to sleep
	Seed     uint64
}

// measure is a way to measure.
type measure string

const (
	measureLaunch   measure = "launch"
	measureParallel measure = "parallel"
	measureMemory   measure = "memory"
	measureIdle     measure = "idle"
)

// answer is what comes of it.
type answer struct {
	Error   string // of the worker itself
	Results []result
}

// asWorker does what is asked for on in.
func asWorker(in io.Reader, out io.Writer) error {
	var r request
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return err
	}
	// Nothing of the runtime's own affairs while something is timed, and mounts are the
	// process's alone.
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	results, err := serve(r)
	a := answer{Results: results}
	if err != nil {
		a.Error = err.Error()
	}
	return json.NewEncoder(out).Encode(a)
}

func serve(r request) ([]result, error) {
	if r.World != nil {
		if err := r.World.make(); err != nil {
			return nil, fmt.Errorf("world: %w", err)
		}
	}
	l, err := newLauncher(r.UID, r.GID)
	if err != nil {
		return nil, err
	}
	f := &field{launcher: l, request: r}
	if f.mounts, err = countMounts(); err != nil {
		return nil, err
	}
	for i, j := range r.Jobs {
		notes, err := l.verify(r.Probes[i], r.Want)
		if err != nil {
			if err := f.drop(j, err); err != nil {
				return nil, err
			}
			continue
		}
		f.runners = append(f.runners, &runner{job: j, series: series{Name: j.Name, Kind: j.Kind, Notes: slices.Concat(j.Notes, notes)}})
	}
	measures := map[measure]func() error{
		measureLaunch:   f.launches,
		measureParallel: f.parallel,
		measureMemory:   f.memory,
		measureIdle:     f.idle,
	}
	run, ok := measures[r.Measure]
	if !ok {
		return nil, fmt.Errorf("unknown measure %q", r.Measure)
	}
	if err := run(); err != nil {
		return nil, err
	}
	return f.results(), nil
}

// field is all that runs against each other.
type field struct {
	launcher *launcher
	request  request
	runners  []*runner
	leftOut  []reason
	unit     unit
	mounts   int // before anything was launched
}

// runner is one of them.
type runner struct {
	job    job
	series series
	whole  []int64 // a second series: memory as the machine counts it
}

// drop leaves a program out. One of ours that fails is an error.
func (f *field) drop(j job, why error) error {
	if j.Kind == ours || j.Kind == control {
		return fmt.Errorf("%s: %w", j.Name, why)
	}
	f.leftOut = append(f.leftOut, reason{j.Name, why.Error()})
	f.runners = slices.DeleteFunc(f.runners, func(r *runner) bool { return r.job.Name == j.Name })
	return nil
}

// rounds has every program once a round, in an order that is new each time: who
// comes after whom matters, as the kernel cleans up after a sandbox for a while.
func (f *field) rounds(n int, each func(*runner) error) error {
	order := rand.New(rand.NewPCG(f.request.Seed, uint64(n)))
	for range n {
		turn := slices.Clone(f.runners)
		order.Shuffle(len(turn), func(i, j int) { turn[i], turn[j] = turn[j], turn[i] })
		for _, r := range turn {
			if err := each(r); err != nil {
				if err := f.drop(r.job, err); err != nil {
					return err
				}
			}
		}
		// Between rounds nothing is timed.
		runtime.GC()
		reapOrphans()
	}
	return nil
}

// launches times launch after launch.
func (f *field) launches() error {
	f.unit = nanoseconds
	if err := f.rounds(f.request.Warmup, func(r *runner) error {
		_, err := f.launcher.time(r.job)
		return err
	}); err != nil {
		return err
	}
	return f.rounds(f.request.Rounds, func(r *runner) error {
		took, err := f.launcher.time(r.job)
		r.series.Samples = append(r.series.Samples, int64(took))
		return err
	})
}

func (f *field) results() []result {
	one := result{Unit: f.unit, Mounts: f.mounts, LeftOut: f.leftOut}
	whole := one
	for _, r := range f.runners {
		one.Series = append(one.Series, r.series)
		if r.whole != nil {
			whole.Series = append(whole.Series, series{Name: r.series.Name, Kind: r.series.Kind, Samples: r.whole})
		}
	}
	if whole.Series == nil {
		return []result{one}
	}
	return []result{one, whole}
}

func workerMain() error { return asWorker(os.Stdin, os.Stdout) }
