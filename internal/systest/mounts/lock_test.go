package mounts

import (
	"fmt"
	"os"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// Two sandboxes do not keep their changes in one directory at the same time. The lock leaves
// nothing behind, not even if the launcher is killed.
func TestLayerLock(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		lower := systest.Tree(t, u, map[string]string{"root/usr": "/", "root/bin": "/", "root/lib": "/", "root/lib64": "/", "a": "/"})
		state := u.TempDir(t)
		nstest.CheckNothingLeft(t, lower)
		if u.IsRoot() {
			state = "/var/lib"
			t.Cleanup(func() { systest.RemoveLayer(t, "/var/lib/nslaunch/lock-test") })
		}
		dir := state + "/nslaunch/lock-test"
		for _, row := range []struct{ what, text, place string }{
			{"root", fmt.Sprintf("root = { path = %q, overlay = { dir = \"${state}/lock-test\", create = true } }\n[mounts]\nro = [\"/usr\", \"/bin\", \"/lib\", \"-/lib64\"]\n", lower+"/root"),
				fmt.Sprintf("p.toml:3:%d: root.overlay.dir", 38+len(lower))},
			{"mount", fmt.Sprintf("[mounts]\n\"/mnt\" = { type = \"overlay\", lower = [%q], dir = \"${state}/lock-test\", create = true }\n", lower+"/a"),
				fmt.Sprintf("p.toml:4:%d: mounts.\"/mnt\".dir", 46+len(lower))},
		} {
			command := func() *systest.Live {
				cmd := systest.ProfileCommand(t, u, systest.OwnTree(u, row.text), "sh", "-c", "echo up; exec sleep 600")
				cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+state)
				return systest.StartLive(t, cmd)
			}
			for _, way := range []os.Signal{os.Interrupt, os.Kill} {
				first := command()
				second := systest.ProfileCommand(t, u, systest.OwnTree(u, row.text), "true")
				second.Env = append(second.Env, "XDG_STATE_HOME="+state)
				systest.WantFailure(t, second, fmt.Sprintf("%s: step #, lock %s: EAGAIN\n  another running sandbox keeps its changes in %s\n  try: use another directory, or nslaunch ps to find that sandbox", row.place, dir, dir))
				if err := first.Cmd.Process.Signal(way); err != nil {
					t.Fatal(err)
				}
				first.Ends()
			}
			third := systest.ProfileCommand(t, u, systest.OwnTree(u, row.text), "true")
			third.Env = append(third.Env, "XDG_STATE_HOME="+state)
			nstest.MustRun(t, third)
			files, err := os.ReadDir(dir)
			if err != nil || len(files) != 2 {
				t.Errorf("%s: %v, %v; want upper and work", row.what, files, err)
			}
		}
	})
}
