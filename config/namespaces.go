package config

import (
	"strconv"
	"strings"
)

// maxPID is the highest that /proc/sys/kernel/pid_max can be set to.
const maxPID = 1 << 22

func namespaceFields() []field {
	kinds := Kinds()
	fields := make([]field, 1, 1+len(kinds))
	fields[0] = field{name: "all", off: `"host"`, read: readAll}
	for _, k := range kinds {
		fields = append(fields, field{name: string(k), off: `"host"`, read: func(d *decoder, v value) { d.readNamespace(k, v) }})
	}
	return fields
}

// readAll is read first, so that a kind's own key wins.
func readAll(d *decoder, v value) {
	if mode := enum(d, v, NamespaceNew, NamespaceHost); mode != "" {
		for _, k := range Kinds() {
			d.p.Namespaces[k] = Namespace{Mode: mode}
		}
	}
}

func (d *decoder) readNamespace(k NamespaceKind, v value) {
	d.takes(v, oneWord(NamespaceNew, NamespaceHost), like(`^pid:\+?0*[1-9][0-9]{0,6}$`), like(`^sandbox:`+namePattern), like(hostPathPattern))
	s, ok := d.str(v)
	if !ok {
		return
	}
	switch {
	case s == string(NamespaceNew) || s == string(NamespaceHost):
		d.p.Namespaces[k] = Namespace{Mode: NamespaceMode(s)}
	case strings.HasPrefix(s, "pid:"):
		pid, err := strconv.Atoi(s[len("pid:"):])
		if err != nil || pid < 1 || pid > maxPID {
			d.problem(v, "want a process id from 1 to %d after \"pid:\", got %q", maxPID, s)
			return
		}
		d.p.Namespaces[k] = Namespace{Mode: NamespacePID, PID: pid}
	case strings.HasPrefix(s, "sandbox:"):
		if name := s[len("sandbox:"):]; SoundName(name) {
			d.p.Namespaces[k] = Namespace{Mode: NamespaceSandbox, Sandbox: name}
		} else {
			d.problem(v, "want the name of a sandbox after \"sandbox:\", got %q", s)
		}
	case isPath(s):
		if path, ok := d.hostPath(v, s); ok {
			d.p.Namespaces[k] = Namespace{Mode: NamespacePath, Path: path}
		}
	default:
		d.problem(v, "unknown value %q, want new, host, pid:N, sandbox:NAME or a path that starts with /, ./ or ../%s",
			s, didYouMean(s, []string{"new", "host"}))
	}
}
