package main

import (
	"errors"
	"slices"
)

// bwrapJob is bubblewrap's. With the host's tree it gets --dev-bind, which is what
// costs it least.
func bwrapJob(p place, s spec, command []string) (job, error) {
	argv := []string{p.path, "--die-with-parent"}
	add := func(words ...string) { argv = append(argv, words...) }
	for _, kind := range s.namespaces {
		switch kind {
		case "mount": // always
		case "user":
			add("--unshare-user", "--uid", "0", "--gid", "0")
		default:
			add("--unshare-" + kind)
		}
	}
	if s.hostname != "" {
		add("--hostname", s.hostname)
	}
	if !s.tmpfsRoot {
		add("--dev-bind", "/", "/")
	}
	for _, m := range s.mounts {
		switch m.kind {
		case "ro":
			add("--ro-bind", m.source, m.target)
		case "rw":
			add("--bind", m.source, m.target)
		case "symlink":
			add("--symlink", m.source, m.target)
		case "tmpfs":
			if m.target == "/tmp" {
				add("--perms", "1777")
			}
			add("--tmpfs", m.target)
		}
	}
	if s.minimalDev {
		add("--dev", "/dev")
	}
	add("--proc", "/proc")
	if s.cwd != "" {
		add("--chdir", s.cwd)
	}
	if s.noCaps {
		add("--cap-drop", "ALL")
	}
	add("--")
	return job{Argv: append(argv, command...)}, nil
}

// unshareJob is that of unshare of util-linux. Nothing of it stays that would reap.
func unshareJob(p place, s spec, command []string) (job, error) {
	if s.tmpfsRoot {
		return job{}, errors.New("mounts only proc")
	}
	j := job{Argv: []string{p.path, "--propagation", "slave", "--fork", "--kill-child", "--mount-proc"}}
	for _, kind := range s.namespaces {
		if kind == "user" {
			j.Argv = append(j.Argv, "--map-root-user")
		}
		j.Argv = append(j.Argv, "--"+kind)
	}
	j.Notes = append(j.Notes, "no init")
	if s.has("net") {
		j.Notes = append(j.Notes, "lo stays down")
	}
	j.Argv = append(append(j.Argv, "--"), command...)
	return j, nil
}

// firejailJob is firejail's, without its profiles. It always has new mount, pid and uts
// namespaces.
func firejailJob(p place, s spec, command []string) (job, error) {
	if s.tmpfsRoot {
		return job{}, errors.New("hides parts of the host's tree, and cannot build another")
	}
	if s.has("user") && p.uid == 0 {
		return job{}, errors.New("its user namespace, by --noroot, does not map root")
	}
	j := job{Argv: []string{p.path, "--quiet", "--noprofile", "--ipc-namespace"}, Lacks: []string{"cgroup"}}
	if s.has("user") {
		j.Lacks = append(j.Lacks, "user")
		j.Notes = append(j.Notes, "set-user-ID root")
	}
	if s.has("net") {
		j.Argv = append(j.Argv, "--net=none")
	}
	j.Argv = append(append(j.Argv, "--"), command...)
	return j, nil
}

// nsjailJob is nsjail's. It makes every namespace that it is not told to leave.
func nsjailJob(p place, s spec, command []string) (job, error) {
	argv := []string{p.path, "--mode", "o", "--really_quiet", "--disable_rlimits", "--keep_env", "--nice_level", "0", "--proc_rw"}
	for _, kind := range []string{"user", "net", "pid", "ipc", "uts", "cgroup"} {
		if !s.has(kind) {
			argv = append(argv, "--disable_clone_new"+kind)
		}
	}
	if s.hostname != "" {
		argv = append(argv, "--hostname", s.hostname)
	} else {
		argv = append(argv, "--hostname", p.host)
	}
	if s.has("user") {
		argv = append(argv, "--user", "0", "--group", "0")
	}
	if !s.tmpfsRoot {
		argv = append(argv, "--chroot", "/", "--rw")
	}
	for _, m := range s.mounts {
		switch m.kind {
		case "ro":
			argv = append(argv, "--bindmount_ro", m.source+":"+m.target)
		case "rw":
			argv = append(argv, "--bindmount", m.source+":"+m.target)
		case "symlink":
			argv = append(argv, "--symlink", m.source+":"+m.target)
		case "tmpfs":
			argv = append(argv, "--tmpfsmount", m.target)
		}
	}
	if s.minimalDev {
		argv = append(argv, "--tmpfsmount", "/dev")
		for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
			argv = append(argv, "--bindmount", "/dev/"+name)
		}
		argv = append(argv, "--mount", "devpts:/dev/pts:devpts:newinstance,ptmxmode=0666", "--symlink", "pts/ptmx:/dev/ptmx")
	}
	if !s.noCaps {
		argv = append(argv, "--keep_caps")
	}
	if s.cwd != "" {
		argv = append(argv, "--cwd", s.cwd)
	}
	return job{Argv: slices.Concat(argv, []string{"--"}, command), Notes: []string{"no init"}}, nil
}

// floorJob is that of floor/floor.c, which can do what the minimal profile asks for.
func floorJob(p place, s spec, command []string) (job, error) {
	if s.tmpfsRoot {
		return job{}, errors.New("mounts only proc")
	}
	flags := "-"
	for _, kind := range []string{"user", "net"} {
		if s.has(kind) {
			flags += kind[:1]
		}
	}
	return job{Argv: append([]string{p.path, flags}, command...)}, nil
}
