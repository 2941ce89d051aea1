package systest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/mountprop"
)

// NewUserProfile is the beginning of a profile whose sandbox has a user namespace and nothing else.
const NewUserProfile = "version = 1\nnamespaces = { user = \"new\" }\n"

// OwnProfile is one with these kinds of namespaces new, and user where the
// caller needs it, and with more lines below.
func OwnProfile(u nstest.User, kinds, rest string) string {
	var words []string
	if !u.IsRoot() {
		words = append(words, `user = "new"`)
	}
	for kind := range strings.FieldsSeq(kinds) {
		words = append(words, kind+` = "new"`)
	}
	return "version = 1\nnamespaces = { " + strings.Join(words, ", ") + " }\n" + rest
}

// OwnTree is the beginning of a profile with namespaces that u may make:
// root's without a new user namespace. The lines that follow are bare keys first.
func OwnTree(u nstest.User, rest ...string) string {
	namespaces := `namespaces = "new"`
	if u.IsRoot() {
		namespaces = `namespaces = { mount = "new", pid = "new", net = "new", ipc = "new", uts = "new", cgroup = "new" }`
	}
	return "version = 1\n" + namespaces + "\n" + strings.Join(rest, "\n") + "\n"
}

// System is the root and the entries of a small system in memory.
const System = `root = "tmpfs"
dev = "minimal"
[mounts]
ro = ["/usr", "/bin", "/lib", "-/lib64"]
`

// SmallSystem makes a root with a shell, cat and true in it, and the libraries that they need.
func SmallSystem(t *testing.T, u nstest.User, root string) {
	t.Helper()
	MakeDirs(t, root+"/bin", root+"/proc", root+"/dev", root+"/sys", root+"/tmp", root+"/run", root+"/usr")
	libraries := regexp.MustCompile(`(?m)(/\S+) \(0x`)
	for _, program := range []string{"/bin/sh", "/bin/cat", "/bin/true"} {
		files := []string{program}
		for _, m := range libraries.FindAllStringSubmatch(nstest.MustRun(t, exec.Command("ldd", program)), -1) {
			files = append(files, m[1])
		}
		for _, file := range files {
			MakeDirs(t, filepath.Dir(root+file))
			nstest.MustRun(t, exec.Command("cp", "-L", file, root+file))
		}
	}
	u.Own(t, root)
}

// Uncommented returns the text of a template in which every setting that is a comment is in effect. The template must have one.
func Uncommented(t *testing.T, template string) string {
	t.Helper()
	setting := regexp.MustCompile(`(?m)^# ((?:[\w.]+|"[^"]+") *= .*|\[\w+\](?: +#.*)?)$`)
	whole := setting.ReplaceAllString(template, "$1")
	if whole == template {
		t.Errorf("no setting is a comment in\n%s", template)
	}
	return whole
}

// Printed runs a shell script in a sandbox of the profile and returns what it
// printed, errors too. It has to succeed.
func Printed(t *testing.T, u nstest.User, profile, script string) string {
	t.Helper()
	return nstest.MustRun(t, ProfileCommand(t, u, profile, "sh", "-c", "exec 2>&1\n"+script))
}

// WantInside compares the output of Printed.
func WantInside(t *testing.T, u nstest.User, profile, script, want string) {
	t.Helper()
	if got := Printed(t, u, profile, script); got != want {
		t.Errorf("with the profile\n%s\nthe script\n%s\nprinted\n%swant\n%s", profile, script, got, want)
	}
}

// WantFailure is WantRefusal for the error of a step, whose number is written #.
func WantFailure(t *testing.T, cmd *exec.Cmd, want string) {
	t.Helper()
	got := nstest.Run(t, cmd)
	text := regexp.MustCompile(`step \d+,`).ReplaceAllString(got.Stderr, "step #,")
	if want = "nslaunch: error: " + want + "\n"; got.Status != StatusSetup || got.Stdout != "" || text != want {
		t.Errorf("got status %d, stdout %q and stderr\n%swant status %d and stderr\n%s", got.Status, got.Stdout, text, StatusSetup, want)
	}
}

// MountOn is the mount on a target, as the probe saw it.
func MountOn(t *testing.T, mounts []mountprop.Mount, target string) mountprop.Mount {
	t.Helper()
	m, ok := mountprop.At(mounts, target)
	if !ok {
		t.Errorf("nothing is mounted on %s: %+v", target, mounts)
	}
	return m
}

// RootFiles is a root for a shell, with its programs bound; the files are u's.
func RootFiles(t *testing.T, u nstest.User, more ...string) string {
	t.Helper()
	files := map[string]string{"usr": "/", "bin": "/", "lib": "/", "lib64": "/", "etc/name": "old\n", "proc": "/", "dev": "/", "sys": "/", "tmp": "/"}
	for _, name := range more {
		files[name] = "/"
	}
	root := Tree(t, u, files)
	if err := os.Chmod(root+"/tmp", os.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	return root
}

// Programs are the entries that a shell needs.
const Programs = "[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n"

// FileText is what a file holds, "" if there is none.
func FileText(file string) string {
	text, _ := os.ReadFile(file)
	return string(text)
}

// RemoveLayer removes what a test made below /var/lib/nslaunch.
func RemoveLayer(t *testing.T, dir string) {
	t.Helper()
	for _, sub := range []string{"upper", "work"} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
			t.Error(err)
		}
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		_ = os.Remove(d) // others may have theirs there
	}
}
