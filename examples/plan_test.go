package examples_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher"
	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "write the golden plans")

// TestPlans compares the plan of every example with testdata/NAME.plan: what is
// done for an ordinary user and for root, on a machine that is not this one.
func TestPlans(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			got := "# for an ordinary user\n" + plan(t, name, 1000) + "\n# for root\n" + plan(t, name, 0)
			file := filepath.Join("testdata", name+".plan")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(golden) {
				t.Errorf("%s is\n%s\nwant\n%s\n(go test ./examples -update writes it)", file, got, golden)
			}
		})
	}
}

// Every golden plan is that of an example.
func TestPlansOfExamples(t *testing.T) {
	files, err := filepath.Glob("testdata/*.plan")
	if err != nil {
		t.Fatal(err)
	}
	if all := names(t); len(files) != len(all) {
		t.Errorf("%d golden plans of %d examples: %v", len(files), len(all), files)
	}
}

// plan is that of an example, or what speaks against it.
func plan(t *testing.T, name string, uid uint32) string {
	t.Helper()
	env := []string{"HOME=/home/ann", "LANG=C.UTF-8", "NETNS=/run/netns/blue", "PATH=/usr/bin:/bin", "TERM=xterm"}
	p, err := config.Load(name+".toml", config.Vars{
		Home: "/home/ann", User: "ann", Cwd: "/home/ann", State: "/home/ann/.local/state/nslaunch", UID: int(uid), GID: int(uid),
		Env: func(name string) (string, bool) {
			for _, e := range env {
				if value, ok := strings.CutPrefix(e, name+"="); ok {
					return value, true
				}
			}
			return "", false
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := launcher.Compile(p, host(uid, env), nil)
	if err != nil {
		return err.Error() + "\n"
	}
	return plan.String()
}

// host is a machine as Probe could find it: the same whichever runs the test.
func host(uid uint32, env []string) *launcher.Host {
	const ownUser, ownNet = 4026531837, 4026531840
	all := []config.IDRange{{Inside: 0, Outside: 0, Count: 4294967295}}
	h := &launcher.Host{
		UID: uid, GID: uid, LastCap: 40, Kernel: [2]int{6, 12}, PageSize: 4096,
		Cwd: "/home/ann", Env: env,
		Rlimits: map[string]config.Rlimit{
			"nofile": {Name: "nofile", Soft: 1024, Hard: 1048576},
			"core":   {Name: "core", Soft: 0, Hard: config.RlimitInfinity},
		},
		UIDMap: all, GIDMap: all,
		Monotonic: launcher.ClockState{Now: 100 * time.Second}, Boottime: launcher.ClockState{Now: 100 * time.Second},
		Joins: map[config.NamespaceKind]launcher.NamespaceFile{
			config.Net: {Path: "/run/netns/blue", Dev: 4, Ino: 4026532178, Kind: config.Net, Owner: ownUser},
		},
		Files: map[string]launcher.File{
			"/proc":            {Dir: true, MountPoint: true},
			"/proc/sys":        {Dir: true},
			"/proc/interrupts": {},
			"/dev/null":        {Type: unix.S_IFCHR, CharDevice: [2]uint32{1, 3}, Dev: 5, Ino: 4},
		},
		Service:       launcher.ServiceState{Notify: "/run/systemd/notify", Watchdog: 30e6, Sockets: 1, SocketNames: "connection"},
		OpenFDs:       map[int]bool{3: true},
		OwnNamespaces: map[config.NamespaceKind]uint64{config.User: ownUser, config.Net: ownNet},
	}
	directory := launcher.File{Dir: true, Type: unix.S_IFDIR, Mode: 0o755, UID: uid, GID: uid, Dev: 8, Ino: 2}
	for _, dir := range []string{"/", "/usr", "/srv", "/home/ann", "/home/ann/rootfs", "/home/ann/project",
		"/home/ann/.local/state/nslaunch/overlay-example", "/home/ann/.local/state/nslaunch/overlay-example/upper", "/home/ann/.local/state/nslaunch/overlay-example/work"} {
		h.Files[dir] = directory
	}
	for i, name := range []string{"zero", "full", "random", "urandom", "tty"} {
		h.Files["/dev/"+name] = launcher.File{Type: unix.S_IFCHR, CharDevice: [2]uint32{1, uint32(5 + i)}, Dev: 5, Ino: uint64(5 + i)}
	}
	h.Targets = map[string]launcher.File{}
	for _, dir := range []string{"/media", "/opt", "/mnt", "/home/ann", "/proc", "/dev", "/sys", "/tmp", "/run"} {
		h.Targets[dir] = directory
	}
	for _, other := range []string{"/bin", "/usr", "/lib", "/lib64", "/tmp/project", "/etc/passwd", "/etc/group", "/etc/hosts"} {
		h.Targets[other] = launcher.File{}
	}
	h.Targets["/run/systemd/notify"] = launcher.File{Type: unix.S_IFSOCK, Dev: 9, Ino: 5}
	h.Scope.Managers = []launcher.Manager{
		{Bus: config.BusSystem, Address: "unix:path=/run/systemd/private", Private: true},
		{Bus: config.BusUser, Address: "unix:path=/run/user/1000/systemd/private", Private: true},
	}
	h.User, h.Home, h.Umask = "ann", "/home/ann", 0o022
	if uid == 0 {
		h.Caps = 1<<(h.LastCap+1) - 1
		h.SubUID = launcher.SubIDs{User: "root", File: "/etc/subuid"}
		h.SubGID = launcher.SubIDs{User: "root", File: "/etc/subgid"}
		return h
	}
	ranges := []config.IDRange{{Outside: 100000, Count: 65536}}
	h.SubUID = launcher.SubIDs{Ranges: ranges, User: "ann", File: "/etc/subuid"}
	h.SubGID = launcher.SubIDs{Ranges: ranges, User: "ann", File: "/etc/subgid"}
	h.NewUIDMap, h.NewGIDMap = "/usr/bin/newuidmap", "/usr/bin/newgidmap"
	return h
}
