package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/internal/records"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

// wantJoin is what --join needs.
const wantJoin = "want TYPES=WHERE: TYPES is a list like net,uts, or all; WHERE is pid:N, the name of a sandbox, or a path"

// joinSettings returns the settings of a value of --join: of each type in its list one.
func joinSettings(v string) ([]config.Setting, error) {
	list, where, ok := strings.Cut(v, "=")
	if !ok || list == "" || where == "" {
		return nil, errors.New(wantJoin)
	}
	switch _, notNumber := strconv.Atoi(where); {
	case where == string(config.NamespaceNew), where == string(config.NamespaceHost):
		return nil, fmt.Errorf("%q is not a namespace to join (use --set namespaces.TYPE=%[1]s)", where)
	case notNumber == nil:
		return nil, fmt.Errorf("%q is not the name of a sandbox (for the process: --join %s=pid:%[1]s)", where, list)
	case config.SoundName(where):
		if err := nameOfSandbox(list, where); err != nil {
			return nil, err
		}
		where = "sandbox:" + where
	}
	var settings []config.Setting
	for word := range strings.SplitSeq(list, ",") {
		k, ok := kindNamed(word)
		kinds := []config.NamespaceKind{k}
		switch {
		case word == "all":
			var err error
			if kinds, err = otherNamespaces(where); err != nil {
				return nil, err
			}
		case !ok:
			return nil, unknownKind(word)
		}
		for _, k := range kinds {
			settings = append(settings, config.Setting{Key: "namespaces." + string(k), Value: where, From: "--join"})
		}
	}
	return settings, nil
}

// netnsDirectory is where ip-netns(8) keeps its namespaces.
const netnsDirectory = "/run/netns/"

// nameOfSandbox returns an error if no sandbox has this name.
func nameOfSandbox(list, name string) error {
	_, err := records.Find(name)
	if !errors.Is(err, records.ErrNone) {
		return err
	}
	switch _, missing := os.Lstat(netnsDirectory + name); {
	case list != string(config.Net):
	case missing != nil:
		return fmt.Errorf("no sandbox is called %q, and %s does not exist (nslaunch ps lists sandboxes, ip netns other namespaces)", name, netnsDirectory+name)
	default:
		return fmt.Errorf("no sandbox is called %q (for the namespace of ip netns: --join net=%s)", name, netnsDirectory+name)
	}
	return err
}

// otherNamespaces returns the types of which a process or a sandbox has another namespace than this process, which are those that nsenter --all
// enters.
func otherNamespaces(where string) ([]config.NamespaceKind, error) {
	p, err := processOf(where)
	if err != nil {
		return nil, err
	}
	fd, err := p.Open() // so that all are those of one process
	if err != nil {
		return nil, processError(p.PID, err)
	}
	defer unix.Close(fd)
	var kinds []config.NamespaceKind
	for _, k := range config.Kinds() {
		inode, err := launcher.NamespaceOf(strconv.Itoa(p.PID), k)
		if err == unix.ENOENT { // a kernel without this type
			continue
		}
		if err != nil {
			return nil, processError(p.PID, err)
		}
		if own, err := launcher.OwnNamespace(k); err == nil && own != inode {
			kinds = append(kinds, k)
		}
	}
	if !p.Running() {
		return nil, processError(p.PID, unix.ESRCH)
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("process %d is in the same namespaces as this one: there is nothing to join", p.PID)
	}
	return kinds, nil
}

// processOf returns the process that pid:N names, or the command of sandbox:NAME.
func processOf(where string) (process.Process, error) {
	if name, ok := strings.CutPrefix(where, "sandbox:"); ok {
		f, err := records.Find(name)
		if err == nil && f.State != records.Running {
			err = fmt.Errorf("the sandbox %q is not running: %s", f.Name, cmp.Or(f.Why, string(f.State)))
		}
		if err == nil {
			err = f.Trusted()
		}
		if err != nil {
			return process.Process{}, err
		}
		return f.Target.Process, nil
	}
	digits, ok := strings.CutPrefix(where, "pid:")
	if !ok {
		return process.Process{}, fmt.Errorf("%q is not a process or a sandbox, and all needs one (all=pid:N or all=NAME)", where)
	}
	pid, err := strconv.Atoi(digits)
	if err != nil || pid < 1 {
		return process.Process{}, fmt.Errorf("want a process id after \"pid:\", got %q", where)
	}
	return processAt(pid)
}

// processAt returns a process that runs.
func processAt(pid int) (process.Process, error) {
	p, err := process.At(pid)
	if err == nil && !p.Running() {
		err = unix.ESRCH
	}
	if err != nil {
		return process.Process{}, processError(pid, err)
	}
	return p, nil
}

// processError says why a process cannot be inspected.
func processError(pid int, err error) error {
	switch {
	case errors.Is(err, unix.ESRCH), errors.Is(err, unix.ENOENT):
		return fmt.Errorf("there is no process %d", pid)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("process %d belongs to another user: run nslaunch as that user, or as root", pid)
	}
	return fmt.Errorf("process %d: %w", pid, err)
}
