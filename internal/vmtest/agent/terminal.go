package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// typed is what a command tries to type into the caller's terminal.
const typed = "evil\n"

// inject types into the terminal that is the standard input: TIOCSTI of ioctl_tty(2).
func inject() error {
	for _, b := range []byte(typed) {
		if err := unix.IoctlSetPointerInt(0, unix.TIOCSTI, int(b)); err != nil {
			return err
		}
	}
	return nil
}

// tiocsti: a command cannot type into a terminal that is not its own, even where the kernel lets everybody do that
// with theirs. Controls: a command that nslaunch did not start can, and where the kernel forbids it, cannot.
func tiocsti(t *tester) {
	const profile = "version = 1\ncommand = [%q, \"inject\"]\nnamespaces = \"new\"\n[process]\nterminal = %q\n"
	alone := []string{self, "inject"}
	t.sysctl("dev.tty.legacy_tiocsti", "0")
	// Who has CAP_SYS_ADMIN may all the same.
	if got := t.received(alone...); got != "" && t.user.uid != 0 {
		t.errorf("with legacy_tiocsti=0 the terminal received %q", got)
	}
	t.sysctl("dev.tty.legacy_tiocsti", "1")
	if got := t.received(alone...); got != typed {
		t.errorf("with legacy_tiocsti=1 the terminal received %q", got)
	}
	for _, terminal := range []string{"pty", "none"} {
		if got := t.received("nslaunch", t.profile(fmt.Sprintf(profile, self, terminal))); got != "" {
			t.errorf("with a command whose terminal is %q, the caller's received %q", terminal, got)
		}
	}
}

// received runs a command on a terminal and returns what is then to be read there, which nobody has typed.
func (t *tester) received(args ...string) string {
	master, slave := t.terminal()
	defer master.Close()
	defer slave.Close()
	cmd := t.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr.Setctty = true
	t.must(cmd.Start())
	_ = cmd.Wait()
	said := make([]byte, 4096)
	t.must(master.SetReadDeadline(time.Now().Add(time.Second)))
	n, _ := master.Read(said)
	t.logf("%q: %v: %q", args, cmd.ProcessState, said[:n])
	var got strings.Builder
	buf := make([]byte, 64)
	for {
		n, err := unix.Read(int(slave.Fd()), buf)
		if n <= 0 || err != nil {
			return got.String()
		}
		got.Write(buf[:n])
	}
}

// terminal makes a pseudoterminal of the user's. Reads of the slave do not wait.
func (t *tester) terminal() (master, slave *os.File) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	t.must(err)
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.must(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	t.must(err)
	name := fmt.Sprintf("/dev/pts/%d", number)
	t.must(os.Chown(name, t.user.uid, -1))
	fd, err = unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	t.must(err)
	return master, os.NewFile(uintptr(fd), name)
}
