package launcher

import (
	"os"
	"testing"
)

func TestOOMKills(t *testing.T) {
	dir := t.TempDir()
	if got := oomKills(dir); got != 0 {
		t.Errorf("no file: %d", got)
	}
	if err := os.WriteFile(dir+"/memory.events", []byte("low 0\noom 4\noom_kill 3\noom_group_kill 9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := oomKills(dir); got != 3 {
		t.Errorf("got %d; want 3", got)
	}
}
