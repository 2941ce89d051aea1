package launcher

import (
	"fmt"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// A process that has another start time than the target's, or is in other namespaces, is not lent.
func TestLendProcess(t *testing.T) {
	self, err := process.At(unix.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	net, err := host.OwnNamespace(config.Net)
	if err != nil {
		t.Fatal(err)
	}
	kinds := []config.NamespaceKind{config.Net}
	recycled := self
	recycled.Start--
	for _, test := range []struct {
		process process.Process
		net     uint64
		want    string
	}{
		{self, net, "<nil>"},
		{recycled, net, "it has ended"},
		{process.Process{PID: 1 << 22, Start: 1}, net, "it has ended"},
		{self, net + 1, fmt.Sprintf("process %d has left the net namespace that it was started in", self.PID)},
	} {
		l := &launch{}
		err := step.LendProcess{Process: test.process, Namespaces: map[config.NamespaceKind]uint64{config.Net: test.net}, Kinds: kinds}.Apply(l)
		if fmt.Sprint(err) != test.want {
			t.Errorf("got %v; want %s", err, test.want)
		}
		for _, fd := range l.lent {
			unix.Close(fd)
		}
	}
}
