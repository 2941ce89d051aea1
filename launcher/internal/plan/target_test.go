package plan

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
)

// Every field of a target is written, and read as it was.
func TestTargetJSON(t *testing.T) {
	groups, set, mask, nice := []uint32{0, 1 << 31}, ^uint64(0), uint32(0o22), -5
	target := Target{
		Process: process.Process{PID: 5, Start: 6}, Init: 7,
		Namespaces: map[config.NamespaceKind]uint64{config.User: 8, config.Net: 9},
		Own:        []config.NamespaceKind{config.User, config.Net},
		Joined:     []config.NamespaceKind{config.Net},
		RootUID:    -1, RootGID: 10, UID: 11, GID: -1, Groups: &groups,
		Bounding: &set, Capabilities: &set, Ambient: true, NoNewPrivs: true,
		Cwd: "/\xfe", CwdOrTop: true, Umask: &mask,
		Rlimits: []config.Rlimit{{Name: "nofile", Soft: 1, Hard: config.RlimitInfinity}},
		Nice:    &nice, OOMScoreAdj: &nice, Env: []string{"A=\xff", "B=\x01\"c\\"}, KeptFDs: []int{3, 9}, Unit: "u.scope", Cgroup: "/sys/fs/cgroup/\xff",
	}
	for i := range reflect.TypeFor[Target]().NumField() {
		if reflect.ValueOf(target).Field(i).IsZero() {
			t.Errorf("this test says nothing of %s", reflect.TypeFor[Target]().Field(i).Name)
		}
	}
	text := target.AppendJSON(nil)
	var got Target
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if err := got.Restore(); err != nil || !reflect.DeepEqual(got, target) {
		t.Errorf("%s\ngives %+v, %v", text, got, err)
	}
}
