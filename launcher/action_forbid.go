package launcher

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// openLimits opens the directory of the limits that a user namespace has, see namespaces(7), Linux 4.9. What is opened in it is of
// the user namespace of the process that opens it.
type openLimits struct{}

func (openLimits) String() string { return "open /proc/sys/user" }

func (openLimits) emit(s *assembler) {
	s.limitsDir = s.open(atCwd(), "/proc/sys/user", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
}

// forbidNamespaces sets the limits of the user namespace for namespaces that are made in it, and in those below, to
// none. Who has CAP_SYS_RESOURCE in it can raise them again.
type forbidNamespaces struct{ Kinds []config.NamespaceKind }

func (a forbidNamespaces) String() string {
	if len(a.Kinds) == len(config.Kinds()) {
		return "forbid new namespaces inside"
	}
	return "forbid " + newKinds(a.Kinds) + " inside"
}

func (a forbidNamespaces) emit(s *assembler) {
	for _, k := range a.Kinds {
		r := s.open(program.Register(s.limitsDir), maxName(k), unix.O_WRONLY|unix.O_CLOEXEC)
		s.Call(unix.SYS_WRITE, program.Register(r), s.String("0"), program.Int(1))
		s.close(r)
	}
	s.close(s.limitsDir)
}

// forbid knows why a limit cannot be set.
func (f *failure) forbid() Advice {
	cure := try("%s, which restricts nothing", set("restrict.namespaces", "all"))
	switch f.errno {
	case unix.EROFS:
		return Advice{Cause: "/proc/sys is read-only here, as in a container", Cure: cure}
	case unix.ENOENT, unix.ENOTDIR:
		return Advice{Cause: "/proc has no limits of namespaces here, /proc/sys/user", Cure: cure}
	case unix.EACCES:
		return Advice{Cause: "the limits of namespaces in /proc/sys/user cannot be written to", Cure: cure}
	}
	return Advice{}
}

// maxName is the file of /proc/sys/user with the limit on namespaces of a kind.
func maxName(k config.NamespaceKind) string { return "max_" + host.ProcName(k) + "_namespaces" }
