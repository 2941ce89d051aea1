package vmtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/nslaunch/nslaunch/internal/vmtest/report"
)

// onlyVariable has a regular expression without spaces, for the names of the checks that a machine runs: "root/hello".
const onlyVariable = "NSLAUNCH_VM_ONLY"

// machine is one that can be booted.
type machine struct {
	name    string // the processor as Go and Debian name it, and the kernel: "amd64-6.1"
	suite   string // Debian's release
	arch    string
	systemd bool // process 1 is systemd, not the agent
}

// machines are all that there are.
func machines() []machine {
	return []machine{
		{name: "amd64-6.1", suite: "bookworm", arch: "amd64"},
		{name: "amd64-6.1-systemd", suite: "bookworm", arch: "amd64", systemd: true},
		{name: "amd64-6.12", suite: "trixie", arch: "amd64"},
		{name: "arm64-6.1", suite: "bookworm", arch: "arm64"},
		{name: "riscv64-6.12", suite: "trixie", arch: "riscv64"},
	}
}

// emulator is the program that emulates the machine, with what depends on the processor.
func (m machine) emulator() (program string, args []string, console string) {
	switch m.arch {
	case "arm64":
		return "qemu-system-aarch64", []string{"-machine", "virt", "-cpu", "max,pauth-impdef=on"}, "ttyAMA0"
	case "riscv64":
		return "qemu-system-riscv64", []string{"-machine", "virt"}, "ttyS0"
	}
	return "qemu-system-x86_64", []string{"-machine", "q35", "-cpu", "max"}, "ttyS0"
}

// boot runs the machine until it has powered off and hands on each line that its agent writes. The
// console's text goes to a file.
func (m machine) boot(ctx context.Context, kernel, initrd, log string, each func(report.Line)) error {
	program, args, console := m.emulator()
	words := fmt.Sprintf("console=%s panic=-1 quiet mitigations=off vmtest=%s", console, m.name)
	if only := os.Getenv(onlyVariable); only != "" {
		words += " vmtest.only=" + only
	}
	memory := "1024"
	if m.systemd {
		// A getty waits 90 s for a device that only udev announces.
		words += " systemd.mask=serial-getty@ttyS0.service systemd.log_level=warning"
		memory = "3072"
	}
	args = append(args, "-accel", "tcg", "-smp", "2", "-m", memory, "-no-reboot", "-display", "none", "-monitor", "none", "-nic", "none",
		"-kernel", kernel, "-initrd", initrd, "-append", words, "-serial", "file:"+log,
		"-chardev", "stdio,id=results,signal=off", "-device", "pci-serial,chardev=results")
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // should the test be killed
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// QEMU reads its standard input as what comes in on the port.
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer input.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(out)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var line report.Line
		if err := json.Unmarshal(text, &line); err != nil {
			line = report.Line{Check: "report", Text: fmt.Sprintf("not the agent's: %q", text)}
		}
		each(line)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, stderr.Bytes())
	}
	return nil
}
