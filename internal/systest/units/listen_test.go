package units

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// The command has the sockets, and knows them as its own by its own number.
func TestListenFDs(t *testing.T) {
	nstest.Require(t, nstest.Namespaces("user", "pid", "net"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for name, test := range map[string]struct{ profile, pid string }{
			"the launcher's namespaces": {"", ""},
			"init":                      {notifyNamespaces, "2"},
			"no init":                   {notifyNamespaces + "process = { init = false }\n", "1"},
			"kept, too":                 {notifyNamespaces + "process = { keep_fds = [4, 6] }\n", "2"},
		} {
			t.Run(name, func(t *testing.T) {
				cmd := systest.ProfileCommand(t, u, "version = 1\n"+test.profile+"[service]\nlisten_fds = true\n", "sh", "-c",
					`test $LISTEN_PID = $$ && echo $$ $LISTEN_FDS $LISTEN_FDNAMES && cat <&3 && cat <&4 && ls /proc/self/fd | tr '\n' ' '`)
				for _, text := range []string{"three", "four", "five", "six"} {
					r, w := systest.Pipe(t)
					if _, err := w.WriteString(text + "\n"); err != nil {
						t.Fatal(err)
					}
					w.Close()
					cmd.ExtraFiles = append(cmd.ExtraFiles, r)
				}
				words := strings.Fields(nstest.MustRun(t, systest.Activated(cmd, "LISTEN_FDS=2", "LISTEN_FDNAMES=web:admin")))
				open := []string{"0", "1", "2", "3", "4", "5"} // the last is ls's own
				if name == "kept, too" {
					open = append(open, "6")
				}
				want := append([]string{test.pid, "2", "web:admin", "three", "four"}, open...)
				if test.pid == "" && len(words) > 0 {
					want[0] = words[0]
				}
				if !slices.Equal(words, want) {
					t.Errorf("%q; want %q", words, want)
				}
			})
		}
	})
}

// What is passed to another process, or not asked for, stays out.
func TestListenFDsNot(t *testing.T) {
	u := nstest.Superuser(t)
	const print = "env | grep LISTEN; ls /proc/self/fd | tr '\\n' ' '"
	for name, test := range map[string]struct {
		profile string
		env     []string
		command func(cmd *exec.Cmd, env ...string) *exec.Cmd
	}{
		"not asked for": {"env = { inherit = [\"*\"] }\n", []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=a"}, systest.Activated},
		"another's": {"service = { listen_fds = true }\n", []string{"LISTEN_FDS=1", "LISTEN_PID=1"}, func(cmd *exec.Cmd, env ...string) *exec.Cmd {
			cmd.Env = append(cmd.Env, env...)
			return cmd
		}},
		"none":     {"service = { listen_fds = true }\n", []string{"LISTEN_FDS=0"}, systest.Activated},
		"negative": {"service = { listen_fds = true }\n", []string{"LISTEN_FDS=-1"}, systest.Activated},
		"nonsense": {"service = { listen_fds = true }\n", []string{"LISTEN_FDS=x"}, systest.Activated},
	} {
		cmd := systest.ProfileCommand(t, u, "version = 1\n"+test.profile, "sh", "-c", print)
		cmd.ExtraFiles = []*os.File{os.Stdin}
		if got := nstest.MustRun(t, test.command(cmd, test.env...)); got != "0 1 2 3 " {
			t.Errorf("%s: %q", name, got)
		}
	}
	cmd := systest.ProfileCommand(t, u, "version = 1\n[service]\nlisten_fds = true\n", "true")
	systest.WantRefusal(t, systest.Activated(cmd, "LISTEN_FDS=2"), "p.toml:3:1: service.listen_fds: LISTEN_FDS is 2, and descriptor 3 is not open")
	// The profile's own words win.
	cmd = systest.ProfileCommand(t, u, "version = 1\n[service]\nlisten_fds = true\n[env]\nset = { LISTEN_PID = \"\", LISTEN_FDNAMES = \"x\", LISTEN_FDS = false }\n", "sh", "-c", print)
	cmd.ExtraFiles = []*os.File{os.Stdin}
	if got := nstest.MustRun(t, systest.Activated(cmd, "LISTEN_FDS=1")); got != "LISTEN_PID=\nLISTEN_FDNAMES=x\n0 1 2 3 4 " && got != "LISTEN_FDNAMES=x\nLISTEN_PID=\n0 1 2 3 4 " {
		t.Errorf("%q", got)
	}
}

// The launcher keeps none of a connection: its end is the command's.
func TestListenFDsEnd(t *testing.T) {
	u := nstest.Superuser(t)
	cmd := systest.ProfileCommand(t, u, "version = 1\nservice = { listen_fds = true }\n", "sh", "-c", "echo >&3; exec 3>&-; exec cat")
	r, w := systest.Pipe(t)
	stdin, ours := systest.Pipe(t)
	cmd.Stdin, cmd.ExtraFiles = stdin, []*os.File{w}
	result := make(chan nstest.Result, 1)
	go func() { result <- nstest.Run(t, systest.Activated(cmd, "LISTEN_FDS=1")) }()
	buf := make([]byte, 1)
	if _, err := r.Read(buf); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if n, err := r.Read(buf); n != 0 || err != io.EOF {
		t.Errorf("%d, %v; want the end", n, err)
	}
	ours.Close()
	if got := <-result; got.Status != 0 {
		t.Errorf("%+v", got)
	}
}

// Secrets are where the manager has put them, and cannot be changed.
func TestCredentials(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		dir := u.TempDir(t)
		u.WriteFile(t, filepath.Join(dir, "key"), "secret\n")
		for name, profile := range map[string]string{
			"host":  "",
			"new":   "namespaces = { user = \"new\", mount = \"new\" }\n",
			"below": "namespaces = { user = \"new\", mount = \"new\" }\nmounts = { tmpfs = [\"" + filepath.Dir(dir) + "\"] }\n",
		} {
			cmd := systest.ProfileCommand(t, u, "version = 1\nprocess = { cwd = \"/\" }\n"+profile+"[service]\ncredentials = true\n", "sh", "-c",
				"echo $CREDENTIALS_DIRECTORY; cat $CREDENTIALS_DIRECTORY/key; touch $CREDENTIALS_DIRECTORY/new && echo made")
			cmd.Env = append(cmd.Env, "CREDENTIALS_DIRECTORY="+dir+"/")
			want := dir + "\nsecret\n"
			if name == "host" {
				want += "made\n"
			}
			if got := nstest.Run(t, cmd); got.Stdout != want {
				t.Errorf("%s: %+v; want %q", name, got, want)
			}
			_ = os.Remove(filepath.Join(dir, "new"))
			cmd = systest.ProfileCommand(t, u, "version = 1\n"+profile+"[service]\ncredentials = true\n", "sh", "-c", "env | grep CRED")
			if got := nstest.Run(t, cmd); got.Status != 1 || got.Stderr != "" {
				t.Errorf("%s without: %+v", name, got)
			}
		}
		for path, want := range map[string]string{
			"/no/such": `no such file or directory: "/no/such"`,
			"rel":      `CREDENTIALS_DIRECTORY is "rel", which is not absolute`,
		} {
			cmd := systest.ProfileCommand(t, u, "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\n[service]\ncredentials = true\n", "true")
			cmd.Env = append(cmd.Env, "CREDENTIALS_DIRECTORY="+path)
			systest.WantRefusal(t, cmd, "p.toml:4:1: service.credentials: "+want)
		}
	})
}

// What a manager says to nslaunch is not for the command unless the profile names it.
func TestManagerVariables(t *testing.T) {
	u := nstest.Superuser(t)
	names := []string{"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "MAINPID", "MANAGERPID",
		"SYSTEMD_EXEC_PID", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "FDSTORE", "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE"}
	run := func(inherit string) string {
		cmd := systest.ProfileCommand(t, u, "version = 1\n[env]\ninherit = "+inherit+"\n", "env")
		cmd.Env = append(cmd.Env, "LISTEN_ADDRESS=mine")
		for _, name := range names {
			cmd.Env = append(cmd.Env, name+"=theirs")
		}
		return nstest.MustRun(t, cmd)
	}
	for _, inherit := range []string{`["*"]`, `["LISTEN_*", "N*"]`} {
		if got := run(inherit); strings.Contains(got, "theirs") || !strings.Contains(got, "LISTEN_ADDRESS=mine") {
			t.Errorf("%s: %s", inherit, got)
		}
	}
	if got := run(fmt.Sprintf("[\"%s\"]", strings.Join(names, `", "`))); strings.Count(got, "=theirs\n") != len(names) {
		t.Errorf("by name: %s", got)
	}
}

// A stream of the journal is named to the command if it has it.
func TestJournalStream(t *testing.T) {
	u := nstest.Superuser(t)
	for name, test := range map[string]struct {
		profile string
		off     uint64
		want    bool
	}{
		"its output":         {"service = { credentials = true }\n", 0, true},
		"nothing of service": {"", 0, false},
		"another's":          {"service = { credentials = true }\n", 1, false},
		"beside a terminal":  {"service = { credentials = true }\nprocess = { terminal = \"pty\" }\n", 0, true},
	} {
		cmd := systest.ProfileCommand(t, u, "version = 1\n"+test.profile, "sh", "-c", "exit ${JOURNAL_STREAM:+3}")
		r, w := systest.Pipe(t)
		var st unix.Stat_t
		if err := unix.Fstat(int(w.Fd()), &st); err != nil {
			t.Fatal(err)
		}
		cmd.Stdout, cmd.Stderr = nil, w
		cmd.Env = append(cmd.Env, fmt.Sprintf("JOURNAL_STREAM=%d:%d", st.Dev, st.Ino+test.off))
		err := cmd.Run()
		w.Close()
		r.Close()
		if got := err != nil && cmd.ProcessState.ExitCode() == 3; got != test.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
