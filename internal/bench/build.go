package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const module = "github.com/nslaunch/nslaunch"

//go:embed floor/floor.c
var floorSource string

// goBuild builds packages of ours into a directory, as make build does.
func goBuild(ctx context.Context, dir string, args ...string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return fmt.Errorf("go list: %w (run this inside the repository)", err)
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-o", dir}, args...)...)
	cmd.Dir = strings.TrimSpace(string(root))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}

// buildNslaunch builds nslaunch and nslaunch-scope beside it.
func buildNslaunch(ctx context.Context, dir string) error {
	return goBuild(ctx, dir+"/", "./cmd/nslaunch", "./cmd/nslaunch-scope")
}

// buildLinked builds an nslaunch that has the libraries of D-Bus in it.
func buildLinked(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	source, overlay := filepath.Join(dir, "linked.go"), filepath.Join(dir, "overlay.json")
	place := filepath.Join(strings.TrimSpace(string(root)), "cmd/nslaunch/linked.go")
	for path, text := range map[string]string{
		source:  "package main\n\nimport _ \"" + module + "/units\"\n",
		overlay: fmt.Sprintf(`{"Replace": {%q: %q}}`, place, source),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	path := filepath.Join(dir, "nslaunch-linked")
	return path, goBuild(ctx, path, "-overlay", overlay, "./cmd/nslaunch")
}

// buildFloor compiles the floor. The error is why there is none.
func buildFloor(ctx context.Context, dir string) (string, error) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		return "", errors.New("no cc")
	}
	source, path := filepath.Join(dir, "floor.c"), filepath.Join(dir, "floor")
	if err := os.WriteFile(source, []byte(floorSource), 0o644); err != nil {
		return "", err
	}
	if output, err := exec.CommandContext(ctx, compiler, "-static", "-O2", "-s", "-o", path, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc: %w: %s", err, firstLine(string(output)))
	}
	return path, nil
}

// writeCommands puts the commands of sandboxes into directories.
func writeCommands(dirs ...string) error {
	for name, code := range map[string]map[string][]byte{trueName: trueCode, idleName: idleCode} {
		text, err := executable(runtime.GOARCH, code)
		if err != nil {
			return err
		}
		for _, dir := range dirs {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o755); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyNslaunch copies an nslaunch, and what is beside it of its own, to where every user can
// start it.
func copyNslaunch(from, dir string) (string, error) {
	path := filepath.Join(dir, "nslaunch")
	if err := copyExecutable(from, path); err != nil {
		return "", err
	}
	err := copyExecutable(filepath.Join(filepath.Dir(from), "nslaunch-scope"), filepath.Join(dir, "nslaunch-scope"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // it is needed for scopes alone, and says so
	}
	return path, err
}

// copyExecutable copies in pieces as install(1) and others do. How a file was written decides in what pieces it lies in
// the page cache, and its text is mapped: as the linker leaves it a launch takes a tenth longer, and a little less time where it was
// written at once.
func copyExecutable(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, make([]byte, 128<<10))
	return errors.Join(err, out.Close())
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
