package stage

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// The tests of this package pass on other processors too, emulated, but for those that need what
// the emulator lacks.
func TestOtherProcessors(t *testing.T) {
	for _, arch := range []string{"arm64", "riscv64"} {
		t.Run(arch, func(t *testing.T) { testOtherProcessor(t, arch) })
	}
}

// emulatorOf finds what runs a program for another processor.
func emulatorOf(t *testing.T, arch string) string {
	t.Helper()
	name := "qemu-" + map[string]string{"arm64": "aarch64", "riscv64": "riscv64"}[arch] + "-static"
	nstest.Require(t, nstest.Tools(name))
	qemu, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return qemu
}

// Residents of other processors pass those tests that take no assistant and no signal but that of a child's end: the emulator
// has no execveat(2), and takes signals to itself. Machines that are emulated as a whole pass all.
func TestResidentsOfOtherProcessors(t *testing.T) {
	for _, arch := range []string{"arm64", "riscv64"} {
		t.Run(arch, func(t *testing.T) {
			qemu := emulatorOf(t, arch)
			image, err := exec.Command(qemu, buildImage(t, arch)).Output()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(file, image, 0o600); err != nil {
				t.Fatal(err)
			}
			tests := exec.Command("/proc/self/exe", "-test.v", "-test.run=^TestResident(ExitsAsTheCommand|ExitsAsInitSays|WithoutAssistant)$")
			tests.Env = append(os.Environ(), residentEmulatorVariable+"="+qemu, residentImageVariable+"="+file)
			if out, err := tests.CombinedOutput(); err != nil || strings.Count(string(out), "\n--- PASS: ") != 3 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func testOtherProcessor(t *testing.T, arch string) {
	qemu := emulatorOf(t, arch)
	binary := filepath.Join(t.TempDir(), "stage.test")
	build := exec.Command("go", "test", "-c", "-o", binary, ".")
	build.Env = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	words := []string{"-test.v", "-test.timeout=5m"}
	if testing.Short() || arch != "arm64" { // one of them runs the great many programs: the source is the same
		words = append(words, "-test.short")
	}
	tests := exec.Command("/proc/self/exe", words...)
	tests.Env = append(os.Environ(), emulatorVariable+"="+qemu, emulatedVariable+"="+binary)
	out, err := tests.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var skipped []string
	passed := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "--- SKIP: "):
			skipped = append(skipped, fields[2])
		case strings.HasPrefix(line, "--- PASS: "):
			passed++
		}
	}
	slices.Sort(skipped)
	if want := notEmulated(); !slices.Equal(skipped, want) {
		t.Errorf("skipped: %q; want %q\n%s", skipped, want, out)
	}
	if passed < 15 {
		t.Errorf("only %d tests passed\n%s", passed, out)
	}
}

// notEmulated are the tests that cannot run under the emulator.
func notEmulated() []string {
	return []string{
		"TestCwdOutsideTheRoot/in_place",
		"TestInitReapsOrphans/in_place",
		"TestLauncherIsGone/in_place",
		"TestOwnPID/in_place/of_its_own",
		"TestResidentExitsAsInitSays",
		"TestResidentExitsAsTheCommand",
		"TestResidentForwards",
		"TestResidentForwardsKeys",
		"TestResidentIsWoken",
		"TestResidentIsWokenByADescriptor",
		"TestResidentLeavesStatesToTheAssistant",
		"TestResidentStops",
		"TestResidentTellsOfStops",
		"TestResidentTellsOfTheEnd",
		"TestResidentWithoutAssistant",
		"TestRunningChild",
		"TestStoreADescriptor/in_place",
	}
}
