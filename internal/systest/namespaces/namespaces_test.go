// Package namespaces tests which namespaces a sandbox has: new, joined, and what is in them.
package namespaces

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// combinations are ways to combine the eight kinds of namespaces, a letter for
// each kind in the order of config.Kinds: n is new, h the host's, f joined by a
// file that it is mounted on, p joined as that of a process. With every two
// kinds, all sixteen pairs of ways occur, which TestCombinations makes sure of.
func combinations() []string {
	return strings.Fields(`
		nnnnnnnn hhhhhhhh ffffffff pppppppp
		pfhfhnff nphpppnn hfphffnp fnppnnhh hnfnphpf phnnffhn fpnhhhfh
		hhffnpfp nhnhpnpp nnhfffph hhhphhhp nfpnnhfn ppfpnfpf fffhfpnf
		phpfppnh fnhnhppn pnnhnhnp hpfffnhn ffnppffp nffnhnnh nfnhpphf
		fhpfhhpf hppnhfnp hfnpfhfh pfhhnnpn nnnfpffp`)
}

func TestCombinations(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range combinations() {
		for i := range row {
			for j := range i {
				seen[fmt.Sprint(j, i, row[j:j+1], row[i:i+1])] = true
			}
		}
	}
	if want := 8 * 7 / 2 * 4 * 4; len(seen) != want {
		t.Errorf("%d pairs; want %d", len(seen), want)
	}
}

// neighbourhood is a mount namespace in which the namespaces of a running
// sandbox are mounted on files, in the manner of ip-netns(8).
type neighbourhood struct {
	user  nstest.User
	outer *nstest.Outer
	files string // directory with a file for each kind
	host  map[config.NamespaceKind]uint64
	other *systest.Holder // whose namespaces are joined
}

func newNeighbourhood(t *testing.T, u nstest.User) *neighbourhood {
	t.Helper()
	n := &neighbourhood{user: u, outer: nstest.NewOuter(t, mountprop.Private), files: nstest.TempDir(t)}
	n.host = systest.NamespacesOf(t, fmt.Sprintf("/proc/%d", n.outer.PID()))
	n.other = systest.Hold(t, systest.OuterCommand(t, n.outer, u, "version = 1\nnamespaces = \"new\"\ncommand = [\"cat\"]\n"))
	for _, k := range config.Kinds() {
		file := filepath.Join(n.files, string(k))
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		from := fmt.Sprintf("/proc/%d/ns/%s", n.other.PID, systest.NSFile(k))
		nstest.MustRun(t, n.outer.Command(t, nstest.Superuser(t), "mount", "--bind", from, file))
	}
	return n
}

// command runs cat in the namespaces of a row.
func (n *neighbourhood) command(t *testing.T, row string) *exec.Cmd {
	t.Helper()
	profile := "version = 1\ncommand = [\"cat\"]\n[namespaces]\n"
	for i, k := range config.Kinds() {
		value := map[byte]string{'n': "new", 'h': "host", 'f': filepath.Join(n.files, string(k)), 'p': fmt.Sprintf("pid:%d", n.other.PID)}[row[i]]
		profile += fmt.Sprintf("%s = %q\n", k, value)
	}
	return systest.OuterCommand(t, n.outer, n.user, profile)
}

// refusals are what is said of a row to one who has no privileges outside of
// the other sandbox's user namespace: each line is at the kind's.
func (n *neighbourhood) refusals(row string) []string {
	if row[0] == 'f' || row[0] == 'p' {
		return nil // root there
	}
	var fresh []string
	for i, k := range config.Kinds() {
		if row[0] == 'h' && row[i] == 'n' {
			fresh = append(fresh, string(k))
		}
	}
	what := "new " + strings.Join(fresh, ", ") + " namespaces need"
	if len(fresh) == 1 {
		what = "a new " + fresh[0] + " namespace needs"
	}
	var lines []string
	for i, k := range config.Kinds() {
		refuse := func(what, hint string) {
			lines = append(lines, fmt.Sprintf("p.toml:%d:1: namespaces.%s: %s CAP_SYS_ADMIN, which uid %d does not have here (%s)",
				i+4, k, what, n.user.UID, hint))
		}
		switch {
		case len(fresh) > 0 && string(k) == fresh[0]:
			refuse(what, `add a user namespace: user = "new" in [namespaces]`)
		case row[i] == 'f' || row[i] == 'p':
			refuse("joining a namespace needs", "join the user namespace that owns it, too")
		}
	}
	return lines
}

// Every kind of namespace is what the profile says, in any company.
func TestNamespaces(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		n := newNeighbourhood(t, u)
		before := nstest.Snapshot(t)
		for _, row := range combinations() {
			t.Run(row, func(t *testing.T) {
				cmd := n.command(t, row)
				if lines := n.refusals(row); !u.IsRoot() && len(lines) > 0 {
					systest.WantRefusal(t, cmd, lines...)
					return
				}
				h := systest.Hold(t, cmd)
				got := systest.NamespacesOf(t, fmt.Sprintf("/proc/%d", h.PID))
				for i, k := range config.Kinds() {
					host, other := n.host[k], n.other.Namespaces[k]
					switch row[i] {
					case 'n':
						if got[k] == host || got[k] == other {
							t.Errorf("%s: not a new one", k)
						}
					case 'h':
						if got[k] != host {
							t.Errorf("%s: %d; want the host's, %d", k, got[k], host)
						}
					default:
						if got[k] != other {
							t.Errorf("%s: %d; want the other sandbox's, %d", k, got[k], other)
						}
					}
				}
				if !maps.Equal(got, h.Namespaces) {
					t.Errorf("the status says %v; want %v", h.Namespaces, got)
				}
				h.Release(t)
			})
		}
		nstest.AssertNothingLeft(t, before)
	})
}
