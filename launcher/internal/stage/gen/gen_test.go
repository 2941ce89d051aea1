package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// What lies in the directory above is what the source says: else go generate was forgotten.
func TestGenerated(t *testing.T) {
	for name, want := range files() {
		if got, err := os.ReadFile(filepath.Join("..", name)); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what the source says, %v: run go generate ./launcher/internal/stage", name, err)
		}
	}
}

// Each label is defined once, and used.
func TestLabels(t *testing.T) {
	defined, used := map[string]int{}, map[string]bool{}
	for _, i := range stage() {
		if i.verb == isLabel {
			defined[i.label]++
		} else if i.jumps() {
			used[i.label] = true
		}
	}
	for name, n := range defined {
		if n != 1 || !used[name] {
			t.Errorf("%s is defined %d times; used: %v", name, n, used[name])
		}
	}
	for name := range used {
		if defined[name] == 0 {
			t.Errorf("%s is not defined", name)
		}
	}
}

// Each special op that there is has a text.
func TestSpecials(t *testing.T) {
	all := specials()
	if len(all) != int(program.EndSpecial-program.FirstSpecial) || slices.Contains(all, "") {
		t.Errorf("%q", all)
	}
}

// The resident is entered and left where it says, and nobody else goes into it.
func TestResidentIsARoom(t *testing.T) {
	inside := map[string]bool{}
	var out []string
	for _, i := range resident() {
		if i.verb == isLabel {
			inside[i.label] = true
		}
	}
	for _, i := range resident() {
		if i.jumps() && !inside[i.label] && !slices.Contains(out, i.label) {
			out = append(out, i.label)
		}
	}
	slices.Sort(out)
	if !slices.Equal(out, []string{"exitSetup", "result"}) {
		t.Errorf("it goes to %q", out)
	}
	for name := range inside {
		if !strings.HasPrefix(name, "reside") {
			t.Errorf("%s has no name of its own", name)
		}
	}
	for _, rest := range []block{run(), fail(), specialOps(), beInit(), exits()} {
		for _, i := range rest {
			if i.jumps() && inside[i.label] && i.label != "reside" {
				t.Errorf("%s is entered from outside", i.label)
			}
		}
	}
}
