package covers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// No preset makes the home directory writable, nor where keys are: also not under another name. A profile of one's own does, if it says so.
func TestPrivateDirectories(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		dir := systest.Tree(t, u, map[string]string{"home/.ssh/keys/id": "KEY", "home/.config/gh/x": "KEY", "home/.config/nvim/init": "fine", "home/.sshd/x": "fine", "home/p/.ssh/x": "fine", "link": "-> home"})
		own := u.WriteFile(t, dir+"/own.toml", "version = 1\nextends = [\"preset:build\"]\nmounts.\"/build\" = { rw = \"${cwd}\" }\n")
		for at, want := range map[string]string{
			"home": "would make your home directory, ", "": "would make your home directory, ", "home/.ssh": "which is in .ssh of", "home/.ssh/keys": "which is in .ssh of",
			"home/.config/gh": "which is in .config/gh of", "home/.config/nvim": "", "home/.sshd": "", "home/p/.ssh": "",
		} {
			for _, name := range []string{"/home", "/link"} {
				got := launchIn(t, u, dir+name, filepath.Join(dir, at), "preset:build", "find /build -name id")
				if want == "" && got.Status != 0 || want != "" && (got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, want) || strings.Count(got.Stderr, "error:") != 1) {
					t.Errorf("build in %s, home %s: %+v", at, name, got)
				}
			}
			// dev has an empty home directory of its own.
			got := launchIn(t, u, dir+"/home", filepath.Join(dir, at), "preset:dev", "find "+dir+" -name id")
			if at == "" && (got.Status != 0 || got.Stdout != "") || at != "" && (got.Status == 0) != (want == "") {
				t.Errorf("dev in %s: %+v", at, got)
			}
		}
		for _, at := range []string{"home", "home/.ssh"} {
			if got := launchIn(t, u, dir+"/home", filepath.Join(dir, at), own, "find /build -name id"); !strings.HasSuffix(got.Stdout, "keys/id\n") {
				t.Errorf("a profile of one's own in %s: %+v", at, got)
			}
		}
	})
}

// What is executed at login, and keys, are not writable by way of a directory above them, nor where a link in the home directory leads to them or
// to where they could be made. The attack works in a profile of one's own, which is what the error says.
func TestPrivateAbove(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		files := map[string]string{
			"home/.config/nvim/init": "fine", "home/.local/share/project/x": "fine", "home/.local/share/keyrings/login": "KEY", "home/.cargo/bin/x": "/", "home/go/src/p/x": "fine",
			"home/dots/ssh/id": "KEY", "home/.ssh": "-> dots/ssh", "home/it's here/x": "/", "home/.gnupg": "-> it's here/gnupg", // which is not there
			"home/hop/fish": "-> ../elsewhere", "home/elsewhere/x": "/", "home/.config/fish": "-> ../hop/fish",
		}
		for at, want := range map[string]struct{ why, attack, made string }{
			".config":              {"where the sandbox could create .config/gcloud", "mkdir -p systemd/user; echo x >systemd/user/evil.service", ".config/systemd/user/evil.service"},
			".local":               {"which contains .local/share/keyrings", "mkdir -p bin; echo x >bin/ls", ".local/bin/ls"},
			".local/share":         {"which contains .local/share/keyrings", "mkdir -p systemd/user; echo x >systemd/user/evil.service", ".local/share/systemd/user/evil.service"},
			".cargo/bin":           {"which is in .cargo", "echo x >cargo", ".cargo/bin/cargo"},
			"go":                   {"where the sandbox could create go/bin", "mkdir bin; echo x >bin/ls", "go/bin/ls"},
			".ssh":                 {"which is in .ssh", "echo x >authorized_keys", ".ssh/authorized_keys"},
			"dots":                 {"which contains .ssh", "echo x >ssh/config", ".ssh/config"},
			"it's here":            {"where the sandbox could create .gnupg", "mkdir gnupg; echo x >gnupg/gpg.conf", ".gnupg/gpg.conf"},
			"hop":                  {"which contains .config/fish", "mkdir evil; echo x >evil/config.fish; ln -sfn evil fish", ".config/fish/config.fish"},
			".config/nvim":         {},
			".local/share/project": {}, "go/src/p": {},
		} {
			for _, preset := range []string{"preset:build", "preset:dev"} {
				dir := systest.Tree(t, u, files)
				got := launchIn(t, u, dir+"/home", filepath.Join(dir, "home", at), preset, "echo fine")
				if want.why == "" {
					if got.Status != 0 {
						t.Errorf("%s in %s: %+v", preset, at, got)
					}
					continue
				}
				if got.Status != systest.StatusSetup || !strings.Contains(got.Stderr, preset+" would make ") || !strings.Contains(got.Stderr, " writable, "+want.why+" of your home directory (cd to a project; or ") || strings.Count(got.Stderr, "error:") != 1 {
					t.Errorf("%s in %s: %+v", preset, at, got)
					continue
				}
				// The control, and the cure: the error names an entry for a profile of one's own, in which the attack works.
				_, cure, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(got.Stderr), ")"), "write in your own profile: ")
				own := u.WriteFile(t, dir+"/own.toml", "version = 1\nextends = [\""+preset+"\"]\n"+cure+"\n")
				if got := launchIn(t, u, dir+"/home", filepath.Join(dir, "home", at), own, want.attack); got.Status != 0 {
					t.Errorf("with %s in %s: %+v", cure, at, got)
				}
				made := filepath.Join(dir, "home", want.made)
				if text, err := os.ReadFile(made); err != nil || string(text) != "x\n" {
					t.Errorf("%s in %s: no attack: %q, %v", preset, at, text, err)
				}
			}
		}
	})
}
