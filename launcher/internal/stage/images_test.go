package stage

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// emulatorVariable is the variable of the environment with what runs these tests, of another
// processor, and has to run each child. See TestOtherProcessors.
const emulatorVariable = "NSLAUNCH_TEST_EMULATOR"

// emulator is what runs these tests, "" for the machine itself.
func emulator() string { return os.Getenv(emulatorVariable) }

// image is one that a program is run by.
type image string

const (
	portable image = "portable"
	sealed   image = "sealed"
	inPlace  image = "in place" // the sealed one, in the process that loads it
)

// emulatedVariable is the variable with the test binary that TestMain is to be replaced by, emulated.
const emulatedVariable = "NSLAUNCH_TEST_EMULATED"

// emulate replaces this process by the emulated tests that it was started for.
func emulate() {
	binary := os.Getenv(emulatedVariable)
	if binary == "" {
		return
	}
	err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	if err == nil {
		os.Unsetenv(emulatedVariable)
		err = syscall.Exec(emulator(), append([]string{emulator(), binary}, os.Args[1:]...), os.Environ())
	}
	fatal("no emulation: " + err.Error())
}

// eachImage runs a test on all images that there are. An emulator knows no CLONE_PARENT, so that only a program
// in place can run there.
func eachImage(t *testing.T, test func(t *testing.T, r runner)) {
	images := []image{portable, sealed, inPlace}
	switch {
	case emulator() != "":
		images = []image{inPlace}
	case !HasImage():
		images = []image{portable}
	}
	for _, i := range images {
		t.Run(string(i), func(t *testing.T) { test(t, runner{t: t, image: i}) })
	}
}

// open returns the path of the executable, the command line for one that the process is to see, and what closes it.
func (i image) open(t *testing.T) (path string, command func(argv ...string) []string, done func()) {
	t.Helper()
	command = func(argv ...string) []string { return argv }
	if i == portable {
		return "/proc/self/exe", command, func() {}
	}
	fd, err := Memfd("nslaunch", Image(), true)
	if err != nil {
		t.Fatal(err)
	}
	file := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd)
	done = func() { unix.Close(fd) }
	if e := emulator(); e != "" {
		command = func(argv ...string) []string { return append([]string{e, "-0", argv[0], file}, argv[1:]...) }
		return e, command, done
	}
	return file, command, done
}

// requireNamespaces is for a test that makes such namespaces.
func (r runner) requireNamespaces(kinds ...string) {
	r.t.Helper()
	if emulator() != "" {
		r.t.Skip("the emulator makes no process in new namespaces")
	}
	if r.image == inPlace {
		nstest.Require(r.t, nstest.Root())
	}
	nstest.Require(r.t, nstest.Namespaces(kinds...))
}

// beReaper makes this process the parent of what loses its own. That outlives an execve.
func beReaper() error {
	if emulator() != "" {
		return nil // it was made so before, by emulate: emulators refuse
	}
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}
