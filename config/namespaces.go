package config

import (
	"strconv"
	"strings"
)

// maxPID is the highest that /proc/sys/kernel/pid_max can be set to.
const maxPID = 1 << 22

func namespaceFields(n Namespaces) []field {
	kinds := Kinds()
	fields := make([]field, 1, 1+len(kinds))
	fields[0] = field{name: "all", off: `"host"`, typ: allKindsType(n)}
	for _, k := range kinds {
		fields = append(fields, field{name: string(k), off: `"host"`, typ: namespaceType{n, k}})
	}
	return fields
}

// kindMeant returns the kind of namespace that the kernel or other programs call by that word; "" for none.
func kindMeant(word string) string {
	switch word {
	case "network":
		return string(Net)
	case "mnt":
		return string(Mount)
	case "process":
		return string(PID)
	case "hostname":
		return string(UTS)
	case "clock":
		return string(TimeNS)
	}
	return ""
}

// allKindsType is that of namespaces.all, which is read first, so that a kind's own key wins.
func allKindsType(n Namespaces) Type {
	modes := []NamespaceMode{NamespaceNew, NamespaceHost}
	return by(func(d *decoder, v value) {
		if mode := readEnum(d, v, modes); mode != "" {
			for _, k := range Kinds() {
				n[k] = Namespace{Mode: mode}
			}
		}
	}, func() []*Shape { return []*Shape{oneWord(modes...)} })
}

// namespaceType is that of one kind.
type namespaceType struct {
	all  Namespaces
	kind NamespaceKind
}

func (namespaceType) Shapes() []*Shape {
	return []*Shape{oneWord(NamespaceNew, NamespaceHost), like(`^pid:\+?0*[1-9][0-9]{0,6}$`), like(`^sandbox:` + namePattern), like(hostPathPattern)}
}

func (t namespaceType) Read(d *decoder, v value) {
	s, ok := d.str(v)
	if !ok {
		return
	}
	switch {
	case s == string(NamespaceNew) || s == string(NamespaceHost):
		t.all[t.kind] = Namespace{Mode: NamespaceMode(s)}
	case strings.HasPrefix(s, "pid:"):
		pid, err := strconv.Atoi(s[len("pid:"):])
		if err != nil || pid < 1 || pid > maxPID {
			d.problem(v, "want a process id from 1 to %d after \"pid:\", got %q", maxPID, s)
			return
		}
		t.all[t.kind] = Namespace{Mode: NamespacePID, PID: pid}
	case strings.HasPrefix(s, "sandbox:"):
		if name := s[len("sandbox:"):]; SoundName(name) {
			t.all[t.kind] = Namespace{Mode: NamespaceSandbox, Sandbox: name}
		} else {
			d.problem(v, "want the name of a sandbox after \"sandbox:\", got %q", s)
		}
	case isPath(s):
		if path, ok := d.hostPath(v, s); ok {
			t.all[t.kind] = Namespace{Mode: NamespacePath, Path: path}
		}
	default:
		d.problem(v, "unknown value %q, want new, host, pid:N, sandbox:NAME or a path that starts with /, ./ or ../%s",
			s, didYouMean(s, []string{"new", "host"}))
	}
}
