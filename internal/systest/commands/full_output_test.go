package commands

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// A result that cannot be written is an error, for each command that prints one. The control is the same command with
// its output to a file.
func TestFullOutput(t *testing.T) {
	u := nstest.Superuser(t)
	if os.Geteuid() != 0 {
		nstest.Skip(t, "not root")
	}
	dir := u.TempDir(t)
	profile := u.WriteFile(t, filepath.Join(dir, "p.toml"), "version = 1\ncommand = [\"true\"]\n")
	bad := u.WriteFile(t, filepath.Join(dir, "bad.toml"), "version = 1\nno_such_key = 1\n")
	name := startDetached(t, u, dir)
	for _, test := range []struct {
		args         string
		status, fine int
	}{
		{"check --json " + profile, 1, 0}, {"check " + bad, 1, 1},
		{"plan " + profile, 1, 0}, {"plan --json " + profile, 1, 0}, {"plan --syscalls " + profile, 1, 0}, {"plan --color=always " + profile, 1, 0},
		{"explain " + profile, 1, 0}, {"explain --json " + profile, 1, 0}, {"explain --svg " + profile, 1, 0}, {"explain " + name, 1, 0},
		{"show " + profile, 1, 0}, {"show --json " + profile, 1, 0}, {"show --origin --json " + profile, 1, 0}, {"show " + profile + " version", 1, 0},
		{"ps", 1, 0}, {"ps --json", 1, 0}, {"ns", 1, 0}, {"ns --json", 1, 0}, {"doctor", 1, 0}, {"doctor --json", 1, 0},
		{"help", 1, 0}, {"help --json", 1, 0}, {"help plan", 1, 0}, {"help --json plan", 1, 0}, {"plan --help", 1, 0},
		{"run --help", 125, 0}, {"exec --help", 125, 0}, {"exec --plan " + name, 125, 0},
		{"man", 1, 0}, {"man 5", 1, 0}, {"schema", 1, 0}, {"version", 1, 0}, {"version --json", 1, 0},
		{"completion bash", 1, 0}, {"completion zsh", 1, 0}, {"completion fish", 1, 0}, {"__complete pl", 1, 0},
		{"unit " + profile, 1, 0}, {"unit --json " + profile, 1, 0}, {"init --list", 1, 0}, {"init --list --json", 1, 0}, {"init -", 1, 0},
		{"logs " + name, 1, 0},
	} {
		for output, want := range map[string]int{"/dev/full": test.status, filepath.Join(dir, "output"): test.fine} {
			file, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			var stderr strings.Builder
			cmd := exec.Command(nstest.Nslaunch(t), strings.Fields(test.args)...)
			cmd.Dir, cmd.Stdout, cmd.Stderr = dir, file, &stderr
			_ = cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != want {
				t.Errorf("%s >%s: status %d, want %d\n%s", test.args, output, got, want, &stderr)
			}
			if got := strings.Contains(stderr.String(), "standard output: no space left on device"); got != (output == "/dev/full") {
				t.Errorf("%s >%s: %s", test.args, output, &stderr)
			}
			file.Close()
		}
	}
}

// startDetached leaves a sandbox that says a word, and returns its name.
func startDetached(t *testing.T, u nstest.User, dir string) string {
	t.Helper()
	cmd := exec.Command(nstest.Nslaunch(t), "run", "--detach", "--name", "says", "--new", "user,pid", "--", "sh", "-c", "echo word; exec sleep 600")
	cmd.Dir = dir
	if r := nstest.Run(t, cmd); r.Status != 0 {
		t.Fatalf("%+v", r)
	}
	t.Cleanup(func() { nstest.MustRun(t, exec.Command(nstest.Nslaunch(t), "stop", "says")) })
	return "says"
}
