package policy

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// initialised are the packages of ours that, beside main, have something to do at each start: a launch
// pays for it. What the others have at package level lies in the executable as it is.
var initialised = []string{"internal/nofile"}

func TestStart(t *testing.T) {
	program := filepath.Join(t.TempDir(), "nslaunch")
	goCommand(t, "build", "-o", program, module+"/cmd/nslaunch")
	var stderr bytes.Buffer
	version := exec.Command(program, "version")
	version.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	version.Stderr = &stderr
	if err := version.Run(); err != nil {
		t.Fatal(err)
	}
	count := 0
	for lines := bufio.NewScanner(&stderr); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 || words[0] != "init" {
			continue
		}
		count++
		if name := ours(words[1]); name != "" && !slices.Contains(initialised, name) {
			t.Errorf("%s is initialised at a start: %s", name, lines.Text())
		}
	}
	if count == 0 {
		t.Errorf("nothing is initialised: %s", stderr.Bytes())
	}
}
