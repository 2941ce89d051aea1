package meant

import (
	"os"
	"strconv"
)

// flag is a flag of docker, podman, bwrap, systemd-nspawn, firejail, unshare or nsenter, and what to write for it.
type flag struct {
	names string             // its names there, with spaces between; a "*" matches any rest
	value string             // the values that the row is about, as patterns with spaces between; "" for all; or assigned
	write string             // what to write: {PATH} is its value, {2PATH} the argument after that
	as    func(Typed) string // returns what to write, if that depends on the value
	also  string             // what to know besides
	note  string             // what to know, if there is nothing to write
	in    string             // the only command that the row is about; "" for all that have the flags
}

// assigned is the value of a row about a flag with any value after a "=".
const assigned = "="

// foreignFlags returns the flags of other programs. The first row that fits, and whose flags the command has, counts.
func foreignFlags() []flag {
	return []flag{
		// files
		{names: "v volume", as: volume},
		{names: "v volume", note: noVolumes},
		{names: "mount", value: "*,* type=*", as: mount, note: "nslaunch mounts what --bind, --ro-bind and --tmpfs name"},
		{names: "bind-ro read-only", value: assigned, write: "--ro-bind {SRC}"},
		{names: "bind-ro", write: "--ro-bind {SRC}"},
		{names: "read-only", write: "--set root.readonly=true"},
		{names: "ro", write: "--ro-bind {SRC}"},
		{names: "rw", write: "--bind {SRC}"},
		{names: "whitelist read-write", write: "--bind {PATH}"},
		{names: "blacklist inaccessible masked mask hide", write: "--set mounts.masked.add={PATH}"},
		{names: "dev-bind dev-bind-try", value: "/dev", write: "--set dev=host"},
		{names: "dev-bind dev-bind-try", value: "/", write: "--bind /:/"},
		{names: "dev-bind", write: `--bind {SRC}:{2DST} --set mounts."{2DST}".options=dev`},
		{names: "dev-bind-try", write: `--bind {SRC}:{2DST} --set mounts."{2DST}".options=dev --set mounts."{2DST}".optional=true`},
		{names: "bind-try", write: `--bind {SRC}:{2DST} --set mounts."{2DST}".optional=true`},
		{names: "ro-bind-try", write: `--ro-bind {SRC}:{2DST} --set mounts."{2DST}".optional=true`},
		{names: "device gpus", value: "/*", as: device},
		{names: "symlink", write: `--set mounts."{2PATH}".type=symlink --set mounts."{2PATH}".to={TARGET}`},
		{names: "dir", write: `--set mounts."{PATH}".type=dir`},
		{names: "mqueue", write: `--set mounts."{PATH}".type=mqueue`},
		{names: "overlay", value: assigned, as: overlay},
		{names: "overlay overlay-* tmp-overlay ro-overlay", note: `write it in a profile: mounts."/DST" = { type = "overlay", lower = ["/SRC"] }`},
		{names: "file *bind-data", note: `write it in a profile: mounts."/DST" = { type = "file", content = "text" }`},
		{names: "D directory R chroot root rootfs", as: rootOf, also: hostIDs()},
		{names: "D directory R chroot root rootfs", write: "--set root={DIR}"},
		{names: "x ephemeral volatile", write: "--new all --set root.overlay=tmpfs"},
		{names: "image oci-bundle", note: noImages},
		{names: "i", value: "*.raw *.img *.qcow2", note: noImages},
		{names: "private-tmp", write: "--tmpfs /tmp"},
		{names: "private-dev", write: "--set dev=minimal"},
		{names: "private private-home", value: assigned, write: `--bind {DIR}:"$HOME"`},
		{names: "private", note: `leave it out with preset:dev, whose home directory is empty; elsewhere write --tmpfs "$HOME"`},
		{names: "dev", write: "--set dev=minimal"},
		{names: "proc", value: "/*", write: "--proc new"},
		{names: "shm-size", as: shmSize},
		{names: "volumes-from", note: noVolumes},

		// namespaces, the network and ids
		{names: "unshare-*", as: unshared},
		{names: "net network network-mode share-net", value: "host", write: "--set namespaces.net=host"},
		{names: "share-net", write: "--set namespaces.net=host"},
		{names: "net network network-mode private-network N", value: "none private yes", write: "--new net"},
		{names: "private-network", value: "no false", write: "--set namespaces.net=host"},
		{names: "private-network", write: "--new net"},
		{names: "net network network-mode pid ipc uts userns", value: "container:*", as: joined},
		{names: "net network network-mode", value: "bridge slirp4netns* pasta* veth macvlan* ipvlan* eth[0-9]* en[opsx][0-9]* wl[opsx][0-9]* br[0-9]* br-*", note: noLink},
		{names: "network-namespace-path", write: "--join net={PATH}"},
		{names: "network-* net-*", note: noLink},
		{names: "net", write: "--new net"},
		{names: "p publish expose port publish-all P", value: "[0-9]* *:[0-9]*", note: noPorts},
		{names: "publish expose port publish-all P", note: noPorts},
		{names: "netns", value: "/*", write: "--join net={PATH}"},
		{names: "netns", write: "--join net=/run/netns/{NAME}"},
		{names: "dns dns-* add-host no-hosts", note: `nslaunch sets no names yet: --ro-bind FILE:/etc/resolv.conf shows a file of yours`},
		{names: "ip ip6 mac mac-address netfilter", note: "nslaunch configures no network yet: start a command in the sandbox that does"},
		{names: "pid ipc uts cgroup cgroupns time mount", value: "host", as: hosts},
		{names: "cgroupns", value: "private", write: "--new cgroup"},
		{names: "pid ipc uts cgroup time mount", as: func(t Typed) string { return "--new " + t.Name }},
		{names: "ipc-namespace", write: "--new ipc"},
		{names: "userns", value: "keep-id*", write: "--idmap keep"},
		{names: "userns", value: "host", write: "--set namespaces.user=host"},
		{names: "userns private-users map-auto", value: "auto pick", write: "--idmap root+subid"},
		{names: "private-users", value: "identity", write: "--idmap identity"},
		{names: "private-users", value: "no false", write: "--set namespaces.user=host"},
		{names: "map-auto", write: "--idmap root+subid"},
		{names: "map-user", value: "0", write: "--idmap root"},
		{names: "map-user", value: strconv.Itoa(os.Geteuid()), write: "--idmap keep"},
		{names: "map-user map-group map-users map-groups", note: "write it in a profile: idmap.uid = [{ inside = 0, outside = 1000, count = 1 }]"},
		{names: "private-users", value: "[0-9]*", note: "write it in a profile: idmap.uid = [{ inside = 0, outside = 100000, count = 65536 }], and idmap.gid"},
		{names: "private-users", write: "--new user"},
		{names: "u user uid S setuid", value: "[0-9]*", as: user},
		{names: "u user uid S setuid", value: "[0-9]*", as: uidAlone},
		{names: "u", as: userNamed},
		{names: "gid G setgid", value: "[0-9]*", as: group},
		{names: "user", as: userNamed},
		{names: "user", value: assigned, note: "--set process.uid=UID and process.gid=GID run the command with other ids"},
		{names: "user", write: "--new user"},
		{names: "noroot", write: "--idmap keep"},
		{names: "setgroups", value: "allow deny", write: "--set idmap.setgroups={WORD}"},
		{names: "group-add", value: "[0-9]*", as: addedGroup},
		{names: "M machine", write: "--name {NAME} --hostname {NAME}"},
		{names: "domainname", write: "--set domainname={NAME}"},

		// privileges
		{names: "cap-drop caps.drop drop-capability", value: "all ALL", write: "--capabilities none"},
		{names: "cap-drop caps.drop drop-capability", note: "nslaunch names what the command keeps: --capabilities LIST"},
		{names: "cap-add caps.keep capability", as: capabilities},
		{names: "privileged", note: "leave it out: what a sandbox may do is in its profile"},
		{names: "nonewprivs no-new-privileges no-new-privs", note: noNewPrivs},
		{names: "security-opt", value: "no-new-privileges*", note: noNewPrivs},
		{names: "security-opt", value: "seccomp*", note: noFilter},
		{names: "seccomp* protocol memory-deny-write-execute system-call-filter add-seccomp-fd", note: noFilter},
		{names: "security-opt apparmor exec-label file-label", note: "nslaunch sets no label of AppArmor or SELinux yet"},
		{names: "restrict-namespaces disable-userns", write: "--capabilities none --set restrict.namespaces=[]"},
		{names: "sysctl", note: "nslaunch sets no sysctl yet"},

		// limits
		{names: "memory-swap pids-limit", value: "-1 0 unlimited", note: "leave it out: there is no limit but those of the profile"},
		{names: "m memory", value: "[0-9]*", as: memory},
		{names: "memory-swap", value: "[0-9]*", as: memory},
		{names: "memory", write: "--set limits.memory={SIZE}"},
		{names: "cpus", write: "--set limits.cpu={CPUS}"},
		{names: "pids-limit", write: "--set limits.tasks={N}"},
		{names: "rlimit ulimit", value: "*=*", as: rlimit},
		{names: "rlimit-*", as: rlimitOf},
		{names: "cpuset-cpus", write: "--set scope=auto --set scope.properties.AllowedCPUs={CPUS}"},
		{names: "cpu", note: "nslaunch binds no processor yet: start the command with taskset"},
		{names: "oom-score-adj oom-score-adjust", write: "--set process.oom_score_adj={N}"},
		{names: "nice", write: "--set process.nice={N}"},
		{names: "property", value: "*=*", as: func(t Typed) string { return "--set scope=auto --set scope.properties.{NAME=VALUE}" }},
		{names: "slice", write: "--set scope=auto --set scope.slice={SLICE}"},

		// the command
		{names: "e env E", write: "--setenv {NAME=VALUE}"},
		{names: "rmenv", write: "--unsetenv {NAME}"},
		{names: "clearenv", write: "--set env.inherit=[]"},
		{names: "env-file", note: "nslaunch reads no file of variables yet: --setenv NAME=VALUE sets one"},
		{names: "w workdir wd", write: "--cwd {DIR}"},
		{names: "entrypoint", note: "leave it out: the command is what follows the profile"},
		{names: "init as-pid2", note: "leave it out: process 1 of a new pid namespace is an init"},
		{names: "as-pid-1", write: "--set process.init=false"},
		{names: "new-session", write: "--terminal pty"},
		{names: "die-with-parent", note: "put setpriv --pdeathsig TERM in front of nslaunch: a sandbox ends when nslaunch ends, which does not watch its parent"},
		{names: "kill-child*", note: "leave it out: a sandbox ends when nslaunch ends"},
		{names: "notify-ready", value: "no false", note: "leave it out: that is the default"},
		{names: "notify-ready", write: "--set service.notify=command"},
		{names: "stop-signal kill-signal", as: stopSignal},
		{names: "stop-timeout", value: "[0-9]*", write: "--set process.stop_timeout={SECONDS}s"},
		{names: "console", value: "pipe", write: "--terminal inherit"},
		{names: "console", value: "interactive", write: "--terminal pty"},
		{names: "argv0", note: "nslaunch sets no other argument 0 yet: exec -a of bash does"},
		{names: "monotonic boottime", value: "[0-9]* +[0-9]* -[0-9]*", as: clock},

		// nslaunch itself
		{names: "d background daemon", in: "exec", note: "exec waits for its command: add & at the end of the line"},
		{names: "d background daemon dit dti itd idt tid tdi di id dt td", write: "--detach"},
		{names: "rm", note: "leave it out: nothing of a sandbox is left when it ends"},
		{names: "t target", value: "[0-9]*", as: nsenter, also: "leave out the short flags after it"},
		{names: "it ti t tty interactive", note: "leave it out: the command uses your terminal anyway"},
		{names: "restart", note: "a service manager restarts what ends: nslaunch unit PROFILE prints a unit"},
		{names: "b boot", note: "nslaunch boots no system yet: it runs one command"},
		{names: "profile config file settings", note: "leave it out: the profile needs no flag"},
		{names: "noprofile register keep-unit keep-caps link-journal* pull platform log-driver log-opt l label annotation cidfile q quiet sig-proxy", note: "leave it out: nslaunch needs nothing in its place"},
		{names: "template", note: "nslaunch init -t TEMPLATE writes a profile; nslaunch run needs its file"},
		{names: "dry-run", note: "nslaunch plan shows what run would do"},
		{names: "list", note: "nslaunch ps lists sandboxes"},
		{names: "shutdown", note: "nslaunch stop NAME ends a sandbox"},
		{names: "x11 nosound novideo nogpu no3d dbus-*", note: "leave it out: a sandbox has the devices and sockets that its profile shows"},
		{names: "json-status-fd info-fd", write: "--status-fd {N}"},

		// flags that nsenter(1) and docker have for exec, ps, logs and stop
		{names: "m mount", in: "exec", write: "--ns mount"},
		{names: "n net", in: "exec", write: "--ns net"},
		{names: "p pid", in: "exec", write: "--ns pid"},
		{names: "ipc uts cgroup time", in: "exec", as: func(t Typed) string { return "--ns " + t.Name }},
		{names: "a all", in: "exec", note: "leave it out: exec enters all namespaces of the sandbox"},
		{names: "target", in: "exec", note: "leave it out: the process is the first argument, nslaunch exec PID COMMAND"},
		{names: "detach", in: "exec", note: "exec waits for its command: add & at the end of the line"},
		{names: "rm", in: "exec", note: "leave it out: exec makes no sandbox"},
		{names: "privileged", in: "exec", note: "leave it out: exec gives what the sandbox has"},
		{names: "format", in: "ps", value: "json", write: "--json"},
		{names: "tail", in: "logs", write: "--lines {N}"},
		{names: "s signal", in: "stop", note: "the signal is process.stop_signal of the profile; kill -s NAME PID sends another"},
	}
}

// What nslaunch does not have.
const (
	noVolumes  = "nslaunch has no volumes: --bind SRC:DST shows a directory"
	noImages   = "nslaunch needs a directory as the root: --new all --bind DIR:/ --set dev=minimal"
	noPorts    = "nslaunch forwards no ports yet: a command in the host's network has the host's ports"
	noLink     = "nslaunch makes no network links yet: --new net gives an empty network, --join net=WHERE one that exists"
	noFilter   = "nslaunch has no system call filters yet"
	noNewPrivs = "leave it out: process.no_new_privs is on by default"
)
