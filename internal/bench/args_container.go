package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
)

// The parts of the OCI runtime specification's config.json that are used here.
type (
	ociConfig struct {
		Version  string     `json:"ociVersion"`
		Process  ociProcess `json:"process"`
		Root     ociRoot    `json:"root"`
		Hostname string     `json:"hostname,omitempty"`
		Mounts   []ociMount `json:"mounts"`
		Linux    ociLinux   `json:"linux"`
	}
	ociProcess struct {
		Terminal     bool                 `json:"terminal"`
		User         ociUser              `json:"user"`
		Args         []string             `json:"args"`
		Env          []string             `json:"env"`
		Cwd          string               `json:"cwd"`
		NoNew        bool                 `json:"noNewPrivileges"`
		Capabilities *map[string][]string `json:"capabilities,omitempty"`
	}
	ociUser struct {
		UID int `json:"uid"`
		GID int `json:"gid"`
	}
	ociRoot struct {
		Path string `json:"path"`
	}
	ociMount struct {
		Destination string   `json:"destination"`
		Type        string   `json:"type"`
		Source      string   `json:"source"`
		Options     []string `json:"options,omitempty"`
	}
	ociLinux struct {
		UIDMappings []ociMapping   `json:"uidMappings,omitempty"`
		GIDMappings []ociMapping   `json:"gidMappings,omitempty"`
		Namespaces  []ociNamespace `json:"namespaces"`
	}
	ociMapping struct {
		Container int `json:"containerID"`
		Host      int `json:"hostID"`
		Size      int `json:"size"`
	}
	ociNamespace struct {
		Type string `json:"type"`
	}
)

// crunJob does without cgroups, so that it has no more to do than the others.
func crunJob(p place, s spec, command []string) (job, error) {
	return ociJob(p, s, command, "--cgroup-manager=disabled")
}

// runcJob can't do without: it makes a cgroup where it may.
func runcJob(p place, s spec, command []string) (job, error) {
	j, err := ociJob(p, s, command)
	if p.uid == 0 {
		j.Notes = append(j.Notes, "makes a cgroup")
	}
	return j, err
}

// ociJob is that of an OCI runtime, whose root is always a directory.
func ociJob(p place, s spec, command []string, flags ...string) (job, error) {
	if p.rootfs == "" {
		return job{}, errors.New("needs a directory for its root, which the bench can prepare as root alone")
	}
	text, err := json.Marshal(ociBundle(p, s, command))
	if err != nil {
		return job{}, err
	}
	argv := append([]string{p.path}, flags...)
	argv = append(argv, "--root", filepath.Join(p.dir, "state"), "run", "--bundle", p.dir, "bench-"+launchID)
	j := job{Argv: argv, files: map[string]string{filepath.Join(p.dir, "config.json"): string(text)}}
	j.Notes = append(j.Notes, "no init")
	if s.tmpfsRoot {
		j.Notes = append(j.Notes, "its root is a directory made beforehand")
	}
	return j, nil
}

func ociBundle(p place, s spec, command []string) ociConfig {
	c := ociConfig{Version: "1.0.2", Hostname: s.hostname}
	c.Process = ociProcess{Args: command, Env: []string{searchPath}, Cwd: "/", NoNew: true}
	if s.cwd != "" {
		c.Process.Cwd = s.cwd
	}
	if s.noCaps {
		c.Process.Capabilities = &map[string][]string{}
	}
	for _, kind := range s.namespaces {
		if kind == "net" {
			kind = "network"
		}
		c.Linux.Namespaces = append(c.Linux.Namespaces, ociNamespace{kind})
	}
	if s.has("user") {
		c.Linux.UIDMappings = []ociMapping{{0, p.uid, 1}}
		c.Linux.GIDMappings = []ociMapping{{0, p.gid, 1}}
	}
	mount := func(kind, source, target string, options ...string) {
		c.Mounts = append(c.Mounts, ociMount{target, kind, source, options})
	}
	mount("proc", "proc", "/proc")
	c.Root.Path = p.skeleton
	if !s.tmpfsRoot {
		c.Root.Path = p.rootfs
	}
	if s.minimalDev {
		mount("tmpfs", "tmpfs", "/dev", "nosuid", "mode=755")
		mount("devpts", "devpts", "/dev/pts", "newinstance", "ptmxmode=0666", "mode=0620", "nosuid", "noexec")
		mount("tmpfs", "shm", "/dev/shm", "nosuid", "noexec", "nodev", "mode=1777")
	} else {
		// Without it, devices would be made on the host's tree.
		mount("bind", "/dev", "/dev", "rbind")
	}
	for _, m := range s.mounts {
		switch m.kind {
		case "ro":
			mount("bind", m.source, m.target, "rbind", "ro", "nosuid", "nodev")
		case "rw":
			mount("bind", m.source, m.target, "rbind", "nosuid", "nodev")
		case "tmpfs":
			mode := "mode=755"
			if m.target == "/tmp" {
				mode = "mode=1777"
			}
			mount("tmpfs", "tmpfs", m.target, "nosuid", "nodev", mode)
		case "symlink": // is in the skeleton
		}
	}
	return c
}

// nspawnJob is that of systemd-nspawn, which makes all namespaces but user and net,
// and a /dev, /sys and /run, in any case.
func nspawnJob(p place, s spec, command []string) (job, error) {
	if p.uid != 0 {
		return job{}, errors.New("needs root")
	}
	root := p.rootfs
	if s.tmpfsRoot {
		root = p.skeleton
	}
	argv := []string{
		p.path, "--quiet", "--directory=" + root, "--machine=bench-" + launchID, "--register=no", "--keep-unit", "--pipe", "--as-pid2",
		"--resolv-conf=off", "--timezone=off", "--link-journal=no",
	}
	host := p.host
	if s.hostname != "" {
		host = s.hostname
	}
	argv = append(argv, "--hostname="+host)
	if s.has("user") {
		argv = append(argv, "--private-users=identity")
	}
	if s.has("net") {
		argv = append(argv, "--private-network")
	}
	for _, m := range s.mounts {
		switch m.kind {
		case "ro":
			argv = append(argv, fmt.Sprintf("--bind-ro=%s:%s", m.source, m.target))
		case "rw":
			argv = append(argv, fmt.Sprintf("--bind=%s:%s", m.source, m.target))
		case "tmpfs":
			argv = append(argv, "--tmpfs="+m.target)
		case "symlink": // is in the skeleton
		}
	}
	if s.cwd != "" {
		argv = append(argv, "--chdir="+s.cwd)
	}
	if s.noCaps {
		argv = append(argv, "--drop-capability=all")
	}
	j := job{
		Argv:  append(append(argv, "--"), command...),
		Notes: []string{"its own /dev, /sys and /run, a seccomp filter"},
		// No tmpfs on /tmp, and no lock that keeps others from the same root.
		Env: []string{"SYSTEMD_NSPAWN_TMPFS_TMP=0", "SYSTEMD_NSPAWN_LOCK=0", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"},
	}
	if s.tmpfsRoot {
		j.Notes = append(j.Notes, "its root is a directory made beforehand")
	}
	return j, nil
}
