package diagnose

import (
	"encoding/binary"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// Limits of processes: the one that has the least room is named.
func TestProcesses(t *testing.T) {
	const v1 = "30 20 0:20 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
	const v2 = "31 20 0:21 /box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
	mounts := "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	process := func(uid, threads int) string {
		return fmt.Sprintf("Name:\tx\nUid:\t%d\t0\t0\t0\nThreads:\t%d\n", uid, threads)
	}
	for _, test := range []struct {
		name  string
		files map[string]string
		nproc uint64
		want  string
	}{
		{"nothing known", nil, config.RlimitInfinity, "a limit on processes and threads is reached; try: end some of them"},
		{"the user", map[string]string{
			"/proc/1/status": process(0, 1), "/proc/7/status": process(1000, 2), "/proc/8/status": process(1000, 7),
			"/proc/loadavg": "0.20 0.18 0.12 1/80 11206\n", "/proc/sys/kernel/threads-max": "100\n", "/proc/sys/kernel/pid_max": "4000\n",
		}, 12, "most likely a limit is reached: uid 1000 may have 12 processes and threads (RLIMIT_NPROC); try: raise it (ulimit -u, LimitNPROC= of a unit), or end some of them"},
		{"the machine", map[string]string{
			"/proc/7/status": process(1000, 2),
			"/proc/loadavg":  "0.20 0.18 0.12 1/95 11206\n", "/proc/sys/kernel/threads-max": "100\n", "/proc/sys/kernel/pid_max": "4000\n",
		}, 12, "most likely a limit is reached: this machine may have 100 processes and threads (kernel.threads-max); try: as root: raise it with sysctl, or end some of them"},
		{"cgroup", map[string]string{
			"/proc/self/mountinfo": mounts + v1 + v2, "/proc/self/cgroup": "5:cpu,pids:/a/b\n0::/box/c\n",
			"/sys/fs/cgroup/pids/a/b/pids.max": "max\n", "/sys/fs/cgroup/pids/a/b/pids.current": "4\n",
			"/sys/fs/cgroup/pids/a/pids.max": "9\n", "/sys/fs/cgroup/pids/a/pids.current": "8\n",
			"/sys/fs/cgroup/c/pids.max": "20\n", "/sys/fs/cgroup/c/pids.current": "4\n",
		}, 100, "most likely a limit is reached: the cgroup /a may have 9 processes and threads (pids.max); try: raise it (TasksMax= of its unit, --pids-limit of its container), or end some of them"},
		{"cgroup of a container", map[string]string{
			"/proc/self/mountinfo": mounts + v2, "/proc/self/cgroup": "0::/box/c\n",
			"/sys/fs/cgroup/c/pids.max": "20\n", "/sys/fs/cgroup/c/pids.current": "19\n",
		}, config.RlimitInfinity, "most likely a limit is reached: the cgroup /box/c may have 20 processes and threads (pids.max); try: raise it (TasksMax= of its unit, --pids-limit of its container), or end some of them"},
	} {
		f := failing(t, aMachine(t, test.files), allNew, unix.EAGAIN, "clone")
		f.Plan.Host.Rlimits["nproc"] = config.Rlimit{Soft: test.nproc, Hard: test.nproc}
		wantAdvice(t, test.name, f.Explain(step.ForkCommand{}, unix.EAGAIN), test.want)
	}
}

// A child that was killed, or that could not begin.
func TestLostChild(t *testing.T) {
	mounts := "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 20 0:20 / /cg rw - cgroup cgroup rw,memory\n"
	for _, test := range []struct {
		name, control string
		f             Failure
		want          string
	}{
		{"out of memory", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", Failure{Ended: "x", Signal: unix.SIGKILL},
			"most likely the kernel killed it because its cgroup was out of memory; try: raise the memory limit of the cgroup that nslaunch runs in"},
		{"killed", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", Failure{Ended: "x", Signal: unix.SIGKILL}, ""},
		{"another signal", "oom_kill 3\n", Failure{Ended: "x", Signal: unix.SIGSEGV}, ""},
		{"no launcher", "", Failure{Ended: "x", Unborn: true}, "most likely its main does not call launcher.Child first; try: call launcher.Child at the start of main"},
		{"unborn", "", Failure{Ended: "x", Unborn: true, GoFatal: true},
			"its Go runtime found too few processes or too little memory; a limit on processes and threads is reached; try: end some of them"},
	} {
		f := failing(t, aMachine(t, map[string]string{"/proc/self/mountinfo": mounts, "/proc/self/cgroup": "4:memory:/a\n", "/cg/a/memory.oom_control": test.control}), allNew, 0, "")
		f.Plan.Host.Rlimits["nproc"] = config.Rlimit{Soft: config.RlimitInfinity}
		f.Ended, f.Signal, f.Unborn, f.GoFatal = test.f.Ended, test.f.Signal, test.f.Unborn, test.f.GoFatal
		wantAdvice(t, test.name, f.Explain(step.WaitForLauncher{}, fmt.Errorf("x")), test.want)
	}
}

// What hides a part of proc.
func TestHiddenProc(t *testing.T) {
	const base = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	const proc = "21 20 0:5 / /proc rw - proc proc rw\n"
	for _, test := range []struct {
		name, IsMount string
		hidden        []string
		found         bool
	}{
		{"none", base, nil, false},
		{"visible", base + proc, nil, true},
		{"masked", base + proc + "22 21 0:6 / /proc/sys ro - tmpfs none rw\n23 21 0:7 /null /proc/kcore rw - devtmpfs none rw\n", []string{"/proc/kcore", "/proc/sys"}, true},
		{"binfmt_misc", base + proc + "22 21 0:6 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n", nil, true},
		{"read-only", base + "21 20 0:5 / /proc ro,nosuid - proc proc rw\n", []string{"/proc is read-only"}, true},
		{"a part of proc", base + "21 20 0:5 /sys /sys rw - proc proc rw\n", nil, false},
	} {
		mounts, err := mountprop.Read(strings.NewReader(test.IsMount))
		if err != nil {
			t.Fatal(err)
		}
		if hidden, found := hiddenProc(mounts); !reflect.DeepEqual(hidden, test.hidden) || found != test.found {
			t.Errorf("%s: got %q, %v; want %q, %v", test.name, hidden, found, test.hidden, test.found)
		}
	}
}

// anELF is the beginning of an ELF file with a loader.
func anELF(wide bool, order binary.ByteOrder, machine uint16, loader string) string {
	head := make([]byte, 256)
	copy(head, "\x7fELF\x01\x01")
	if wide {
		head[4] = 2
	}
	if order == binary.BigEndian {
		head[5] = 2
	}
	order.PutUint16(head[18:], machine)
	name := len(head)
	if wide {
		order.PutUint64(head[32:], 64)
		order.PutUint16(head[54:], 56)
		order.PutUint16(head[56:], 2)
		order.PutUint32(head[64:], 1) // PT_LOAD
		order.PutUint32(head[120:], 3)
		order.PutUint64(head[128:], uint64(name))
		order.PutUint64(head[152:], uint64(len(loader)+1))
	} else {
		order.PutUint32(head[28:], 64)
		order.PutUint16(head[42:], 32)
		order.PutUint16(head[44:], 1)
		order.PutUint32(head[64:], 3)
		order.PutUint32(head[68:], uint32(name))
		order.PutUint32(head[80:], uint32(len(loader)+1))
	}
	return string(head) + loader + "\x00"
}

func TestInterpreter(t *testing.T) {
	const loader = "/lib/ld.so"
	for _, test := range []struct {
		head        string
		kind        fileKind
		interpreter string
		machine     string
	}{
		{"", kindOther, "", ""},
		{"echo", kindOther, "", ""},
		{"#!/bin/sh", kindScript, "/bin/sh", ""},
		{"#! \t/bin/sh -e\nx", kindScript, "/bin/sh", ""},
		{"#!\n/bin/sh", kindScript, "", ""},
		{"#!" + strings.Repeat("x", 300), kindScript, strings.Repeat("x", 254), ""},
		{"\x7fELF", kindELF, "", ""},
		{anELF(true, binary.LittleEndian, 62, loader), kindELF, loader, "x86-64"},
		{anELF(false, binary.LittleEndian, 62, loader), kindELF, loader, "x86-64 (x32)"},
		{anELF(false, binary.LittleEndian, 3, loader), kindELF, loader, "x86 (32 bit)"},
		{anELF(false, binary.LittleEndian, 40, loader), kindELF, loader, "arm (32 bit)"},
		{anELF(true, binary.LittleEndian, 183, loader), kindELF, loader, "aarch64"},
		{anELF(true, binary.LittleEndian, 243, loader), kindELF, loader, "riscv"},
		{anELF(true, binary.BigEndian, 21, loader), kindELF, loader, "ppc64"},
		{anELF(true, binary.BigEndian, 22, loader), kindELF, loader, "s390"},
		{anELF(false, binary.BigEndian, 8, loader), kindELF, loader, ""},
		{anELF(true, binary.LittleEndian, 62, loader)[:200], kindELF, "", "x86-64"},
	} {
		if kind, interpreter := interpreterOf(test.head); kind != test.kind || interpreter != test.interpreter {
			t.Errorf("%.40q: got %v, %q; want %v, %q", test.head, kind, interpreter, test.kind, test.interpreter)
		}
		if got := elfMachine(test.head); got != test.machine {
			t.Errorf("%.40q: got %q; want %q", test.head, got, test.machine)
		}
	}
}

func FuzzInterpreter(f *testing.F) {
	f.Add("#!/bin/sh -x\n")
	f.Add(anELF(true, binary.LittleEndian, 62, "/lib/ld.so"))
	f.Add(anELF(false, binary.BigEndian, 8, "/lib/ld.so"))
	f.Fuzz(func(t *testing.T, head string) {
		if kind, name := interpreterOf(head); kind == kindOther && name != "" || !strings.Contains(head, name) {
			t.Errorf("%q: %v, %q", head, kind, name)
		}
		elfMachine(head)
	})
}

// Whom the command is outside, and what it may do with files.
func TestWho(t *testing.T) {
	f := failing(t, machine{}, allNew, unix.EACCES, "execve")
	maps := func(r ...config.IDRange) []plan.Step {
		return []plan.Step{{Action: step.WriteMap{File: "gid_map", Ranges: r}}, {Action: step.WriteMap{File: "uid_map", Ranges: r}}}
	}
	one, sub := config.IDRange{Inside: 0, Outside: 1000, Count: 1}, config.IDRange{Inside: 1, Outside: 100000, Count: 65536}
	for _, test := range []struct {
		name   string
		steps  []plan.Step
		want   string // inside, uid, gid, mighty, and whether uid 1000 and 4 are mapped
		change func(*host.Host)
	}{
		{"root inside", append(maps(one), plan.Step{Action: step.BecomeUser{UID: 0, GID: 0}}), "0 1000 1000 true true false", nil},
		{"another inside", append(maps(one, sub), plan.Step{Action: step.BecomeUser{UID: 3, GID: 4}}), "3 100002 100003 false true false", nil},
		{"root without capabilities", append(maps(one), plan.Step{Action: step.BecomeUser{UID: 0, GID: 0}}, plan.Step{Action: step.SetCapabilities{}}), "0 1000 1000 false true false", nil},
		{"the group alone", append(maps(one, sub), plan.Step{Action: step.BecomeUser{UID: -1, GID: 4}}), "1000 1000 100003 false true false", nil},
	} {
		f.Plan.Steps = test.steps
		w := f.who()
		if got := fmt.Sprint(w.inside, w.uid, w.gid, w.mighty, w.maps(1000, 1000), w.maps(4, 4)); got != test.want {
			t.Errorf("%s: got %s; want %s", test.name, got, test.want)
		}
	}
}

// A root that is the mount namespace's own, and others.
func TestChrooted(t *testing.T) {
	if (machine{}).chrooted() {
		t.Error("the test runs in a chroot")
	}
	link := func(m machine, to, from string) {
		t.Helper()
		for _, dir := range []string{"/proc/1/ns", "/proc/self/ns"} {
			if err := os.MkdirAll(m.root+dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		_ = os.Remove(m.root + from)
		if err := os.Symlink(m.root+to, m.root+from); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, theirRoot, theirMounts string
		want                         bool
	}{
		{"same root", "/a", "/x", false},
		{"another root", "/b", "/x", true},
		{"another namespace", "/b", "/y", false},
		{"nothing to be seen", "/none", "/x", false},
	} {
		m := aMachine(t, map[string]string{"/a/f": "", "/b/f": "", "/x": "", "/y": ""})
		link(m, "/a", "/proc/self/root")
		link(m, test.theirRoot, "/proc/1/root")
		link(m, "/x", "/proc/self/ns/mnt")
		link(m, test.theirMounts, "/proc/1/ns/mnt")
		if got := m.chrooted(); got != test.want {
			t.Errorf("%s: got %v; want %v", test.name, got, test.want)
		}
	}
	if m := aMachine(t, map[string]string{"/proc/self/mountinfo": "-"}); m.chrooted() {
		t.Error("without mountinfo: a chroot")
	}
}
