package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bench is one run.
type bench struct {
	options    options
	dir        string // all that it makes; every user can reach it
	layout     layout
	uid, gid   int // whom the programs run as
	host       string
	cgroup     *os.File // nil where there is none
	contenders []contender
	log        io.Writer
}

// options are what the command line says.
type options struct {
	only     string
	rounds   int
	warmup   int
	launches int
	inFlight int
	idle     int
	binaries []named // builds of ours; none: this tree's
	peers    map[string]string
	uid, gid int
	seed     uint64
	settle   time.Duration
}

// named is NAME=PATH.
type named struct{ name, path string }

// isRoot reports whether the bench itself may do as it likes.
func isRoot() bool { return os.Geteuid() == 0 }

// open prepares all that scenarios share. close must follow, also after an error.
func (b *bench) open(ctx context.Context) (missing []reason, err error) {
	if b.dir, err = os.MkdirTemp("", "nslaunch-bench-"); err != nil {
		return nil, err
	}
	b.layout = layout{
		bin: filepath.Join(b.dir, "bin"), project: filepath.Join(b.dir, "project"), sources: filepath.Join(b.dir, "sources"),
		system: systemMounts("/"),
	}
	for _, dir := range []string{b.layout.bin, b.layout.project, b.layout.sources, b.path("rootfs"), b.path("skeleton"), b.path("more"), b.path("machine")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(os.Chmod(b.dir, 0o755), os.Chown(b.layout.project, b.uid, b.gid), writeCommands(b.layout.bin, b.layout.project)); err != nil {
		return nil, err
	}
	if b.host, err = os.Hostname(); err != nil {
		return nil, err
	}
	// The worker may run where this file is not seen.
	if err := copyExecutable("/proc/self/exe", b.path("worker")); err != nil {
		return nil, err
	}
	if isRoot() {
		if b.cgroup, err = makeCgroup(); err != nil {
			fmt.Fprintf(b.log, "no cgroup: %v\n", err)
		}
	}
	return b.gather(ctx)
}

func (b *bench) close() error {
	return errors.Join(removeCgroup(b.cgroup), os.RemoveAll(b.dir))
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// gather finds and builds the contenders.
func (b *bench) gather(ctx context.Context) ([]reason, error) {
	binaries := b.options.binaries
	if binaries == nil {
		built := b.path("built")
		if err := buildNslaunch(ctx, built); err != nil {
			return nil, err
		}
		binaries = []named{{"nslaunch", filepath.Join(built, "nslaunch")}}
	}
	for i, binary := range append(slices.Clone(binaries), named{"control", binaries[0].path}) {
		path, err := copyNslaunch(binary.path, b.path(fmt.Sprintf("ours-%d", i)))
		if err != nil {
			return nil, err
		}
		p := program{binary.name, ours, path, versionOf(path, "version")}
		if i == len(binaries) {
			p.Kind = control
		}
		b.contenders = append(b.contenders, contender{p, nslaunchJob})
	}
	peers, missing, err := findPeers(b.options.peers)
	if err != nil {
		return nil, err
	}
	b.contenders = append(b.contenders, peers...)
	if path, err := buildFloor(ctx, b.dir); err != nil {
		missing = append(missing, reason{"floor", err.Error()})
	} else {
		b.contenders = append(b.contenders, contender{program{"floor", floor, path, "the same calls in C"}, floorJob})
	}
	return missing, nil
}

// run does one scenario.
func (b *bench) run(ctx context.Context, s scenario) ([]result, error) {
	r := request{
		UID: b.uid, GID: b.gid, Measure: s.measure, Warmup: b.options.warmup, Seed: b.options.seed,
		Rounds: max(1, b.options.rounds/s.share), Count: b.options.launches, InFlight: b.options.inFlight, Settle: b.options.settle,
	}
	if s.measure == measureIdle {
		r.Count = b.options.idle
	}
	if !isRoot() && (s.mounts > 0 || s.measure == measureIdle || s.measure == measureMemory) {
		return nil, errNeedsRoot
	}
	wanted := s.spec(b.layout).forUser(b.uid)
	if b.uid != 0 && s.name == "minimal" {
		return nil, fmt.Errorf("%w: an ordinary user has to make a user namespace, which is minimal+user", errSkip)
	}
	for _, m := range wanted.mounts {
		if strings.HasPrefix(m.source, b.layout.sources+"/") {
			if err := os.MkdirAll(m.source, 0o755); err != nil {
				return nil, err
			}
		}
	}
	r.Want = expect(wanted)
	cast, machine, err := b.cast(ctx, s)
	if err != nil {
		return nil, err
	}
	defer machine.stop()
	if isRoot() && machine == nil {
		r.World = b.world(wanted, s.mounts)
	}
	leftOut, err := b.fill(&r, s, cast, wanted)
	if err != nil {
		return nil, err
	}
	results, err := b.ask(ctx, machine, r)
	if err != nil {
		return nil, err
	}
	for i := range results {
		results[i].Scenario = s.name
		results[i].LeftOut = append(slices.Clone(leftOut), results[i].LeftOut...)
	}
	if len(results) > 1 {
		results[1].Scenario, results[1].LeftOut = wholeOf, nil
	}
	return results, nil
}

// errSkip is for scenarios that can't be, and why.
var (
	errSkip      = errors.New("left out")
	errNeedsRoot = fmt.Errorf("%w: needs root", errSkip)
)

// fill translates the spec for each program, and writes what they read.
func (b *bench) fill(r *request, s scenario, cast []contender, wanted spec) (leftOut []reason, err error) {
	command := []string{filepath.Join(wanted.bin, trueName)}
	if s.measure == measureMemory || s.measure == measureIdle {
		command = []string{filepath.Join(wanted.bin, idleName)}
	}
	for i, c := range cast {
		p := place{path: c.Path, uid: b.uid, gid: b.gid, host: b.host}
		if r.World != nil {
			p.rootfs, p.skeleton = r.World.Rootfs, r.World.Skeleton
		}
		var both [2]job
		for k, command := range [][]string{command, probeCommand()} {
			p.dir = b.path(fmt.Sprintf("jobs/%s/%d-%d", s.name, i, k))
			if both[k], err = c.translate(p, wanted, command); err != nil {
				leftOut = append(leftOut, reason{c.Name, err.Error()})
				break
			}
			both[k].Name, both[k].Kind = c.Name, c.Kind
			if err := os.MkdirAll(p.dir, 0o755); err != nil {
				return nil, err
			}
			if err := errors.Join(both[k].write(), os.Chown(p.dir, b.uid, b.gid)); err != nil {
				return nil, err
			}
		}
		if err == nil {
			r.Jobs, r.Probes = append(r.Jobs, both[0]), append(r.Probes, both[1])
		}
	}
	return leftOut, nil
}

func (b *bench) world(s spec, mounts int) *world {
	w := &world{Rootfs: b.path("rootfs"), Skeleton: b.path("skeleton"), More: b.path("more"), Mounts: mounts, Links: map[string]string{}}
	for _, m := range s.mounts {
		if m.kind == "symlink" {
			w.Links[m.target] = m.source
		} else {
			w.Dirs = append(w.Dirs, m.target)
		}
	}
	return w
}

// ask has a worker do a request, in a mount namespace of its own or in a machine.
func (b *bench) ask(ctx context.Context, m *systemd, r request) ([]result, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	words := []string{b.path("worker"), workerWord}
	if m != nil {
		words = m.inside(words)
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = b.dir
	cmd.Stdin = strings.NewReader(string(text))
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if r.World != nil {
		cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNS
		if b.cgroup != nil {
			cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(b.cgroup.Fd())
		}
	}
	output, err := cmd.Output()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	var a answer
	if err := json.Unmarshal(output, &a); err != nil {
		return nil, fmt.Errorf("worker: %w: %q", err, output)
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	return a.Results, nil
}
