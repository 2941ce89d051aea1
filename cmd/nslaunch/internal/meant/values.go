package meant

import (
	"os"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// volume is what to write for a volume of docker: SRC:DST, with options. One without a source begins empty and has no name; one with a
// name in place of a path is of docker's own, which nslaunch has nothing like.
func volume(t Typed) string {
	parts := strings.Split(t.value(), ":")
	switch {
	case t.value() == "":
		return "--bind {SRC:DST}"
	case len(parts) == 1 && strings.HasPrefix(parts[0], "/"):
		return "--tmpfs {PATH}"
	case !strings.Contains(parts[0], "/") && !strings.HasPrefix(parts[0], ".") && !strings.HasPrefix(parts[0], "$"):
		return ""
	case len(parts) < 3:
		return "--bind {SRC:DST}"
	}
	flag := "--bind "
	for option := range strings.SplitSeq(parts[2], ",") {
		if option == "ro" || option == "readonly" {
			flag = "--ro-bind "
		}
	}
	return flag + literal(parts[0]+":"+parts[1], "SRC:DST")
}

// mount is what to write for a mount of docker, type=bind,source=SRC,target=DST,readonly; "" if it is of another type.
func mount(t Typed) string {
	fields := map[string]string{}
	for field := range strings.SplitSeq(t.value(), ",") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "src":
			name = "source"
		case "dst", "destination":
			name = "target"
		case "ro":
			name = "readonly"
		}
		fields[name] = value
	}
	readonly, has := fields["readonly"]
	switch source, target := fields["source"], fields["target"]; {
	case target == "":
	case fields["type"] == "tmpfs":
		return "--tmpfs " + literal(target, "PATH")
	case fields["type"] != "bind" || source == "":
	case has && readonly != "false":
		return "--ro-bind " + literal(source+":"+target, "SRC:DST")
	default:
		return "--bind " + literal(source+":"+target, "SRC:DST")
	}
	return ""
}

// device is what to write for a device: DEVICE, or DEVICE:INSIDE, with permissions after another colon. A bind allows none by itself.
func device(t Typed) string {
	parts := strings.Split(t.value(), ":")
	bind, at := parts[0], parts[0]
	if len(parts) > 1 && strings.HasPrefix(parts[1], "/") {
		bind, at = bind+":"+parts[1], parts[1]
	}
	return "--bind " + literal(bind, "PATH") + ` --set mounts."` + literal(at, "PATH") + `".options=dev`
}

// overlay is what to write for an overlay of systemd-nspawn: LOWER:…:UPPER:DST. The changes go to memory: nslaunch needs another form of
// directory for them. It is "" for directories of the root ("+"), and for what is no overlay. An UPPER that is empty is memory already.
func overlay(t Typed) string {
	parts := strings.Split(t.value(), ":")
	last := len(parts) - 1
	if last < 1 || parts[last] == "" {
		return ""
	}
	var lower []string
	for i, dir := range parts[:last] {
		switch {
		case strings.HasPrefix(dir, "/"):
			lower = append([]string{strconv.Quote(literal(dir, "DIR"))}, lower...)
		case dir != "" || i < last-1:
			return ""
		}
	}
	if lower == nil {
		return ""
	}
	at := `--set mounts."` + literal(parts[last], "PATH") + `".`
	return at + "type=overlay " + at + "lower=[" + strings.Join(lower, ",") + "]"
}

// unshared is what to write for a flag such as --unshare-net-try of bwrap.
func unshared(t Typed) string {
	kind := strings.TrimSuffix(strings.TrimPrefix(t.Name, "unshare-"), "-try")
	switch kind {
	case "all", "user", "ipc", "pid", "net", "uts", "cgroup":
		return "--new " + kind
	}
	return ""
}

// hosts is what to write for a namespace of the host. A new /proc would need a new pid namespace.
func hosts(t Typed) string {
	write := "--set namespaces." + strings.TrimSuffix(t.Name, "ns") + "=host"
	if t.Name == "pid" {
		write += " --set proc=host"
	}
	return write
}

// joined is what to write for the namespace of another container: container:NAME.
func joined(t Typed) string {
	kind, _, _ := strings.Cut(t.Name, "-")
	switch kind {
	case "network":
		kind = "net"
	case "userns":
		kind = "user"
	}
	return "--join " + kind + "=" + literal(strings.TrimPrefix(t.value(), "container:"), "NAME")
}

// user is what to write for UID or UID:GID. An id other than the caller's and root's has to be mapped.
func user(t Typed) string {
	uid, gid, both := strings.Cut(t.value(), ":")
	switch {
	case !digits(uid) || both && !digits(gid) || uid == "0":
		return ""
	case uid == strconv.Itoa(os.Geteuid()):
		return "--idmap keep"
	}
	return mapOthers() + uidAlone(t)
}

// userNamed is what to write for the name of a user: one that was assigned, or that a profile follows. Else the flag is unshare's.
func userNamed(t Typed) string {
	next := t.peek(1)
	if !t.Assigned && !strings.HasSuffix(next, ".toml") && !strings.HasPrefix(next, "preset:") {
		return ""
	}
	switch name := t.value(); {
	case name == "" || quote.Word(name) != name || strings.Contains(name, ":"):
		return ""
	case name == "root" && strings.HasPrefix(next, "preset:"):
		return "--idmap root" // a preset keeps the caller's ids
	case name == "root":
		return "--set process.uid=0"
	}
	return mapOthers() + "--set process.uid=$(id -u {NAME}) --set process.gid=$(id -g {NAME})"
}

// rootOf is what to write for a directory as the root. It has a /dev of its own: in that of the directory a file would take
// the place of a device such as /dev/null.
func rootOf(Typed) string { return "--new all --bind {DIR}:/ --set dev=minimal" }

// hostIDs is what root has to know about the files in a root; "" for other callers.
func hostIDs() string {
	if os.Geteuid() != 0 {
		return ""
	}
	return "add --idmap identity if other users own files there: ids inside are then those of the host"
}

// nsenter is what to write for nsenter -t PID, with the types of namespaces that flags after it name.
func nsenter(t Typed) string {
	kinds := map[string]string{"m": "mount", "u": "uts", "i": "ipc", "n": "net", "p": "pid", "U": "user", "C": "cgroup", "T": "time"}
	var all []string
	for _, word := range t.Args[1:] {
		kind := kinds[strings.TrimPrefix(word, "-")]
		if len(word) != 2 || kind == "" {
			break
		}
		all = append(all, kind)
	}
	if len(all) == 0 {
		all = []string{"all"}
	}
	return "--join " + strings.Join(all, ",") + "=pid:{PID}"
}

// group is what to write for GID. One other than the caller's and root's has to be mapped.
func group(t Typed) string {
	switch gid := t.value(); {
	case !digits(gid):
		return ""
	case gid == "0":
		return "--set process.gid=0"
	case gid == strconv.Itoa(os.Getegid()):
		return "--idmap keep"
	default:
		return mapOthers() + "--set process.gid=" + gid
	}
}

// addedGroup is what to write for a supplementary group.
func addedGroup(t Typed) string {
	if !digits(t.value()) {
		return ""
	}
	return mapOthers() + "--set process.groups=[" + t.value() + "]"
}

// mapOthers is the flag that maps ids other than the caller's.
func mapOthers() string {
	if os.Geteuid() == 0 {
		return "--idmap identity "
	}
	return "--idmap root+subid "
}

// uidAlone is what to write for UID or UID:GID, if it is mapped.
func uidAlone(t Typed) string {
	uid, gid, both := strings.Cut(t.value(), ":")
	if !digits(uid) || both && !digits(gid) {
		return ""
	}
	write := "--set process.uid=" + uid
	if both {
		write += " --set process.gid=" + gid
	}
	return write
}

// memory is what to write for a size, which docker writes in lower case.
func memory(t Typed) string {
	key := "memory"
	if t.Name == "memory-swap" {
		key = "swap"
	}
	size := strings.TrimSuffix(strings.ToUpper(t.value()), "B")
	if !amount(size) {
		return ""
	}
	return "--set limits." + key + "=" + size
}

// shmSize is what to write for the size of /dev/shm.
func shmSize(t Typed) string {
	size := strings.TrimSuffix(strings.ToUpper(t.value()), "B")
	if !amount(size) {
		return ""
	}
	return `--tmpfs /dev/shm --set mounts."/dev/shm".size=` + size
}

// capabilities is what to write for names of capabilities, which others write in lower case.
func capabilities(t Typed) string {
	if t.value() == "" || strings.EqualFold(t.value(), "all") {
		return "--capabilities keep"
	}
	return "--capabilities " + literal(strings.ToUpper(t.value()), "LIST")
}

// rlimit is what to write for NAME=SOFT:HARD, or RLIMIT_NAME=LIMIT.
func rlimit(t Typed) string {
	name, limit, _ := strings.Cut(t.value(), "=")
	return setLimit(strings.TrimPrefix(strings.ToLower(name), "rlimit_"), limit)
}

// rlimitOf is what to write for --rlimit-NAME=LIMIT of firejail.
func rlimitOf(t Typed) string {
	return setLimit(strings.TrimPrefix(t.Name, "rlimit-"), t.value())
}

// setLimit is what to write for a limit, which others write as -1 if there is none. The number of files always has one.
func setLimit(name, limit string) string {
	soft, hard, both := strings.Cut(strings.NewReplacer("unlimited", "infinity", "-1", "infinity").Replace(limit), ":")
	switch {
	case name == "" || soft == "" || both && hard == "" || name == "nofile" && (soft == "infinity" || hard == "infinity"):
		return ""
	case both && soft != hard:
		soft += "," + hard
	}
	return "--set limits.rlimits." + literal(name+"="+soft, "NAME=LIMIT")
}

// stopSignal is what to write for a signal, which others write with SIG or as a number.
func stopSignal(t Typed) string {
	name := strings.TrimPrefix(strings.ToUpper(t.value()), "SIG")
	if name == "" || digits(name) {
		return "--set process.stop_signal=NAME"
	}
	return "--set process.stop_signal=" + literal(name, "NAME")
}

// clock is what to write for an offset of unshare(1): seconds from now.
func clock(t Typed) string {
	seconds := strings.TrimLeft(t.value(), "+-")
	sign := "+"
	if strings.HasPrefix(t.value(), "-") {
		sign = "-"
	}
	return "--new time --set time." + t.Name + "=" + sign + seconds + "s"
}

// literal keeps a text of the user's from being read as a hint, in which a brace begins a placeholder and a space ends a word.
// A text that cannot be in one becomes the placeholder.
func literal(text, placeholder string) string {
	if strings.ContainsAny(text, "{} $\"\\") {
		return placeholder
	}
	return text
}

// amount reports whether a text is a size in the units of nslaunch: 1.5G.
func amount(size string) bool {
	whole, part, point := strings.Cut(strings.TrimRight(size, "KMGTPE"), ".")
	return digits(whole) && (!point || digits(part))
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
