// Package report is what the probe prints: one JSON object with all that a
// process can find out about itself and its surroundings.
package report

import "github.com/nslaunch/nslaunch/mountprop"

// Report is the whole. What could not be found out is in Errors, by the name
// of the part, and that part has its zero value.
type Report struct {
	Process      Process           `json:"process"`
	IDs          IDs               `json:"ids"`
	Capabilities Capabilities      `json:"capabilities"`
	Signals      Signals           `json:"signals"`
	Terminal     Terminal          `json:"terminal"`
	Limits       map[string]Limit  `json:"limits"` // by the names of [limits] rlimits: "nofile"
	Namespaces   map[string]uint64 `json:"namespaces"`
	Clocks       Clocks            `json:"clocks"`
	Hostname     string            `json:"hostname"`
	Domainname   string            `json:"domainname"`
	Environment  []string          `json:"environment"` // in order, duplicates too
	Descriptors  map[int]string    `json:"descriptors"` // link target, or "" without /proc
	Mounts       []mountprop.Mount `json:"mounts"`
	Interfaces   []Interface       `json:"interfaces"`
	Init         Init              `json:"init"`
	Errors       map[string]string `json:"errors"` // part → errno name or message
}

// Process is about the process as such.
type Process struct {
	PID         int      `json:"pid"`
	Parent      int      `json:"parent"`
	Group       int      `json:"group"`
	Session     int      `json:"session"`
	Args        []string `json:"args"`
	Cwd         string   `json:"cwd"`
	Umask       int      `json:"umask"`
	Nice        int      `json:"nice"`
	OOMScoreAdj int      `json:"oom_score_adj"`
	DeathSignal int      `json:"death_signal"`
	Dumpable    int      `json:"dumpable"`
	NoNewPrivs  bool     `json:"no_new_privs"`
	Seccomp     int      `json:"seccomp"` // 0, or 2 with a filter
	Securebits  int      `json:"securebits"`
	Keyring     int      `json:"keyring"` // serial of the session keyring, 0 if none
}

// IDs are the process's ids and how its user namespace maps ids.
type IDs struct {
	UID       [3]int `json:"uid"` // real, effective, saved
	GID       [3]int `json:"gid"`
	Groups    []int  `json:"groups"`
	UIDMap    []Map  `json:"uid_map"`
	GIDMap    []Map  `json:"gid_map"`
	Setgroups string `json:"setgroups"` // allow, deny
}

// Map is a line of uid_map or gid_map.
type Map struct {
	Inside  int `json:"inside"`
	Outside int `json:"outside"`
	Count   int `json:"count"`
}

// Capabilities are sets as bit masks, bit n for capability n.
type Capabilities struct {
	Effective   uint64 `json:"effective"`
	Permitted   uint64 `json:"permitted"`
	Inheritable uint64 `json:"inheritable"`
	Bounding    uint64 `json:"bounding"`
	Ambient     uint64 `json:"ambient"`
	Last        int    `json:"last"` // the highest capability of this kernel
}

// Signals are sets as bit masks, bit n-1 for signal n, as /proc/self/status
// has them: after the start of the Go runtime. It keeps the mask, and what is
// ignored of HUP, INT, TSTP, TTIN, TTOU, CONT; on other signals it sets
// handlers, whatever they were before. To see all of them, run
// "grep Sig /proc/self/status" as the command, not the probe.
type Signals struct {
	Blocked uint64 `json:"blocked"`
	Ignored uint64 `json:"ignored"`
}

// Terminal is about the controlling terminal and the three standard files.
type Terminal struct {
	Controlling bool    `json:"controlling"` // /dev/tty can be opened, or stat has one
	Device      int     `json:"device"`      // tty_nr of /proc/self/stat
	Foreground  int     `json:"foreground"`  // tcgetpgrp of stdin, 0 if not ours
	IsTerminal  [3]bool `json:"is_terminal"`
	Rows        int     `json:"rows"`
	Columns     int     `json:"columns"`
}

// Limit is a resource limit; -1 is none.
type Limit struct {
	Soft int64 `json:"soft"`
	Hard int64 `json:"hard"`
}

// Clocks are readings in nanoseconds, and the time namespace's offsets.
type Clocks struct {
	Monotonic int64            `json:"monotonic"`
	Boottime  int64            `json:"boottime"`
	Offsets   map[string]int64 `json:"offsets"` // "monotonic", "boottime"
}

// Interface is a network interface.
type Interface struct {
	Name      string   `json:"name"`
	Flags     []string `json:"flags"` // "up", "loopback", "running", …
	Addresses []string `json:"addresses"`
}

// Init is what process 1 of the pid namespace gives away: it is the nearest
// way from a sandbox to its host. Each value is what was read, or has an error.
type Init struct {
	Cwd        Answer            `json:"cwd"`
	Root       Answer            `json:"root"`
	RootFiles  Answer            `json:"root_files"` // the names in /proc/1/root/
	CwdFiles   Answer            `json:"cwd_files"`  // the names in /proc/1/cwd/
	Exe        Answer            `json:"exe"`
	ExeOpen    Answer            `json:"exe_open"` // "ok" if it can be opened
	Cmdline    Answer            `json:"cmdline"`
	Comm       Answer            `json:"comm"`
	Environ    Answer            `json:"environ"`
	Mem        Answer            `json:"mem"` // "ok" if it can be opened
	Maps       Answer            `json:"maps"`
	Mountinfo  Answer            `json:"mountinfo"`
	FDList     Answer            `json:"fd_list"` // numbers of the open files
	FDs        map[string]Answer `json:"fds"`
	MapFiles   Answer            `json:"map_files"`
	MapTargets map[string]Answer `json:"map_targets"`
	Namespaces map[string]Answer `json:"namespaces"`
}

// Answer is what the kernel said: a value, or the name of an errno.
type Answer struct {
	Value string `json:"value,omitempty"`
	Errno string `json:"errno,omitempty"`
}

// MachineCgroup begins the name of the cgroup of a machine with systemd; the pid
// of the process that keeps it follows.
const MachineCgroup = "nslaunch-test-systemd-"
