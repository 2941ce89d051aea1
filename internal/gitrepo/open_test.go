package gitrepo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What has taken the place of a regular file after it was looked at is not read: a FIFO, a link, a directory, a device.
func TestOpenNow(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/file", "text")
	if err := errors.Join(syscall.Mkfifo(dir+"/fifo", 0o666), os.Symlink("file", dir+"/link"), os.Mkdir(dir+"/directory", 0o777), os.Symlink("/dev/null", dir+"/null")); err != nil {
		t.Fatal(err)
	}
	opens := func(open func(path string) (*os.File, error), path string) string {
		t.Helper()
		got := make(chan string, 1)
		go func() {
			f, err := open(path)
			if err != nil {
				got <- "error"
				return
			}
			f.Close()
			got <- "opened"
		}()
		select {
		case s := <-got:
			return s
		case <-time.After(time.Second):
		}
		writer, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0) // which ends the wait
		if err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		<-got
		return "waits"
	}
	now := func(path string) (*os.File, error) { f, _, err := openNow(path); return f, err }
	for _, test := range []struct{ name, plain string }{
		{"file", "opened"},
		{"fifo", "waits"}, // with the control: what os.Open does
		{"link", "opened"},
		{"directory", "opened"},
		{"null", "opened"},
		{"../../../../../../../../dev/null", "opened"},
	} {
		want := "error"
		if test.name == "file" {
			want = "opened"
		}
		if got := opens(now, dir+"/"+test.name); got != want {
			t.Errorf("openNow of %s: %s, want %s", test.name, got, want)
		}
		t.Run("without openNow/"+filepath.Base(test.name), func(t *testing.T) {
			if got := opens(os.Open, dir+"/"+test.name); got != test.plain {
				t.Errorf("os.Open: %s, want %s", got, test.plain)
			}
		})
	}
}

// An index that is replaced again and again, by a FIFO or a link to another, neither stops the launch nor shows what the other has.
func TestIndexReplaced(t *testing.T) {
	other := repository(t, "sha1", "git update-index --add --cacheinfo 160000,$ID,of-another")
	for _, shared := range []bool{false, true} {
		script := "git update-index --add --cacheinfo 160000,$ID,sub"
		if shared {
			script += "; git update-index --split-index"
		}
		dir := repository(t, "sha1", script)
		file := dir + "/.git/index"
		if shared {
			found, err := filepath.Glob(dir + "/.git/sharedindex.*")
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			file = found[0]
		}
		good, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stop, replacer := make(chan struct{}), sync.WaitGroup{}
		replacer.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				var err error
				switch i % 4 {
				case 1:
					err = syscall.Mkfifo(file+".new", 0o666)
				case 3:
					err = os.Symlink(other+"/.git/index", file+".new")
				default:
					err = os.WriteFile(file+".new", good, 0o666)
				}
				if err = errors.Join(err, os.Rename(file+".new", file)); err != nil {
					t.Error(err)
					return
				}
			}
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 400 {
				got, err := (Repo{WorkTree: dir, Dir: dir + "/.git"}).Submodules()
				if err == nil && !slices.Equal(got, []string{"sub"}) {
					t.Errorf("shared %v: Submodules = %q", shared, got)
					return
				}
			}
		}()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Errorf("shared %v: it waits for a FIFO", shared)
		}
		close(stop)
		replacer.Wait()
	}
}

// More linked work trees than are looked at are an error, and so is what is no directory in their place.
func TestPlacesLinkedMost(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	trees := dir + "/.git/worktrees"
	for i := range mostLinked + 1 {
		if err := os.MkdirAll(trees+"/"+strconv.Itoa(i), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if places, err := Places([]string{dir}); err == nil || !strings.Contains(err.Error(), "has more than 512 linked work trees") {
		t.Errorf("with one too many: %q, %v", places, err)
	}
	git(t, dir, "worktree", "prune", "--expire=now") // the cure
	if places, err := Places([]string{dir}); err != nil {
		t.Errorf("after git worktree prune: %q, %v", places, err)
	}
	for i := range mostLinked {
		if err := os.MkdirAll(trees+"/"+strconv.Itoa(i), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if places, err := Places([]string{dir}); err != nil {
		t.Errorf("with as many as allowed: %q, %v", places, err)
	}
	if err := errors.Join(os.RemoveAll(trees), syscall.Mkfifo(trees, 0o666)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { _, err := Places([]string{dir}); done <- err }()
	select {
	case err := <-done:
		if !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("with a FIFO: %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("it waits for a FIFO")
	}
}

// An extension that is longer than what is in memory at a time is skipped whole.
func TestSubmodulesLongExtension(t *testing.T) {
	dir := repository(t, "sha1", manyLinks)
	file := dir + "/.git/index"
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	end := len(good) - 20
	long := slices.Concat(good[:end], []byte("TEST\x00\x10\x00\x00"), make([]byte, 1<<20), []byte("TEST\x00\x00\x00\x01x"), good[end:])
	for cut, ok := range map[int]bool{0: true, 1: false, 21: false, 1 << 19: false} {
		write(t, file, string(long[:len(long)-cut]))
		got, err := (Repo{WorkTree: dir, Dir: dir + "/.git"}).Submodules()
		if (err == nil && slices.Contains(got, "a/long/sub")) != ok {
			t.Errorf("without the last %d bytes: %q, %v", cut, got, err)
		}
	}
}
