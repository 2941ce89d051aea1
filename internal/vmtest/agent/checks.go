package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// both are root and an ordinary user.
func both() []user { return []user{superuser(), ordinary()} }

// initChecks are those of a machine whose process 1 is the agent.
func initChecks() []check {
	all := []check{
		{name: "hello", users: []user{superuser(), ordinary(), bare()}, run: hello},
		{name: "example pty", users: both(), run: ownTerminal},
		{name: "portable", users: both(), run: portable},
	}
	for _, e := range shown() {
		all = append(all, check{name: "example " + e.name, users: e.users, run: e.run})
	}
	all = append(all, runningChecks()...)
	all = append(all, settingChecks()...)
	return append(all, check{name: "package stage", users: []user{superuser()}, without: "amd64", run: stageTests})
}

const greeting = `hello from NewNamespace: uid 0, process \d+`

func example(name string) string { return filepath.Join(examples, name+".toml") }

func hello(t *tester) { t.want(0, greeting, "nslaunch", example("hello")) }

// portable asks for the other image.
func portable(t *tester) {
	cmd := t.command("nslaunch", example("hello"))
	cmd.Env = append(cmd.Env, "NSLAUNCH_IMAGE=portable")
	t.check(t.finish(cmd), 0, greeting)
}

// ownTerminal runs the example of a pseudoterminal on a terminal, which is another one.
func ownTerminal(t *tester) {
	master, slave := t.terminal()
	defer master.Close()
	defer slave.Close()
	cmd := t.command("nslaunch", example("pty"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr.Setctty = true
	t.must(cmd.Start())
	err := cmd.Wait()
	said := make([]byte, 4096)
	t.must(master.SetReadDeadline(time.Now().Add(time.Second)))
	n, _ := master.Read(said)
	if text := string(said[:n]); err != nil || !fits(`/dev/pts/\d+`, text) || fits(slave.Name(), text) {
		t.errorf("%v: %q on %s", err, text, slave.Name())
	}
}

// an exampleCheck runs a profile of examples/ as it is.
type exampleCheck struct {
	name   string
	users  []user
	status int
	stdout string
	before func(*tester) []string // it makes what the example needs, and returns variables of the environment
}

func (e exampleCheck) run(t *tester) {
	cmd := t.command("nslaunch", example(e.name))
	if e.before != nil {
		cmd.Env = append(cmd.Env, e.before(t)...)
	}
	t.check(t.finish(cmd), e.status, e.stdout)
}

// shown are the examples that a machine without systemd can run.
func shown() []exampleCheck {
	return []exampleCheck{
		{name: "clock", users: both(), stdout: `36\d\d\.\d+ .*`},
		{name: "env", users: both(), stdout: `(?:.*\n)?GREETING=hello(?:\n.*)?`},
		{name: "idmap-keep", users: []user{ordinary()}, stdout: "uid 20001\nCapEff:\t0+"},
		{name: "idmap-subid", users: []user{ordinary()}, stdout: ` *0 +1000000 +65536`},
		{name: "ipc", users: both(), stdout: `\s*-+ Message Queues -+\s+key[^\n]*`},
		{name: "limits", users: both(), status: 124, stdout: "64\n0"},
		{name: "net", users: both(), stdout: `1: lo: <LOOPBACK,UP,LOWER_UP>[^\n]*\n[^\n]*\n.*inet 127\.0\.0\.1/8.*`},
		{name: "overlay", users: both(), stdout: "1"},
		{name: "pid", users: both(), stdout: `.*\n +1 nslaunch-init\n.*ps`},
		{name: "proc", users: both(), stdout: "0\nread-only"},
		{name: "rootfs", users: both(), stdout: `.*/bin .*\nchanged`, before: rootfs},
		{name: "service-user", users: []user{superuser()}, stdout: "Uid:\t65534.*\nGroups:\\s*\nCapEff:\t0+400"},
		{name: "tmpfs-root", users: both(), stdout: "/bin /dev /etc .*\nroot\nread-only"},
		{name: "user", users: both(), stdout: "euid 0, egid 0\nCapEff:\t0*1ffffffffff"},
		{name: "uts", users: both(), stdout: "NewNamespace"},
	}
}

// rootfs makes a root of busybox beside a copy of the example, which the check's directory is.
func rootfs(t *tester) []string {
	dir := filepath.Join(examples, "rootfs", "bin")
	t.must(os.MkdirAll(dir, 0o755))
	t.later = append(t.later, func() { os.RemoveAll(filepath.Dir(dir)) })
	busybox, err := os.ReadFile("/usr/bin/busybox")
	t.must(err)
	t.must(os.WriteFile(filepath.Join(dir, "busybox"), busybox, 0o755))
	for _, name := range strings.Fields("sh cat echo") {
		t.must(os.Symlink("busybox", filepath.Join(dir, name)))
	}
	return nil
}
