package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// plain prints a profile without the places in it.
func plain(t *testing.T, p *Profile) string {
	t.Helper()
	q := *p
	q.File = ""
	q.Mounts = append([]MountEntry{}, p.Mounts...)
	for i := range q.Mounts {
		q.Mounts[i].Key = ""
	}
	q.Globs = append([]Glob{}, p.Globs...)
	for i := range q.Globs {
		q.Globs[i].Entry.Key = ""
	}
	q.Scope.Properties = append([]Property{}, p.Scope.Properties...)
	text, err := json.MarshalIndent(q, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What is shown of a profile says the same from anywhere, to whom knows nothing.
func TestShownRuns(t *testing.T) {
	given := map[string]map[string]string{"09-ci.toml": {"job": "unit"}, "12-nsenter.toml": {"pid": "7"}}
	files := profiles(t, "testdata/good")
	for _, file := range append(files, Presets()...) {
		vars := testVars()
		vars.Var = given[file]
		r, err := Resolve(file, vars)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		straight, err := Load(file, vars)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := plain(t, r.Profile), plain(t, straight); got != want {
			t.Errorf("%s: resolved it is another profile\n%s\nwant\n%s", file, got, want)
		}
		for _, origins := range []bool{false, true} {
			text := r.TOML(origins)
			p, err := Parse("/elsewhere/x.toml", []byte(text), Vars{State: vars.State})
			if err != nil {
				t.Errorf("%s: %v\n%s", file, err, text)
				continue
			}
			if got, want := plain(t, p), plain(t, straight); got != want {
				t.Errorf("%s: shown it is another profile\n%s\n%s\nwant\n%s", file, text, got, want)
			}
		}
	}
}

func TestShow(t *testing.T) {
	writeFiles(t, map[string]string{
		"top.toml": `version = 1
extends = ["sub/mid.toml"]
hostname = "top"
domainname = false
scope = false
sys = false
command = ["sh", "-c", "echo $${X} ${var:job} \"\\"]
[env]
inherit.add = ["CI"]
[mounts]
rw = ["./a"]
"/tmp" = false
"${home}" = { type = "tmpfs", size = "1M" }
`,
		"sub/mid.toml": `version = 1
hostname = "mid"
domainname = "mid"
scope = { slice = "a.slice", bus = "user" }
namespaces = "new"
[env]
inherit = { add = ["A"], remove = ["LANG"] }
set = { B = "${uid}" }
[mounts]
ro = ["-./a", "../a", "/c"]
tmpfs = ["/tmp"]
`,
	})
	vars := here(t)
	vars.Var = map[string]string{"job": "j"}
	r, err := Resolve("top.toml", vars, Setting{"limits.timeout", Text("5s"), FromSet})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(r.TOML(true), vars.Cwd, "/cwd")
	if want := `version = 1  # top.toml:1:1
hostname = "top"  # top.toml:3:1, over "mid" at sub/mid.toml:2:1

[name]
base = "top"  # default
taken = "number"  # default

[command]
argv = ["sh", "-c", "echo $${X} j \"\\"]  # top.toml:7:1

[namespaces]
all = "new"  # sub/mid.toml:5:1

[env]
inherit = [  # over "LANG" at default
  "TERM",  # default
  "LC_*",  # default
  "A",  # sub/mid.toml:7:20
  "CI",  # top.toml:9:16
]
set.B = "1000"  # sub/mid.toml:8:9

[mounts]
ro = ["-/cwd/sub/a", "/c"]  # sub/mid.toml:10:1
rw = ["/cwd/a"]  # top.toml:11:1, over mounts.ro[1] = "../a" at sub/mid.toml:10:15
"/home/u" = { type = "tmpfs", size = "1M" }  # top.toml:13:1

[limits]
timeout = "5s"  # --set
# domainname = false at top.toml:4:1, over "mid" at sub/mid.toml:3:1
# sys = false at top.toml:6:1
# scope = false at top.toml:5:1, over { bus = "user", slice = "a.slice" } at sub/mid.toml:4:1
# mounts."/tmp" = false at top.toml:12:1, over mounts.tmpfs[0] = "/tmp" at sub/mid.toml:11:10
`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for key, want := range map[string]string{
		"hostname":         `hostname = "top"` + "\n",
		"env":              "[env]\ninherit = [\"TERM\", \"LC_*\", \"A\", \"CI\"]\nset.B = \"1000\"\n",
		"env.set":          "[env]\nset.B = \"1000\"\n",
		`mounts."/home/u"`: "[mounts]\n\"/home/u\" = { type = \"tmpfs\", size = \"1M\" }\n",
		"limits.memory":    "",
	} {
		part, _, err := r.At(key)
		if err != nil || part.TOML(false) != want {
			t.Errorf("At(%s) = %v; want %s", key, err, want)
			continue
		}
	}
	for key, want := range map[string]string{
		"hostnam":      `hostnam: unknown key "hostnam" (did you mean "hostname"?)`,
		"limits.tsks":  `limits.tsks: unknown key "tsks" in [limits] (did you mean "tasks"?)`,
		"hostname.x":   `hostname: want a string, got a table`,
		"a..b":         `not a key: "a..b"`,
		"mounts./home": `not a key: "mounts./home" (did you mean mounts."/home"?)`,
	} {
		if _, _, err := r.At(key); err == nil || err.Error() != want {
			t.Errorf("At(%s): %v; want %s", key, err, want)
		}
	}
}

// The order of keys is the same each time, whichever there are.
func TestEntryOrder(t *testing.T) {
	table := map[string]any{"uid": int64(1), "nice": int64(2), "ro": "/", "gid": int64(3), "aa": int64(4), "options": []any{}, "zz": int64(5), "keep_fds": []any{}}
	const want = `{ ro = "/", options = [], uid = 1, gid = 3, aa = 4, keep_fds = [], nice = 2, zz = 5 }`
	for range 50 {
		if got := TOMLValue(table); got != want {
			t.Fatalf("got %s; want %s", got, want)
		}
	}
}

// TOML has no way to say what is not UTF-8.
func TestShowNotUTF8(t *testing.T) {
	vars := testVars()
	vars.Env = func(string) (string, bool) { return "\xff", true }
	writeFiles(t, map[string]string{"p.toml": "version = 1\nenv.set.A = \"${env:X}\"\n"})
	_, err := Resolve("p.toml", vars)
	if want := `p.toml:2:9: env.set.A: "\xff" is not UTF-8, which TOML needs`; err == nil || err.Error() != want {
		t.Errorf("Resolve: %v; want %s", err, want)
	}
}

// Whatever three sources say, together they are a profile, which shown is the
// same one, or have problems, each at a place of one of them.
func FuzzMerge(f *testing.F) {
	files, _ := filepath.Glob("testdata/*/*.toml")
	var last []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, last, "env.inherit.add", "A,B")
		f.Add(last, text, `mounts."/tmp"`, "false")
		last = text
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, base, text []byte, key, value string) {
		if err := os.WriteFile(dir+"/base.toml", base, 0o666); err != nil {
			t.Fatal(err)
		}
		vars := testVars()
		top := append([]byte("extends = [\""+dir+"/base.toml\"]\n"), text...)
		settings := []Setting{{key, Text(value), FromSet}}
		p, err := Parse("top.toml", top, vars, settings...)
		if (p == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v; want one of them", p, err)
		}
		if err != nil {
			texts := map[string]string{"top.toml": string(top), dir + "/base.toml": string(base)}
			for _, e := range err.(Errors) {
				text, ok := texts[e.Pos.File]
				lines := strings.Split(strings.TrimPrefix(text, toml.Bom), "\n")
				bad := ok && (e.Pos.Line < 1 || e.Pos.Line > len(lines) || e.Pos.Col < 1 || e.Pos.Col > len(lines[e.Pos.Line-1])+1)
				if !ok && e.Pos.File != FromSet || bad || e.Msg == "" || strings.ContainsAny(e.Error(), "\n\x00") {
					t.Errorf("%q: no place of ours", e.Error())
				}
				if (len(e.Via) > 0) != (e.Pos.File == dir+"/base.toml") {
					t.Errorf("%v is from %v", e, e.Via)
				}
			}
			return
		}
		if err := Check(p); err != nil {
			t.Errorf("Check after Parse: %v", err)
		}
		d := newReading("top.toml", vars)
		d.Record = lang.NewRecord()
		if _, err := d.parse(top, settings); err != nil {
			t.Fatalf("for show: %v", err)
		}
		r := &Resolved{Profile: d.p}
		if err := d.resolved(r); err != nil {
			return
		}
		again, err := Parse("/again.toml", []byte(r.TOML(true)), vars)
		if err != nil {
			t.Fatalf("shown: %v\n%s", err, r.TOML(true))
		}
		if got, want := plain(t, again), plain(t, p); got != want {
			t.Errorf("shown it is another profile\n%s\n%s\nwant\n%s", r.TOML(true), got, want)
		}
	})
}
