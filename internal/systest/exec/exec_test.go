// Package exec tests what enters a sandbox that runs.
package exec

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// enterCases are profiles whose command is compared with what is executed beside it.
func enterCases() map[string]string {
	return map[string]string{
		"all new":    "namespaces = \"new\"\nhostname = \"h\"\ntime = { boottime = \"+1h\" }\n",
		"keep":       "namespaces = \"new\"\nidmap = \"keep\"\n",
		"no ids":     "namespaces = { user = \"new\", net = \"new\" }\nidmap = \"none\"\n",
		"subid":      "namespaces = \"new\"\nidmap = \"subid\"\nprocess = { uid = 5, gid = 6, groups = [7, 8], capabilities = [\"CHOWN\", \"NET_ADMIN\"] }\n",
		"no rights":  "namespaces = \"new\"\nprocess = { capabilities = \"none\", umask = \"027\", cwd = \"/usr\" }\n",
		"privileged": "namespaces = \"new\"\nprocess = { no_new_privs = false, oom_score_adj = 100, nice = " + strconv.Itoa(nstest.Nicer(3)) + " }\nlimits = { rlimits = { nofile = [64, 128], core = 0 } }\n",
		"own root":   "namespaces = \"new\"\nroot = \"tmpfs\"\ndev = \"minimal\"\nmounts = { ro = [\"/usr\", \"-/lib\", \"-/lib64\", \"-/bin\", \"PROBE\"] }\nenv = { set = { HOME = \"/usr\", EMPTY = \"\" } }\n",
		"no init":    "namespaces = { user = \"new\", pid = \"new\", mount = \"new\" }\nprocess = { init = false }\n",
		"host":       "process = { cwd = \"/\", umask = \"077\" }\n",
	}
}

// rootCases need privilege outside.
func rootCases() map[string]string {
	return map[string]string{
		"host's user namespace": "namespaces = { mount = \"new\", pid = \"new\", net = \"new\", ipc = \"new\" }\n",
		"few capabilities":      "namespaces = { mount = \"new\", uts = \"new\" }\nprocess = { capabilities = [\"CHOWN\"], no_new_privs = false }\n",
		"other user":            "namespaces = { mount = \"new\", pid = \"new\" }\nprocess = { uid = 20001, gid = 20001, groups = [3], capabilities = [\"NET_RAW\"] }\n",
	}
}

// What is executed in a sandbox is where, who and how the sandbox's command is: all its namespaces,
// ids, capabilities, limits and environment, and no more.
func TestExecLikeCommand(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		cases := enterCases()
		if u.IsRoot() {
			delete(cases, "subid") // root has no subordinate ids
			maps.Copy(cases, rootCases())
		}
		for name, profile := range cases {
			t.Run(name, func(t *testing.T) {
				before := nstest.Snapshot(t)
				p := systest.NewWorkplace(t, u)
				probe := nstest.Probe(t)
				profile = strings.ReplaceAll(profile, "PROBE", probe)
				p.Write(profile)
				command := nstest.ParseReport(t, p.Must("./p.toml", probe))
				name := p.Detach(profile, "sleep", "1000")
				listed := p.List(name)
				entered := nstest.ParseReport(t, p.Must("exec", name, probe))
				if !strings.Contains(profile, "root = ") {
					if text := p.Must("exec", name, "ps", "axo", "args"); !strings.Contains(text, "sleep 1000") {
						t.Errorf("ps inside shows\n%s", text)
					}
				}
				for kind, inode := range listed.Namespaces {
					if got := entered.Namespaces[systest.NSFile(config.NamespaceKind(kind))]; got != inode {
						t.Errorf("%s namespace %d; want %d", kind, got, inode)
					}
				}
				sameRights(t, command, entered)
				p.Must("stop", "--time", "100ms", name) // without an init, the command is deaf to TERM
				nstest.AssertNothingLeft(t, before)
			})
		}
	})
}

// sameRights compares what is the same for all processes of a sandbox.
func sameRights(t *testing.T, command, entered report.Report) {
	t.Helper()
	if own := entered.Process.Keyring; own == 0 || own == command.Process.Keyring {
		t.Errorf("session keyring %d, and the command's %d", own, command.Process.Keyring)
	}
	for _, r := range []*report.Report{&command, &entered} {
		r.Process.PID, r.Process.Parent, r.Process.Group, r.Process.Session, r.Process.Keyring = 0, 0, 0, 0, 0
		r.Process.DeathSignal = 0 // of a thread: the probe has several
		r.Process.Args = nil
		r.Environment = slices.DeleteFunc(r.Environment, func(v string) bool { return strings.HasPrefix(v, "TERM=") })
	}
	for _, part := range []struct {
		name           string
		command, enter any
	}{
		{"process", command.Process, entered.Process},
		{"ids", command.IDs, entered.IDs},
		{"capabilities", command.Capabilities, entered.Capabilities},
		{"signals", command.Signals, entered.Signals},
		{"limits", command.Limits, entered.Limits},
		{"environment", command.Environment, entered.Environment},
		{"host name", command.Hostname, entered.Hostname},
		{"offsets", command.Clocks.Offsets, entered.Clocks.Offsets},
		{"descriptors", slices.Sorted(maps.Keys(command.Descriptors)), slices.Sorted(maps.Keys(entered.Descriptors))},
	} {
		if !reflect.DeepEqual(part.command, part.enter) {
			t.Errorf("%s\nof the command %+v\nof exec        %+v", part.name, part.command, part.enter)
		}
	}
}

// A process that is no sandbox's is entered as nsenter(1) does it.
func TestExecProcess(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		cmd := u.Command(t, "unshare", "--map-root-user", "--net", "--uts", "--pid", "--fork", "--mount-proc", "sh", "-c", "hostname other; echo $$ >&2; exec cat")
		stdin, ours := systest.Pipe(t)
		said, theirs := systest.Pipe(t)
		cmd.Stdin, cmd.Stderr = stdin, theirs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		defer ours.Close()
		var buf [16]byte
		if _, err := said.Read(buf[:]); err != nil {
			t.Fatal(err)
		}
		inner := systest.ChildrenOf(cmd.Process.Pid)
		if len(inner) != 1 {
			t.Fatalf("children %v", inner)
		}
		pid := fmt.Sprint(inner[0])
		got := nstest.ParseReport(t, p.Must("exec", pid, nstest.Probe(t)))
		if got.Hostname != "other" || got.IDs.UID != [3]int{} || got.Process.NoNewPrivs {
			t.Errorf("host name %q, uids %v, no_new_privs %v", got.Hostname, got.IDs.UID, got.Process.NoNewPrivs)
		}
		for kind, inode := range systest.NamespacesOf(t, "/proc/"+pid) {
			if got.Namespaces[systest.NSFile(kind)] != inode {
				t.Errorf("%s namespace %d; want %d", kind, got.Namespaces[systest.NSFile(kind)], inode)
			}
		}
		// Only what is asked for.
		own := systest.NamespacesOf(t, "/proc/self")
		some := nstest.ParseReport(t, p.Must("exec", "--ns", "user,net", pid, nstest.Probe(t)))
		for kind, inode := range systest.NamespacesOf(t, "/proc/"+pid) {
			want := own[kind]
			if kind == config.User || kind == config.Net {
				want = inode
			}
			if some.Namespaces[systest.NSFile(kind)] != want {
				t.Errorf("with --ns: %s namespace %d; want %d", kind, some.Namespaces[systest.NSFile(kind)], want)
			}
		}
		if !u.IsRoot() {
			p.Fails(systest.StatusSetup, "belongs to another user", "exec", fmt.Sprint(os.Getpid()), "true")
		}
		beside := u.Command(t, "sleep", "1000")
		if err := beside.Start(); err != nil {
			t.Fatal(err)
		}
		p.Fails(systest.StatusSetup, "there is nothing to enter", "exec", fmt.Sprint(beside.Process.Pid), "true")
		_ = beside.Process.Kill()
		_ = beside.Wait()
		p.Fails(systest.StatusSetup, "there is no process 4194303", "exec", "4194303", "true")
	})
}

// Exit statuses are those of run, and of what cannot be entered nothing runs.
func TestExecStatus(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces = \"new\"\nname = \"status\"\n", "sleep", "1000")
		for script, want := range map[string]int{"exit 42": 42, "kill -KILL $$": 137, "exit 0": 0} {
			if got := p.Run("exec", name, "--", "sh", "-c", script); got.Status != want || got.Stderr != "" {
				t.Errorf("%s: %+v", script, got)
			}
		}
		p.Fails(systest.StatusMissing, `there is no "no-such-command"`, "exec", name, "no-such-command")
		p.Fails(systest.StatusNoExec, "EACCES", "exec", name, "/etc/passwd")
		p.Fails(systest.StatusSetup, `no sandbox of that name: "other"`, "exec", "other", "true")
		p.Fails(systest.StatusSetup, `--ns: "nett" is not a type of namespaces`, "exec", "--ns", "nett", name, "true")
		p.Fails(systest.StatusSetup, `--terminal: unknown mode "raw"`, "exec", "--terminal", "raw", name, "true")
		dir := p.Command("exec", name, "true")
		file, err := os.Open("/")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		dir.Stdin = file
		if got := nstest.Run(t, dir); got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, "descriptor 0 is a directory") {
			t.Errorf("with a directory for standard input: %+v", got)
		}
		p.Must("stop", name)
		p.Fails(systest.StatusSetup, `the sandbox "status" has ended`, "exec", name, "true")
	})
}

// A process that has gone to another namespace than the launcher recorded is not followed there.
func TestExecStaleProcess(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		leave := filepath.Join(p.Dir, "go")
		name := p.Detach("namespaces = { user = \"new\", mount = \"new\", net = \"new\" }\n", "sh", "-c",
			"until [ -e "+leave+" ]; do sleep 0.01; done; exec unshare --user --net sleep 1000")
		p.Must("exec", name, "true")
		u.WriteFile(t, leave, "")
		systest.Until(t, func() bool {
			return strings.HasPrefix(systest.ReadFile(t, fmt.Sprintf("/proc/%d/comm", p.List(name).PID)), "sleep")
		})
		p.Fails(systest.StatusSetup, "namespace that it was started in", "exec", name, "true")
		p.Must("stop", "--time", "1s", name)
	})
}
