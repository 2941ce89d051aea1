package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// mapping is a part of a process's memory.
type mapping struct {
	addresses, access, name string
}

// mappings lists a process's memory but for what the kernel lends to each process.
func mappings(t *testing.T, pid int) (all []mapping) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		m := mapping{f[0], f[1], strings.Join(f[5:], " ")}
		if !slices.Contains([]string{"[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]"}, m.name) {
			all = append(all, m)
		}
	}
	return all
}

// described are the mappings without the addresses that the kernel chose.
func described(all []mapping) []string {
	var words []string
	for _, m := range all {
		at := ""
		if strings.HasPrefix(m.addresses, "60000000-") || strings.HasPrefix(m.addresses, "5fff0000-") {
			at = m.addresses + " "
		}
		words = append(words, at+m.access+" "+m.name)
	}
	slices.Sort(words)
	return words
}

const (
	theText    = "r-xp /memfd:nslaunch (deleted)"
	theStack   = "rw-p [stack]"
	theProgram = "60000000-60001000 r--p /memfd:program (deleted)"
	theScratch = "5fff0000-5fff1000 rw-p "
)

// A running child has a text, a stack, a program and its scratch memory, none of which can be both written to and
// executed, and one thread. Once it is init, text and stack are all, of a few pages.
func TestRunningChild(t *testing.T) {
	if emulator() != "" {
		t.Skip("the emulator has memory of its own")
	}
	eachImage(t, testRunningChild)
}

func testRunningChild(t *testing.T, run runner) {
	if run.image == portable {
		return
	}
	p := *withInit(t, 0, "exit 7")
	p.Scratch = 1
	checked := 0
	check := func(pid int, want ...string) {
		checked++
		if got := described(mappings(t, pid)); !slices.Equal(got, want) {
			t.Errorf("memory %q; want %q", got, want)
		}
		if threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid)); err != nil || len(threads) != 1 {
			t.Errorf("%d threads, %v; want one", len(threads), err)
		}
		checkExe(t, pid)
	}
	ready := make(chan bool)
	run.told = func(e event) {
		if e.Kind != program.MessageReady {
			return
		}
		check(e.pid, theText, theStack)
		if rss := residentSet(t, e.pid); rss == 0 || rss > 64 {
			t.Errorf("init has %d KiB", rss)
		}
		close(ready)
	}
	run.reached = func(e event) bool {
		check(e.pid, theScratch, theProgram, theText, theStack)
		checkProgram(t, e.pid)
		<-ready // else init may be gone too soon
		return true
	}
	got := run.run(&p)
	if states(got) != "3(0,0) 4(1,7)" || checked != 2 {
		t.Errorf("told %q, looked %d times", states(got), checked)
	}
}

// residentSet is how many KiB of memory a process has.
func residentSet(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "Rss:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

// checkExe checks that what a process executes is sealed, and cannot be written to by its path.
func checkExe(t *testing.T, pid int) {
	t.Helper()
	path := fmt.Sprintf("/proc/%d/exe", pid)
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	checkSeals(t, fd)
	if w, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0); err == nil {
		_, err = unix.Write(w, []byte("x"))
		unix.Close(w)
		if err != unix.EPERM {
			t.Errorf("the executable is written to: %v", err)
		}
	}
}

// checkProgram checks that a process's program is sealed.
func checkProgram(t *testing.T, pid int) {
	t.Helper()
	if os.Geteuid() != 0 {
		return // others may not open it
	}
	nstest.Require(t, nstest.Root())
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/map_files/60000000-*", pid))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	fd, err := unix.Open(files[0], unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	checkSeals(t, fd)
}

func checkSeals(t *testing.T, fd int) {
	t.Helper()
	if got, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil || got&seals != seals {
		t.Errorf("seals %#x, %v; want %#x", got, err, seals)
	}
}
