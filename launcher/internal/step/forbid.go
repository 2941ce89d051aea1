package step

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// OpenLimits opens the directory of the limits that a user namespace has, see namespaces(7), Linux 4.9. What is opened in it is of
// the user namespace of the process that opens it.
type OpenLimits struct{}

func (OpenLimits) String() string { return "open /proc/sys/user" }

func (OpenLimits) Emit(s *Assembler) {
	s.limitsDir = s.open(atCwd(), "/proc/sys/user", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
}

// ForbidNamespaces sets the limits of the user namespace for namespaces that are made in it, and in those below, to
// none. Who has CAP_SYS_RESOURCE in it can raise them again.
type ForbidNamespaces struct{ Kinds []config.NamespaceKind }

func (a ForbidNamespaces) String() string {
	if len(a.Kinds) == len(config.Kinds()) {
		return "forbid new namespaces inside"
	}
	return "forbid " + NewKinds(a.Kinds) + " inside"
}

func (a ForbidNamespaces) Emit(s *Assembler) {
	for _, k := range a.Kinds {
		r := s.open(program.Register(s.limitsDir), MaxName(k), unix.O_WRONLY|unix.O_CLOEXEC)
		s.Call(unix.SYS_WRITE, program.Register(r), s.String("0"), program.Int(1))
		s.close(r)
	}
	s.close(s.limitsDir)
}

// MaxName is the file of /proc/sys/user with the limit on namespaces of a kind.
func MaxName(k config.NamespaceKind) string { return "max_" + host.ProcName(k) + "_namespaces" }
