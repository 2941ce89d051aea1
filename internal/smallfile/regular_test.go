package smallfile

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// What is no regular file is refused and not waited for, whether or not there is something to read.
func TestReadRegular(t *testing.T) {
	const most = 10_000
	dir := t.TempDir()
	for _, size := range []int{0, 1, room, most - 1, most, 3 * most} {
		text := bytes.Repeat([]byte("x"), size)
		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadRegular(file, most); err != nil || !bytes.Equal(got, text[:min(size, most)]) {
			t.Errorf("%d bytes of %d: %v", len(got), size, err)
		}
	}
	idle, full := filepath.Join(dir, "idle"), filepath.Join(dir, "full")
	for _, path := range []string{idle, full} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w, err := os.OpenFile(full, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for path, want := range map[string]string{
		idle:        "a FIFO, not a regular file",
		full:        "a FIFO, not a regular file",
		"/dev/null": "a character device, not a regular file",
		"/dev/zero": "a character device, not a regular file",
		socket:      "a socket or a device, not a regular file",
		dir:         "is a directory",
		"/nowhere":  "no such file or directory",
	} {
		if text, err := ReadRegular(path, most); err == nil || err.Error() != want || len(text) > 0 {
			t.Errorf("%s: %d bytes, %v; want %s", path, len(text), err, want)
		}
	}
	if _, err := ReadRegular("/nowhere", most); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("/nowhere: %v; want os.ErrNotExist", err)
	}
	if text, err := ReadRegular("/proc/self/status", most); err != nil || !bytes.Contains(text, []byte("Pid:")) {
		t.Errorf("/proc/self/status: %v", err)
	}
	t.Run("without it", func(t *testing.T) { // Read waits: it ends only once there is a writer.
		ended := make(chan error, 1)
		go func() { _, err := Read(idle, most); ended <- err }()
		select {
		case err := <-ended:
			t.Errorf("a FIFO without a writer was read: %v", err)
		case <-time.After(200 * time.Millisecond):
		}
		w, err := os.OpenFile(idle, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A pipe that somebody hands over is read to its end, however late that comes.
func TestReadRegularPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := "/proc/self/fd/" + strconv.Itoa(int(r.Fd()))
	type result struct {
		text []byte
		err  error
	}
	ended := make(chan result, 1)
	go func() {
		text, err := ReadRegular(path, 100)
		ended <- result{text, err}
	}()
	time.Sleep(20 * time.Millisecond) // it has most likely looked for a first byte by then
	for _, s := range []string{"one ", "two"} {
		if _, err := w.WriteString(s); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	if got := <-ended; got.err != nil || string(got.text) != "one two" {
		t.Errorf("%q, %v", got.text, got.err)
	}
	if text, err := ReadRegular(path, 100); err != nil || len(text) > 0 {
		t.Errorf("an empty pipe: %q, %v", text, err)
	}
}
