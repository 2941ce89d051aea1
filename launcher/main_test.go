package launcher

import (
	"context"
	"os"
	"strings"
	"testing"
)

// The tests launch sandboxes, and their children execute this binary again.
func TestMain(m *testing.M) {
	Child()
	os.Exit(m.Run())
}

// A program whose main forgot Child would start itself again and again.
func TestStartInChild(t *testing.T) {
	name := os.Args[0]
	defer func() { os.Args[0] = name }()
	os.Args[0] = "nslaunch-init"
	if _, err := Start(context.Background(), nil, Options{}); err == nil || !strings.Contains(err.Error(), "did not call launcher.Child first") {
		t.Errorf("got %v", err)
	}
}
