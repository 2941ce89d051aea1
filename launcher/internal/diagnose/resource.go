package diagnose

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// room is a limit and how much of it is used.
type room struct {
	max, used int64
	what      string // "…, which is 12"
	cure      string
}

// processes is about fork with EAGAIN: a limit of processes, of which threads are some.
func (f *Failure) processes() plan.Advice {
	h := f.Plan.Host
	limits := f.machine.processRooms()
	if soft := h.Rlimits["nproc"].Soft; soft != config.RlimitInfinity && !h.Has(host.CapSysAdmin) && !h.Has(host.CapSysRes) {
		limits = append(limits, room{int64(min(soft, 1<<62)), f.machine.threadsOf(h.UID),
			fmt.Sprintf("uid %d may have %d processes and threads (RLIMIT_NPROC)", h.UID, soft),
			"raise it (ulimit -u, LimitNPROC= of a unit), or end some of them"})
	}
	least, ok := smallest(limits)
	if !ok {
		return plan.Advice{Cause: "a limit on processes and threads is reached", Cure: plan.Try("end some of them")}
	}
	return plan.Advice{Cause: "most likely a limit is reached: " + least.what, Cure: plan.Try(least.cure)}
}

// smallest returns the limit that most likely was met.
func smallest(limits []room) (room, bool) {
	if len(limits) == 0 {
		return room{}, false
	}
	return slices.MinFunc(limits, func(a, b room) int { return cmp.Compare(a.max-a.used, b.max-b.used) }), true
}

// processRooms has the limits that are not the user's own.
func (m machine) processRooms() []room {
	var rooms []room
	dirs, names := m.cgroup("pids")
	for i, dir := range dirs {
		limit, ok1 := m.number(dir + "/pids.max") // "max" is none
		used, ok2 := m.number(dir + "/pids.current")
		if ok1 && ok2 {
			rooms = append(rooms, room{limit, used, fmt.Sprintf("the cgroup %s may have %d processes and threads (pids.max)", names[i], limit),
				"raise it (TasksMax= of its unit, --pids-limit of its container), or end some of them"})
		}
	}
	// "0.20 0.18 0.12 1/80 11206": of 80 threads 1 runs
	f := strings.Fields(m.text("/proc/loadavg"))
	if len(f) < 4 {
		return rooms
	}
	_, all, _ := strings.Cut(f[3], "/")
	used, err := strconv.ParseInt(all, 10, 64)
	for _, name := range []string{"threads-max", "pid_max"} {
		if limit, ok := m.number("/proc/sys/kernel/" + name); ok && err == nil {
			rooms = append(rooms, room{limit, used, fmt.Sprintf("this machine may have %d processes and threads (kernel.%s)", limit, name),
				"as root: raise it with sysctl, or end some of them"})
		}
	}
	return rooms
}

// threadsOf counts the threads of a user's processes, as far as /proc shows them.
func (m machine) threadsOf(uid uint32) int64 {
	files, _ := filepath.Glob(m.root + "/proc/[0-9]*/status")
	var sum int64
	for _, file := range files {
		text := m.text(strings.TrimPrefix(file, m.root))
		ids := strings.Fields(field(text, "Uid")) // the first is the real one
		if len(ids) > 0 && ids[0] == fmt.Sprint(uid) {
			n, _ := strconv.ParseInt(field(text, "Threads"), 10, 64)
			sum += n
		}
	}
	return sum
}

// outOfMemory reports whether a process of this one's cgroup was killed because the memory was used up.
func (m machine) outOfMemory() bool {
	dirs, _ := m.cgroup("memory")
	for _, dir := range dirs {
		for _, file := range []string{"/memory.events.local", "/memory.oom_control"} {
			for line := range strings.Lines(m.text(dir + file)) {
				if f := strings.Fields(line); len(f) == 2 && f[0] == "oom_kill" && f[1] != "0" {
					return true
				}
			}
		}
	}
	return false
}

// lostChild is about a child that ended without a message.
func (f *Failure) lostChild() plan.Advice {
	switch {
	case f.Unborn && !f.GoFatal:
		return plan.Advice{Cause: "most likely its main does not call launcher.Child first", Cure: plan.Try("call launcher.Child at the start of main")}
	case f.Unborn:
		d := f.processes()
		return plan.Advice{Cause: "its Go runtime found too few processes or too little memory; " + d.Cause, Cure: d.Cure}
	case f.Signal == unix.SIGKILL && f.machine.outOfMemory():
		return plan.Advice{Cause: "most likely the kernel killed it because its cgroup was out of memory",
			Cure: plan.Try("raise the memory limit of the cgroup that nslaunch runs in")}
	}
	return plan.Advice{}
}

// memory is about ENOMEM.
func (f *Failure) memory() plan.Advice {
	if limit := f.Plan.Host.Rlimits["as"].Soft; limit != config.RlimitInfinity && limit != 0 {
		return plan.Advice{Cause: fmt.Sprintf("most likely the limit of address space is reached, %d bytes (RLIMIT_AS)", limit),
			Cure: plan.Try("raise it (ulimit -v, LimitAS= of a unit)")}
	}
	return plan.Advice{Cause: "the kernel has no memory left, on the machine or in the cgroup that nslaunch runs in",
		Cure: plan.Try("end other processes, or raise the memory limit of the cgroup")}
}

// descriptors is about EMFILE and ENFILE.
func (f *Failure) descriptors() plan.Advice {
	if f.Errno == unix.ENFILE {
		return plan.Advice{Cause: "this machine has as many files open as fs.file-max allows", Cure: plan.Try("as root: raise it with sysctl")}
	}
	return plan.Advice{Cause: fmt.Sprintf("nslaunch may open %d files (RLIMIT_NOFILE), and the set-up needs more", f.Plan.Host.Rlimits["nofile"].Hard),
		Cure: plan.Try("raise the hard limit (ulimit -Hn, LimitNOFILE= of a unit), or close some that it inherits")}
}

// fileSize is about EFBIG: the limit counts for files in memory, too.
func (f *Failure) fileSize() plan.Advice {
	limit := f.Plan.Host.Rlimits["fsize"].Soft
	return plan.Advice{Cause: fmt.Sprintf("nslaunch may write at most %s bytes to a file (RLIMIT_FSIZE), and the set-up needs more", step.LimitWord(limit)),
		Cure: plan.Try("raise it for nslaunch (ulimit -f, LimitFSIZE= of a unit), and limit the command alone: %s", plan.Set("limits.rlimits.fsize", int64(min(limit, 1<<62))))}
}

// unreadable is about nslaunch's own program, where the caller may execute it and not read it.
func (f *Failure) unreadable() plan.Advice {
	const self = "/proc/self/exe"
	if f.Errno != unix.EACCES || unix.Faccessat(unix.AT_FDCWD, f.machine.root+self, unix.R_OK, unix.AT_EACCESS) != unix.EACCES {
		return plan.Advice{}
	}
	name, err := os.Readlink(f.machine.root + self)
	if err != nil {
		return plan.Advice{}
	}
	return plan.Advice{Cause: fmt.Sprintf("uid %d may execute %s but not read it, so the kernel does not let nslaunch open its own files in /proc", f.Plan.Host.UID, quote.Word(name)),
		Cure: plan.Try("chmod a+r %s, as its owner", quote.Word(name))}
}

// memfd is about a sysctl of the pid namespace.
func (f *Failure) memfd() plan.Advice {
	if n, _ := f.machine.number("/proc/sys/vm/memfd_noexec"); n >= 2 {
		return plan.Advice{Cause: fmt.Sprintf("vm.memfd_noexec is %d, and as root nslaunch starts its child from a sealed copy of itself in memory", n),
			Cure: plan.Try("sysctl vm.memfd_noexec=1, or run nslaunch as an ordinary user")}
	}
	return plan.Advice{}
}

// pty is about opening /dev/ptmx.
func (f *Failure) pty() plan.Advice {
	without := plan.Set("process.terminal", "none")
	switch f.Errno {
	case unix.ENOENT, unix.ENXIO, unix.ENODEV, unix.ENOTTY, unix.EINVAL:
		return plan.Advice{Cause: "there is no /dev/ptmx here that can create pseudoterminals",
			Cure: plan.Try("mount -t devpts devpts /dev/pts and link /dev/ptmx to pts/ptmx, or %s", without)}
	case unix.EACCES, unix.EPERM:
		return plan.Advice{Cause: fmt.Sprintf("uid %d may not open /dev/ptmx", f.Plan.Host.UID),
			Cure: plan.Try("chmod 666 /dev/ptmx (of /dev/pts/ptmx: the mount option ptmxmode=666), or %s", without)}
	case unix.ENOSPC:
		return plan.Advice{Cause: "as many pseudoterminals are in use as kernel.pty.max, or the mount option max of devpts, allows",
			Cure: plan.Try("close some, or %s", without)}
	}
	return plan.Advice{}
}

// rlimit is about prlimit(2), of which config and the compiler have checked what they can.
func (f *Failure) rlimit(r config.Rlimit) plan.Advice {
	if f.Errno != unix.EPERM {
		return plan.Advice{}
	}
	most, ok := f.machine.number("/proc/sys/fs/nr_open")
	if r.Name == "nofile" && ok && r.Hard > uint64(most) {
		return plan.Advice{Cause: fmt.Sprintf("not even root may have more than fs.nr_open, which is %d", most),
			Cure: plan.Try("%s, or as root: raise it with sysctl", plan.Set("limits.rlimits.nofile", most))}
	}
	return plan.Advice{Cause: fmt.Sprintf("raising the hard limit, now %s, needs CAP_SYS_RESOURCE, which uid %d does not have here",
		step.LimitWord(f.Plan.Host.Rlimits[r.Name].Hard), f.Plan.Host.UID),
		Cure: plan.Try("use a limit that is not higher, or " + step.HigherLimit(r))}
}

// oomScoreAdj is about /proc/PID/oom_score_adj; see proc(5).
func (f *Failure) oomScoreAdj() plan.Advice {
	if f.Errno != unix.EACCES && f.Errno != unix.EPERM {
		return plan.Advice{}
	}
	own := f.machine.text("/proc/self/oom_score_adj")
	score, _ := strconv.ParseInt(own, 10, 64)
	return plan.Advice{Cause: fmt.Sprintf("a value below the caller's own, %s, needs CAP_SYS_RESOURCE, which uid %d does not have here", own, f.Plan.Host.UID),
		Cure: plan.Try("%s or above, or OOMScoreAdjust= of the unit that starts nslaunch", plan.Set("process.oom_score_adj", score))}
}

// nice is about setpriority(2).
func (f *Failure) nice() plan.Advice {
	if f.Errno != unix.EACCES && f.Errno != unix.EPERM {
		return plan.Advice{}
	}
	own, ok := f.machine.ownNice()
	if !ok {
		return plan.Advice{}
	}
	least := min(own, 20-int(min(f.Plan.Host.Rlimits["nice"].Soft, 40)))
	return plan.Advice{Cause: fmt.Sprintf("a nice value below %d needs CAP_SYS_NICE, which uid %d does not have here", least, f.Plan.Host.UID),
		Cure: plan.Try("%s or above, or raise the limit for nslaunch (ulimit -e, LimitNICE= of a unit)", plan.Set("process.nice", least))}
}

// ownNice is this process's nice value.
func (m machine) ownNice() (int, bool) {
	text := m.text("/proc/self/stat")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // from the third on
	if len(fields) < 17 {
		return 0, false
	}
	n, err := strconv.Atoi(fields[16])
	return n, err == nil
}

// keyring is about keyctl(2) and the quota of keyrings(7).
func (f *Failure) keyring() plan.Advice {
	if f.Errno != unix.EDQUOT {
		return plan.Advice{}
	}
	return plan.Advice{Cause: "the user's quota of keys is used up (kernel.keys.maxkeys, kernel.keys.maxbytes; /proc/key-users shows the use)",
		Cure: plan.Try("end sessions that hold keys, or as root: raise the quota with sysctl")}
}
