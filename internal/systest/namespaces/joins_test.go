package namespaces

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// --join takes a list of types, or all that differ, and a process, or the name of a sandbox.
func TestJoinForms(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("name = \"joined\"\nnamespaces = { user = \"new\", net = \"new\", uts = \"new\", mount = \"new\" }\ncommand = [\"cat\"]\n")
		h := systest.Hold(t, p.Command("p.toml"))
		pid := fmt.Sprintf("pid:%d", h.PID)
		own := systest.NamespacesOf(t, "/proc/self")
		all := []config.NamespaceKind{config.User, config.Net, config.UTS, config.Mount}
		for _, test := range []struct {
			args   []string
			joined []config.NamespaceKind
		}{
			{[]string{"--join", "all=" + pid}, all},
			{[]string{"--join", "all=joined"}, all},
			{[]string{"--join", "all=sandbox:joined"}, all},
			{[]string{"--join", "user,net,uts=" + pid}, all[:3]},
			{[]string{"--join", "user,mnt=joined"}, []config.NamespaceKind{config.User, config.Mount}},
			{[]string{"--join=user=joined", "--join", "net=" + pid}, all[:2]},
			{[]string{"--join", "all=joined", "--new", "ipc"}, all},
		} {
			got := nstest.ParseReport(t, p.Must(append(append([]string{"run"}, test.args...), "--", nstest.Probe(t))...))
			for _, kind := range config.Kinds() {
				name := systest.NSFile(kind)
				inside, wanted := got.Namespaces[name], own[kind]
				for _, k := range test.joined {
					if k == kind {
						wanted = h.Namespaces[kind]
					}
				}
				if kind == config.IPC && len(test.args) == 4 && test.args[3] == "ipc" {
					if inside == wanted {
						t.Errorf("%q: ipc is not new", test.args)
					}
					continue
				}
				if inside != wanted {
					t.Errorf("%q: %s namespace %d; want %d", test.args, kind, inside, wanted)
				}
			}
		}
		h.Release(t)
	})
}

// A value of --join that names nothing is refused with what was meant, and nothing runs.
func TestJoinMistakes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		before := nstest.Snapshot(t)
		self := os.Getpid()
		own := fmt.Sprintf("process %d is in the same namespaces as this one: there is nothing to join", self)
		if !u.IsRoot() {
			own = fmt.Sprintf("process %d belongs to another user: run nslaunch as that user, or as root", self)
		}
		for value, want := range map[string]string{
			"net":           "want TYPES=WHERE: TYPES is a list like net,uts, or all; WHERE is pid:N, the name of a sandbox, or a path",
			"net=":          "want TYPES=WHERE: ",
			"=pid:1":        "want TYPES=WHERE: ",
			"net=new":       `"new" is not a namespace to join (use --set namespaces.TYPE=new)`,
			"net,uts=12":    `"12" is not the name of a sandbox (for the process: --join net,uts=pid:12)`,
			"net=nobodys":   `no sandbox is called "nobodys", and /run/netns/nobodys does not exist (nslaunch ps lists sandboxes, ip netns other namespaces)`,
			"uts=nobodys":   `no sandbox of that name: "nobodys" (nslaunch ps lists those that run)`,
			"all=nobodys":   `no sandbox of that name: "nobodys" (nslaunch ps lists those that run)`,
			"all=/proc/1":   `"/proc/1" is not a process or a sandbox, and all needs one (all=pid:N or all=NAME)`,
			"all=pid:x":     `want a process id after "pid:", got "pid:x"`,
			"all=pid:0":     `want a process id after "pid:", got "pid:0"`,
			"net,uts=pid:0": `want a process id from 1 to 4194304 after "pid:", got "pid:0"`,
			"nett=pid:1":    `nett`,

			"all=pid:4194304":               "there is no process 4194304",
			fmt.Sprintf("all=pid:%d", self): own,
		} {
			p.Fails(systest.StatusSetup, want, "run", "--join", value, "--", "touch", "ran")
		}
		if _, err := os.Stat(p.Dir + "/ran"); err == nil {
			t.Error("the command ran")
		}
		nstest.AssertNothingLeft(t, before)
	})
}

// For the name of ip-netns(8), the error has its path.
func TestJoinNetnsName(t *testing.T) {
	outer := nstest.NewOuter(t, mountprop.Private)
	root := nstest.Superuser(t)
	nstest.MustRun(t, outer.Command(t, root, "sh", "-euc", "mount -t tmpfs tmpfs /run; mkdir /run/netns; touch /run/netns/blue; unshare --net=/run/netns/blue true"))
	got := nstest.Run(t, outer.Command(t, root, nstest.Nslaunch(t), "run", "--join", "net=blue", "--", "true"))
	if want := `no sandbox is called "blue" (for the namespace of ip netns: --join net=/run/netns/blue)`; got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, want) {
		t.Errorf("%+v; want %s", got, want)
	}
	inside := nstest.MustRun(t, outer.Command(t, root, nstest.Nslaunch(t), "run", "--join", "net=/run/netns/blue", "--", "readlink", "/proc/self/ns/net"))
	if file := nstest.MustRun(t, outer.Command(t, root, "stat", "-c", "net:[%i]", "/run/netns/blue")); inside != file {
		t.Errorf("joined %s; want %s", inside, file)
	}
}
