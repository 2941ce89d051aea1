package host

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nofile"
	"github.com/nslaunch/nslaunch/internal/smallfile"
	"github.com/nslaunch/nslaunch/launcher/internal/stage"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// Probe asks this machine what launcher.Compile has to know for the profile, and
// nothing else. What is missing or forbidden is no error here: the compiler
// says so at the profile's line.
func Probe(p *config.Profile) (*Host, error) { return probe(p, false) }

// ProbeAlone is [Probe] for a program that does nothing but launch. It is faster, and after it the calling thread may have its working directory,
// umask and root for itself, the same as before: os.Chdir in another thread does not change them any more.
func ProbeAlone(p *config.Profile) (*Host, error) { return probe(p, true) }

func probe(p *config.Profile, alone bool) (*Host, error) {
	h := &Host{
		UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), PageSize: os.Getpagesize(),
		Env:   os.Environ(),
		Joins: map[config.NamespaceKind]NamespaceFile{},
		Files: make(map[string]tree.File, 16+len(p.Mounts)), Targets: make(map[string]tree.File, 3+len(p.Mounts)), Contents: map[string]string{},
		OwnNamespaces: map[config.NamespaceKind]uint64{}, OpenFDs: map[int]bool{},
		Rlimits: rlimits(),
	}
	if _, err := os.Stat("/proc/self"); err != nil {
		return nil, errors.New("/proc is not mounted here, and nslaunch needs it (mount -t proc proc /proc)")
	}
	if err := h.probeKernel(); err != nil {
		return nil, err
	}
	h.Portable = portable()
	h.Cwd, _ = os.Getwd() // one that was removed has no name
	for k, n := range p.Namespaces {
		if n.Joined() {
			h.Joins[k] = h.namespaceToJoin(joinPath(k, n))
			h.OwnNamespaces[k] = namespaceFile("/proc/self/ns/" + ProcName(k)).Ino
		}
	}
	if len(h.Joins) > 0 {
		h.OwnNamespaces[config.User] = namespaceFile("/proc/self/ns/user").Ino
	}
	if pr := p.Process; p.Namespaces.New(config.User) || pr.UID != nil || pr.GID != nil || pr.Groups != nil {
		text, _ := ReadFile("/proc/self/setgroups")
		h.SetgroupsDenied = strings.TrimSpace(string(text)) == "deny"
	}
	if p.Namespaces.New(config.User) || p.Dev.Mode == config.DevMinimal || p.Root.Overlay.Mode != config.OverlayNone || slices.ContainsFunc(p.Mounts, hasIDs) {
		if err := h.probeIDs(p); err != nil {
			return nil, err
		}
	}
	if err := h.probeFiles(p); err != nil {
		return nil, err
	}
	h.probeService(p)
	if err := h.probeTree(p, alone); err != nil {
		return nil, err
	}
	if err := h.probeSettings(h.expand(p)); err != nil {
		return nil, err
	}
	if p.Namespaces.New(config.TimeNS) {
		offsets, _ := ReadFile("/proc/self/timens_offsets") // none before Linux 5.6, nor the namespace
		h.Monotonic = ClockState{clock(unix.CLOCK_MONOTONIC), clockOffsetOf(string(offsets), "monotonic")}
		h.Boottime = ClockState{clock(unix.CLOCK_BOOTTIME), clockOffsetOf(string(offsets), "boottime")}
	}
	for _, fd := range p.Process.KeepFDs {
		h.OpenFDs[fd] = inherited(fd)
	}
	for _, fd := range h.KeepFDs(p) {
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
			h.KeptTerminals = append(h.KeptTerminals, fd)
		}
	}
	if p.Scope.Mode != config.ScopeOff {
		h.probeScope(p)
	}
	h.Terminal = terminalState()
	return h, nil
}

// hasIDs reports whether a mount depends on which ids there are.
func hasIDs(m config.MountEntry) bool {
	return m.IDMap != nil || m.Type == config.MountDevpts || m.Type == config.MountOverlay || m.UID != nil || m.GID != nil
}

func (h *Host) probeKernel() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return os.NewSyscallError("capget", err)
	}
	h.Caps = uint64(data[0].Effective) | uint64(data[1].Effective)<<32
	h.LastCap = LastCap()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return os.NewSyscallError("uname", err)
	}
	h.Kernel = version(unix.ByteSliceToString(name.Release[:]))
	return nil
}

// version reads the first two numbers of a release such as "6.1.0-13-amd64".
func version(release string) (v [2]int) {
	at := 0
	for _, c := range []byte(release) {
		switch {
		case '0' <= c && c <= '9':
			v[at] = 10*v[at] + int(c-'0')
		case at == 0 && c == '.':
			at++
		default:
			return v
		}
	}
	return v
}

// ReadFile is os.ReadFile for files of /proc.
func ReadFile(name string) ([]byte, error) {
	text, err := smallfile.Read(name, 1<<24)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return text, nil
}

// StatusLine returns a line of a /proc/PID/status, "" where there is none.
func StatusLine(text []byte, name string) string {
	for line := range strings.Lines(string(text)) {
		if n, value, ok := strings.Cut(line, ":"); ok && n == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// imageVariable is the variable of the environment that asks for the portable image, by that word.
const imageVariable = "NSLAUNCH_IMAGE"

// portable says why the sealed image cannot be executed here.
func portable() string {
	switch {
	case os.Getenv(imageVariable) == "portable":
		return imageVariable + " asks for it"
	case !stage.HasImage():
		return "there is no sealed one for " + runtime.GOARCH
	}
	fd, err := stage.NewMemfd("nslaunch", true)
	switch {
	case errors.Is(err, unix.EACCES):
		return "vm.memfd_noexec"
	case err != nil:
		return err.Error()
	}
	unix.Close(fd)
	return ""
}

// LastCap finds the highest capability that the kernel knows.
func LastCap() int {
	last := unix.CAP_LAST_CAP
	for last < 63 && knowsCap(last+1) {
		last++
	}
	for last > 0 && !knowsCap(last) {
		last--
	}
	return last
}

func knowsCap(c int) bool {
	_, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
	return err == nil
}

// rlimits returns the limits that the process was started with.
func rlimits() map[string]config.Rlimit {
	limits := make(map[string]config.Rlimit)
	for i, name := range config.RlimitNames() {
		var l unix.Rlimit
		if unix.Getrlimit(i, &l) == nil {
			limits[name] = config.Rlimit{Name: name, Soft: l.Cur, Hard: l.Max}
		}
	}
	original := nofile.Original
	limits["nofile"] = config.Rlimit{Name: "nofile", Soft: original.Soft, Hard: original.Hard}
	return limits
}

func clock(id int32) time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(id, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// clockOffsetOf finds a clock's line in timens_offsets of time_namespaces(7).
func clockOffsetOf(offsets, clock string) time.Duration {
	for line := range strings.Lines(offsets) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == clock {
			sec, _ := strconv.ParseInt(f[1], 10, 64)
			nsec, _ := strconv.ParseInt(f[2], 10, 64)
			return time.Duration(sec)*time.Second + time.Duration(nsec)
		}
	}
	return 0
}

// probeFiles looks at the paths below /proc that the profile names.
func (h *Host) probeFiles(p *config.Profile) error {
	for _, path := range slices.Concat(p.Proc.ReadonlyPaths, p.Proc.MaskedPaths) {
		h.Files[path] = tree.StatFile(path)
	}
	if len(p.Proc.MaskedPaths) > 0 {
		h.Files["/dev/null"] = tree.StatFile("/dev/null")
	}
	if p.Propagation == mountprop.Shared {
		mounts, err := mountprop.Self()
		if err != nil {
			return err
		}
		f := tree.StatFile("/proc")
		_, f.MountPoint = mountprop.At(mounts, "/proc")
		h.Files["/proc"] = f
	}
	return nil
}

// probeIDs reads the caller's id maps and, where the profile may need them, its subordinate ids.
func (h *Host) probeIDs(p *config.Profile) error {
	var err error
	if h.UIDMap, err = ReadMap("/proc/self/uid_map"); err != nil {
		return err
	}
	if h.GIDMap, err = ReadMap("/proc/self/gid_map"); err != nil {
		return err
	}
	if !p.Namespaces.New(config.User) {
		return nil
	}
	switch p.IDMap.Mode {
	case config.IDMapRoot, config.IDMapKeep, config.IDMapNone, config.IDMapIdentity:
		return nil
	}
	user := userName(h.UID)
	if h.SubUID, err = subordinateIDs("/etc/subuid", user, h.UID); err != nil {
		return err
	}
	if h.SubGID, err = subordinateIDs("/etc/subgid", user, h.UID); err != nil {
		return err
	}
	h.NewUIDMap, h.NewGIDMap = findHelper("newuidmap"), findHelper("newgidmap")
	return nil
}

// ReadMap reads a uid_map or gid_map of user_namespaces(7).
func ReadMap(file string) ([]config.IDRange, error) {
	text, err := ReadFile(file)
	if err != nil {
		return nil, err
	}
	var ranges []config.IDRange
	for line := range strings.Lines(string(text)) {
		var r config.IDRange
		if _, err := fmt.Sscan(line, &r.Inside, &r.Outside, &r.Count); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file, line, err)
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// findHelper finds a set-user-id helper where systems keep such; the caller's
// PATH is not asked.
func findHelper(name string) string {
	for _, dir := range []string{"/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin"} {
		if file := dir + "/" + name; unix.Access(file, unix.X_OK) == nil {
			return file
		}
	}
	return ""
}
