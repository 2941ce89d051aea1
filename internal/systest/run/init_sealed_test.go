package run

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// Real root in a sandbox without a user namespace can open the program that
// process 1 runs. It is no file of the host's, and cannot be written to, then
// or later.
func TestInitProgramIsSealed(t *testing.T) {
	u := nstest.Superuser(t)
	before := sha256.Sum256([]byte(systest.ReadFile(t, nstest.Nslaunch(t))))
	r := systest.StartRunning(t, u, "namespaces = { mount = \"new\", pid = \"new\" }\n")
	program := sealed(t, systest.ChildrenOf(r.Cmd.Process.Pid)[0])
	// From inside, as the attack does it.
	script := `exec 9</proc/1/exe && readlink /proc/self/fd/9 && { echo x >/proc/1/exe || echo x >/proc/self/fd/9 || echo refused; } 2>/dev/null`
	cmd := u.Command(t, "nsenter", "--target", strconv.Itoa(r.Command), "--mount", "--pid", "sh", "-c", script)
	if got := nstest.MustRun(t, cmd); got != "/memfd:nslaunch (deleted)\nrefused\n" {
		t.Errorf("inside: %q; want a memfd, and every write refused", got)
	}
	if err := unix.Kill(r.Command, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = r.Cmd.Wait() // killed
	checkSealed(t, "process 1", program)
	if after := sha256.Sum256([]byte(systest.ReadFile(t, nstest.Nslaunch(t)))); after != before {
		t.Error("the host's program has changed")
	}
}

// A command that is a script for /proc/self/exe has the sealed copy run in the
// sandbox, and that is all that the processes there can get at.
func TestCommandIsSelf(t *testing.T) {
	u := nstest.Superuser(t)
	if !nstest.Portable() {
		testCommandIsImage(t, u)
		return
	}
	// To the copy, the script is a profile.
	dir := u.TempDir(t)
	script := u.WriteFile(t, filepath.Join(dir, "self.toml"), `#!/proc/self/exe
version = 1
command = ["sh", "-c", "echo $PPID; exec cat"]
`)
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := u.Command(t, nstest.Nslaunch(t), "p.toml")
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), fmt.Sprintf("version = 1\nnamespaces = { mount = \"new\", pid = \"new\" }\ncommand = [%q]\n", script))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	before := nstest.Snapshot(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	first := systest.ChildrenOf(cmd.Process.Pid)
	if len(first) != 1 || len(systest.ChildrenOf(first[0])) != 1 {
		t.Fatalf("children of the launcher: %d", first)
	}
	inner := systest.ChildrenOf(first[0])[0] // the copy, of which the script is the profile
	if comm := systest.ReadFile(t, fmt.Sprintf("/proc/%d/comm", inner)); strings.TrimSpace(comm) != "self.toml" && strings.TrimSpace(line) == "" {
		t.Errorf("the command is %q", comm)
	}
	programs := map[string]*os.File{"process 1": sealed(t, first[0]), "the command": sealed(t, inner)}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	for what, file := range programs {
		checkSealed(t, what, file)
	}
	for _, file := range programs {
		file.Close()
	}
	nstest.AssertNothingLeft(t, before)
}

// testCommandIsImage has the sealed image for the interpreter of a script. It is given no program.
func testCommandIsImage(t *testing.T, u nstest.User) {
	t.Helper()
	cmd := u.Command(t, nstest.Nslaunch(t), "p.toml")
	script := u.WriteFile(t, filepath.Join(cmd.Dir, "self"), "#!/proc/self/exe\n")
	if err := os.Chmod(script, 0o755); err != nil {
		t.Fatal(err)
	}
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), fmt.Sprintf("version = 1\nnamespaces = { mount = \"new\", pid = \"new\" }\ncommand = [%q]\n", script))
	before := nstest.Snapshot(t)
	if got := nstest.Run(t, cmd); got.Status != systest.StatusSetup || got.Stderr != "nslaunch: child: not a program\n" {
		t.Errorf("%+v", got)
	}
	nstest.AssertNothingLeft(t, before)
}
