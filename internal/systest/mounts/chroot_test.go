package mounts

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
	"golang.org/x/sys/unix"
)

// chrootTree is a tree to live in with nslaunch: it has /nslaunch, /p.toml, in /r a root for sandboxes, and
// a /tmp for the records of those that run.
func chrootTree(t *testing.T, profile string) string {
	t.Helper()
	u := nstest.Superuser(t)
	dir := systest.RootDir(t, u, "proc", "usr", "bin", "lib", "lib64", "dev", "tmp", "r/proc", "r/usr", "r/bin", "r/lib", "r/lib64", "r/dev")
	image, err := os.ReadFile(nstest.Nslaunch(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/nslaunch", image, 0o755); err != nil {
		t.Fatal(err)
	}
	systest.PutProbe(t, dir+"/r")
	u.WriteFile(t, dir+"/p.toml", profile)
	u.WriteFile(t, dir+"/r/inner", "")
	u.WriteFile(t, dir+"/outer", "")
	return dir
}

// lookAgain prints what is on /, as it is and for who returns to the root of the mount namespace.
const lookAgain = "echo /*; nsenter --mount=/proc/self/ns/mnt /bin/sh -c 'echo /*'"

// In a chroot the mount namespace has a root above the caller's. The sandbox's takes its place
// all the same: nobody gets back to what is outside of the sandbox, nor of the chroot.
func TestChroot(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Tools("chroot", "nsenter", "unshare"))
	u := nstest.Superuser(t)
	const head = "version = 1\nnamespaces = { mount = \"new\", pid = \"new\" }\n"
	const binds = "[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n"
	const scratch = "\"/etc/made\" = { type = \"file\", content = \"x\" }\n"
	for _, test := range []struct{ name, profile, want string }{
		{"a directory", head + "root = \"/r\"\n" + binds, "/bin /dev /inner /lib /lib64 /probe /proc /usr"},
		{"tmpfs", head + "root = \"tmpfs\"\n" + binds + scratch, "/bin /etc /lib /lib64 /proc /usr"},
		{"overlay", head + "root = { path = \"/r\", overlay = \"tmpfs\" }\n" + binds + scratch, "/bin /dev /etc /inner /lib /lib64 /probe /proc /usr"},
		{"slave+shared", head + "root = { path = \"/r\", overlay = \"tmpfs\", propagation = \"slave+shared\" }\n" + binds + scratch, "/bin /dev /etc /inner /lib /lib64 /probe /proc /usr"},
		{"the chroot's", head + "root = { readonly = true }\n", "/bin /dev /lib /lib64 /nslaunch /outer /p.toml /probe /proc /r /tmp /usr"},
	} {
		for _, mount := range []string{"", "mount --bind $1 $1; "} {
			t.Run(test.name+", "+mount, func(t *testing.T) {
				nstest.CheckNothingLeft(t)
				dir := chrootTree(t, test.profile)
				script := mount + "mount -t proc proc $1/proc; for d in usr bin lib lib64; do mount --rbind /$d $1/$d; done; " +
					"chroot $1 nsenter --mount=/proc/self/ns/mnt /bin/sh -c 'cd /; echo root: *'; exec chroot $1 /nslaunch p.toml -- sh -c \"$2\""
				got := nstest.Run(t, u.Command(t, "unshare", "-m", "sh", "-euc", script, "sh", dir, lookAgain))
				control, inside, _ := strings.Cut(got.Stdout, "\n")
				if want := test.want + "\n" + test.want + "\n"; inside != want || got.Status != 0 {
					t.Errorf("status %d, %sinside is\n%swant\n%s", got.Status, got.Stderr, inside, want)
				}
				if strings.Contains(control, "outer") || !strings.HasPrefix(control, "root: ") {
					t.Errorf("out of a chroot, one sees\n%s", control)
				}
			})
		}
	}
}

// The kernel's own root cannot be pivoted away. It is covered, and the plan says so. What boots
// with an initramfs has it below all else, so the test goes down there, in a
// mount namespace of its own.
func TestInitramfs(t *testing.T) {
	nstest.Require(t, nstest.Root())
	for _, user := range []bool{false, true} {
		t.Run(fmt.Sprintf("user namespace %v", user), func(t *testing.T) {
			nstest.CheckNothingLeft(t)
			kinds := `{ mount = "new", pid = "new" }`
			if user {
				kinds = `{ mount = "new", pid = "new", user = "new" }`
			}
			profile := "version = 1\nnamespaces = " + kinds + "\nroot = { path = \"" + initramfsDir + "/r\", overlay = \"tmpfs\" }\n[mounts]\ntmpfs = [\"/tmp\"]\n\"/etc/made\" = { type = \"file\", content = \"x\" }\n"
			dir := chrootTree(t, profile)
			nstest.Superuser(t).WriteFile(t, dir+"/none.toml", profile+"[process]\ncapabilities = \"none\"\n")
			nstest.Superuser(t).WriteFile(t, dir+"/other.toml", profile+"[process]\ncapabilities = \"none\"\nuid = 1\ngid = 1\n")
			plan, run := onInitramfs(t, dir, "plan", initramfsDir+"/p.toml", "--", "/probe", "-mounts"), onInitramfs(t, dir, initramfsDir+"/p.toml", "--", "/probe", "-mounts")
			for _, want := range []string{
				"chroot into the root, over the initramfs, which cannot be unmounted",
				"the root of this machine is its initramfs, which cannot be unmounted, so a command that keeps CAP_SYS_ADMIN can reach it (process.capabilities)",
			} {
				if !strings.Contains(plan.Stdout+plan.Stderr, want) {
					t.Errorf("the plan does not say %q: %+v", want, plan)
				}
			}
			if run.Status != 0 {
				t.Fatalf("%+v", run)
			}
			var targets []string
			for _, m := range nstest.ParseReport(t, run.Stdout).Mounts {
				targets = append(targets, m.Target)
			}
			slices.Sort(targets)
			if want := []string{"/", "/etc/made", "/proc", "/tmp"}; !slices.Equal(targets, want) {
				t.Errorf("inside is mounted %v, want %v", targets, want)
			}
			// As the note says, only who keeps CAP_SYS_ADMIN gets at what is covered.
			const inside = "root: bin dev etc inner lib lib64 probe proc tmp usr\n"
			for _, escape := range []struct {
				profile string
				words   []string
				want    string
			}{
				{"p", []string{"-escape"}, "umount: ok, setns: ok, root: "},
				{"none", []string{"-escape"}, "umount: EPERM, setns: EPERM, " + inside},
				{"other", []string{"-nested", "-escape"}, "umount: EINVAL, setns: ok, " + inside},
			} {
				if user && escape.profile == "other" {
					continue // there is no other
				}
				got := onInitramfs(t, dir, append([]string{initramfsDir + "/" + escape.profile + ".toml", "--", "/probe"}, escape.words...)...)
				if !strings.HasPrefix(got.Stdout, escape.want) || escape.profile == "p" && strings.Contains(got.Stdout, "inner") {
					t.Errorf("%s, %q: %+v, want %q", escape.profile, escape.words, got, escape.want)
				}
			}
		})
	}
}

// initramfsDir is a directory of the kernel's own root; every kernel makes it.
const initramfsDir = "/root"

// onInitramfs runs nslaunch where the kernel's own root is "/", and dir on a directory of it.
func onInitramfs(t *testing.T, dir string, args ...string) nstest.Result {
	t.Helper()
	var result nstest.Result
	var err error
	done := make(chan bool)
	go func() {
		defer close(done)
		result, err = runOnInitramfs(dir, args)
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func runOnInitramfs(dir string, args []string) (result nstest.Result, err error) {
	runtime.LockOSThread() // the thread ends with the goroutine
	if unix.Gettid() == os.Getpid() {
		defer runtime.UnlockOSThread() // but for the first
		done := make(chan bool)
		go func() { defer close(done); result, err = runOnInitramfs(dir, args) }()
		<-done
		return result, err
	}
	null, err := os.Open("/dev/null")
	if err != nil {
		return result, err
	}
	defer null.Close()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return result, err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return result, err
	}
	own, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return result, err
	}
	defer unix.Close(own)
	tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return result, err
	}
	defer unix.Close(tree)
	for {
		if err := unix.Unmount("/", unix.MNT_DETACH); err != nil {
			return result, err
		}
		if err := unix.Setns(own, unix.CLONE_NEWNS); err != nil {
			return result, err
		}
		var st unix.Statfs_t
		if err := unix.Statfs("/", &st); err != nil {
			return result, err
		}
		if st.Type == unix.TMPFS_MAGIC || st.Type == unix.RAMFS_MAGIC {
			break
		}
	}
	if err := unix.Mkdir("/proc", 0o755); err == nil {
		defer unix.Rmdir("/proc")
		defer unix.Unmount("/proc", unix.MNT_DETACH)
	}
	err = errors.Join(unix.MoveMount(tree, "", unix.AT_FDCWD, initramfsDir, unix.MOVE_MOUNT_F_EMPTY_PATH), unix.Mount("proc", "/proc", "proc", 0, ""))
	if err != nil {
		return result, err
	}
	// What masks files inside; the initramfs of a machine has one.
	if err := unix.Mkdir("/dev", 0o755); err == nil {
		defer unix.Rmdir("/dev")
	}
	switch err := unix.Mknod("/dev/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err {
	case nil:
		defer unix.Unlink("/dev/null")
	case unix.EEXIST:
	default:
		return result, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(filepath.Join(initramfsDir, "nslaunch"), args...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = "/", []string{}, null, &stdout, &stderr
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	if cmd.ProcessState != nil {
		result = nstest.Result{Stdout: stdout.String(), Stderr: stderr.String(), Status: cmd.ProcessState.ExitCode()}
	}
	return result, err
}

// Where chroot(2) is forbidden, a look at the root of the mount namespace would be a way without return. It is made in another way then.
func TestChrootForbidden(t *testing.T) {
	u := nstest.Superuser(t)
	systest.BecomePrepared(t, func() error { return systest.Filter(systest.Denial{Call: unix.SYS_CHROOT, Errno: unix.EPERM}) })
	cmd := systest.Prepared(t, u, nstest.Nslaunch(t), "p.toml")
	u.WriteFile(t, filepath.Join(cmd.Dir, "p.toml"), "version = 1\nnamespaces = { mount = \"new\", pid = \"new\" }\nroot = \"tmpfs\"\ncommand = [\"sh\", \"-c\", \"echo /*\"]\n"+
		"[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n")
	if got := nstest.MustRun(t, cmd); !strings.Contains(got, "\n/bin /lib") || strings.Contains(got, "/etc") {
		t.Errorf("%q", got)
	}
}
