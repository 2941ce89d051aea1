package units

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

const notifyNamespaces = "namespaces = { user = \"new\", pid = \"new\", net = \"new\", mount = \"new\", time = \"new\" }\ntime = { monotonic = \"+100d\" }\n"

func notifyProfile(mode, more string) string {
	return "version = 1\n" + more + notifyNamespaces + "[service]\nnotify = \"" + mode + "\"\n"
}

// What the command tells its manager, the launcher does.
func TestNotifyCommand(t *testing.T) {
	nstest.Require(t, nstest.Tools("systemd-notify"), nstest.Namespaces("user", "pid", "net", "time"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		left := nstest.Snapshot(t)
		for name, more := range map[string]string{
			"host": "",
			"tmpfs": "root = \"tmpfs\"\nmounts = { ro = [\"/usr\", \"-/etc\"], \"/bin\" = { type = \"symlink\", to = \"usr/bin\" }, " +
				"\"/lib\" = { type = \"symlink\", to = \"usr/lib\" }, \"/lib64\" = { type = \"symlink\", to = \"usr/lib64\" } }\n",
			"overlay": "root = { path = \"host\", overlay = \"tmpfs\" }\n",
			"no init": "process = { init = false }\n",
		} {
			t.Run(name, func(t *testing.T) {
				m := systest.NewListener(t, u)
				cmd := systest.ProfileCommand(t, u, notifyProfile("command", more), "sh", "-ec", `
					test "$NOTIFY_SOCKET" = `+m.Address+`
					test "$WATCHDOG_USEC" = 5000000 -a -z "$WATCHDOG_PID"
					systemd-notify --ready --status="ä = b" X_A=1 FDSTORE=1 MAINPID=$$
					systemd-notify RELOADING=1 MONOTONIC_USEC=1
					systemd-notify WATCHDOG=1 NOTIFYACCESS=none WATCHDOG_USEC=1000
					systemd-notify --no-block STOPPING=1 ERRNO=3`)
				cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+m.Address, "WATCHDOG_USEC=5000000")
				result := make(chan nstest.Result, 1)
				go func() { result <- nstest.Run(t, cmd) }()
				first := m.Next(t, 20*time.Second)
				pid := fmt.Sprint(first.PID)
				if want := "READY=1\nSTATUS=ä = b\nX_A=1\nMAINPID=" + pid; first.Text != want {
					t.Errorf("%q; want %q", first.Text, want)
				}
				// systemd-notify waits for a barrier.
				for _, want := range []string{"BARRIER=1", "RELOADING=1\nMONOTONIC_USEC=", "BARRIER=1", "WATCHDOG=1\nWATCHDOG_USEC=1000", "BARRIER=1", "STOPPING=1\nERRNO=3"} {
					got := m.Next(t, 20*time.Second)
					if !strings.HasPrefix(got.Text, want) || got.PID != first.PID || (got.FDs == 1) != (want == "BARRIER=1") {
						t.Errorf("%+v; want %q of %d", got, want, first.PID)
					}
					if _, usec, ok := strings.Cut(got.Text, "MONOTONIC_USEC="); ok {
						var now unix.Timespec
						_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
						var said int64
						if _, err := fmt.Sscan(usec, &said); err != nil || said > now.Nano()/1000 || said < now.Nano()/1000-60e6 {
							t.Errorf("it is %d, and it says %s", now.Nano()/1000, usec)
						}
					}
				}
				if got := <-result; got.Status != 0 || got.Stderr != "" {
					t.Errorf("%+v", got)
				}
			})
		}
		nstest.AssertNothingLeft(t, left)
	})
}

// A manager in the abstract namespace is reached from a network namespace that does not have it.
func TestNotifyAbstract(t *testing.T) {
	nstest.Require(t, nstest.Tools("systemd-notify"), nstest.Namespaces("user", "pid", "net"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		m := systest.ListenAt(t, "@nslaunch-test-"+u.Name)
		cmd := systest.ProfileCommand(t, u, notifyProfile("command", "mounts = { tmpfs = [\"/run\"] }\n"), "sh", "-c", "echo $NOTIFY_SOCKET; systemd-notify --ready --no-block")
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+m.Address)
		if got := nstest.MustRun(t, cmd); got != "/run/systemd/notify\n" {
			t.Errorf("%q", got)
		}
		if got := m.All(t); len(got) != 1 || got[0] != "READY=1" {
			t.Errorf("%q", got)
		}
	})
}

// nslaunch itself says that the command runs, that it still does, and that it was asked to end.
func TestNotifyExec(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		m := systest.NewListener(t, u)
		cmd := systest.ProfileCommand(t, u, "version = 1\nservice = \"exec\"\n", "sh", "-c", "trap 'exit 3' TERM; env; read go; kill -TERM $PPID; while :; do sleep 0.1; done")
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+m.Address, "WATCHDOG_USEC=20000")
		gate, open, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer gate.Close()
		defer open.Close()
		cmd.Stdin = gate
		result := make(chan nstest.Result, 1)
		go func() { result <- nstest.Run(t, cmd) }()
		if got := m.Next(t, 20*time.Second); got.Text != "READY=1" {
			t.Errorf("%+v", got)
		}
		// Read meanwhile: what waits in a socket is bounded.
		said := map[string]int{}
		var got nstest.Result
		for ended := false; !ended; {
			select {
			case got = <-result:
				ended = true
			default:
			}
			// One at a time: a watchdog that is fed often never leaves a pause.
			if text := m.Next(t, 10*time.Millisecond).Text; text != "" {
				said[text]++
			}
			if said["WATCHDOG=1"] > 0 {
				_ = open.Close() // and only now it asks to end
			}
		}
		for _, text := range m.All(t) {
			said[text]++
		}
		if got.Status != 3 || got.Stderr != "" || strings.Contains(got.Stdout, "NOTIFY") || strings.Contains(got.Stdout, "WATCHDOG") {
			t.Errorf("%+v", got)
		}
		if said["WATCHDOG=1"] == 0 || said["STOPPING=1"] != 1 || len(said) != 2 {
			t.Errorf("%v", said)
		}
	})
}

// A command that does not start is not said to be ready, and one that is no
// more when nslaunch gets to it is.
func TestNotifyExecAtOnce(t *testing.T) {
	u := nstest.Superuser(t)
	m := systest.NewListener(t, u)
	for word, want := range map[string]int{"true": 1, "no-such-command": 0} {
		cmd := systest.ProfileCommand(t, u, "version = 1\nservice = \"exec\"\n", word)
		// Another's watchdog is not to be fed.
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+m.Address, "WATCHDOG_USEC=1000", "WATCHDOG_PID=1")
		nstest.Run(t, cmd)
		if got := m.All(t); len(got) != want {
			t.Errorf("%s: %q", word, got)
		}
	}
}

// A manager that reads nothing holds neither the launch nor its end up for good, and
// one that is not there is an end to nothing but the telling.
func TestNotifyNobody(t *testing.T) {
	u := nstest.Superuser(t)
	m := systest.NewListener(t, u)
	for {
		c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.Address, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := c.Write([]byte("X_FULL=1")); err != nil {
			break
		}
	}
	for _, mode := range []string{"exec", "command"} {
		for address, why := range map[string]string{m.Address: "resource temporarily unavailable", m.Address + "-not": "no such file or directory"} {
			if mode == "command" && address != m.Address {
				continue // it is no mount point, either
			}
			cmd := systest.ProfileCommand(t, u, notifyProfile(mode, ""), "sh", "-c", "test -z $NOTIFY_SOCKET || systemd-notify --ready --no-block")
			cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+address)
			want := fmt.Sprintf("nslaunch: warning: the service manager at %s cannot be reached: sendmsg: %s\n", address, why)
			if got := nstest.Run(t, cmd); got.Status != 0 || got.Stderr != want {
				t.Errorf("%s: %+v; want %s", mode, got, want)
			}
		}
	}
	for _, mode := range []string{"exec", "command"} {
		cmd := systest.ProfileCommand(t, u, notifyProfile(mode, ""), "sh", "-c", "test -z $NOTIFY_SOCKET")
		if got := nstest.Run(t, cmd); got.Status != 0 || got.Stderr != "" {
			t.Errorf("%s without a manager: %+v", mode, got)
		}
	}
}

func TestNotifyRefused(t *testing.T) {
	u := nstest.Superuser(t)
	for address, want := range map[string]string{
		"vsock:2:1234": `NOTIFY_SOCKET is "vsock:2:1234", and a manager outside this machine is not supported`,
		"relative":     `NOTIFY_SOCKET is "relative", which is neither an absolute path nor "@" and a name`,
	} {
		cmd := systest.ProfileCommand(t, u, "version = 1\n[service]\nnotify = \"exec\"\n", "true")
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+address)
		systest.WantRefusal(t, cmd, "p.toml:3:1: service.notify: "+want)
	}
	cmd := systest.ProfileCommand(t, u, "version = 1\nnamespaces = { mount = \"new\" }\nmounts = { ro = [\"/run/n\"] }\nroot = \"tmpfs\"\n[service]\nnotify = \"command\"\n", "true")
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET=/run/n")
	if got := nstest.Run(t, cmd); !strings.Contains(got.Stderr, "p.toml:6:1: service.notify: the command's socket must be at /run/n, and mounts.ro[0] mounts something there") {
		t.Errorf("%s", got.Stderr)
	}
	// Where nothing can be made it has to be there.
	dir := u.TempDir(t)
	cmd = systest.ProfileCommand(t, u, "version = 1\nnamespaces = { mount = \"new\" }\nroot = \""+dir+"\"\n[service]\nnotify = \"command\"\n", "true")
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET=/run/n")
	systest.WantRefusal(t, cmd, `p.toml:5:1: service.notify: "`+dir+`/run/n" is missing, and nslaunch makes nothing in the host's directories (make it, or give the root a layer: root = { path = "`+dir+`", overlay = "tmpfs" })`)
}
