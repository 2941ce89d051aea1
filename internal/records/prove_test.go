package records

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/process"
	"golang.org/x/sys/unix"
)

// holderVariable makes of the test binary a program that holds descriptor 3. Told to, it locks what that is.
const holderVariable = "NSLAUNCH_TEST_HOLDER"

func TestMain(m *testing.M) {
	if os.Getenv(holderVariable) == "" {
		os.Exit(m.Run())
	}
	var word [1]byte
	for {
		os.Stdout.WriteString("ready\n")
		if n, _ := os.Stdin.Read(word[:]); n == 0 {
			os.Exit(0)
		}
		// A descriptor of its own: what it was given keeps the lock that it has.
		fd, err := unix.Open("/proc/self/fd/3", unix.O_RDWR, 0)
		if err == nil {
			err = unix.Dup2(fd, 3)
		}
		if err == nil {
			err = unix.Flock(3, unix.LOCK_EX|unix.LOCK_NB)
		}
		if err != nil {
			os.Stdout.WriteString(err.Error() + "\n")
		}
	}
}

// A record that was sent to a process of the same program, by who locked it, is not that process's. One that it has locked is.
func TestSentRecord(t *testing.T) {
	for _, name := range []string{memoryName, "other-name"} {
		sent, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		file := os.NewFile(uintptr(sent), name)
		defer file.Close()
		if err := unix.Flock(sent, unix.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		hint, lock := holder(t, file)
		if _, err := file.Write(hint.encode()); err != nil {
			t.Fatal(err)
		}
		if _, err := prove(hint); err == nil || !strings.Contains(err.Error(), "holds no record") {
			t.Errorf("%s, locked by another process: %v", name, err)
		}
		if err := unix.Flock(sent, unix.LOCK_UN); err != nil {
			t.Fatal(err)
		}
		if _, err := prove(hint); err == nil || !strings.Contains(err.Error(), "holds no record") {
			t.Errorf("%s, not locked: %v", name, err)
		}
		lock()
		p, err := prove(hint)
		if (err == nil) != (name == memoryName) {
			t.Errorf("%s, locked by itself: %v", name, err)
		}
		if err == nil {
			p.close()
		}
		// And of another program, such a record is worth nothing.
		if got := isNslaunch("/usr/bin/nslaunchd"); got {
			t.Error("nslaunchd is taken for nslaunch")
		}
	}
}

// holder starts a process that holds a file, and returns a hint of its record and what makes it lock the file.
func holder(t *testing.T, file *os.File) (*Record, func()) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env, cmd.ExtraFiles = append(os.Environ(), holderVariable+"=1"), []*os.File{file}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = cmd.Wait() })
	ready := func() {
		t.Helper()
		var line [6]byte
		if _, err := io.ReadFull(stdout, line[:]); err != nil || string(line[:]) != "ready\n" {
			t.Fatalf("%q, %v", line, err)
		}
	}
	ready()
	r := running(t, "sent")
	if r.Launcher, err = process.At(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	return r, func() {
		if _, err := stdin.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		ready()
	}
}

// The command of a record has to come from its launcher: it is what stop kills.
func TestCommandOfAnother(t *testing.T) {
	d := testDir(t)
	victim := exec.Command("sleep", "1000")
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = victim.Process.Kill(); _ = victim.Wait() }()
	for pid, want := range map[int]State{victim.Process.Pid: Running, os.Getppid(): Unproven, os.Getpid(): Unproven} {
		r := running(t, "command-"+strconv.Itoa(pid))
		var err error
		if r.Target.Process, err = process.At(pid); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Add(r, false); err != nil {
			t.Fatal(err)
		}
		if got := names(t, d)[r.Name]; got != want {
			t.Errorf("process %d: %q; want %q", pid, got, want)
		}
	}
}

// A log that was replaced by a link is not read, nor is what a forged record names.
func TestLogOfAnother(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	d := testDir(t)
	r := running(t, "state-log-of-another")
	r.Detached = true
	e, err := d.Add(r, false)
	if err != nil {
		t.Fatal(err)
	}
	f, holds, err := r.CreateLog()
	if err != nil {
		t.Fatal(err)
	}
	holds.Close()
	if _, err := f.WriteString("output\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := e.End(End{}); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(d.Path, r.Name+suffix)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(text), `"detached":true`, `"detached":true,"log":"`+secret+`"`, 1)
	if err := os.WriteFile(file, []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func() (string, error) {
		found, _ := d.list()
		if len(found) != 1 {
			t.Fatalf("%d are found", len(found))
		}
		log, err := found[0].OpenLog()
		if err != nil {
			return "", err
		}
		defer log.Close()
		text, err := io.ReadAll(log)
		return string(text), err
	}
	if got, err := read(); got != "output\n" || err != nil {
		t.Errorf("with a forged path: %q, %v", got, err)
	}
	log := r.Log
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, log); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(log); err != nil || string(got) != "hidden\n" {
		t.Errorf("the link leads to %q, %v: the test tests nothing", got, err)
	}
	if got, err := read(); err == nil {
		t.Errorf("with a link: %q", got)
	}
	if _, err := d.Add(running(t, r.Name), false); err != nil { // which takes the old one away, with its log
		t.Error(err)
	}
	if _, err := os.Lstat(log); !os.IsNotExist(err) {
		t.Errorf("the link: %v", err)
	}
	if _, err := os.Stat(secret); err != nil {
		t.Errorf("a forged record has removed another file: %v", err)
	}
}
