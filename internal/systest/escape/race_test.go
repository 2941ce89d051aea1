// Package escape tests what a command tries in order to get out of its sandbox, or at the kernel.
package escape

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/nstest/report"
	"github.com/nslaunch/nslaunch/internal/systest"
	"github.com/nslaunch/nslaunch/mountprop"
	"golang.org/x/sys/unix"
)

// raceTree is a directory in which, as fast as two threads can, the directory m and
// the symbolic link out, to /, take each other's places: the path
// m + canary is one inside, or the canary itself, for who follows links.
type raceTree struct {
	root string
	*canary
}

// raceNames are the directories and files that each of the places has.
func raceNames() (dirs, files []string) {
	for i := range 4 {
		dirs = append(dirs, fmt.Sprintf("d%d", i))
		files = append(files, fmt.Sprintf("f%d", i))
	}
	return dirs, files
}

// newRaceTree makes the tree, u's own.
func newRaceTree(t *testing.T, u nstest.User) *raceTree {
	t.Helper()
	root := filepath.Join(u.TempDir(t), "root")
	systest.MakeDirs(t, root+"/proc", root+"/usr")
	dirs, files := raceNames()
	for i := range dirs {
		dirs[i] += "/"
	}
	c := newCanary(t, u, root, append(dirs, files...)...)
	if err := os.CopyFS(root+"/m"+c.dir, os.DirFS(c.dir)); err != nil {
		t.Fatal(err)
	}
	systest.Symlink(t, "/", root+"/out")
	u.Own(t, root)
	return &raceTree{root, c}
}

// disturb starts the threads. What it returns stops them, and tells how often they did it.
func (r *raceTree) disturb() (calm func() int64) {
	var stop atomic.Bool
	var swaps atomic.Int64
	var threads sync.WaitGroup
	for range 2 {
		threads.Go(func() {
			runtime.LockOSThread()
			for n := 0; !stop.Load(); n++ {
				if unix.Renameat2(unix.AT_FDCWD, r.root+"/m", unix.AT_FDCWD, r.root+"/out", unix.RENAME_EXCHANGE) == nil {
					swaps.Add(1)
				}
				if n%8 == 0 {
					time.Sleep(100 * time.Microsecond) // the launches shall come to something
				}
			}
		})
	}
	return func() int64 {
		stop.Store(true)
		threads.Wait()
		// The directory is m again, the link is out.
		if info, err := os.Lstat(r.root + "/m"); err == nil && !info.IsDir() {
			_ = unix.Renameat2(unix.AT_FDCWD, r.root+"/m", unix.AT_FDCWD, r.root+"/out", unix.RENAME_EXCHANGE)
		}
		return swaps.Load()
	}
}

// raceProfiles are the ways to get below a directory that is exchanged: a mount point in a
// tree that is shown as it is, one that is made in a layer of ours, one below a
// bind mount, and a source.
func raceProfiles(r *raceTree, u nstest.User) map[string]string {
	head := treeProfile(u, "command = [\"/probe\", \"-mounts\"]\nenv = { inherit = [] }\nprocess = { cwd = \"/\" }\n")
	mounts := func(prefix string) string {
		return strings.NewReplacer("AT", prefix+r.dir, "ROOT", r.root).Replace(`[mounts]
"AT/d0" = { type = "tmpfs" }
"AT/d1" = { type = "tmpfs" }
"AT/d2" = { ro = "ROOT/usr" }
"AT/d3" = { masked = true }
"AT/f0" = { type = "file", content = "inside\n" }
"AT/f1" = { rw = "ROOT/probe" }
"AT/f2" = { masked = true }
"AT/f3" = { type = "passwd" }
`)
	}
	made := strings.ReplaceAll(`[mounts]
"AT/a/new/dir" = { type = "tmpfs" }
"AT/b/new/file" = { type = "file", content = "inside\n" }
"AT/c/new/dir" = { type = "dir" }
"AT/d/new/link" = { type = "symlink", to = "/" }
"AT/dir" = { type = "tmpfs" }
"AT/file" = { type = "file", content = "inside\n" }
"AT/d0/new" = { type = "tmpfs" }
`, "AT", "/m"+r.dir)
	var sources strings.Builder
	dirs, files := raceNames()
	for _, name := range append(dirs, files...) {
		fmt.Fprintf(&sources, "%q = { ro = %q }\n", "/in/"+name, r.root+"/m"+r.dir+"/"+name)
	}
	overlay := fmt.Sprintf("root = { path = %q, overlay = \"tmpfs\" }\n", r.root)
	return map[string]string{
		"tree":   head + fmt.Sprintf("root = %q\n", r.root) + mounts("/m"),
		"layer":  head + overlay + made,
		"bind":   head + "root = \"tmpfs\"\n" + mounts("/r/m") + fmt.Sprintf("\"/probe\" = { ro = \"%[1]s/probe\" }\n\"/r\" = { rw = %[1]q }\n", r.root),
		"source": head + overlay + "[mounts]\n" + sources.String(),
	}
}

// raceCount is what came of a number of launches.
type raceCount struct{ ran, refused atomic.Int64 }

// Whatever is exchanged below the root while a sandbox is built, nothing is ever
// mounted or made outside: 2,000 launches, each with seven or eight chances. It is
// CVE-2021-30465 where a mount point is exchanged, and CVE-2024-45310 where one is made.
//
// What is mounted at the wrong place would be missing inside, and what is
// made there is seen in the canary. TestRaceControl shows that both happen to who uses paths.
func TestRace(t *testing.T) {
	launches := nstest.Rounds(250) // of each of four profiles, by each of two users
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		r := newRaceTree(t, u)
		systest.PutProbe(t, r.root)
		for name, profile := range raceProfiles(r, u) {
			t.Run(name, func(t *testing.T) {
				cmd := u.Command(t, nstest.Nslaunch(t), "p.toml")
				u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), profile)
				undisturbed := mountsBesidePins(nstest.ParseReport(t, nstest.MustRun(t, again(cmd))))
				if undisturbed < 6 { // those of the profile, and /proc
					t.Fatalf("%d mounts", undisturbed)
				}
				calm := r.disturb()
				var count raceCount
				var workers sync.WaitGroup
				for range 2 {
					workers.Go(func() {
						inSharedMounts(t, func() {
							for range launches / 2 {
								count.launch(t, cmd, undisturbed)
							}
						})
					})
				}
				workers.Wait()
				swaps := calm()
				ran, refused := count.ran.Load(), count.refused.Load()
				t.Logf("%d launches: %d ran, %d were refused; %d exchanges", ran+refused, ran, refused, swaps)
				if ran == 0 || swaps < 10*int64(launches) {
					t.Error("there was no race")
				}
				r.unchanged(t)
			})
		}
	})
}

// The kernel does not say where a ".." leads while anybody renames or mounts anything
// (EAGAIN of openat2). That must not end a launch: /etc/resolv.conf is such a link on many machines.
func TestRenamesElsewhere(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		root := systest.RootDir(t, u, "proc", "etc", "run")
		systest.Symlink(t, "../run/resolv.conf", root+"/etc/resolv.conf")
		u.WriteFile(t, root+"/run/resolv.conf", "")
		elsewhere := newRaceTree(t, u)
		rest := fmt.Sprintf("root = %q\n[mounts]\n", root)
		rest += "\"/etc/resolv.conf\" = { type = \"file\", content = \"x\" }\n"
		cmd := systest.ProfileCommand(t, u, treeProfile(u, rest), "/probe", "-mounts")
		calm := elsewhere.disturb()
		defer calm()
		for range 60 {
			if got := nstest.Run(t, again(cmd)); got.Status != 0 {
				t.Fatalf("%+v", got)
			}
		}
	})
}

// launch runs the command once: it has all its mounts inside, or a clean error.
func (c *raceCount) launch(t *testing.T, cmd *exec.Cmd, mounts int) {
	got, stdout := again(cmd), strings.Builder{}
	stderr := strings.Builder{}
	got.Stdout, got.Stderr = &stdout, &stderr
	err := got.Run()
	switch status := got.ProcessState.ExitCode(); {
	case err == nil:
		// What is hidden under another name while it is looked at is hidden there, too.
		var seen report.Report
		if err := json.Unmarshal([]byte(stdout.String()), &seen); err != nil {
			t.Errorf("%v: %s", err, stdout.String())
			return
		}
		if n := mountsBesidePins(seen); n < mounts {
			t.Errorf("%d mounts inside, want at least %d: %s", n, mounts, stdout.String())
		}
		c.ran.Add(1)
	case status == systest.StatusSetup && strings.HasPrefix(stderr.String(), "nslaunch: error: p.toml:") && stdout.Len() == 0:
		c.refused.Add(1)
	default:
		t.Errorf("%v: %s", err, stderr.String())
	}
}

// mountsBesidePins counts the mounts that show something else than what was there, below the root or below /r. The others keep
// the directories above a mount in their place: which directories these are changes where one of them is exchanged for a link.
func mountsBesidePins(r report.Report) int {
	n := 0
	for _, m := range r.Mounts {
		at := m.Target
		if below, ok := strings.CutPrefix(at, "/r/"); ok {
			at = "/" + below
		}
		if !strings.HasSuffix(m.Root, at) {
			n++
		}
	}
	return n
}

// again is the same command, once more.
func again(cmd *exec.Cmd) *exec.Cmd {
	c := exec.Command(cmd.Path, cmd.Args[1:]...)
	c.Dir, c.Env, c.SysProcAttr = cmd.Dir, cmd.Env, cmd.SysProcAttr
	return c
}

// inSharedMounts calls f on a thread that has a mount namespace of its own, in which all is
// shared, and asserts that its mounts stay as they are.
func inSharedMounts(t *testing.T, f func()) {
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	if unix.Gettid() == os.Getpid() {
		// But for the process's first, which does not end, and is what others take for the process.
		defer runtime.UnlockOSThread()
		var another sync.WaitGroup
		another.Go(func() { inSharedMounts(t, f) })
		another.Wait()
		return
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Error(err)
		return
	}
	for _, p := range []mountprop.Propagation{mountprop.Private, mountprop.Shared} {
		if err := mountprop.Set("/", p, true); err != nil {
			t.Error(err)
			return
		}
	}
	before, err := os.ReadFile("/proc/thread-self/mountinfo")
	f()
	after, err2 := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil || err2 != nil || string(before) != string(after) {
		t.Errorf("the mounts outside are now\n%s\nthey were\n%s(%v, %v)", after, before, err, err2)
	}
}

// A launcher that looks first and then acts by path is led astray: it mounts on the canary and
// makes directories in it. So the race of TestRace is real. All is done in a mount namespace
// of the test's own.
func TestRaceControl(t *testing.T) {
	nstest.Require(t, nstest.Root())
	if !nstest.Inside(t) {
		nstest.CheckNothingLeft(t)
		cmd := nstest.Again(t, nstest.Superuser(t))
		cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNS
		nstest.RunAgain(t, cmd)
		return
	}
	if err := mountprop.Set("/", mountprop.Private, true); err != nil {
		t.Fatal(err)
	}
	r := newRaceTree(t, nstest.Superuser(t))
	calm := r.disturb()
	defer calm()
	mounted, made := 0, 0
	deadline := time.Now().Add(40 * time.Second)
	tries := 0
	for ; (mounted == 0 || made == 0) && time.Now().Before(deadline); tries++ {
		target := r.root + "/m" + r.dir
		if real, err := filepath.EvalSymlinks(target + "/d0"); err == nil && strings.HasPrefix(real, r.root+"/") {
			_ = unix.Mount("canary", target+"/d0", "tmpfs", 0, "size=4K")
		}
		if real, err := filepath.EvalSymlinks(target); err == nil && strings.HasPrefix(real, r.root+"/") {
			_ = os.Mkdir(fmt.Sprintf("%s/made%d", target, tries), 0o755)
		}
		if unix.Unmount(r.dir+"/d0", unix.MNT_DETACH) == nil {
			mounted++
		}
		if _, err := os.Lstat(fmt.Sprintf("%s/made%d", r.dir, tries)); err == nil {
			made++
		}
	}
	t.Logf("%d tries: %d mounts and %d directories outside", tries, mounted, made)
	if mounted == 0 || made == 0 {
		t.Errorf("nothing went astray in %d tries", tries)
	}
	calm()
	mounts, err := mountprop.Self()
	for _, m := range slices.Backward(mounts) {
		if strings.HasPrefix(m.Target, filepath.Dir(r.root)+"/") && err == nil {
			err = unix.Unmount(m.Target, unix.MNT_DETACH)
		}
	}
	if err != nil {
		t.Error(err)
	}
}
