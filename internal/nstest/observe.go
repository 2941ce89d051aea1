package nstest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// observe reads the state of now.
func observe(dirs []string) (*State, error) {
	s := &State{
		dirs:        dirs,
		processes:   map[string]string{},
		namespaces:  map[string]string{},
		mounts:      map[string]string{},
		descriptors: map[string]string{},
	}
	living, err := descendants()
	if err != nil {
		return nil, err
	}
	ours := map[int]bool{}
	for _, p := range living {
		ours[p.PID] = true
		s.processes[processKey(p)] = fmt.Sprintf("%v, child of %d", wordsOf(p), p.Parent)
		s.addNamespaces(fmt.Sprintf("/proc/%d", p.PID), wordsOf(p))
	}
	tasks, _ := filepath.Glob("/proc/self/task/*")
	for _, task := range tasks {
		s.addNamespaces(task, "thread "+filepath.Base(task)+" of the test")
	}
	if err := s.addMounts(); err != nil {
		return nil, err
	}
	s.addDescriptors()
	s.cgroups = cgroups(ours)
	s.files, err = files(dirs)
	return s, err
}

// addNamespaces adds those that a process is in, those that its children will
// be in, and those that it holds open. A process that ends meanwhile is in none.
func (s *State) addNamespaces(proc, holder string) {
	for _, pattern := range []string{"/ns/*", "/fd/*"} {
		links, _ := filepath.Glob(proc + pattern)
		for _, link := range links {
			if name, err := os.Readlink(link); err == nil && isNamespace(name) {
				s.namespaces[name] = name + ", held by " + holder
			}
		}
	}
}

// isNamespace reports whether name has the form "net:[4026531840]".
func isNamespace(name string) bool {
	kind, inode, ok := strings.Cut(name, ":[")
	switch kind {
	case "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts":
		_, err := strconv.ParseUint(strings.TrimSuffix(inode, "]"), 10, 64)
		return ok && err == nil
	}
	return false
}

func (s *State) addMounts() error {
	mounts, err := mountprop.Self()
	if err != nil {
		return err
	}
	for _, m := range mounts {
		s.mounts[fmt.Sprintf("%s %d", m.Target, m.ID)] = fmt.Sprintf("%+v", m)
		if m.FSType == "nsfs" {
			s.namespaces[m.Root] = m.Root + ", held by the mount on " + m.Target
		}
	}
	return nil
}

// addDescriptors adds this process's, by what they are of: pipes, sockets and
// namespaces are named by their inode, others are distinguished by counting.
func (s *State) addDescriptors() {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	count := map[string]int{}
	for _, entry := range entries {
		name, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err != nil {
			continue // the descriptor of the directory itself
		}
		switch name {
		case "anon_inode:[eventpoll]", "anon_inode:[eventfd]":
			continue // the Go runtime's, made at first use
		}
		count[name]++
		key := fmt.Sprintf("%s %d", name, count[name])
		s.descriptors[key] = name + " of the test"
	}
}

// cgroups returns the cgroups of nslaunch in all hierarchies, except those in
// which only processes of others are, and those of others' machines.
func cgroups(ours map[int]bool) map[string]string {
	found := map[string]string{}
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // removed meanwhile
		}
		if word, ok := strings.CutPrefix(entry.Name(), report.MachineCgroup); ok {
			// Its own list is empty, whoever's it is.
			if pid, err := strconv.Atoi(word); err == nil && !ours[pid] && unix.Kill(pid, 0) != unix.ESRCH {
				return fs.SkipDir
			}
		}
		if !entry.IsDir() || !strings.Contains(entry.Name(), "nslaunch") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		pids := strings.Fields(string(text))
		mine := len(pids) == 0
		for _, word := range pids {
			if pid, err := strconv.Atoi(word); err == nil && ours[pid] {
				mine = true
			}
		}
		if mine {
			found[path] = fmt.Sprintf("%s with %d processes", path, len(pids))
		}
		return nil
	})
	return found
}

// files lists what is below dirs. What a directory's size and time say is said
// by the files in it.
func files(dirs []string) (map[string]string, error) {
	found := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return nil
			}
			words := fmt.Sprintf("%s %v", path, info.Mode())
			if info.Mode().IsRegular() {
				words += fmt.Sprintf(" %d bytes of %v", info.Size(), info.ModTime())
			}
			found[path] = words
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
