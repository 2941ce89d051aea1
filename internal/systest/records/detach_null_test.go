package records

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// chmodStdin gives what is standard input the mode that the null device has, and reads from it.
const chmodStdin = `if chmod 0666 /proc/self/fd/0 2>/dev/null; then echo changed; else echo refused; fi; cat; echo end`

// The command of a detached sandbox reads nothing, and root cannot change the mode of the host's null device through what it
// reads from. With the device itself for standard input she can; an ordinary user cannot.
func TestDetachedNull(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		ends := func(cmd ...string) string {
			name := strings.TrimSpace(p.Must(append([]string{"run", "--name", "nulled", "--detach", "preset:system"}, cmd...)...))
			p.Must("wait", name)
			return p.Must("logs", name)
		}
		if got := ends("sh", "-c", chmodStdin+"; stat -Lc %t:%T /proc/self/fd/0"); got != "refused\nend\n1:3\n" {
			t.Errorf("detached, it says %q", got)
		}
		// The control: with the device itself, root can.
		null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		cmd := p.Command("run", "--set", "process.terminal=none", "preset:system", "sh", "-c", chmodStdin)
		cmd.Stdin = null
		want := map[bool]string{true: "changed\nend\n", false: "refused\nend\n"}[u.IsRoot()]
		if got := nstest.MustRun(t, cmd); got != want {
			t.Errorf("with the device itself, it says %q, want %q", got, want)
		}
	})
}

// Root who may make no mounts gives the command a pipe, whose mode is nobody else's.
func TestDetachedNullWithoutMounts(t *testing.T) {
	u := nstest.Superuser(t)
	p := systest.NewWorkplace(t, u)
	nstest.Require(t, nstest.Tools("setpriv"), nstest.UnprivilegedUserNamespaces())
	script := fmt.Sprintf(`name=$(%[1]s run --name nulled --detach preset:system sh -c '%[2]s; stat -Lc %%F /proc/self/fd/0'); %[1]s wait $name; %[1]s logs $name`, nstest.Nslaunch(t), chmodStdin)
	cmd := u.Command(t, "setpriv", "--bounding-set", "-sys_admin", "sh", "-euc", script)
	cmd.Dir, cmd.Env = p.Dir, p.Command().Env
	if got := nstest.MustRun(t, cmd); got != "changed\nend\nfifo\n" {
		t.Errorf("it says %q", got)
	}
	var st unix.Stat_t
	if err := unix.Stat("/dev/null", &st); err != nil || st.Mode != unix.S_IFCHR|0o666 {
		t.Errorf("the null device has mode %o, %v", st.Mode, err)
	}
}
