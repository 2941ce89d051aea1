package packaging

import (
	"archive/zip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

const module = "github.com/nslaunch/nslaunch"

// "go install MODULE/cmd/...@latest" installs both programs side by side. The module comes from a proxy of files here; what it
// depends on comes from the module cache.
func TestGoInstall(t *testing.T) {
	nstest.Require(t, nstest.Tools("go"))
	const version = "v0.2.1-0.20261130125000-0123456789ab"
	proxy, bin, cache := t.TempDir(), t.TempDir(), t.TempDir()
	versions := filepath.Join(proxy, module, "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	gomod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"list": "", version + ".mod": string(gomod),
		"../@latest": `{"Version": "` + version + `"}`, version + ".info": `{"Version": "` + version + `"}`,
	} {
		if err := os.WriteFile(filepath.Join(versions, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	zipModule(t, filepath.Join(versions, version+".zip"), module+"@"+version+"/")

	have := strings.TrimSpace(run(t, "go", "env", "GOMODCACHE"))
	cmd := exec.Command("go", "install", module+"/cmd/...@latest")
	cmd.Dir = t.TempDir()
	cmd.Env = environment("GOPROXY=file://"+proxy+",file://"+have+"/cache/download", "GOSUMDB=off", "GONOSUMDB=*", "GONOPROXY=none", "GOPRIVATE=",
		"GOMODCACHE="+cache, "GOBIN="+bin, "GOFLAGS=-modcacherw -trimpath", "CGO_ENABLED=0")
	output(t, cmd)
	if got := files(t, bin); !slices.Equal(got, []string{"/nslaunch", "/nslaunch-scope"}) {
		t.Errorf("it installs %q", got)
	}
	if got := run(t, filepath.Join(bin, "nslaunch"), "version"); !strings.Contains(got, " (0123456789ab), ") {
		t.Errorf("version: %q", got)
	}
}

// zipModule writes the files of the repository as the module proxy has them.
func zipModule(t *testing.T, file, prefix string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, name := range files(t, "..") {
		if top := strings.Split(name, "/")[1]; top == ".git" || top == "bin" || top == "dist" {
			continue
		}
		from, err := os.Open(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		to, err := z.Create(prefix + strings.TrimPrefix(name, "/"))
		if err == nil {
			_, err = io.Copy(to, from)
		}
		from.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
