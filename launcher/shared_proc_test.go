package launcher

import (
	"path/filepath"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Where /proc is no mount of its own, nothing can be mounted on it alone.
func TestSharedWithoutProcMount(t *testing.T) {
	u := nstest.Superuser(t)
	file := u.WriteFile(t, filepath.Join(nstest.TempDir(t), "p.toml"), `version = 1
propagation = "shared"
namespaces = { mount = "new", pid = "new" }
command = ["true"]
`)
	profile, err := config.Load(file, config.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	host, err := Probe(profile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Compile(profile, host, nil); err != nil {
		t.Error(err)
	}
	host.Files["/proc"] = File{Dir: true}
	_, err = Compile(profile, host, nil)
	want := file + `:2:1: propagation: "shared" would show the change to /proc outside, because /proc is not a mount point here (use "slave+shared")`
	if err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}
