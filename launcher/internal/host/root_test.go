package host

import (
	"os"
	"reflect"
	"runtime"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
)

// Who looks from above and comes back has seen what another thread sees, and is where it was.
func TestProbeAlone(t *testing.T) {
	nstest.Superuser(t)
	p, err := config.Parse("p.toml", []byte("version = 1\ncommand = [\"true\"]\nnamespaces.mount = \"new\"\nroot = \"tmpfs\"\n"), config.CallerVars())
	if err != nil {
		t.Fatal(err)
	}
	where := func() (places [2]string) {
		for i, name := range []string{"root", "cwd"} {
			if places[i], err = os.Readlink("/proc/thread-self/" + name); err != nil {
				t.Error(err)
			}
		}
		return places
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // it is not used again
		want, err := Probe(p)
		if err != nil {
			t.Error(err)
			return
		}
		before := where()
		got, err := ProbeAlone(p)
		if err != nil || !reflect.DeepEqual(got.Root, want.Root) || where() != before {
			t.Errorf("%+v, %v, and then at %q; want %+v at %q", got, err, where(), want.Root, before)
		}
	}()
	<-done
}
