package smallfile

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	const most = 10_000
	for _, size := range []int{0, 1, room - 1, room, room + 1, 2 * room, most - 1, most, most + 1, 3 * most} {
		text := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(file, most); err != nil || !bytes.Equal(got, text[:min(size, most)]) {
			t.Errorf("%d bytes of %d: %v", len(got), size, err)
		}
	}
	if _, err := Read("/proc/self/status", 1<<20); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]error{"/nowhere": syscall.ENOENT, "/": syscall.EISDIR} {
		if _, err := Read(path, most); err != want {
			t.Errorf("%s: %v; want %v", path, err, want)
		}
	}
}
