package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// workplace is where a user's sandboxes are recorded in a test: root has one directory, others get one each.
type workplace struct {
	t   *testing.T
	u   nstest.User
	dir string // of profiles, records and output
}

func newWorkplace(t *testing.T, u nstest.User) *workplace {
	t.Helper()
	p := &workplace{t, u, u.TempDir(t)}
	// What has ended is kept for a while, but not beyond the test.
	before := p.files()
	t.Cleanup(func() {
		for name := range p.files() {
			if !before[name] {
				_ = os.Remove(filepath.Join(p.records(), name))
				logs, _ := filepath.Glob("/var/lib/nslaunch/log/" + strings.TrimSuffix(name, ".json") + ".*.log")
				for _, log := range logs {
					_ = os.Remove(log)
				}
			}
		}
	})
	return p
}

// records is the directory of the records.
func (p *workplace) records() string {
	if p.u.IsRoot() {
		info, err := os.Stat("/run/nslaunch")
		if err != nil || info.Mode().Perm()&0o077 == 0 { // nslaunch passes over one that others may look into
			return "/run/nslaunch"
		}
	}
	return filepath.Join(p.dir, "nslaunch")
}

func (p *workplace) files() map[string]bool {
	entries, err := os.ReadDir(p.records())
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	return names
}

func (p *workplace) command(args ...string) *exec.Cmd {
	p.t.Helper()
	cmd := p.u.Command(p.t, nstest.Nslaunch(p.t), args...)
	cmd.Dir = p.dir
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+p.dir, "XDG_STATE_HOME="+p.dir+"/state")
	return cmd
}

func (p *workplace) run(args ...string) nstest.Result {
	p.t.Helper()
	return nstest.Run(p.t, p.command(args...))
}

// must runs nslaunch, which must succeed without a word of its own, and returns what it printed.
func (p *workplace) must(args ...string) string {
	p.t.Helper()
	got := p.run(args...)
	if got.Status != 0 || got.Stderr != "" {
		p.t.Fatalf("nslaunch %q: %+v", args, got)
	}
	return got.Stdout
}

// fails runs nslaunch, which must end with a status and say this.
func (p *workplace) fails(status int, want string, args ...string) {
	p.t.Helper()
	got := p.run(args...)
	if got.Status != status || !strings.HasPrefix(got.Stderr, "nslaunch: error: ") || !strings.Contains(got.Stderr, want) {
		p.t.Errorf("nslaunch %q: %+v; want status %d and %q", args, got, status, want)
	}
}

// detach starts a detached sandbox of a profile and returns its name.
func (p *workplace) detach(profile string, args ...string) string {
	p.t.Helper()
	p.write(profile)
	return strings.TrimSpace(p.must(append([]string{"run", "--detach", "./p.toml"}, args...)...))
}

func (p *workplace) write(profile string) {
	p.t.Helper()
	p.u.WriteFile(p.t, filepath.Join(p.dir, "p.toml"), "version = 1\n"+profile)
}

// list is what ps lists of a name.
func (p *workplace) list(name string, args ...string) *shown {
	p.t.Helper()
	var all []shown
	if err := json.Unmarshal([]byte(p.must(append([]string{"ps", "--json"}, args...)...)), &all); err != nil {
		p.t.Fatal(err)
	}
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}
