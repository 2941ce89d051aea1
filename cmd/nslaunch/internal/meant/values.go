package meant

import (
	"os"
	"strconv"
	"strings"
)

// volume is what to write for a volume of docker: SRC:DST, with options.
func volume(t Typed) string {
	parts := strings.Split(t.value(), ":")
	if len(parts) < 3 {
		return "--bind {SRC:DST}"
	}
	flag := "--bind "
	for option := range strings.SplitSeq(parts[2], ",") {
		if option == "ro" || option == "readonly" {
			flag = "--ro-bind "
		}
	}
	return flag + literal(parts[0]+":"+parts[1])
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
		return "--tmpfs " + literal(target)
	case fields["type"] != "bind" || source == "":
	case has && readonly != "false":
		return "--ro-bind " + literal(source+":"+target)
	default:
		return "--bind " + literal(source+":"+target)
	}
	return ""
}

// device is what to write for a device: DEVICE, or DEVICE:INSIDE, with permissions after another colon.
func device(t Typed) string {
	parts := strings.Split(t.value(), ":")
	if len(parts) > 1 && strings.HasPrefix(parts[1], "/") {
		return "--bind " + literal(parts[0]+":"+parts[1])
	}
	return "--bind " + literal(parts[0])
}

// overlay is what to write for an overlay of systemd-nspawn: LOWER:…:UPPER:DST. The changes go to memory: nslaunch needs another form of
// directory for them.
func overlay(t Typed) string {
	parts := strings.Split(t.value(), ":")
	last := len(parts) - 1
	if last < 1 {
		return ""
	}
	var lower []string
	for _, dir := range parts[:last] {
		lower = append([]string{strconv.Quote(literal(dir))}, lower...)
	}
	at := `--set mounts."` + literal(parts[last]) + `".`
	return at + "type=overlay " + at + "lower=[" + strings.Join(lower, ",") + "]"
}

// unshared is what to write for a flag such as --unshare-net-try of bwrap.
func unshared(t Typed) string {
	kind := strings.TrimSuffix(strings.TrimPrefix(t.Name, "unshare-"), "-try")
	return "--new " + kind
}

// hosts is what to write for a namespace of the host.
func hosts(t Typed) string {
	return "--set namespaces." + strings.TrimSuffix(t.Name, "ns") + "=host"
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
	next := t.arg(1)
	if !t.Assigned && !strings.HasSuffix(next, ".toml") && !strings.HasPrefix(next, "preset:") {
		return ""
	}
	return mapOthers() + "--set process.uid=$(id -u {NAME})"
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
	if !digits(strings.TrimRight(size, "KMGTPE")) {
		return ""
	}
	return "--set limits." + key + "=" + size
}

// shmSize is what to write for the size of /dev/shm.
func shmSize(t Typed) string {
	size := strings.TrimSuffix(strings.ToUpper(t.value()), "B")
	if !digits(strings.TrimRight(size, "KMGTPE")) {
		return ""
	}
	return `--tmpfs /dev/shm --set mounts."/dev/shm".size=` + size
}

// capabilities is what to write for names of capabilities, which others write in lower case.
func capabilities(t Typed) string {
	if t.value() == "" || strings.EqualFold(t.value(), "all") {
		return "--capabilities keep"
	}
	return "--capabilities " + literal(strings.ToUpper(t.value()))
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

func setLimit(name, limit string) string {
	soft, hard, both := strings.Cut(limit, ":")
	if soft == "" || both && hard == "" {
		return ""
	}
	if both {
		soft = "[" + soft + "," + hard + "]"
	}
	return "--set limits.rlimits." + literal(name+"="+soft)
}

// stopSignal is what to write for a signal, which others write with SIG or as a number.
func stopSignal(t Typed) string {
	name := strings.TrimPrefix(strings.ToUpper(t.value()), "SIG")
	if name == "" || digits(name) {
		return "--set process.stop_signal=NAME"
	}
	return "--set process.stop_signal=" + literal(name)
}

// clock is what to write for an offset of unshare(1), in seconds.
func clock(t Typed) string { return "--new time --set time." + t.Name + "={SECONDS}s" }

// literal keeps a text of the user's from being read as a hint, in which a brace begins a placeholder and a space ends a word.
func literal(text string) string {
	if strings.ContainsAny(text, "{} $\"\\") {
		return "VALUE"
	}
	return text
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
