package conformance

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// aroundExamples is what some examples find where they are run.
func aroundExamples() map[string]func(t *testing.T, u nstest.User, dir string) []string {
	return map[string]func(t *testing.T, u nstest.User, dir string) []string{
		"extends": func(t *testing.T, u nstest.User, dir string) []string {
			base, err := os.ReadFile("../../../examples/hello.toml")
			if err != nil {
				t.Fatal(err)
			}
			u.WriteFile(t, dir+"/hello.toml", string(base))
			return nil
		},
		"idmapped": func(t *testing.T, _ nstest.User, dir string) []string {
			systest.MakeDirs(t, dir+"/project")
			if err := os.Chown(dir+"/project", 1000, 1000); err != nil {
				t.Fatal(err)
			}
			return nil
		},
		"overlay": func(t *testing.T, u nstest.User, _ string) []string {
			if u.IsRoot() {
				t.Cleanup(func() { systest.RemoveLayer(t, "/var/lib/nslaunch/overlay-example") })
			}
			return []string{"XDG_STATE_HOME=" + u.TempDir(t)}
		},
		"rootfs": func(t *testing.T, u nstest.User, dir string) []string {
			systest.SmallSystem(t, u, dir+"/rootfs")
			return nil
		},
	}
}

// lent is the descriptor that a recvmsg received. strace does not show it as its
// result, which is the length of what was said with it.
func lent(got traced) (int64, error) {
	for _, control := range field(at(got.args, 1), "msg_control").list {
		if data := field(control, "cmsg_data"); len(data.list) == 1 {
			return int64(data.list[0].number), nil
		}
	}
	return 0, fmt.Errorf("no descriptor: %s", got.text)
}

var (
	receivesTree = regexp.MustCompile(`^receive the tree of (.*)$`)
	makesLayer   = regexp.MustCompile(`^make (/.*) where it is missing$`)
)

// layerActs is how the directory of an overlay is made that is not there.
func layerActs(dir string) []string {
	return []string{"mkdir " + dir + "/upper", "mkdir " + dir + "/work", "adapt " + dir + "/upper"}
}

// makesParent reports whether an act makes a directory above one that is to be made.
func makesParent(act string, want []string) bool {
	return strings.HasPrefix(act, "mkdir ") && slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(w, act+"/") })
}

// treeAct says what a call of the launcher does to a tree that it lends, or to
// the directory of an overlay.
func treeAct(tr trace, c traced, files map[uint64]string) string {
	file := func(i int) string { return files[at(c.args, i).number] }
	switch r, err := c.returned(); c.name {
	case "open_tree":
		const cloned = 0x1 | 0x80000 | 0x1000 // OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_EMPTY_PATH
		if err == nil && file(0) != "" && at(c.args, 2).number&cloned == cloned {
			files[uint64(r.value)] = "tree of " + file(0)
			return ""
		}
	case "mount_setattr":
		const idmap = 0x100000 // MOUNT_ATTR_IDMAP
		source, tree := strings.CutPrefix(file(0), "tree of ")
		attr := at(c.args, 3)
		if tree && field(attr, "attr_set").number == idmap && field(attr, "attr_clr").number|field(attr, "propagation").number == 0 &&
			tr.inUserNamespace(files[field(attr, "userns_fd").number]) {
			return "map the ids of " + source
		}
	case "sendmsg":
		if fd, err := lent(c); err == nil && strings.HasPrefix(files[uint64(fd)], "tree of ") {
			return "lend the " + files[uint64(fd)]
		} else if err == nil && files[uint64(fd)] == lentSocket {
			return "lend the socket"
		}
	case "mkdirat":
		if at(c.args, 2).number == 0o700 {
			name := at(c.args, 1).text
			if !path.IsAbs(name) {
				name = path.Join(file(0), name)
			}
			return "mkdir " + name
		}
	case "fchown": // to whom is not in the plan, nor always done
		if strings.HasPrefix(file(0), "/") {
			return ""
		}
	case "fchmod":
		if strings.HasPrefix(file(0), "/") {
			return "adapt " + file(0)
		}
	}
	return c.text
}

// inUserNamespace reports whether a file is the user namespace of the program's first process.
func (tr trace) inUserNamespace(file string) bool {
	start, err := tr.start()
	if err != nil {
		return false
	}
	r, err := start.returned()
	return err == nil && file == fmt.Sprintf("/proc/%d/ns/user", r.pid)
}
