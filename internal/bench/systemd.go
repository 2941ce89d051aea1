package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// systemd is a machine in namespaces that runs systemd, as the tests have one: see
// internal/nstest/probe. The live system's is left alone.
type systemd struct {
	probe string
	cmd   *exec.Cmd
	stdin io.Closer
	pid   int
}

// bootSystemd boots one that sees shared under the same path.
func bootSystemd(ctx context.Context, shared string) (*systemd, error) {
	if !isRoot() {
		return nil, errNeedsRoot
	}
	for _, path := range []string{"/lib/systemd/systemd", "/usr/bin/systemd-run"} {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%w: no systemd: %w", errSkip, err)
		}
	}
	m := &systemd{probe: filepath.Join(shared, "probe")}
	if err := goBuild(ctx, m.probe, "./internal/nstest/probe"); err != nil {
		return nil, err
	}
	m.cmd = exec.Command(m.probe, "-systemd", filepath.Join(shared, "machine"), shared, "basic.target")
	m.cmd.Stderr = os.Stderr
	// What interrupts us must not end it before it has cleaned up.
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var err error
	if m.stdin, err = m.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	stopped := context.AfterFunc(ctx, func() { _ = m.stdin.Close() })
	defer stopped()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscanf(line, "ready %d", &m.pid)
	}
	if err != nil {
		m.stop()
		return nil, errors.Join(fmt.Errorf("systemd did not boot: %w", err), ctx.Err())
	}
	return m, nil
}

// inside is a command line that runs another as root inside.
func (m *systemd) inside(words []string) []string {
	return append([]string{m.probe, "-inside", strconv.Itoa(m.pid), "0", "0"}, words...)
}

// stop ends it, if there is one.
func (m *systemd) stop() {
	if m != nil {
		_ = m.stdin.Close()
		_ = m.cmd.Wait() // it has said on stderr what there is to say
	}
}

// cast are the programs of a scenario, and the machine they run in, if it is not this one.
func (b *bench) cast(ctx context.Context, s scenario) ([]contender, *systemd, error) {
	switch s.special {
	case inSystemd:
		if b.uid != 0 {
			return nil, nil, fmt.Errorf("%w: measured as root alone", errSkip)
		}
		m, err := bootSystemd(ctx, b.dir)
		return b.scopeCast(), m, err
	case withLinked:
		if b.options.binaries != nil {
			return nil, nil, fmt.Errorf("%w: is about this tree's nslaunch alone", errSkip)
		}
		path, err := buildLinked(ctx, b.dir)
		linked := contender{program{Name: "linked with D-Bus", Kind: peer, Path: path}, nslaunchJob}
		return append(b.ofKind(ours, control), linked), nil, err
	}
	return b.contenders, nil, nil
}

// scopeCast has each nslaunch in a scope of its own, and what else there is: no
// scope, and a scope by systemd-run.
func (b *bench) scopeCast() []contender {
	first := b.contenders[0]
	var cast []contender
	for _, c := range b.ofKind(ours) {
		cast = append(cast, contender{program{Name: c.Name + ", scope", Kind: ours, Path: c.Path}, scopeJob})
	}
	first.Name, first.Kind = first.Name+", no scope", peer
	cast = append(cast, first)
	for _, c := range b.contenders {
		if c.Kind == ours || c.Name == "bwrap" {
			c.translate = systemdRun(c.translate)
			c.Name, c.Kind = "systemd-run "+c.Name, peer
			cast = append(cast, c)
		}
	}
	return cast
}

func (b *bench) ofKind(kinds ...kind) (some []contender) {
	for _, c := range b.contenders {
		for _, k := range kinds {
			if c.Kind == k {
				some = append(some, c)
			}
		}
	}
	return some
}

// scopeJob is nslaunchJob in a scope.
func scopeJob(p place, s spec, command []string) (job, error) {
	return withProfile(p, "scope = \"required\"\n"+profile(s), command), nil
}

// systemdRun has systemd-run make the scope around what another translation starts.
func systemdRun(inner translate) translate {
	return func(p place, s spec, command []string) (job, error) {
		j, err := inner(p, s, command)
		j.Argv = append([]string{"/usr/bin/systemd-run", "--quiet", "--scope", "--collect", "--"}, j.Argv...)
		return j, err
	}
}
