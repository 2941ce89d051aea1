package namespaces

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// listed is what --json prints, by the namespaces' inodes: that of nslaunch ns, and that of lsns(8).
func listed(t *testing.T, text string) map[uint64]map[string]any {
	t.Helper()
	var document struct{ Namespaces []map[string]any }
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	all := map[uint64]map[string]any{}
	for _, n := range document.Namespaces {
		for key, value := range n {
			if value == json.Number("0") && (key == "pns" || key == "ons") {
				n[key] = nil // lsns has no other number for none
			}
		}
		inode, err := strconv.ParseUint(fmt.Sprint(n["ns"]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		all[inode] = n
	}
	return all
}

// Of a sandbox with all namespaces, each value is that of lsns(8).
func TestNSAsLsns(t *testing.T) {
	nstest.Require(t, nstest.Tools("lsns"))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("namespaces.all = \"new\"\ncommand = [\"cat\"]\n")
		h := systest.Hold(t, p.Command("p.toml"))
		const columns = "NS,TYPE,NPROCS,PID,PPID,UID,USER,PNS,ONS,NETNSID,NSFS,PATH,COMMAND"
		ours := listed(t, p.Must("ns", "--json", "-o", columns))
		theirs := listed(t, nstest.MustRun(t, u.Command(t, "lsns", "--json", "--notruncate", "-o", columns)))
		for kind, inode := range h.Namespaces {
			if theirs[inode] == nil || !reflect.DeepEqual(ours[inode], theirs[inode]) {
				t.Errorf("%s: %v; lsns has %v", kind, ours[inode], theirs[inode])
			}
		}
		if len(h.Namespaces) != len(config.Kinds()) {
			t.Errorf("%d namespaces", len(h.Namespaces))
		}
		// The caller's own namespaces, which both commands count themselves in, have the same owners and users.
		for inode, their := range theirs {
			for _, key := range []string{"type", "user", "ons", "pns"} {
				if our := ours[inode]; our == nil || !reflect.DeepEqual(our[key], their[key]) {
					t.Errorf("%s of %d: %v; lsns has %v", key, inode, our[key], their[key])
				}
			}
		}
		h.Release(t)
	})
}

// A sandbox is a branch of the tree: its user namespace, with all that it owns. Its init is protected, so root alone counts it.
func TestNSTree(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("name = \"branch\"\nnamespaces.all = \"new\"\ncommand = [\"cat\"]\n")
		h := systest.Hold(t, p.Command("p.toml"))
		text := nstest.Run(t, p.Command("ns")).Stdout
		user := h.Namespaces[config.User]
		branch := regexp.MustCompile(fmt.Sprintf(`(?m)^(└─|├─)%d +user +[12] +\d+ +\S+ +branch .*\n((?:[│ ] (?:├─|└─)\d+ .*\n){7})`, user)).FindStringSubmatch(text)
		if branch == nil {
			t.Fatalf("no branch of %d with seven below it:\n%s", user, text)
		}
		for kind, inode := range h.Namespaces {
			if !strings.Contains(branch[0], fmt.Sprintf("%d ", inode)) {
				t.Errorf("%s %d is not in the branch:\n%s", kind, inode, branch[0])
			}
		}
		// So it is in the picture: its user namespace is a box, which names what it owns.
		picture := nstest.Run(t, p.Command("ns", "--svg")).Stdout
		if !strings.Contains(picture, fmt.Sprintf(">sandbox branch: user %d", user)) {
			t.Errorf("no box of the sandbox:\n%s", picture)
		}
		for kind, inode := range h.Namespaces {
			if !strings.Contains(picture, fmt.Sprint(inode)) {
				t.Errorf("%s %d is not in the picture", kind, inode)
			}
		}
		// The pid namespaces nest by their parents.
		text = nstest.Run(t, p.Command("ns", "--tree=parent", "-t", "pid")).Stdout
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^\d+ +pid .*\n(├─.*\n)*[├└]─%d +pid `, h.Namespaces[config.PID])).MatchString(text) {
			t.Errorf("the pid namespace is not below another:\n%s", text)
		}
		h.Release(t)
	})
}

// The flags of ns that choose what is shown, and how.
func TestNSFlags(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		p.Write("namespaces = { user = \"new\", net = \"new\", uts = \"new\", mount = \"new\" }\ncommand = [\"cat\"]\n")
		h := systest.Hold(t, p.Command("p.toml"))
		pid := strconv.Itoa(h.PID)
		mount, net := fmt.Sprint(h.Namespaces[config.Mount]), fmt.Sprint(h.Namespaces[config.Net])
		out := func(args ...string) string {
			t.Helper()
			got := nstest.Run(t, p.Command(append([]string{"ns"}, args...)...))
			if got.Status != 0 {
				t.Fatalf("%q: %+v", args, got)
			}
			return got.Stdout
		}
		for _, test := range []struct {
			args []string
			want string // a pattern of all of the output
		}{
			{[]string{"-p", pid, "-t", "mnt,net", "-n", "-l", "-o", "NS,TYPE"}, `^(` + mount + `  mnt\n` + net + `  net|` + net + `  net\n` + mount + `  mnt)\n$`},
			{[]string{"--task", pid, "--type", "mount", "--type", "net", "--noheadings", "--list", "--output", "type"}, `^(mnt\nnet|net\nmnt)\n$`},
			{[]string{"-p", pid, "-t", "net", "-r", "-n", "-o", "NS,PID,COMMAND"}, `^` + net + ` ` + pid + ` cat\n$`},
			{[]string{"-p", pid, "-t", "net", "-o", "+PATH,PPID"}, `^ +NS +TYPE +NPROCS +PID +USER +(SANDBOX +)?PATH +PPID +COMMAND\n` + net + ` .* /proc/` + pid + `/ns/net +\d+ +cat\n$`},
			{[]string{"-p", pid, "-t", "net", "--output-all", "-l"}, `^ +NS +TYPE +NPROCS +PID +PPID +UID +USER +SANDBOX +NSFS +PATH +ONS +PNS +OUID +NETNSID +COMMAND\n.*\n$`},
			{[]string{"-p", pid, "-t", "net,user", "-T", "-o", "TYPE"}, `^TYPE\nuser\n└─net\n$`},
			{[]string{"-p", pid, "-t", "net,user", "-l", "-o", "TYPE", "-n"}, `^(user\nnet|net\nuser)\n$`},
			{[]string{net}, `^ *PID +PPID +USER +COMMAND\n *` + pid + ` +\d+ +\S+ +cat\n$`},
			{[]string{"--json", net}, `^\{\n  "processes": \[\n    \{\n      "pid": ` + pid + `,(?s:.*)"command": "cat"\n    \}\n  \]\n\}\n$`},
		} {
			if got := out(test.args...); !regexp.MustCompile(test.want).MatchString(got) {
				t.Errorf("%q:\n%s; want %s", test.args, got, test.want)
			}
		}
		for _, test := range []struct {
			args []string
			want string
		}{
			{[]string{"-t", "net,nett"}, `"nett" is not a type of namespaces, want a list of user, mount, pid, net, ipc, uts, cgroup and time (did you mean "net"?)`},
			{[]string{"-o", "NS,NAME"}, `--output: unknown column "NAME" (want a list of NS, TYPE, `},
			{[]string{"--tree=process"}, `unknown tree "process" (want owner or parent)`},
			{[]string{"-p", "0"}, `want a process id`},
			{[]string{"net"}, `"net" is not the inode number of a namespace`},
			{[]string{"1", "2"}, `unexpected argument "2"`},
			{[]string{"--svg", "-J"}, `--json, --raw and --svg exclude each other`},
			{[]string{"--svg", "-o", "NS"}, `--svg draws no columns`},
			{[]string{"--svg", "1"}, `--svg draws namespaces, not the processes of one`},
		} {
			p.Fails(systest.StatusUsage, test.want, append([]string{"ns"}, test.args...)...)
		}
		p.Fails(systest.StatusProblem, "no namespace 1 is visible here (nslaunch ns lists those that are)", "ns", "1")
		p.Fails(systest.StatusProblem, "there is no process 4194304", "ns", "-p", "4194304")
		h.Release(t)
	})
}

// Who may not look into processes of others sees how many there are.
func TestNSHidden(t *testing.T) {
	u := nstest.Ordinary(t)
	p := systest.NewWorkplace(t, u)
	if got := p.Run("ns"); !regexp.MustCompile(`^nslaunch: note: (1 process is not counted: it belongs to another user or is|\d+ processes are not counted: they belong to other users or are) protected \(root sees all\)\n$`).MatchString(got.Stderr) {
		t.Errorf("%+v", got)
	}
	root := fmt.Sprint(os.Getpid())
	p.Fails(systest.StatusProblem, "process "+root+" belongs to another user: run nslaunch as that user, or as root", "ns", "-p", root)
	if got := systest.NewWorkplace(t, nstest.Superuser(t)).Run("ns"); got.Stderr != "" {
		t.Errorf("as root: %+v", got)
	}
}

// A namespace that only a file keeps is there, with the file.
func TestNSFile(t *testing.T) {
	outer := nstest.NewOuter(t, mountprop.Private)
	root := nstest.Superuser(t)
	file := root.WriteFile(t, nstest.TempDir(t)+"/blue", "")
	nstest.MustRun(t, outer.Command(t, root, "unshare", "--net="+file, "true"))
	inode := strings.TrimSpace(nstest.MustRun(t, outer.Command(t, root, "stat", "-c", "%i", file)))
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		got := nstest.Run(t, outer.Command(t, u, nstest.Nslaunch(t), "ns", "-t", "net"))
		line := regexp.MustCompile(`(?m)^` + inode + ` +net +0 +- +- +.*` + regexp.QuoteMeta(file) + ` +-$`)
		if !strings.Contains(got.Stdout, " NSFS ") || !line.MatchString(got.Stdout) {
			t.Errorf("%+v", got)
		}
		if got := nstest.Run(t, outer.Command(t, u, nstest.Nslaunch(t), "ns", inode)); got.Status != 0 || !slices.Equal(strings.Fields(got.Stdout), []string{"PID", "PPID", "USER", "COMMAND"}) {
			t.Errorf("its processes: %+v", got)
		}
	})
}

// On a terminal, lines are cut at its width, unless all is asked for.
func TestNSWidth(t *testing.T) {
	u := nstest.Superuser(t)
	pid := strconv.Itoa(os.Getpid())
	args := []string{"ns", "-t", "uts,net", "-o", "NS,USER,SANDBOX,PATH,NSFS,PATH,PATH,PATH,PATH,PATH,PATH,TYPE", "-p", pid}
	widest := func(args ...string) int {
		widest := 0
		for line := range strings.SplitSeq(u.StartTerminal(t, u.Command(t, nstest.Nslaunch(t), args...)).Wait().Stdout, "\r\n") {
			widest = max(widest, utf8.RuneCountInString(line))
		}
		return widest
	}
	if got := widest(args...); got > 80 || got < 70 {
		t.Errorf("%d columns", got)
	}
	if got := widest(append(args, "-u")...); got <= 80 {
		t.Errorf("with -u %d columns", got)
	}
}
