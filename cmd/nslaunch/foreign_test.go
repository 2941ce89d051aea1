package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// What a hint says to write for a flag of another program is what its user meant, and nslaunch reads it.
func TestForeignFlags(t *testing.T) {
	const noPorts = "nslaunch forwards no ports yet: a command in the host's network has the host's ports"
	const rootHint = "write --new all --bind /usr:/ --set dev=minimal; add --idmap identity if other users own files there: ids inside are then those of the host"
	for line, want := range map[string]string{
		// docker and podman
		"--detatch":                              "did you mean --detach?",
		"-dit":                                   "write --detach",
		"--rm":                                   "leave it out: nothing of a sandbox is left when it ends",
		"-it":                                    "leave it out: the command uses your terminal anyway",
		"--init":                                 "leave it out: process 1 of a new pid namespace is an init",
		"-v /usr:/srv":                           "write --bind /usr:/srv",
		"--volume=/usr:/srv:ro":                  "write --ro-bind /usr:/srv",
		"--mount type=bind,src=/usr,dst=/srv":    "write --bind /usr:/srv",
		"--mount=type=bind,src=/usr,dst=/srv,ro": "write --ro-bind /usr:/srv",
		"--mount type=tmpfs,dst=/tmp":            "write --tmpfs /tmp",
		"-e A=b":                                 "write --setenv A=b",
		"-w /":                                   "write --cwd /",
		"--memory 1g":                            "write --set limits.memory=1G",
		"--cpus=2":                               "write --set limits.cpu=2",
		"--pids-limit 5":                         "write --set limits.tasks=5",
		"--ulimit nofile=10:20":                  "write --set limits.rlimits.nofile=10,20",
		"--publish 80:80":                        noPorts,
		"--cap-drop ALL":                         "write --capabilities none",
		"--cap-add net_admin":                    "write --capabilities NET_ADMIN",
		"--net=host":                             "write --set namespaces.net=host",
		"--userns keep-id":                       "write --idmap keep",
		"--read-only":                            "write --new mount --set root.readonly=true",
		"--device /dev/null":                     `write --bind /dev/null --set 'mounts."/dev/null".options=dev'`,
		"--shm-size 1g":                          `write --tmpfs /dev/shm --set 'mounts."/dev/shm".size=1G'`,
		"--stop-timeout 5":                       "write --set process.stop_timeout=5s",
		"--stop-signal SIGINT":                   "write --set process.stop_signal=INT",
		"--cpuset-cpus 0-1":                      "write --set scope=auto --set scope.properties.AllowedCPUs=0-1",
		"--security-opt no-new-privileges":       "leave it out: process.no_new_privs is on by default",
		"--security-opt seccomp=unconfined":      "nslaunch has no system call filters yet",
		"--gid 0":                                "write --set process.gid=0",
		"--gid 1000":                             "write --idmap identity --set process.gid=1000",
		"--group-add 27":                         "write --idmap identity --set 'process.groups=[27]'",
		"--user=root":                            "write --set process.uid=0",
		"--user=nobody:nogroup":                  "--set process.uid=UID and process.gid=GID run the command with other ids",
		"-v /data":                               "write --tmpfs /data",
		"-v data:/srv":                           "nslaunch has no volumes: --bind SRC:DST shows a directory",
		"--memory=1.5g":                          "write --set limits.memory=1.5G",
		"--cpus=1.5":                             "write --set limits.cpu=1.5",
		"--pids-limit -1":                        "leave it out: there is no limit but those of the profile",
		"--ulimit core=-1":                       "write --set limits.rlimits.core=infinity",
		"--ulimit core=0:-1":                     "write --set limits.rlimits.core=0,infinity",
		"--pid=host":                             "write --set namespaces.pid=host --set proc=host",
		"--cgroupns=private":                     "write --new cgroup",
		// bwrap
		"--unshare-net":               "write --new net",
		"--unshare-all":               "write --new all",
		"--die-with-parent":           "put setpriv --pdeathsig TERM in front of nslaunch: a sandbox ends when nslaunch ends, which does not watch its parent",
		"--new-session":               "write --terminal pty",
		"--symlink usr/bin /x":        `write --new mount --set 'mounts."/x".type=symlink' --set 'mounts."/x".to=usr/bin'`,
		"--dir /x":                    `write --new mount --set 'mounts."/x".type=dir'`,
		"--ro-bind-try /usr /x":       `write --ro-bind /usr:/x --set 'mounts."/x".optional=true'`,
		"--bind-try /usr /x":          `write --bind /usr:/x --set 'mounts."/x".optional=true'`,
		"--dev-bind /dev /dev":        "write --new mount --set dev=host",
		"--dev-bind /dev/null /dev/x": `write --bind /dev/null:/dev/x --set 'mounts."/dev/x".options=dev'`,
		"--share-net":                 "write --set namespaces.net=host",
		"--dev /dev":                  "write --new mount --set dev=minimal",
		"--clearenv":                  "write --set 'env.inherit=[]'",
		"--as-pid-1":                  "write --set process.init=false",
		"--disable-userns":            "write --capabilities none --set 'restrict.namespaces=[]'",
		// systemd-nspawn
		"-D /usr":                 rootHint,
		"--directory=/usr":        rootHint,
		"-x":                      "write --new all --set root.overlay=tmpfs",
		"--volatile=overlay":      "write --new all --set root.overlay=tmpfs",
		"-M box":                  "write --name box --hostname box",
		"--boot":                  "nslaunch boots no system yet: it runs one command",
		"--private-network":       "write --new net",
		"--private-network=no":    "write --set namespaces.net=host",
		"--private-users=0:65536": "write it in a profile: idmap.uid = [{ inside = 0, outside = 100000, count = 65536 }], and idmap.gid",
		"--overlay=/usr:/etc::/x": `write --new mount --set 'mounts."/x".type=overlay' --set 'mounts."/x".lower=["/etc","/usr"]'`,
		"--overlay=+/usr::/x":     `write it in a profile: mounts."/DST" = { type = "overlay", lower = ["/SRC"] }`,
		"--kill-child":            "leave it out: a sandbox ends when nslaunch ends",
		"--network-namespace-path=/proc/self/ns/net": "write --join net=/proc/self/ns/net",
		"--network-veth":            "nslaunch makes no network links yet: --new net gives an empty network, --join net=WHERE one that exists",
		"--private-users":           "write --new user",
		"--private-users=pick":      "write --idmap root+subid",
		"--inaccessible=/etc/hosts": "write --new mount --set mounts.masked.add=/etc/hosts",
		"--overlay=/usr:/etc:/x":    `write --new mount --set 'mounts."/x".type=overlay' --set 'mounts."/x".lower=["/etc","/usr"]'`,
		"--rlimit=RLIMIT_NOFILE=10": "write --set limits.rlimits.nofile=10",
		"--port=80":                 noPorts,
		"--as-pid2":                 "leave it out: process 1 of a new pid namespace is an init",
		"--bind-ro=/usr":            "write --ro-bind /usr",
		"--notify-ready=yes":        "write --new mount --set service.notify=command",
		"--property=MemoryMax=1G":   "write --set scope=auto --set scope.properties.MemoryMax=1G",
		// firejail
		"--private":                 `leave it out with preset:dev, whose home directory is empty; elsewhere write --tmpfs "$HOME"`,
		"--private=/usr":            `write --bind /usr:"$HOME"`,
		"--net=none":                "write --new net",
		"--net=eth0":                "nslaunch makes no network links yet: --new net gives an empty network, --join net=WHERE one that exists",
		"--netns=/proc/self/ns/net": "write --join net=/proc/self/ns/net",
		"--whitelist=/usr":          "write --bind /usr",
		"--blacklist=/etc/hosts":    "write --new mount --set mounts.masked.add=/etc/hosts",
		"--read-only=/usr":          "write --ro-bind /usr",
		"--private-tmp":             "write --tmpfs /tmp",
		"--seccomp":                 "nslaunch has no system call filters yet",
		"--noroot":                  "write --idmap keep",
		"--profile=./web.toml":      "leave it out: the profile needs no flag",
		"--caps.drop=all":           "write --capabilities none",
		"--rlimit-nofile=10":        "write --set limits.rlimits.nofile=10",
		// unshare
		"-R /usr":      rootHint,
		"--map-auto":   "write --idmap root+subid",
		"--boottime 5": "write --new time --set time.boottime=+5s",
	} {
		words := append([]string{"run"}, strings.Fields(line)...)
		got := nstest.Run(t, exec.Command(nstest.Nslaunch(t), append(words, "preset:base", "true")...))
		flag, _, _ := strings.Cut(words[1], "=")
		if got.Status != systest.StatusSetup || got.Stderr != fmt.Sprintf("nslaunch: error: unknown flag %s (%s)\n", flag, want) {
			t.Errorf("%s: got %s; want %s", line, got.Stderr, want)
		}
		want, _, _ = strings.Cut(want, "; ")
		if write, ok := strings.CutPrefix(want, "write "); ok && !strings.HasPrefix(write, "it ") {
			got := nstest.Run(t, exec.Command("sh", "-c", quote.Word(nstest.Nslaunch(t))+" show "+strings.TrimSuffix(write, " --detach")+" preset:base"))
			if write != "--detach" && got.Status != 0 {
				t.Errorf("%s does not work: %s", write, got.Stderr)
			}
		}
	}
}

// The cure for a device of another program makes one that can be opened.
func TestForeignDevice(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		hint := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "--device=/dev/null:/dev/x", "preset:base", "true")).Stderr
		_, write, _ := strings.Cut(strings.TrimSuffix(hint, ")\n"), "(write ")
		line := quote.Word(nstest.Nslaunch(t)) + " run " + write + " preset:base sh -c 'echo text >/dev/x && echo good'"
		if got := nstest.Run(t, u.Command(t, "sh", "-c", line)); got.Stdout != "good\n" {
			t.Errorf("%s: %+v", line, got)
		}
	})
}

// The cure for a directory as the root gives the command a /dev, so that it makes no files in that of the directory.
func TestForeignRoot(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		hint := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "run", "-D", "./root", "--", "sh")).Stderr
		_, write, _ := strings.Cut(strings.TrimSuffix(hint, ")\n"), "(write ")
		write, _, _ = strings.Cut(write, "; ")
		line := "mkdir -p root && cd root && mkdir -p bin dev etc lib lib64 proc run sys tmp usr var && cd .. && " + quote.Word(nstest.Nslaunch(t)) + " run " + write +
			" --ro-bind /usr --ro-bind /bin --ro-bind /lib --ro-bind /lib64 -- sh -c 'echo text >/dev/null && test -c /dev/null' && ls -A root/dev && echo good"
		if got := nstest.Run(t, u.Command(t, "sh", "-c", line)); got.Stdout != "good\n" {
			t.Errorf("%s: %+v", line, got)
		}
	})
}

// All unknown flags of a line are reported at once, also those of a cluster. What may be the command's is not read.
func TestUnknownFlags(t *testing.T) {
	for line, want := range map[string][]string{
		"--rm -it -v /usr:/w -w /w preset:base true -x": {"--rm (leave", "-it (leave", "-v (write --bind /usr:/w)", "-w (write --cwd /w)"},
		"-bD /usr true":                       {"-b (nslaunch boots", "-D (write --new all --bind /usr:/ "},
		"-UrnR /usr true":                     {"-R (write --new all --bind /usr:/ "},
		"-S 0 -G 0 true":                      {"-S (write --set process.uid=0)", "-G (write --set process.gid=0)"},
		"-x --timeout 5s --frob --rm true":    {"-x (write", "--frob (see nslaunch help run)", "--rm (leave"},
		"-x -- true --rm":                     {"-x (write"},
		"--frob x --rm":                       {"--frob (see nslaunch help run)"},
		"-x --help":                           {"-x (write"},
		"--rm --proc nwe preset:base true":    {"--rm (leave"},
		"--frob\x1b[2J --rm preset:base true": {`--frob\x1b[2J (see`, "--rm (leave"},
	} {
		got := nstest.Run(t, exec.Command(nstest.Nslaunch(t), append([]string{"run"}, strings.Fields(line)...)...))
		lines := strings.Split(strings.TrimSuffix(got.Stderr, "\n"), "\n")
		if got.Status != systest.StatusSetup || got.Stdout != "" || len(lines) != len(want) {
			t.Errorf("%s: %+v", line, got)
			continue
		}
		for i, l := range lines {
			if !strings.HasPrefix(l, "nslaunch: error: unknown flag "+want[i]) {
				t.Errorf("%s: got %q, want %q", line, l, want[i])
			}
		}
	}
}

// A flag of ours with a value that it has only in other programs says what to write.
func TestForeignValues(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		idmap := "--idmap root+subid"
		if u.IsRoot() {
			idmap = "--idmap identity"
		}
		for line, want := range map[string]string{
			"-p 80:80 preset:dev": `-p has no value, got "80:80": it is short for --new pid (nslaunch forwards no ports yet: a command in the host's network has the host's ports; put -- before a command of that name)`,
			"-nm 1g preset:dev":   `-m has no value, got "1g": it is short for --new mount (write --set limits.memory=1G; put -- before a command of that name)`,
			"-u 0 preset:dev":     `-u has no value, got "0": it is short for --new uts (write --set process.uid=0; put -- before a command of that name)`,
			"-u 4711:5 x.toml":    `-u has no value, got "4711:5": it is short for --new uts (write ` + idmap + ` --set process.uid=4711 --set process.gid=5; put -- before a command of that name)`,
			fmt.Sprintf("--user=%d preset:dev", max(u.UID, 1)): `unknown flag --user (write ` + ownID(u) + `)`,
			"--user=nobody preset:dev":                         `unknown flag --user (write ` + idmap + ` --set process.uid=$(id -u nobody) --set process.gid=$(id -g nobody))`,
			"--user nobody preset:dev":                         `unknown flag --user (write ` + idmap + ` --set process.uid=$(id -u nobody) --set process.gid=$(id -g nobody))`,
			"--user true":                                      `unknown flag --user (write --new user)`,
			"-u root preset:dev id":                            `-u has no value, got "root": it is short for --new uts (write --idmap root; put -- before a command of that name)`,
			"-i x.raw true":                                    `-i has no value, got "x.raw": it is short for --new ipc (nslaunch needs a directory as the root: --new all --bind DIR:/ --set dev=minimal; put -- before a command of that name)`,
			"--network none x.toml":                            `invalid value "none" for flag --network: want loopback or down (write --new net)`,
			"--proc /proc true":                                `invalid value "/proc" for flag --proc: want new, host or none (write --proc new)`,
			"--new net,nte true":                               `invalid value "net,nte" for flag --new: "nte" is not a type of namespaces, want a list of user, mount, pid, net, ipc, uts, cgroup and time (did you mean "net"?)`,
			"--new network true":                               `invalid value "network" for flag --new: "network" is not a type of namespaces, want a list of user, mount, pid, net, ipc, uts, cgroup and time (did you mean "net"?)`,
		} {
			got := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), append([]string{"run"}, strings.Fields(line)...)...))
			if got.Status != systest.StatusSetup || got.Stderr != "nslaunch: error: "+want+"\n" {
				t.Errorf("%s: got %s; want %s", line, got.Stderr, want)
			}
		}
		for line, want := range map[string]string{"-n -- 1000": `there is no "1000"`, "--new mnt -- true": "", "--capabilities KILL,CHOWN preset:dev true": ""} {
			got := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), append([]string{"run"}, strings.Fields(line)...)...))
			if !strings.Contains(got.Stderr, want) || want == "" && got.Status != 0 {
				t.Errorf("%s: %+v", line, got)
			}
		}
	})
}

// ownID is what to write for a user's own id, which root gives as 1.
func ownID(u nstest.User) string {
	if u.IsRoot() {
		return "--idmap identity --set process.uid=1"
	}
	return "--idmap keep"
}
