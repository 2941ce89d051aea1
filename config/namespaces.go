package config

import (
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// maxPID is the highest that /proc/sys/kernel/pid_max can be set to.
const maxPID = 1 << 22

func namespaceFields(n Namespaces) []lang.Field {
	kinds := Kinds()
	fields := make([]lang.Field, 1, 1+len(kinds))
	fields[0] = lang.Field{Name: "all", Off: `"host"`, Type: allKindsType(n)}
	for _, k := range kinds {
		fields = append(fields, lang.Field{Name: string(k), Off: `"host"`, Type: namespaceType{n, k}})
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
func allKindsType(n Namespaces) lang.Type {
	modes := []NamespaceMode{NamespaceNew, NamespaceHost}
	return lang.By(func(d *lang.Decoder, v lang.Value) {
		if mode := lang.ReadEnum(d, v, modes); mode != "" {
			for _, k := range Kinds() {
				n[k] = Namespace{Mode: mode}
			}
		}
	}, func() []*Shape { return []*Shape{lang.OneWord(modes...)} })
}

// namespaceType is that of one kind.
type namespaceType struct {
	all  Namespaces
	kind NamespaceKind
}

func (namespaceType) Shapes() []*Shape {
	return []*Shape{lang.OneWord(NamespaceNew, NamespaceHost), lang.Like(`^pid:\+?0*[1-9][0-9]{0,6}$`), lang.Like(`^sandbox:` + namePattern), lang.Like(lang.HostPathPattern)}
}

func (t namespaceType) Read(d *lang.Decoder, v lang.Value) {
	s, ok := d.FilledText(v)
	if !ok {
		return
	}
	switch {
	case s == string(NamespaceNew) || s == string(NamespaceHost):
		t.all[t.kind] = Namespace{Mode: NamespaceMode(s)}
	case strings.HasPrefix(s, "pid:"):
		pid, err := strconv.Atoi(s[len("pid:"):])
		if err != nil || pid < 1 || pid > maxPID {
			d.Problem(v, "want a process id from 1 to %d after \"pid:\", got %q", maxPID, s)
			return
		}
		t.all[t.kind] = Namespace{Mode: NamespacePID, PID: pid}
	case strings.HasPrefix(s, "sandbox:"):
		if name := s[len("sandbox:"):]; SoundName(name) {
			t.all[t.kind] = Namespace{Mode: NamespaceSandbox, Sandbox: name}
		} else {
			d.Problem(v, "want the name of a sandbox after \"sandbox:\", got %q", s)
		}
	case lang.IsPath(s):
		if path, ok := d.HostPath(v, s); ok {
			t.all[t.kind] = Namespace{Mode: NamespacePath, Path: path}
		}
	default:
		d.Problem(v, "unknown value %q, want new, host, pid:N, sandbox:NAME or a path that starts with /, ./ or ../%s",
			s, lang.DidYouMean(s, []string{"new", "host"}))
	}
}
