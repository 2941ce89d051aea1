package main

import (
	"os"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"golang.org/x/sys/unix"
)

// lookAtInit tries all that /proc/1 may give away.
func lookAtInit() report.Init {
	const one = "/proc/1/"
	i := report.Init{
		Cwd:       link(one + "cwd"),
		Root:      link(one + "root"),
		CwdFiles:  list(one + "cwd/"),
		RootFiles: list(one + "root/"),
		Exe:       link(one + "exe"),
		ExeOpen:   open(one + "exe"),
		Cmdline:   read(one + "cmdline"),
		Comm:      read(one + "comm"),
		Environ:   read(one + "environ"),
		Mem:       open(one + "mem"),
		Maps:      read(one + "maps"),
		Mountinfo: read(one + "mountinfo"),
	}
	i.FDList, i.FDs = links(one + "fd/")
	i.MapFiles, i.MapTargets = links(one + "map_files/")
	i.Namespaces = map[string]report.Answer{}
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"} {
		i.Namespaces[kind] = link(one + "ns/" + kind)
	}
	return i
}

func answer(value string, err error) report.Answer {
	if err != nil {
		return report.Answer{Errno: errnoName(err)}
	}
	return report.Answer{Value: value}
}

func link(path string) report.Answer { return answer(os.Readlink(path)) }

func read(path string) report.Answer {
	text, err := os.ReadFile(path)
	return answer(string(text), err)
}

// open opens and does nothing more: reading memory needs an address.
func open(path string) report.Answer {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return answer("ok", err)
}

// list returns the names in a directory, apart by spaces.
func list(dir string) report.Answer {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return answer(strings.Join(names, " "), err)
}

// links returns the names in a directory, and where each one points to.
func links(dir string) (report.Answer, map[string]report.Answer) {
	names, targets := list(dir), map[string]report.Answer{}
	for _, name := range strings.Fields(names.Value) {
		targets[name] = link(dir + name)
	}
	return names, targets
}
