package main

import (
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const seenText = `ns mnt mnt:[2]
ns pid pid:[2]
ns uts uts:[1]
ns ipc ipc:[1]
ns cgroup cgroup:[1]
ns net net:[1]
ns user user:[1]
host name dev
caps CapPrm: 0000000000000000
caps CapEff: 0000000000000000
cwd is /project
mounts
1 0 0:1 / / rw - tmpfs tmpfs rw
2 1 0:2 / /proc rw,nosuid - proc proc rw
3 1 8:1 / /usr ro - ext4 /dev/sda rw
4 1 0:3 / /tmp rw - tmpfs tmpfs rw
`

func TestCompare(t *testing.T) {
	here := map[string]string{"mnt": "mnt:[1]", "pid": "pid:[1]", "uts": "uts:[1]", "ipc": "ipc:[1]", "cgroup": "cgroup:[1]", "net": "net:[1]", "user": "user:[1]"}
	usr := expectedMount{"/usr", "", true}
	for _, test := range []struct {
		name  string
		want  expectation
		lacks []string
		notes string
		err   string
	}{
		{"as it is", expectation{Kinds: []string{"mount", "pid"}, Host: "dev", NoCaps: true, Cwd: "/project",
			Mounts: []expectedMount{usr, {"/proc", "proc", false}, {"/tmp", "tmpfs", false}}}, nil, "", ""},
		{"more", expectation{Kinds: []string{"mount"}}, nil, "also new: pid", ""},
		{"less", expectation{Kinds: []string{"mount", "pid", "net"}}, nil, "", "no new net namespace"},
		{"less, as known", expectation{Kinds: []string{"mount", "pid", "net"}}, []string{"net"}, "not new: net", ""},
		{"mount", expectation{Kinds: []string{"mount", "pid"}, Mounts: []expectedMount{{"/home", "tmpfs", false}}}, nil, "", "no mount tmpfs on /home"},
		{"type", expectation{Kinds: []string{"mount", "pid"}, Mounts: []expectedMount{{"/usr", "tmpfs", true}}}, nil, "", "no mount tmpfs on /usr"},
		{"writable", expectation{Kinds: []string{"mount", "pid"}, Mounts: []expectedMount{{"/tmp", "", true}}}, nil, "", "/tmp is mounted rw"},
		{"read-only", expectation{Kinds: []string{"mount", "pid"}, Mounts: []expectedMount{{"/usr", "", false}}}, nil, "", "/usr is mounted ro"},
		{"host", expectation{Kinds: []string{"mount", "pid"}, Host: "x"}, nil, "", `the host name is "dev"`},
		{"cwd", expectation{Kinds: []string{"mount", "pid"}, Cwd: "/x"}, nil, "", `the working directory is "/project"`},
	} {
		seen, err := parseSight([]byte(seenText))
		if err != nil {
			t.Fatal(err)
		}
		notes, err := compare(seen, here, test.want, test.lacks)
		var got string
		if err != nil {
			got = err.Error()
		}
		if got != test.err || strings.Join(notes, "; ") != test.notes {
			t.Errorf("%s: %q, %q; want %q, %q", test.name, notes, got, test.notes, test.err)
		}
	}
	seen, _ := parseSight([]byte(strings.Replace(seenText, "CapEff: 0", "CapEff: 1", 1)))
	if _, err := compare(seen, here, expectation{Kinds: []string{"mount", "pid"}, NoCaps: true}, nil); err == nil {
		t.Error("capabilities are not seen")
	}
	for _, text := range []string{"", "sh: not found\n", "ns mnt\nmounts\n", "ns mnt x\nmounts\nnonsense\n"} {
		if _, err := parseSight([]byte(text)); err == nil {
			t.Errorf("%q is taken for what a probe prints", text)
		}
	}
}

// The commands run, and do nothing else.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	if err := writeCommands(dir); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(dir + "/" + trueName).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%s: %v, %q", trueName, err, out)
	}
	idle := exec.Command(dir + "/" + idleName)
	if err := idle.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	if all, err := descendants(); err != nil || !slices.ContainsFunc(all, isCommand) {
		t.Errorf("no command in %+v, %v", all, err)
	}
	if err := idle.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = idle.Wait()
	if status := idle.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("%s ended: %v", idleName, idle.ProcessState)
	}
	for _, arch := range []string{"amd64", "arm64", "riscv64"} {
		text, err := executable(arch, idleCode)
		if err != nil || len(text) < 64 || string(text[1:4]) != "ELF" {
			t.Errorf("%s: %q, %v", arch, text, err)
		}
	}
	if _, err := executable("mips", trueCode); err == nil {
		t.Error("there is code for mips")
	}

}

func TestKibibytes(t *testing.T) {
	if got, err := kibibytes("Rss:   8 kB\nPss:  3 kB\nPss_Dirty: 1 kB\n", "Pss:"); got != 3072 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	if got, err := kibibytes("Rss: 8 kB\n", "Pss:"); err == nil {
		t.Errorf("got %d", got)
	}
}
