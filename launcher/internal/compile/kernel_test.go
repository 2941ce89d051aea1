package compile

import (
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
)

// What has settings is covered on kernels that have it, such as /proc/dynamic_debug of most distributions. The control
// is a kernel that does not.
func TestSettingsOfOtherKernels(t *testing.T) {
	p, err := config.Parse("p.toml", []byte("version = 1\nnamespaces = { mount = \"new\", pid = \"new\" }\nprocess.capabilities = \"none\"\n"), config.CallerVars())
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.Probe(p)
	if err != nil {
		t.Fatal(err)
	}
	root := uint32(0)
	for _, name := range slices.Concat(host.ReadonlySettings(), host.MaskedSettings()) {
		for _, there := range []bool{true, false} {
			h.UID, h.Settings.Root, h.Settings.Whole = 0, &root, true
			h.Settings.Settings = []string{"sys", "kallsyms"}
			if there {
				h.Settings.Settings = append(h.Settings.Settings, name)
			}
			h.Look("/dev/null")
			p, err := Compile(p, h, []string{"true"})
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(p.Steps, func(s plan.Step) bool {
				return strings.HasPrefix(s.Action.String(), "make the kernel's settings in /proc read-only: ")
			})
			if at < 0 {
				t.Fatalf("nothing is covered: %v", p.Steps)
			}
			words := strings.FieldsFunc(p.Steps[at].Action.String(), func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
			if want := there || name == "sys" || name == "kallsyms"; slices.Contains(words, name) != want {
				t.Errorf("the kernel has %s: %v; the step is %q", name, there, p.Steps[at].Action.String())
			}
		}
	}
}
