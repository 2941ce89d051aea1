package step

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// SetUmask sets the file mode creation mask.
type SetUmask struct{ Mask uint32 }

func (a SetUmask) String() string { return fmt.Sprintf("set the umask %03o", a.Mask) }

func (a SetUmask) Emit(s *Assembler) { s.Call(unix.SYS_UMASK, program.Const(uint64(a.Mask))) }

func (a SetUmask) Leave(t *plan.Target) { t.Umask = &a.Mask }

// NewKeyring gives the process a session keyring of its own: keyrings belong
// to no namespace.
type NewKeyring struct{}

func (NewKeyring) String() string { return "join a new session keyring" }

func (NewKeyring) Emit(s *Assembler) {
	// A kernel without keyrings has none to protect.
	s.Call(unix.SYS_KEYCTL, program.Const(unix.KEYCTL_JOIN_SESSION_KEYRING), null()).PassOver(unix.ENOSYS)
}

// SetRlimit sets a resource limit of the process itself.
type SetRlimit struct {
	config.Rlimit
	Restore bool // the caller's own, which the Go runtime raised
}

func (a SetRlimit) String() string {
	verb := "set"
	if a.Restore {
		verb = "restore"
	}
	return fmt.Sprintf("%s the limit %s to %s, %s", verb, a.Name, LimitWord(a.Soft), LimitWord(a.Hard))
}

// LimitWord is a limit as a plan says it: a number, or "infinity".
func LimitWord(v uint64) string {
	if v == config.RlimitInfinity {
		return "infinity"
	}
	return fmt.Sprint(v)
}

// HigherLimit says how to raise a hard limit for nslaunch, in a shell and in a unit.
func HigherLimit(r config.Rlimit) string {
	most := strings.ReplaceAll(LimitWord(r.Hard), "infinity", "unlimited") // as prlimit(1) writes it
	return fmt.Sprintf("raise it for nslaunch: sudo prlimit --pid $$ --%s=%s, or Limit%s= of its unit", r.Name, most, strings.ToUpper(r.Name))
}

func (a SetRlimit) Emit(s *Assembler) {
	s.Call(unix.SYS_PRLIMIT64, null(), program.Int(rlimitResource(a.Name)), s.Words(a.Soft, a.Hard), null())
}

func (a SetRlimit) Leave(t *plan.Target) { t.Rlimits = append(t.Rlimits, a.Rlimit) }

// rlimitResource is the RLIMIT_* number of a limit.
func rlimitResource(name string) int { return slices.Index(config.RlimitNames(), name) }

// SetSession says which session and process group the command is in.
type SetSession struct {
	Terminal config.Terminal
	Group    bool // inherit: in a process group of its own
}

func (a SetSession) String() string {
	switch {
	case a.Terminal == config.TerminalPTY:
		return "start a session with the new terminal"
	case a.Terminal == config.TerminalNone:
		return "start a session without a terminal"
	case a.Group:
		return "start a process group"
	}
	return "stay in the launcher's process group"
}

func (a SetSession) Emit(s *Assembler) {
	switch {
	case a.Terminal == config.TerminalPTY:
		s.Call(unix.SYS_SETSID)
		s.Call(unix.SYS_IOCTL, program.Int(s.layout.Terminal), program.Const(unix.TIOCSCTTY), null())
	case a.Terminal == config.TerminalNone:
		s.Call(unix.SYS_SETSID)
	case a.Group:
		s.Call(unix.SYS_SETPGID, null(), null())
	}
}

// SetGroups sets the supplementary groups.
type SetGroups struct{ Groups []uint32 }

func (a SetGroups) String() string {
	if len(a.Groups) == 0 {
		return "drop supplementary groups"
	}
	words := make([]string, len(a.Groups))
	for i, g := range a.Groups {
		words[i] = fmt.Sprint(g)
	}
	return "set the supplementary groups " + strings.Join(words, ", ")
}

func (SetGroups) Privileged() {}

func (a SetGroups) Emit(s *Assembler) {
	buf := make([]byte, 0, 4*len(a.Groups))
	for _, g := range a.Groups {
		buf = append(buf, byte(g), byte(g>>8), byte(g>>16), byte(g>>24))
	}
	list := null()
	if len(buf) > 0 {
		list = s.Bytes(buf)
	}
	s.Call(unix.SYS_SETGROUPS, program.Int(len(a.Groups)), list)
}

func (a SetGroups) Leave(t *plan.Target) {
	groups := append([]uint32{}, a.Groups...) // none is not unchanged
	t.Groups = &groups
}

// BecomeUser sets the command's ids.
type BecomeUser struct {
	UID, GID int64 // -1: unchanged
	KeepCaps bool
}

func (a BecomeUser) String() string { return "become " + idWords(a.UID, a.GID) }

func (BecomeUser) Privileged() {}

func (a BecomeUser) Emit(s *Assembler) {
	if a.KeepCaps {
		s.prctl(unix.PR_SET_KEEPCAPS, 1)
	}
	s.setIDs(a.UID, a.GID, false)
}

func (a BecomeUser) Leave(t *plan.Target) { t.UID, t.GID = a.UID, a.GID }

// DropBounding takes capabilities out of the bounding set.
type DropBounding struct {
	Keep    uint64
	LastCap int
}

func (a DropBounding) String() string {
	if a.Keep == 0 {
		return "empty the capability bounding set"
	}
	return "limit the capability bounding set to " + CapabilityWords(a.Keep)
}

func (DropBounding) Privileged() {}

func (a DropBounding) Emit(s *Assembler) {
	for c := range a.LastCap + 1 {
		if a.Keep>>c&1 == 0 {
			s.prctl(unix.PR_CAPBSET_DROP, uint64(c))
		}
	}
}

func (a DropBounding) Leave(t *plan.Target) { t.Bounding = &a.Keep }

// CapabilityWords lists the names of a set of capabilities; "" is none.
func CapabilityWords(set uint64) string {
	var words []string
	for i, name := range config.CapabilityNames() {
		if set>>i&1 == 1 {
			words = append(words, name)
		}
	}
	return strings.Join(words, ", ")
}

// SetCapabilities sets the command's capabilities exactly.
type SetCapabilities struct {
	Set     uint64
	Ambient bool // raise them so that they outlive the execve of one who is not root
}

func (a SetCapabilities) String() string {
	if a.Set == 0 {
		return "drop all capabilities"
	}
	if a.Ambient {
		return "set the ambient capabilities " + CapabilityWords(a.Set)
	}
	return "set the capabilities " + CapabilityWords(a.Set)
}

func (SetCapabilities) Privileged() {}

func (a SetCapabilities) Emit(s *Assembler) {
	s.prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL)
	if !a.Ambient {
		s.capset(a.Set, a.Set, 0)
		return
	}
	s.capset(a.Set, a.Set, a.Set)
	for c := range 64 {
		if a.Set>>c&1 == 1 {
			s.prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, uint64(c))
		}
	}
}

func (a SetCapabilities) Leave(t *plan.Target) { t.Capabilities, t.Ambient = &a.Set, a.Ambient }

// ChangeDir changes the working directory, and makes sure that it is below the root.
type ChangeDir struct {
	Path  string
	OrTop bool // "/" where there is no such directory
}

func (a ChangeDir) String() string {
	text := "change to " + quote.Word(a.Path)
	if a.OrTop {
		text += ", or to / if it is missing"
	}
	return text
}

func (a ChangeDir) Emit(s *Assembler) {
	if a.OrTop {
		s.Call(unix.SYS_CHDIR, s.String("/"))
		s.Call(unix.SYS_CHDIR, s.String(a.Path)).PassOver(unix.ENOENT, unix.ENOTDIR, unix.EACCES)
	} else {
		s.Call(unix.SYS_CHDIR, s.String(a.Path))
	}
	s.Special(program.SpecialCwd)
}

func (a ChangeDir) Leave(t *plan.Target) { t.Cwd, t.CwdOrTop = a.Path, a.OrTop }

// SetNoNewPrivs makes set-user-id and file capabilities of no effect.
type SetNoNewPrivs struct{}

func (SetNoNewPrivs) String() string { return "set no_new_privs" }

func (SetNoNewPrivs) Emit(s *Assembler) { s.prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }

func (SetNoNewPrivs) Leave(t *plan.Target) { t.NoNewPrivs = true }

// CloseFDs closes all descriptors but the standard three, those to keep and,
// last of all, by the execve itself, the one that reports errors.
type CloseFDs struct{ Keep []int }

func (a CloseFDs) String() string {
	text := "close descriptors above 2"
	if len(a.Keep) > 0 {
		text += " but " + fdWords(a.Keep)
	}
	return text
}

func (a CloseFDs) Emit(s *Assembler) {
	keep := append([]int{0, 1, 2, s.layout.Sync}, a.Keep...)
	slices.Sort(keep)
	s.closeAllBut(keep)
}

func (a CloseFDs) Leave(t *plan.Target) { t.KeptFDs = a.Keep }

// UnblockSignals gives the command an empty signal mask.
type UnblockSignals struct{}

func (UnblockSignals) String() string { return "unblock signals" }

func (UnblockSignals) Emit(s *Assembler) { s.signalMask(0) }

// Execute executes the command, found along the path as execvp(3) does.
type Execute struct {
	Argv []string
	Env  []string
	Path string // PATH inside, for a name without a slash
}

func (a Execute) String() string {
	return fmt.Sprintf("execute %s with %s", quote.Words(a.Argv, " "), a.variables())
}

// Brief is String for an error: the names of many variables would hide what follows them.
func (a Execute) Brief() string {
	const most = 60
	if len(a.variables()) > most {
		return fmt.Sprintf("execute %s with %d variables", quote.Words(a.Argv, " "), len(a.Env))
	}
	return a.String()
}

// variables names those of the environment.
func (a Execute) variables() string {
	names := make([]string, len(a.Env))
	for i, e := range a.Env {
		name, _, _ := strings.Cut(e, "=")
		names[i] = quote.Word(name)
	}
	if len(names) == 0 {
		return "an empty environment"
	}
	return strings.Join(names, " ")
}

// Candidates are the files that may be the command, in order.
func (a Execute) Candidates() []string {
	name := a.Argv[0]
	if strings.Contains(name, "/") {
		return []string{name}
	}
	var files []string
	for _, dir := range strings.Split(a.Path, ":") {
		if dir == "" {
			dir = "."
		}
		file := path.Join(dir, name)
		if !strings.Contains(file, "/") {
			file = "./" + file
		}
		if !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}

func (a Execute) Emit(s *Assembler) {
	argv, env := s.Strings(a.Argv), s.environment(a.Env)
	files := a.Candidates()
	for _, f := range files {
		s.Call(unix.SYS_EXECVE, s.String(f), argv, env).
			PassOver(unix.ENOENT, unix.ENOTDIR, unix.EACCES).With(program.Exec)
	}
	s.Special(program.SpecialNotExecutable)
	// A file that exists and yet is not found lacks its interpreter.
	for _, f := range files {
		s.Call(unix.SYS_FACCESSAT, atCwd(), s.String(f), null(), null(), null(), program.Const(uint64(unix.ELIBBAD))).
			PassOver(unix.ENOENT, unix.ENOTDIR, unix.EACCES).With(program.MustFail)
	}
	s.Special(program.SpecialNotFound)
}

func (a Execute) Leave(t *plan.Target) { t.Env = a.Env }

func (s *Assembler) environment(list []string) program.Operand {
	words := make([]program.Operand, len(list))
	for i, e := range list {
		if e == listenPID && s.listenPID != nil {
			words[i] = *s.listenPID
		} else {
			words[i] = s.String(e)
		}
	}
	return s.Pointers(words...)
}
