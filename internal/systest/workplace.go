package systest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Workplace is where a user's sandboxes are recorded in a test: root has one directory, others get one each.
type Workplace struct {
	T    *testing.T
	User nstest.User
	Dir  string // of profiles, records and output
}

// NewWorkplace makes a place for u, and takes away after the test what was recorded there.
func NewWorkplace(t *testing.T, u nstest.User) *Workplace {
	t.Helper()
	p := &Workplace{t, u, u.TempDir(t)}
	// What has ended is kept for a while, but not beyond the test.
	before := p.Files()
	t.Cleanup(func() {
		for name := range p.Files() {
			if !before[name] {
				_ = os.Remove(filepath.Join(p.Records(), name))
				logs, _ := filepath.Glob("/var/lib/nslaunch/log/" + strings.TrimSuffix(name, ".json") + ".*.log")
				for _, log := range logs {
					_ = os.Remove(log)
				}
			}
		}
	})
	return p
}

// Records is the directory of the records.
func (p *Workplace) Records() string {
	if p.User.IsRoot() {
		info, err := os.Stat("/run/nslaunch")
		if err != nil || info.Mode().Perm()&0o077 == 0 { // nslaunch passes over one that others may look into
			return "/run/nslaunch"
		}
	}
	return filepath.Join(p.Dir, "nslaunch")
}

// Files are the names of the files in Records.
func (p *Workplace) Files() map[string]bool {
	entries, err := os.ReadDir(p.Records())
	if err != nil && !os.IsNotExist(err) {
		p.T.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	return names
}

// Command is nslaunch, run by the user in Dir.
func (p *Workplace) Command(args ...string) *exec.Cmd {
	p.T.Helper()
	cmd := p.User.Command(p.T, nstest.Nslaunch(p.T), args...)
	cmd.Dir = p.Dir
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+p.Dir, "XDG_STATE_HOME="+p.Dir+"/state")
	return cmd
}

// Run runs nslaunch and returns how it ended.
func (p *Workplace) Run(args ...string) nstest.Result {
	p.T.Helper()
	return nstest.Run(p.T, p.Command(args...))
}

// Must runs nslaunch, which must succeed without a word of its own, and returns what it printed.
func (p *Workplace) Must(args ...string) string {
	p.T.Helper()
	got := p.Run(args...)
	if got.Status != 0 || got.Stderr != "" {
		p.T.Fatalf("nslaunch %q: %+v", args, got)
	}
	return got.Stdout
}

// Fails runs nslaunch, which must end with a status and say this.
func (p *Workplace) Fails(status int, want string, args ...string) {
	p.T.Helper()
	got := p.Run(args...)
	if got.Status != status || !strings.HasPrefix(got.Stderr, "nslaunch: error: ") || !strings.Contains(got.Stderr, want) {
		p.T.Errorf("nslaunch %q: %+v; want status %d and %q", args, got, status, want)
	}
}

// Detach starts a detached sandbox of a profile and returns its name.
func (p *Workplace) Detach(profile string, args ...string) string {
	p.T.Helper()
	p.Write(profile)
	return strings.TrimSpace(p.Must(append([]string{"run", "--detach", "./p.toml"}, args...)...))
}

// Write writes the profile p.toml, without the line of its version.
func (p *Workplace) Write(profile string) {
	p.T.Helper()
	p.User.WriteFile(p.T, filepath.Join(p.Dir, "p.toml"), "version = 1\n"+profile)
}

// Listed is a sandbox as ps --json lists it.
type Listed struct {
	Name, State, Log string
	PID, Launcher    int
	Namespaces       map[string]uint64 // by kind, the inode numbers of its own
	Command          []string
	Status           *int // of one that has ended
}

// List is what ps lists of a name.
func (p *Workplace) List(name string, args ...string) *Listed {
	p.T.Helper()
	var all []Listed
	if err := json.Unmarshal([]byte(p.Must(append([]string{"ps", "--json"}, args...)...)), &all); err != nil {
		p.T.Fatal(err)
	}
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}
