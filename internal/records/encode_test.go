package records

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/process"
	"github.com/nslaunch/nslaunch/launcher"
)

// full is a record in which no field is empty.
func full() *Record {
	groups, set, mask, nice := []uint32{}, ^uint64(0), uint32(0o22), -5
	return &Record{
		Version: Version, Name: "dev.2", World: World{1, 2},
		Launcher: process.Process{PID: 3, Start: 4}, Profile: "/a \"b\"\\\n\xff.toml",
		Command: []string{"sh", "", "\x01\t<é>\u2028", "\xc3("},
		Started: time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC),
		Target: &launcher.Target{
			Process: process.Process{PID: 5, Start: 6}, Init: 7,
			Namespaces: map[config.NamespaceKind]uint64{config.User: 8, config.Net: 9},
			Own:        []config.NamespaceKind{config.User, config.Net},
			Joined:     []config.NamespaceKind{config.Net},
			RootUID:    -1, RootGID: 10, UID: 11, GID: -1, Groups: &groups,
			Bounding: &set, Capabilities: &set, Ambient: true, NoNewPrivs: true,
			Cwd: "/\xfe", CwdOrTop: true, Umask: &mask,
			Rlimits: []config.Rlimit{{Name: "nofile", Soft: 1, Hard: config.RlimitInfinity}},
			Nice:    &nice, OOMScoreAdj: &nice, Env: []string{"A=\xff", "B=c"}, KeptFDs: []int{3, 9}, Unit: "u.scope", Cgroup: "/sys/fs/cgroup/u",
		},
		StopTimeout: time.Second, Detached: true, Dir: "/dir\xff", LogID: "0123456789abcdef", Log: "/log", End: &End{Status: 3, Killed: true},
	}
}

// What is written is read as it was.
func TestRoundTrip(t *testing.T) {
	some := []uint32{1, 2}
	withGroups := full()
	withGroups.Target.Groups = &some
	plain := &Record{Version: 1, Name: "a", Launcher: process.Process{PID: 1}, Command: []string{}}
	sparse, unended := full(), full()
	unended.End = nil
	sparse.Target = &launcher.Target{Namespaces: map[config.NamespaceKind]uint64{}, Own: []config.NamespaceKind{}, Rlimits: []config.Rlimit{}, Env: []string{}}
	for _, r := range []*Record{full(), withGroups, plain, sparse, unended, full().hint()} {
		text := r.encode()
		got, err := decode(text)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s\ngives %+v, %v", text, got, err)
		}
	}
	for _, e := range []End{{0, false}, {137, true}} {
		r, err := decode(append(plain.encode(), e.encode()...))
		if err != nil || r.End == nil || *r.End != e {
			t.Errorf("end %+v gives %+v, %v", e, r.End, err)
		}
	}
}

// Nothing that may be secret is in a hint, which a file has.
func TestHint(t *testing.T) {
	r := full()
	r.Command = []string{"/bin/" + strings.Repeat("x", 2*longestWord), "--token=hidden"}
	r.Target.Env = []string{"TOKEN=hidden"}
	text := string(r.hint().encode())
	if strings.Contains(text, "hidden") || len(text) > 1000 || r.Target == nil || len(r.Command) != 2 {
		t.Errorf("the hint is %s", text)
	}
	if !strings.Contains(string(r.encode()), "TOKEN=hidden") {
		t.Error("the record has no environment: the test tests nothing")
	}
}

// Every field that encoding/json would write, and only those, is written.
func TestFields(t *testing.T) {
	want, err := json.Marshal(full())
	if err != nil {
		t.Fatal(err)
	}
	var a, b map[string]any
	if err := json.Unmarshal(want, &a); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(full().encode())) {
		if err := json.Unmarshal([]byte(line), &b); err != nil {
			t.Fatal(err)
		}
	}
	compare(t, "record", a, b)
	v := reflect.ValueOf(*full())
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the test leaves %s empty", v.Type().Field(i).Name)
		}
	}
	v = reflect.ValueOf(*full().Target)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the test leaves %s empty", v.Type().Field(i).Name)
		}
	}
}

func compare(t *testing.T, at string, a, b map[string]any) {
	for key, value := range a {
		other, ok := b[key]
		if !ok {
			t.Errorf("%s: no %s", at, key)
			continue
		}
		if sub, ok := value.(map[string]any); ok {
			compare(t, at+"."+key, sub, other.(map[string]any))
		}
	}
	if len(a) != len(b) {
		t.Errorf("%s has %d fields; want %d", at, len(b), len(a))
	}
}

// What is no record is said to be none, and does nothing.
func TestDecodeBad(t *testing.T) {
	good := string(full().encode())
	for _, text := range []string{"", "\n", "{}\n", "null\n", "[]\n", "x", string(full().head()[:20]), good[:40] + "\n",
		`{"version":1,"name":"a","launcher":{"pid":1,"start":1},"profile":"\u0000!"}` + "\n", good + "x\n",
		`{"version":2,"name":"\u001b[2K","launcher":{"pid":1,"start":1}}` + "\n", `{"version":2,"name":"../a","launcher":{"pid":1,"start":1}}` + "\n"} {
		if r, err := decode([]byte(text)); err == nil {
			t.Errorf("%.60q is taken: %+v", text, r)
		}
	}
	// A line that is being written is none yet.
	if r, err := decode(append(full().head(), beforeStatus...)); err != nil || r.End != nil {
		t.Errorf("half an end: %+v, %v", r, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(full().encode())
	f.Add(full().head())
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := decode(text)
		if err != nil {
			return
		}
		again, err := decode(r.encode())
		if err != nil || again.Name != r.Name || again.Launcher != r.Launcher {
			t.Errorf("%q: %+v becomes %+v, %v", text, r, again, err)
		}
	})
}
