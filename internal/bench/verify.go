package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/mountprop"
)

// kinds are the namespaces that are looked at, by the profile's words, with their
// names in /proc/PID/ns.
var kinds = [...]struct{ word, file string }{
	{"mount", "mnt"}, {"pid", "pid"}, {"uts", "uts"}, {"ipc", "ipc"}, {"cgroup", "cgroup"}, {"net", "net"}, {"user", "user"},
}

// probeCommand prints what a sandbox looks like from inside.
func probeCommand() []string {
	const script = `for kind in mnt pid uts ipc cgroup net user; do echo "ns $kind $(readlink /proc/self/ns/$kind)"; done
read -r name </proc/sys/kernel/hostname; echo "host name $name"
while read -r key value; do case $key in CapPrm:|CapEff:) echo "caps $key $value";; esac; done </proc/self/status
echo "cwd is $PWD"
echo mounts; cat /proc/self/mountinfo`
	return []string{"/bin/sh", "-c", script}
}

// expectation is what must be so inside.
type expectation struct {
	Kinds  []string
	Mounts []expectedMount
	Host   string
	NoCaps bool
	Cwd    string
}

type expectedMount struct {
	Target   string
	FSType   string // "" where it is a bind
	ReadOnly bool
}

// expect is what a spec says. How a root was made can't be seen.
func expect(s spec) expectation {
	e := expectation{Kinds: s.namespaces, Host: s.hostname, NoCaps: s.noCaps, Cwd: s.cwd}
	e.Mounts = append(e.Mounts, expectedMount{"/proc", "proc", false})
	if s.minimalDev {
		e.Mounts = append(e.Mounts, expectedMount{"/dev", "tmpfs", false}, expectedMount{"/dev/pts", "devpts", false})
	}
	for _, m := range s.mounts {
		switch m.kind {
		case "ro":
			e.Mounts = append(e.Mounts, expectedMount{m.target, "", true})
		case "rw":
			e.Mounts = append(e.Mounts, expectedMount{m.target, "", false})
		case "tmpfs":
			e.Mounts = append(e.Mounts, expectedMount{m.target, "tmpfs", false})
		}
	}
	return e
}

// sight is what the probe saw.
type sight struct {
	namespaces map[string]string // by file name
	host, cwd  string
	caps       []string
	mounts     []mountprop.Mount
}

// verify runs the probe in a sandbox. It returns notes about what is there beyond what
// was asked for, and an error for what is not there.
func (l *launcher) verify(j job, want expectation) ([]string, error) {
	if err := errors.Join(l.errors.Truncate(0), l.output.Truncate(0)); err != nil {
		return nil, err
	}
	pid, err := l.start(j, l.output.Fd())
	if err != nil {
		return nil, err
	}
	var status syscall.WaitStatus
	if _, err := wait(pid, &status, 0); err != nil {
		return nil, err
	}
	if err := l.fail(status); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.NewSectionReader(l.output, 0, 1<<30))
	if err != nil {
		return nil, err
	}
	seen, err := parseSight(text)
	if err != nil {
		return nil, err
	}
	here := map[string]string{}
	for _, kind := range kinds {
		if here[kind.file], err = os.Readlink("/proc/self/ns/" + kind.file); err != nil {
			return nil, err
		}
	}
	return compare(seen, here, want, j.Lacks)
}

// parseSight reads what probeCommand prints.
func parseSight(text []byte) (sight, error) {
	s := sight{namespaces: map[string]string{}}
	lines, mounts, ok := bytes.Cut(text, []byte("\nmounts\n"))
	if !ok {
		return s, fmt.Errorf("the probe printed %q", text)
	}
	for line := range strings.Lines(string(lines)) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(f) < 3 {
			return s, fmt.Errorf("the probe printed %q", line)
		}
		switch f[0] {
		case "ns":
			s.namespaces[f[1]] = f[2]
		case "host":
			s.host = f[2]
		case "caps":
			s.caps = append(s.caps, f[2])
		case "cwd":
			s.cwd = f[2]
		}
	}
	var err error
	s.mounts, err = mountprop.Read(bytes.NewReader(mounts))
	return s, err
}

// compare says whether a sandbox is what was wanted. What it lacks is allowed to be missing,
// and noted.
func compare(seen sight, here map[string]string, want expectation, lacks []string) (notes []string, err error) {
	var wrong, more, less []string
	for _, kind := range kinds {
		isNew := seen.namespaces[kind.file] != here[kind.file] && seen.namespaces[kind.file] != ""
		switch wanted := slices.Contains(want.Kinds, kind.word); {
		case wanted && !isNew && slices.Contains(lacks, kind.word):
			less = append(less, kind.word)
		case wanted && !isNew:
			wrong = append(wrong, "no new "+kind.word+" namespace")
		case !wanted && isNew:
			more = append(more, kind.word)
		}
	}
	for _, m := range want.Mounts {
		got, ok := mountprop.At(seen.mounts, m.Target)
		switch {
		case !ok || m.FSType != "" && got.FSType != m.FSType:
			wrong = append(wrong, fmt.Sprintf("no mount %s on %s", m.FSType, m.Target))
		case m.ReadOnly != got.HasOption("ro"):
			wrong = append(wrong, fmt.Sprintf("%s is mounted %s", m.Target, got.Options))
		}
	}
	if want.Host != "" && seen.host != want.Host {
		wrong = append(wrong, fmt.Sprintf("the host name is %q", seen.host))
	}
	if want.Cwd != "" && seen.cwd != want.Cwd {
		wrong = append(wrong, fmt.Sprintf("the working directory is %q", seen.cwd))
	}
	if want.NoCaps && (len(seen.caps) != 2 || strings.Trim(strings.Join(seen.caps, ""), "0") != "") {
		wrong = append(wrong, fmt.Sprintf("its capabilities are %s", seen.caps))
	}
	if wrong != nil {
		return nil, errors.New(strings.Join(wrong, ", "))
	}
	if more != nil {
		notes = append(notes, "also new: "+strings.Join(more, ", "))
	}
	if less != nil {
		notes = append(notes, "not new: "+strings.Join(less, ", "))
	}
	return notes, nil
}
