package stage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// A path search executes the first file that can be, and else tells the most
// telling reason why none could.
func TestPathSearch(t *testing.T) { eachImage(t, testPathSearch) }

func testPathSearch(t *testing.T, run runner) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var (
		works       = write("works", "#!/bin/sh\necho $0 $1 $A\n", 0o755)
		forbidden   = write("forbidden", "#!/bin/sh\n", 0o644)
		interpreter = write("interpreter", "#!/no/such/interpreter\n", 0o755)
		nonsense    = write("nonsense", "\x01\x02", 0o755)
		missing     = filepath.Join(dir, "missing")
		below       = filepath.Join(works, "below")
	)
	const end = -1 // the last op
	for _, test := range []struct {
		name  string
		files []string
		want  string // the command's output
		op    int    // that fails; the search begins with op 1
		errno unix.Errno
	}{
		{"at once", []string{works, missing}, works + " word b\n", 0, 0},
		{"the second", []string{missing, works}, works + " word b\n", 0, 0},
		{"after all that is passed over", []string{missing, below, forbidden, dir, interpreter, works}, works + " word b\n", 0, 0},
		{"not found", []string{missing}, "", end, unix.ENOENT},
		{"not a directory", []string{below}, "", end, unix.ENOTDIR},
		{"the last reason that is not remembered for better", []string{below, missing}, "", end, unix.ENOENT},
		{"forbidden", []string{forbidden}, "", 2, unix.EACCES},
		{"forbidden before not found", []string{forbidden, missing, below}, "", 4, unix.EACCES},
		{"not found before forbidden", []string{missing, below, forbidden}, "", 4, unix.EACCES},
		{"a directory", []string{missing, dir}, "", 3, unix.EACCES},
		{"no interpreter", []string{missing, interpreter}, "", 5, unix.ELIBBAD},
		{"forbidden before no interpreter", []string{interpreter, forbidden}, "", 3, unix.EACCES},
		{"nonsense ends the search", []string{nonsense, works}, "", 1, unix.ENOEXEC},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBuilder()
			argv, env := b.Strings([]string{"name", "word"}), b.Strings([]string{"A=b"})
			for _, f := range test.files {
				b.Call(unix.SYS_EXECVE, b.String(f), argv, env).
					PassOver(unix.ENOENT, unix.ENOTDIR, unix.EACCES).With(program.Exec)
			}
			b.Special(program.SpecialNotExecutable)
			for _, f := range test.files {
				b.Call(unix.SYS_FACCESSAT, program.Int(unix.AT_FDCWD), b.String(f), zero(), zero(), zero(), program.Const(uint64(unix.ELIBBAD))).
					PassOver(unix.ENOENT, unix.ENOTDIR, unix.EACCES).With(program.MustFail)
			}
			b.Special(program.SpecialNotFound)
			got := run.with(t).run(mustProgram(t, b))
			if test.errno == 0 {
				if got.stdout != test.want || len(got.sync) != 0 || got.stderr != "" {
					t.Errorf("got %+v; want output %q", got, test.want)
				}
				return
			}
			want := test.op
			if want == end {
				want = b.Len() - 1
			}
			if op, errno := got.failure(t); op != want || errno != test.errno {
				t.Errorf("op %d: %v; want op %d: %v", op, errno, want, test.errno)
			}
		})
	}
}

// What the search passes over is not remembered for ops of other kinds.
func TestOnlyExecIsRemembered(t *testing.T) { eachImage(t, testOnlyExecIsRemembered) }

func testOnlyExecIsRemembered(t *testing.T, run runner) {
	b := newBuilder()
	b.Call(unix.SYS_FACCESSAT, program.Int(unix.AT_FDCWD), b.String("/dev/null/x"), zero()).PassOver(unix.ENOTDIR, unix.EACCES)
	b.Special(program.SpecialNotFound)
	if op, errno := run.with(t).run(mustProgram(t, b)).failure(t); op != 2 || errno != unix.ENOENT {
		t.Errorf("op %d: %v; want op 2: ENOENT", op, errno)
	}
}
