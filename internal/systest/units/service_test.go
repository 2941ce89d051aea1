package units

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// serviceText writes a service of u's whose main process is nslaunch with that profile,
// in namespaces of its own, and returns the unit's text.
func serviceText(t *testing.T, u nstest.User, profile, settings string) string {
	t.Helper()
	path := u.WriteFile(t, filepath.Join(u.TempDir(t), "p.toml"), "version = 1\n"+notifyNamespaces+profile)
	return "[Service]\nExecStart=" + nstest.Nslaunch(t) + " " + path + "\nSuccessExitStatus=143\n" + settings
}

func script(text string) string {
	return fmt.Sprintf("command = [\"sh\", \"-c\", '''%s''']\n", text)
}

// Commands that share no namespace with a real manager send messages to it, and it controls them.
func TestServices(t *testing.T) {
	nstest.Require(t, nstest.Tools("systemd-notify", "perl"), nstest.Namespaces("user", "pid", "net", "time"))
	m := nstest.Systemd(t)
	root := nstest.Superuser(t)
	t.Run("ready", func(t *testing.T) { serviceReady(t, m) })
	t.Run("watchdog", func(t *testing.T) { serviceWatchdog(t, m) })
	t.Run("sockets", func(t *testing.T) { serviceSockets(t, m) })
	t.Run("credentials", func(t *testing.T) {
		m.RunUnit(t, "secrets.service", serviceText(t, root, script(`test $(cat $CREDENTIALS_DIRECTORY/key) = word && ! touch $CREDENTIALS_DIRECTORY/x 2>/dev/null`)+
			"service = { credentials = true }\nmounts = { tmpfs = [\"/run\"] }\n", "Type=oneshot\nSetCredential=key:word\n"))
	})
	t.Run("journal", func(t *testing.T) {
		m.RunUnit(t, "log.service", serviceText(t, root, script(`test $JOURNAL_STREAM = $(stat -L -c %d:%i /proc/self/fd/2)`)+
			"service = { credentials = true }\n", "Type=oneshot\n"))
	})
	t.Run("examples", func(t *testing.T) { serviceExamples(t, m) })
	t.Run("user", func(t *testing.T) { serviceOfUser(t, m) })
}

func serviceReady(t *testing.T, m *nstest.Machine) {
	root := nstest.Superuser(t)
	m.RunUnit(t, "ready.service", serviceText(t, root, script(`sleep 0.2; echo x >/run/outside; systemd-notify --ready --status='as it should' --pid=$$; exec sleep 1000`)+
		"service = \"command\"\n[mounts]\nrw = [\"/run\"]\n", "Type=notify\n"))
	if got := m.Run(t, "cat", "/run/outside"); got != "x\n" {
		t.Errorf("it was started before it was ready: %q", got)
	}
	if got := m.Show(t, "ready.service", "StatusText"); got != "as it should" {
		t.Errorf("status %q", got)
	}
	if got := m.Run(t, "systemctl", "status", "--no-pager", "ready.service"); !strings.Contains(got, `Status: "as it should"`) {
		t.Errorf("%s", got)
	}
	main := m.Show(t, "ready.service", "MainPID")
	if got := m.Run(t, "cat", "/proc/"+main+"/comm"); got != "nslaunch\n" {
		t.Errorf("the main process is %s", got)
	}
	m.Systemctl(t, "stop", "ready.service")
	if got := m.Show(t, "ready.service", "Result"); got != "success" {
		t.Errorf("result %s", got)
	}
	// Who says nothing does not start, and who leaves it to nslaunch does.
	m.WriteUnit(t, "never.service", serviceText(t, root, script("exec sleep 1000")+"service = \"command\"\n", "Type=notify\nTimeoutStartSec=1\n"))
	if got := nstest.Run(t, m.Command(t, root, nil, "systemctl", "start", "never.service")); got.Status == 0 {
		t.Error("a service that never was ready has started")
	}
	if got := m.Show(t, "never.service", "Result"); got != "timeout" {
		t.Errorf("result %s", got)
	}
	m.RunUnit(t, "exec.service", serviceText(t, root, script("exec sleep 1000")+"service = \"exec\"\n", "Type=notify\nTimeoutStartSec=20\n"))
	m.WriteUnit(t, "missing.service", serviceText(t, root, "command = [\"no-such-command\"]\nservice = \"exec\"\n", "Type=notify\n"))
	if got := nstest.Run(t, m.Command(t, root, nil, "systemctl", "start", "missing.service")); got.Status == 0 {
		t.Error("a service without a command has started")
	}
	if got := m.Show(t, "missing.service", "ExecMainStatus"); got != "127" {
		t.Errorf("status %s", got)
	}
}

func serviceWatchdog(t *testing.T, m *nstest.Machine) {
	root := nstest.Superuser(t)
	const settings = "Type=notify\nWatchdogSec=600ms\nWatchdogSignal=TERM\n"
	m.RunUnit(t, "dog.service", serviceText(t, root,
		script(`systemd-notify --ready; for i in 1 2 3 4 5 6 7 8; do sleep 0.2; systemd-notify WATCHDOG=1; done; systemd-notify STATUS=silent; exec sleep 1000`)+
			"service = \"command\"\n", settings))
	m.RunUnit(t, "fed.service", serviceText(t, root, script("exec sleep 1000")+"service = \"exec\"\n", settings))
	m.Await(t, "dog.service", "Result", "watchdog")
	if got := m.Show(t, "dog.service", "StatusText"); got != "silent" {
		t.Errorf("it was ended while it was fed: %q", got)
	}
	// That took longer than the other's watchdog has patience.
	if got := m.Show(t, "fed.service", "ActiveState"); got != "active" {
		t.Errorf("it is %s", got)
	}
	m.Systemctl(t, "stop", "fed.service")
}

func serviceSockets(t *testing.T, m *nstest.Machine) {
	const server = `use Socket; open(my $l, "+<&=", 3) or die; $ENV{LISTEN_PID} == $$ or die; ` +
		`while (accept(my $c, $l)) { syswrite $c, "$$ $ENV{LISTEN_FDS} $ENV{LISTEN_FDNAMES}\n"; close $c; last }`
	root := nstest.Superuser(t)
	m.WriteUnit(t, "web.service", serviceText(t, root, "command = [\"perl\", \"-e\", '''"+server+"''']\nservice = { listen_fds = true, notify = \"exec\" }\n", "Type=notify\n"))
	m.RunUnit(t, "web.socket", "[Socket]\nListenStream=/run/web\nListenStream=/run/admin\nFileDescriptorName=doors\n")
	// Twice: the socket is the manager's, and outlives its service.
	for range 2 {
		c, err := net.Dial("unix", m.Root()+"/run/web")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c)
		c.Close()
		if string(got) != "2 2 doors:doors\n" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		m.Await(t, "web.service", "ActiveState", "inactive")
	}
	m.Systemctl(t, "stop", "web.socket")

	m.WriteUnit(t, "each@.service", serviceText(t, root, script(`read -r name <&3; echo "hello $name of $LISTEN_PID, $LISTEN_FDNAMES" >&3`)+
		"service = { listen_fds = true }\n", ""))
	m.RunUnit(t, "each.socket", "[Socket]\nListenStream=/run/each\nAccept=yes\n")
	c, err := net.Dial("unix", m.Root()+"/run/each")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("ann\n")); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); string(got) != "hello ann of 2, connection\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	m.Systemctl(t, "stop", "each.socket")
}

// A manager of a user listens elsewhere.
func serviceOfUser(t *testing.T, m *nstest.Machine) {
	u := nstest.Ordinary(t)
	// pam_systemd tells a user's manager where its directory is only if it finds a logind by this.
	m.Run(t, "mkdir", "-p", "/run/systemd/seats")
	env := m.User(t, u)
	systemctl := func(args ...string) string {
		return strings.TrimSpace(nstest.MustRun(t, m.Command(t, u, env, "systemctl", append([]string{"--user"}, args...)...)))
	}
	m.WriteUserUnit(t, "mine.service", serviceText(t, u, script(`systemd-notify --ready --status="$NOTIFY_SOCKET" --pid=$$; exec sleep 1000`)+
		"service = \"command\"\n", "Type=notify\n"))
	systemctl("daemon-reload")
	systemctl("start", "mine.service")
	if got, want := systemctl("show", "--value", "--property=StatusText", "mine.service"), fmt.Sprintf("/run/user/%d/systemd/notify", u.UID); got != want {
		t.Errorf("%q; want %q", got, want)
	}
	systemctl("stop", "mine.service")
	if got := systemctl("show", "--value", "--property=Result", "mine.service"); got != "success" {
		t.Errorf("result %s", got)
	}
}

func serviceExamples(t *testing.T, m *nstest.Machine) {
	dir := nstest.Superuser(t).CopyTree(t, "../../../examples")
	start := "ExecStart=" + nstest.Nslaunch(t) + " " + dir + "/"
	m.RunUnit(t, "notify-service.service", "[Service]\nType=notify\nSuccessExitStatus=143\n"+start+"notify-service.toml\n")
	if got := m.Show(t, "notify-service.service", "StatusText"); got != "serving, as process 2" {
		t.Errorf("%q", got)
	}
	m.Systemctl(t, "stop", "notify-service.service")
	m.WriteUnit(t, "socket@.service", "[Service]\n"+start+"socket.toml\n")
	m.RunUnit(t, "socket.socket", "[Socket]\nListenStream=/run/example\nAccept=yes\n")
	c, err := net.Dial("unix", m.Root()+"/run/example")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("ann\n")); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); string(got) != "hello ann, from process 2\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	m.Systemctl(t, "stop", "socket.socket")
}
