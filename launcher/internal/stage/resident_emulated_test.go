package stage

import (
	"os"
	"strconv"
	"syscall"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// Variables of the environment with what runs residents, and the file of their image. What comes before is not emulated: an
// emulator has the signals blocked that were so when it was started.
const (
	residentEmulatorVariable = "NSLAUNCH_TEST_RESIDENT_EMULATOR"
	residentImageVariable    = "NSLAUNCH_TEST_RESIDENT_IMAGE"
)

func residentEmulator() string { return os.Getenv(residentEmulatorVariable) }

// residentImage returns the image that a resident is executed from, and makes a program one for its processor.
func residentImage(p *program.Program) ([]byte, error) {
	if residentEmulator() == "" {
		return Image(), nil
	}
	p.Ops[len(p.Ops)-1].Nr = 94 // exit_group(2)
	return os.ReadFile(os.Getenv(residentImageVariable))
}

// beImage executes an image that is to run a program.
func beImage(image, prog int) error {
	file := "/proc/self/fd/" + strconv.Itoa(image)
	e := residentEmulator()
	if e == "" {
		return syscall.Exec(file, []string{"nslaunch", "some", "words"}, []string{strconv.Itoa(prog)})
	}
	if _, err := unix.FcntlInt(uintptr(image), unix.F_SETFD, 0); err != nil {
		return err
	}
	// It hands on no environment of such a word.
	return syscall.Exec(e, []string{e, "-0", "nslaunch", file, strconv.Itoa(prog)}, nil)
}
