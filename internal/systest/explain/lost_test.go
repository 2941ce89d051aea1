package explain

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// Commits to a repository whose changes are thrown away have a line of their own, and an overlay on another directory has none.
func TestLostCommits(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		git := filepath.Join(w.Dir, ".git")
		systest.MakeDirs(t, filepath.Join(git, "objects"), filepath.Join(git, "refs"), filepath.Join(w.Dir, "plain"))
		u.WriteFile(t, filepath.Join(git, "HEAD"), "ref: refs/heads/main\n")
		u.Own(t, w.Dir)
		for dir, want := range map[string]string{git: "commits in " + git + ": they are thrown away at the end, unless they are pushed", filepath.Join(w.Dir, "plain"): ""} {
			w.Write("namespaces = \"new\"\n[mounts]\n\"" + dir + "\" = { type = \"overlay\", lower = [\"" + dir + "\"] }\n")
			s, refused := w.explained("./p.toml", "--", "true")
			if refused != "" {
				t.Fatal(refused)
			}
			if got := s.gap("commits"); got != want {
				t.Errorf("%s: got %q; want %q", dir, got, want)
			}
		}
	})
}

// An optional entry that does not exist is noted, in the profile that names it and not in a preset.
func TestLeftOut(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		w := newWorld(t, u)
		w.Write("extends = [\"preset:npm\"]\n[mounts]\nrw = [\"-/no/such/cache\", \"-" + w.Dir + "\"]\nmasked = [\"-" + w.Dir + "/none\"]\n")
		s, refused := w.explained("./p.toml", "--", "true")
		if refused != "" {
			t.Fatal(refused)
		}
		var notes []string
		for _, n := range s.Notes {
			if strings.HasSuffix(n.Text, " does not exist, so it is left out") {
				notes = append(notes, strings.Fields(n.Text)[0])
			}
		}
		slices.Sort(notes)
		want := []string{w.Dir + "/none", "/no/such/cache"}
		slices.Sort(want)
		if !slices.Equal(notes, want) {
			t.Errorf("got %q; want %q", notes, want)
		}
	})
}
