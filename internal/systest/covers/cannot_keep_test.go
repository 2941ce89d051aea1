package covers

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// These tests show that what SECURITY.md says under "What a preset cannot keep" is so. Each has a neighbour that is kept.

// A shell on the host executes what a sandbox writes to the standard input that they share, be it a pipe or a file. With
// another standard input it does not.
func TestStandardInputIsWritable(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := u.TempDir(t)
		systest.MakeDirs(t, dir+"/project")
		u.Own(t, dir)
		mark := dir + "/mark"
		inject := `sh -c "echo touch ` + mark + ` >>/proc/self/fd/0" 2>/dev/null`
		for instead, want := range map[string]bool{"": true, "</dev/null": false, "piped": false} {
			script := nstest.Nslaunch(t) + " run --set process.terminal=none preset:npm " + inject
			if instead == "piped" {
				script = ": | " + script
			} else {
				script += " " + instead
			}
			for _, from := range []string{"cat ../script | bash", "bash <../script"} {
				u.WriteFile(t, dir+"/script", script+"\n")
				cmd := u.Command(t, "sh", "-c", from)
				cmd.Dir = dir + "/project"
				got := nstest.Run(t, cmd)
				_, err := os.Lstat(mark)
				if _ = os.Remove(mark); (err == nil) != want {
					t.Errorf("%s, with %q: executed %v, %+v", from, instead, err == nil, got)
				}
			}
		}
	})
}

// A file that the host replaces while the sandbox runs is no longer covered there. One that the host writes to is.
func TestReplacedFileIsNotCovered(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for edit, want := range map[string]string{
			`for f in .env p.toml; do cp $f new; mv new $f; done`:   "ready\nTOKEN\nwritten\n",
			`for f in .env p.toml; do cp $f new; cat new >$f; done`: "ready\n",
		} {
			dir := u.TempDir(t)
			u.WriteFile(t, dir+"/.env", "TOKEN\n")
			u.WriteFile(t, dir+"/p.toml", "version = 1\nextends = [\"preset:npm\"]\nprocess.terminal = \"none\"\n")
			u.Own(t, dir)
			const look = `{ cat .env; if echo "#" >>p.toml; then echo written; fi; } 2>/dev/null`
			cmd := u.Command(t, nstest.Nslaunch(t), "./p.toml", "sh", "-c", look+"\necho ready\nread line\n"+look)
			cmd.Dir = dir
			if got := betweenReadyAndEnd(t, cmd, func() {
				host := u.Command(t, "sh", "-euc", edit)
				host.Dir = dir
				nstest.MustRun(t, host)
			}); got != want {
				t.Errorf("after %q it says %q, want %q", edit, got, want)
			}
		}
	})
}

// betweenReadyAndEnd runs a command, does something once it has printed "ready", lets it go on with a line, and returns what it printed.
func betweenReadyAndEnd(t *testing.T, cmd *exec.Cmd, do func()) string {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	buf := make([]byte, 1)
	for !strings.HasSuffix(text.String(), "ready\n") {
		if _, err := io.ReadFull(out, buf); err != nil {
			t.Fatalf("after %q: %v, %v", text.String(), err, cmd.Wait())
		}
		text.Write(buf)
	}
	do()
	_, _ = io.WriteString(in, "\n")
	in.Close()
	rest, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	return text.String() + string(rest)
}

// A file of the project that is a hard link to one elsewhere is that file. A copy is not.
func TestHardLinksAreWritable(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		for how, want := range map[string]string{"cp -l": "good\nevil\n", "cp": "good\n"} {
			dir := u.TempDir(t)
			systest.MakeDirs(t, dir+"/project")
			store := u.WriteFile(t, dir+"/store", "good\n")
			u.Own(t, dir)
			nstest.MustRun(t, u.Command(t, "sh", "-euc", how+" "+store+" "+dir+"/project/file"))
			cmd := u.Command(t, nstest.Nslaunch(t), "run", "--set", "process.terminal=none", "preset:npm", "sh", "-c", "echo evil >>file")
			cmd.Dir = filepath.Join(dir, "project")
			nstest.MustRun(t, cmd)
			if text, err := os.ReadFile(store); err != nil || string(text) != want {
				t.Errorf("after %s the store has %q, %v", how, text, err)
			}
		}
	})
}
