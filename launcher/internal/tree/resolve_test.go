package tree

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// filesOf makes files below a new directory: "/" for a directory, a target for a link.
func filesOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, what := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		switch what {
		case "/":
			err = os.MkdirAll(path, 0o755)
		case "":
			err = os.WriteFile(path, nil, 0o644)
		default:
			err = os.Symlink(what, path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestResolve(t *testing.T) {
	root := filesOf(t, map[string]string{
		"a/b/c": "/", "a/file": "", "link": "a", "abs": "/a/b", "up": "../../../a", "loop": "loop2", "loop2": "loop",
		"chain": "link/b", "dots": "./a/../a/./b", "dangling": "/x/y", "tofile": "a/file", "tobind": "/bind/in", "tome": "/.",
		"around": "a/b/../file", "tooverlay": "/over/low",
	})
	bound := filesOf(t, map[string]string{"in/deep": "/", "absolute": "/a", "relative": "in", "out": "../a"})
	top := filesOf(t, map[string]string{"both": "", "top/x": "/", "file": ""})
	low := filesOf(t, map[string]string{"both/x": "/", "low/x": "/", "file/x": "/", "top/y": "/"})
	p := &config.Profile{Root: config.Root{Mode: config.RootPath, Path: root}, Dev: config.Dev{Mode: config.DevMinimal}}
	tr := New(p)
	tr.AddOwn(p)
	for _, m := range []config.MountEntry{
		{Type: config.MountBind, Target: "/bind", Source: bound},
		{Type: config.MountTmpfs, Target: "/tmp"},
		{Type: config.MountSymlink, Target: "/made", To: "tmp"},
		{Type: config.MountOverlay, Target: "/over", Lower: []string{top, low}},
		{Type: config.MountFile, Target: "/text"},
		{Type: config.MountMqueue, Target: "/mq"},
	} {
		tr.Add(&m, m.Target, m.Type == config.MountFile)
	}
	for _, test := range []struct {
		path, real string // real "": the same
		err        unix.Errno
		dir        bool
		at         string // of the layer
	}{
		{"/a", "", 0, true, "/"},
		{"/a/b/c", "", 0, true, "/"},
		{"/a/file", "", 0, false, "/"},
		{"/a/file/x", "", unix.ENOTDIR, false, "/"},
		{"/a/none", "", unix.ENOENT, false, "/"},
		{"/a/none/deeper", "", unix.ENOENT, false, "/"},
		{"/link", "/a", 0, true, "/"},
		{"/link/b", "/a/b", 0, true, "/"},
		{"/link/none/x", "/a/none/x", unix.ENOENT, false, "/"},
		{"/abs/c", "/a/b/c", 0, true, "/"},
		{"/up/b", "/a/b", 0, true, "/"},
		{"/chain/c", "/a/b/c", 0, true, "/"},
		{"/dots/c", "/a/b/c", 0, true, "/"},
		{"/around", "/a/file", 0, false, "/"},
		{"/loop", "", unix.ELOOP, false, "/"},
		{"/loop/x", "", unix.ELOOP, false, "/"},
		{"/dangling", "/x/y", unix.ENOENT, false, "/"},
		{"/dangling/z", "/x/y/z", unix.ENOENT, false, "/"},
		{"/tofile", "/a/file", 0, false, "/"},
		{"/tofile/x", "", unix.ENOTDIR, false, "/"},
		{"/tome", "/", 0, true, "/"},
		{"/tome/a", "/a", 0, true, "/"},
		{"/bind/in/deep", "", 0, true, "/bind"},
		{"/bind/absolute/b", "/a/b", 0, true, "/"},
		{"/bind/relative/deep", "/bind/in/deep", 0, true, "/bind"},
		{"/bind/out/b", "/a/b", 0, true, "/"},
		{"/bind/none", "", unix.ENOENT, false, "/bind"},
		{"/tobind/deep", "/bind/in/deep", 0, true, "/bind"},
		{"/tmp", "", 0, true, "/"},
		{"/tmp/x/y", "", unix.ENOENT, false, "/tmp"},
		{"/made/x", "/tmp/x", unix.ENOENT, false, "/tmp"},
		{"/made", "/tmp", 0, true, "/"},
		{"/over/both", "", 0, false, "/over"},
		{"/over/both/x", "", unix.ENOTDIR, false, "/over"},
		{"/over/top/y", "", 0, true, "/over"},
		{"/over/low/x", "", 0, true, "/over"},
		{"/over/none", "", unix.ENOENT, false, "/over"},
		{"/tooverlay/x", "/over/low/x", 0, true, "/over"},
		{"/text", "", 0, false, "/"},
		{"/text/x", "", unix.ENOTDIR, false, "/text"},
		{"/mq/x", "", unix.ENOENT, false, "/mq"},
		{"/dev", "", 0, true, "/"},
		{"/dev/null", "", 0, false, "/dev"},
		{"/dev/shm/x", "", unix.ENOENT, false, "/dev/shm"},
		{"/dev/ptmx", "/dev/pts/ptmx", unix.ENOENT, false, "/dev/pts"},
		{"/dev/new", "", unix.ENOENT, false, "/dev"},
		{"/", "", 0, true, "/"},
	} {
		f := tr.Resolve(test.path, true)
		real := test.path
		if f.Resolved != "" {
			real = f.Resolved
		}
		if f.Err != test.err || f.Dir != test.dir || f.Resolved != test.real || tr.Of(real).At != test.at {
			t.Errorf("resolve(%q) = %q, errno %d, dir %v, in %s; want %q, %d, %v, %s",
				test.path, f.Resolved, f.Err, f.Dir, tr.Of(real).At, test.real, test.err, test.dir, test.at)
		}
	}
	if f := tr.Resolve("/chain", false); f.Link != "link/b" || f.Resolved != "" {
		t.Errorf("a last link that is not followed: %+v", f)
	}
	if f := tr.Resolve("/link/b/../../chain", false); f.Link != "link/b" || f.Resolved != "/chain" {
		t.Errorf("a last link that is not followed: %+v", f)
	}
}
