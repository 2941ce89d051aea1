package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

func execCommand() cli.Command {
	return cli.Command{
		Name:    "exec",
		Options: "[FLAGS]",
		Args:    []cli.Arg{{Word: "NAME|PID", Kind: cli.Sandbox}, commandWords()},
		Summary: "run a command in a running sandbox",
		Examples: []cli.Example{
			{Line: "nslaunch exec dev", Says: "run a shell in the sandbox dev"},
			{Line: "nslaunch exec -w /tmp -e CI=1 dev make", Says: "run make in a directory, with a variable"},
			{Line: "nslaunch exec 1234 ip address", Says: "enter the namespaces of process 1234"},
		},
		Relays: true,
		Flags: func(fs *flag.FlagSet) cli.Run {
			var f execFlags
			fs.StringVar(&f.kinds, "ns", "", "enter only these namespaces: a `LIST` such as net,mount (default: all)")
			f.entry.addFlags(fs)
			terminal := &cli.Value{Key: "process.terminal", Put: func(s string) error { f.terminal = config.Terminal(s); return nil }}
			fs.Var(terminal, "terminal", "set the command's terminal to `MODE`: inherit, pty or none (default: pty on a terminal)")
			fs.BoolVar(&f.tty, "t", false, "give the command a terminal of its own, and fail without one (default: on a terminal)")
			fs.Bool("i", false, "accept this flag of docker: standard input is always open")
			fs.BoolVar(&f.plan, "plan", false, "show every step instead of running the command")
			fs.BoolVar(&f.json, "json", false, "with --plan, print JSON")
			fs.BoolVar(&f.syscalls, "syscalls", false, "with --plan, print the system calls")
			fs.IntVar(&f.statusFD, "status-fd", -1, "write events to descriptor `N`, a line of JSON each")
			return func(c *cli.Call) int { return execute(c, &f) }
		},
	}
}

// execFlags are the flags of exec.
type execFlags struct {
	kinds                string
	entry                entryFlags
	tty                  bool
	terminal             config.Terminal
	plan, json, syscalls bool
	statusFD             int
}

func execute(c *cli.Call, f *execFlags) int {
	if (f.json || f.syscalls) && !f.plan || f.json && f.syscalls {
		return c.Misused("--json and --syscalls are forms of --plan, and exclude each other")
	}
	if f.plan && f.statusFD >= 0 {
		return c.Misused("--plan runs nothing, and --status-fd has no events of it")
	}
	events, err := newEvents(f.statusFD)
	if err != nil {
		return c.Fail(err)
	}
	if len(c.Args) == 0 {
		return c.Misused("no sandbox or process")
	}
	target, words := c.Args[0], c.Args[1:]
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	} else if len(words) > 0 && strings.HasPrefix(words[0], "-") {
		name, _, _ := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
		if cli.Lookup(c.Command.FlagSet(), name) != nil {
			return c.Misused("%q after %q would be the command (put flags before %s)", words[0], target, quote.Word(target))
		}
	}
	e := &launcher.Entry{Argv: words, Terminal: f.terminal}
	if e.Kinds, err = kindList(f.kinds); err != nil {
		return c.Misused("--ns: %s", err)
	}
	if e.Terminal != "" && !slices.Contains([]config.Terminal{config.TerminalInherit, config.TerminalPTY, config.TerminalNone}, e.Terminal) {
		return c.Misused("--terminal: unknown mode %q, want inherit, pty or none", e.Terminal)
	}
	if f.tty {
		switch {
		case !slices.ContainsFunc([]*os.File{os.Stdin, os.Stdout, os.Stderr}, cli.IsTerminal):
			return c.Misused("-t needs a terminal, and no standard stream is one (leave -t out in a script)")
		case e.Terminal != "" && e.Terminal != config.TerminalPTY:
			return c.Misused("-t is --terminal pty, and excludes --terminal %s", e.Terminal)
		}
		e.Terminal = config.TerminalPTY
	}
	if err := f.entry.apply(e); err != nil {
		return c.Misused("%s", err)
	}
	if !f.plan {
		return enter(c, target, e, events)
	}
	plan, _, err := planEntry(target, e)
	if err != nil {
		return c.Fail(err)
	}
	return printPlan(c, plan, f.json, f.syscalls)
}

// enter runs a command in what the word names, and returns its status.
func enter(c *cli.Call, target string, e *launcher.Entry, events *events) int {
	plan, shell, err := planEntry(target, e)
	if err != nil {
		status := c.Fail(err)
		events.failed(err, status)
		return status
	}
	return run(c, plan, shell, events, nil)
}

// planEntry plans to run a command in what the argument names. Without a command it is a shell, which is returned, too.
func planEntry(target string, e *launcher.Entry) (plan *launcher.Plan, shell *userShell, err error) {
	if err := aim(target, e); err != nil {
		return nil, nil, err
	}
	if len(e.Argv) == 0 {
		s := shellIn(e.Target.Env)
		e.Argv, shell = s.argv(), &s
	}
	if err := mapped(e); err != nil {
		return nil, nil, err
	}
	if err := noDirectories(); err != nil {
		return nil, nil, err
	}
	h, err := launcher.ProbeEntry(e)
	if err != nil {
		return nil, nil, err
	}
	plan, err = launcher.CompileEntry(e, h)
	return plan, shell, err
}

// noDirectories refuses a standard stream that is a directory: with openat(2) it is a way out of any root.
func noDirectories() error {
	for fd := range 3 {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return fmt.Errorf("descriptor %d is a directory, which would be open to what runs inside", fd)
		}
	}
	return nil
}

// kindList reads a list of namespace types; nil for none, and for all.
func kindList(list string) ([]config.NamespaceKind, error) {
	if list == "" {
		return nil, nil
	}
	var kinds []config.NamespaceKind
	every := false
	for word := range strings.SplitSeq(list, ",") {
		if word == "all" {
			every = true
			continue
		}
		k, ok := kindNamed(word)
		if !ok {
			return nil, unknownKind(word)
		}
		kinds = append(kinds, k)
	}
	if every {
		return nil, nil
	}
	return kinds, nil
}

// aim finds what a word names: a sandbox, or a process, which may be one of a sandbox's.
func aim(word string, e *launcher.Entry) error {
	if pid, err := strconv.Atoi(word); err == nil {
		if f, ok := sandboxOf(pid); ok {
			return aimAt(f, e)
		}
		return aimAtProcess(pid, e)
	}
	f, err := records.Find(word)
	if err != nil {
		return err
	}
	return aimAt(f, e)
}

// sandboxOf finds the sandbox that has a process for its launcher, its init or its command.
func sandboxOf(pid int) (records.Found, bool) {
	all, _ := records.List()
	for _, f := range all {
		if t := f.Target; f.State == records.Running && (f.Launcher.PID == pid || t.Process.PID == pid || t.Init == pid) {
			return f, true
		}
	}
	return records.Found{}, false
}

func aimAt(f records.Found, e *launcher.Entry) error {
	switch f.State {
	case records.Ended:
		return fmt.Errorf("the sandbox %q has ended", f.Name)
	case records.Starting:
		return fmt.Errorf("the sandbox %q is being started", f.Name)
	case records.Elsewhere, records.Unproven:
		return fmt.Errorf("the sandbox %q cannot be entered: %s", f.Name, f.Why)
	}
	if err := f.Trusted(); err != nil {
		return err
	}
	e.Name, e.Target = "sandbox "+f.Name, *f.Target
	if e.Target.Unit == "" {
		// Nothing is promised of it, but it is where the sandbox is.
		e.Target.Cgroup, e.CgroupOptional = cgroupOf(f.Launcher.PID), true
	}
	return nil
}

// cgroupOf is the directory of the control group that a process is in. It is "" where that is this process's
// own, or unknown.
func cgroupOf(pid int) string {
	theirs, own := process.Cgroup(strconv.Itoa(pid)), process.Cgroup("self")
	if theirs == "" || theirs == own || strings.Contains(theirs, "..") {
		return ""
	}
	dir := "/sys/fs/cgroup" + theirs
	if _, err := os.Stat(dir + "/cgroup.procs"); err != nil {
		return ""
	}
	return dir
}

// aimAtProcess aims at the namespaces of any process, as nsenter(1) does: its root user, where
// it has one, and all that the kernel gives to that.
func aimAtProcess(pid int, e *launcher.Entry) error {
	p, err := processAt(pid)
	if err != nil {
		return err
	}
	t := launcher.Target{Process: p, Namespaces: map[config.NamespaceKind]uint64{}, UID: -1, GID: -1}
	elsewhere := false
	for _, k := range config.Kinds() {
		switch inode, err := launcher.NamespaceOf(strconv.Itoa(pid), k); {
		case err == unix.EACCES || err == unix.EPERM:
			return processError(pid, err)
		case err == nil:
			t.Namespaces[k] = inode
			own, err := launcher.OwnNamespace(k)
			elsewhere = elsewhere || err == nil && own != inode
		}
	}
	if !elsewhere {
		return fmt.Errorf("process %d is in the same namespaces as this one: there is nothing to enter", pid)
	}
	if t.Namespaces[config.User] != 0 {
		var err error
		if t.RootUID, err = firstID(pid, "uid"); err == nil {
			t.RootGID, err = firstID(pid, "gid")
		}
		if err != nil {
			return err
		}
	}
	t.NoNewPrivs = statusLine(pid, "NoNewPrivs") == "1"
	t.Env = launcher.DefaultEnv(os.Environ())
	e.Name, e.Target = fmt.Sprintf("process %d", pid), t
	return nil
}

// firstID is the id that is taken up on entry into a process's user namespace: 0, or the first that it has. Who kept its own
// could do inside what that may do outside.
func firstID(pid int, kind string) (int64, error) {
	all, err := launcher.IDMap(pid, kind)
	if err != nil {
		return 0, err
	}
	if len(all) == 0 {
		return 0, fmt.Errorf("process %d is in a user namespace without %ss: there is nobody to be in it", pid, kind)
	}
	first := slices.MinFunc(all, func(a, b config.IDRange) int { return cmp.Compare(a.Inside, b.Inside) })
	return int64(first.Inside), nil
}

// statusLine is a line of /proc/PID/status.
func statusLine(pid int, name string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
