package compile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// planFor compiles a profile for this machine, as if its kernel were another.
func planFor(t *testing.T, text string, kernel [2]int) (*plan.Plan, error) {
	t.Helper()
	p, err := config.Parse("p.toml", []byte(text), config.CallerVars())
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.Probe(p)
	if err != nil {
		t.Fatal(err)
	}
	h.Kernel = kernel
	return Compile(p, h, []string{"true"})
}

// count counts the ops of a system call.
func count(plan *plan.Plan, nr uint16) int {
	n := 0
	for _, op := range plan.Program.Ops {
		if op.Nr == nr {
			n++
		}
	}
	return n
}

// A directory that mount points share is made once, and each mount takes the
// same few calls, however many there are.
func TestMountsAreCheap(t *testing.T) {
	ops := map[int]int{}
	for _, n := range []int{1, 10, 110} {
		text := "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\nroot = \"tmpfs\"\n[mounts]\n"
		for i := range n {
			text += fmt.Sprintf("\"/a/b/c/%d\" = { ro = \"/usr\" }\n", i)
		}
		plan, err := planFor(t, text, [2]int{6, 18})
		if err != nil {
			t.Fatal(err)
		}
		ops[n] = len(plan.Program.Ops)
		if got, want := count(plan, unix.SYS_MKDIRAT), 3+n; got != want {
			t.Errorf("%d mounts: %d directories are made; want %d", n, got, want)
		}
	}
	if each := ops[110] - ops[10]; each%100 != 0 || each/100 > 13 {
		t.Errorf("100 more mounts take %d calls", each)
	}
}

// The same profile and host give the same plan.
func TestSamePlan(t *testing.T) {
	const text = `version = 1
namespaces = "new"
root = { overlay = "tmpfs" }
dev = "minimal"
sys = "new"
[mounts]
tmpfs = ["/a/b", "/a/c", "/d"]
masked = ["-/none", "/usr/share"]
"/etc/passwd" = { type = "passwd" }
"/e" = { rw = "/usr", propagation = "slave+shared" }
`
	var first string
	for range 10 {
		plan, err := planFor(t, text, [2]int{6, 18})
		if err != nil {
			t.Fatal(err)
		}
		got := plan.String() + plan.Syscalls()
		if first == "" {
			first = got
		}
		if got != first {
			t.Fatal("two plans differ")
		}
	}
}

// How the directories of an overlay are passed to the kernel depends on what it accepts.
func TestOverlayKernels(t *testing.T) {
	const text = "version = 1\nnamespaces = { user = \"new\", mount = \"new\" }\n[mounts]\n\"/mnt\" = { type = \"overlay\", lower = [%s] }\n"
	for kernel, want := range map[[2]int]string{
		{6, 1}:  "1 lowerdir=/usr:/etc, 1 upperdir=overlay1/upper, 1 workdir=overlay1/work",
		{6, 8}:  "1 lowerdir+=/usr, 1 lowerdir+=/etc, 1 upperdir=overlay1/upper, 1 workdir=overlay1/work",
		{6, 13}: "5 lowerdir+=, 5 lowerdir+=, 5 upperdir=, 5 workdir=",
	} {
		plan, err := planFor(t, fmt.Sprintf(text, `"/usr", "/etc"`), kernel)
		if err != nil {
			t.Fatal(err)
		}
		var options []string
		for _, op := range plan.Program.Ops {
			if name := plan.Program.CString(op.Args[2].Value); op.Nr == unix.SYS_FSCONFIG && op.Args[2].Kind == program.KindData && strings.Contains(name, "dir") {
				value := ""
				if op.Args[3].Kind == program.KindData {
					value = plan.Program.CString(op.Args[3].Value)
				}
				options = append(options, fmt.Sprintf("%d %s=%s", op.Args[1].Value, name, value))
			}
		}
		if got := strings.Join(options, ", "); got != want {
			t.Errorf("Linux %v: %s; want %s", kernel, got, want)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{strings.Repeat("x", 200), "a,b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	long := dir + "/" + strings.Repeat("x", 200)
	for _, test := range []struct {
		lower  string
		kernel [2]int
		want   string
	}{
		{fmt.Sprintf("%q, %q", long, dir+"/a,b"), [2]int{6, 5}, "before Linux 6.13, the kernel accepts at most 255 bytes of paths for an overlay"},
		{fmt.Sprintf("%q", dir+"/a,b"), [2]int{6, 4}, fmt.Sprintf("before Linux 6.5, the kernel accepts no comma in the paths of an overlay, got %q", dir+"/a,b")},
		{fmt.Sprintf("%q, %q", long, dir+"/a,b"), [2]int{6, 8}, "<nil>"},
		{fmt.Sprintf("%q, %q", long, dir+"/a,b"), [2]int{6, 13}, "<nil>"},
	} {
		_, err := planFor(t, fmt.Sprintf(text, test.lower), test.kernel)
		if got := fmt.Sprint(err); !strings.Contains(got, test.want) {
			t.Errorf("Linux %v, %s: %s; want %s", test.kernel, test.lower, got, test.want)
		}
	}
}
