package namespaces

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// What /proc is by default, and by each mode.
func TestProcModes(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		self, err := mountprop.Self()
		if err != nil {
			t.Fatal(err)
		}
		ours, ok := mountprop.At(self, "/proc")
		if !ok {
			t.Fatal("/proc is not mounted")
		}
		for _, test := range []struct {
			name, kinds, proc string
			fstype            string // of what is on /proc
			fresh             bool   // it is not the caller's
			processes         string // the first of those in it, if not ""
		}{
			{"default with pid and mount", "pid mount", "", "proc", true, "1 2"},
			{"new", "pid mount", `proc = "new"`, "proc", true, "1 2"},
			{"host", "pid mount", `proc = "host"`, "proc", false, ""},
			{"none", "pid mount", `proc = "none"`, "tmpfs", true, ""},
			{"default with mount", "mount", "", "proc", false, ""},
			{"none with mount", "mount", `proc = "none"`, "tmpfs", true, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				profile := systest.OwnProfile(u, test.kinds, test.proc)
				if test.fstype == "tmpfs" {
					wantEmptyProc(t, u, profile)
					return
				}
				text := nstest.MustRun(t, systest.ProfileCommand(t, u, profile, "sh", "-c",
					`cat /proc/$(ls /proc | grep '^[0-9]' | sort -n | head -1)/mountinfo; echo; cd /proc; echo [0-9]*`))
				mounts, processes := splitMountinfo(t, text)
				top, _ := mountprop.At(mounts, "/proc")
				if top.FSType != test.fstype || test.fresh == (top.Minor == ours.Minor) {
					t.Errorf("on /proc is %+v; outside it is %+v", top, ours)
				}
				if test.processes != "" && !strings.HasPrefix(processes, test.processes) {
					t.Errorf("processes %q; want %q first", processes, test.processes)
				}
			})
		}
	})
}

// splitMountinfo splits what a command printed: mountinfo, an empty line, more.
func splitMountinfo(t *testing.T, text string) (mounts []mountprop.Mount, rest string) {
	t.Helper()
	info, rest, ok := strings.Cut(text, "\n\n")
	if !ok {
		t.Fatalf("no empty line: %s", text)
	}
	mounts, err := mountprop.Read(strings.NewReader(info))
	if err != nil {
		t.Fatal(err)
	}
	return mounts, strings.TrimSpace(rest)
}

// wantEmptyProc asserts that /proc is an empty directory that can't be written to.
func wantEmptyProc(t *testing.T, u nstest.User, profile string) {
	t.Helper()
	const look = `ls -A /proc; stat -f -c %T /proc; mkdir /proc/x 2>/dev/null || echo refused`
	got := nstest.MustRun(t, systest.ProfileCommand(t, u, profile, "sh", "-c", look))
	if want := "tmpfs\nrefused\n"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
}

// The mount options of a new proc, and what they do: which of processes 1 and 2
// another user finds, and what is there besides processes.
func TestProcOptions(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		// Process 1 is root's and not to be traced. The command is neither.
		idmap := "[idmap]\nmode = \"root+subid\"\n"
		if u.IsRoot() {
			idmap = ""
		}
		const process = "[process]\nuid = 33\ngid = 33\ncapabilities = \"none\"\n"
		const look = `exec 2>/dev/null
ls -d /proc/1 || echo hidden
cat /proc/1/status > /dev/null && echo readable || echo unreadable
ls -d /proc/uptime || echo hidden
grep ' /proc ' /proc/self/mountinfo | tail -1 | grep -o 'hidepid=[a-z]*\|subset=[a-z]*' || true`
		for option, want := range map[string]string{
			``:                       "/proc/1 readable /proc/uptime",
			`hidepid = "off"`:        "/proc/1 readable /proc/uptime",
			`hidepid = "noaccess"`:   "/proc/1 unreadable /proc/uptime hidepid=noaccess",
			`hidepid = "invisible"`:  "hidden unreadable /proc/uptime hidepid=invisible",
			`hidepid = "ptraceable"`: "hidden unreadable /proc/uptime hidepid=ptraceable",
			`subset = "pid"`:         "/proc/1 readable hidden subset=pid",
			"hidepid = \"invisible\"\nsubset = \"pid\"": "hidden unreadable hidden hidepid=invisible subset=pid",
		} {
			t.Run(strings.ReplaceAll(option, "\n", ", "), func(t *testing.T) {
				profile := systest.OwnProfile(u, "pid mount", "[proc]\n"+option+"\n"+idmap+process)
				text := nstest.MustRun(t, systest.ProfileCommand(t, u, profile, "sh", "-c", look))
				if got := strings.Join(strings.Fields(text), " "); got != want {
					t.Errorf("got %q; want %q", got, want)
				}
			})
		}
	})
}

// Paths that cannot be written to or looked into, by root of the sandbox either.
func TestProcPaths(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		for _, mode := range []string{"new", "host"} {
			for _, kind := range mountprop.All() {
				if kind == mountprop.Shared && !u.IsRoot() {
					continue // needs the caller's user namespace
				}
				t.Run(mode+"/"+string(kind), func(t *testing.T) {
					profile := systest.OwnProfile(u, "pid mount uts", fmt.Sprintf(`propagation = %q
[proc]
mode = %q
readonly_paths = ["/proc/sys", "/proc/irq"]
masked_paths = ["/proc/interrupts", "/proc/fs"]
`, kind, mode))
					got := nstest.MustRun(t, systest.ProfileCommand(t, u, profile, "sh", "-c", `exec 2>&1
{ echo renamed > /proc/sys/kernel/hostname; } 2>/dev/null || echo read-only
cat /proc/sys/kernel/hostname > /dev/null && echo readable
ls /proc/irq > /dev/null && echo readable
wc -c < /proc/interrupts
ls -A /proc/fs | wc -l
mkdir /proc/fs/x 2>/dev/null || echo read-only
stat -c %F /proc/interrupts /proc/fs
`))
					want := `read-only
readable
readable
0
0
read-only
character special file
directory
`
					if got != want {
						t.Errorf("got\n%swant\n%s", got, want)
					}
				})
			}
		}
	})
}

// Paths that cannot be protected.
func TestProcPathsRefused(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		profile := systest.OwnProfile(u, "pid mount", `[proc]
readonly_paths = ["/proc/none", "/proc/1/cwd"]
masked_paths = ["/proc/1/root", "/proc/none/such"]
`)
		systest.WantRefusal(t, systest.ProfileCommand(t, u, profile, "true"),
			`p.toml:4:19: proc.readonly_paths[0]: no such file or directory: "/proc/none"`,
			`p.toml:4:33: proc.readonly_paths[1]: "/proc/1/cwd" is a symbolic link, and what it points to would stay as it is`,
			`p.toml:5:17: proc.masked_paths[0]: "/proc/1/root" is a symbolic link, and what it points to would stay as it is`,
			`p.toml:5:33: proc.masked_paths[1]: no such file or directory: "/proc/none/such"`)
	})
}

// Where the kernel refuses a new proc, as the caller's own is partly covered,
// the fallback holds.
func TestProcFallback(t *testing.T) {
	u, root := nstest.Ordinary(t), nstest.Superuser(t)
	outer := nstest.NewOuter(t, mountprop.Private)
	nstest.MustRun(t, outer.Command(t, root, "mount", "--bind", "/dev/null", "/proc/uptime"))
	const all = "version = 1\nnamespaces = \"new\"\n"

	systest.WantRefusal(t, systest.OuterCommand(t, outer, u, all+"proc = \"new\"\n", "true"),
		`p.toml:3:1: proc: step 15, mount proc on /proc with nodev,nosuid,noexec: EPERM
  the kernel says: VFS: Mount too revealing
  the outer /proc is partly masked (/proc/uptime), and the kernel allows a new one only where the old is fully visible
  try: proc = "host", or start the outer container without masked paths`)
	for fallback, want := range map[string]string{
		"host": fmt.Sprintf("1 %d\n", os.Getpid()),
		"none": "\n",
	} {
		profile := all + fmt.Sprintf("proc = { mode = \"new\", fallback = %q }\n", fallback)
		script := fmt.Sprintf("cd /proc; for i in 1 %d; do test -d $i && echo $i; done", os.Getpid())
		got := nstest.Run(t, systest.OuterCommand(t, outer, u, profile, "sh", "-c", script))
		if text := strings.Join(strings.Fields(got.Stdout), " ") + "\n"; text != want || got.Stderr != "" {
			t.Errorf("fallback %s: %+v; want processes %q", fallback, got, want)
		}
	}
	// Real root's own proc needs nothing to be visible.
	got := nstest.MustRun(t, systest.OuterCommand(t, outer, root, "version = 1\nnamespaces = { pid = \"new\", mount = \"new\" }\n", "sh", "-c", "cd /proc; echo [0-9]*"))
	if !strings.HasPrefix(got, "1 2") {
		t.Errorf("root sees the processes %q; want its own", got)
	}
}
