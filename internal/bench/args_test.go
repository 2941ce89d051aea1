package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func testLayout() layout {
	return layout{bin: "/b/bin", project: "/b/project", sources: "/b/sources", system: []mount{
		{"ro", "/usr", "/usr"}, {"symlink", "usr/bin", "/bin"}, {"ro", "/lib", "/lib"},
	}}
}

// TestArguments compares the arguments of each program for each kind of sandbox, as root and as
// an ordinary user.
func TestArguments(t *testing.T) {
	l := testLayout()
	specs := []struct {
		name string
		spec spec
	}{
		{"minimal", minimalSpec(l)},
		{"minimal+user", minimalSpec(l).with("user")},
		{"minimal+net", minimalSpec(l).with("net")},
		{"dev", devSpec(l)},
		{"binds", bindsSpec(l, 2)},
	}
	programs := append(knownPeers(), contender{program{Name: "nslaunch"}, nslaunchJob}, contender{program{Name: "floor"}, floorJob},
		contender{program{Name: "scope"}, scopeJob}, contender{program{Name: "systemd-run"}, systemdRun(bwrapJob)})
	for _, c := range programs {
		t.Run(c.Name, func(t *testing.T) {
			var b strings.Builder
			for _, s := range specs {
				for _, uid := range []int{0, 1000} {
					fmt.Fprintf(&b, "## %s, uid %d\n", s.name, uid)
					p := place{path: "/bin/" + c.Name, dir: "/d", uid: uid, gid: uid, rootfs: "/rootfs", skeleton: "/skeleton", host: "host"}
					j, err := c.translate(p, s.spec.forUser(uid), []string{s.spec.bin + "/true", "word"})
					if err != nil {
						fmt.Fprintf(&b, "left out: %v\n\n", err)
						continue
					}
					fmt.Fprintf(&b, "%s\n", strings.Join(slices.Concat(j.Env, j.Argv), "\n  "))
					for _, path := range slices.Sorted(maps.Keys(j.files)) {
						fmt.Fprintf(&b, "file %s\n%s\n", path, j.files[path])
					}
					fmt.Fprintf(&b, "notes %q, lacks %q\n\n", j.Notes, j.Lacks)
				}
			}
			golden(t, "args/"+c.Name, b.String())
		})
	}
}

// Where nothing can be prepared, OCI runtimes have no root, and say so.
func TestArgumentsWithoutRootfs(t *testing.T) {
	for _, translate := range []translate{crunJob, runcJob} {
		if j, err := translate(place{uid: 1000}, minimalSpec(testLayout()), []string{"true"}); err == nil {
			t.Errorf("got %v", j.Argv)
		}
	}
}

func TestJobWords(t *testing.T) {
	j := job{Argv: []string{"run", "bench-" + launchID, "x"}}
	if got := strings.Join(j.words("7"), " "); got != "run bench-7 x" {
		t.Errorf("got %q", got)
	}
	if j.Argv[1] != "bench-"+launchID {
		t.Error("the job has changed")
	}
}

func TestChoose(t *testing.T) {
	for list, want := range map[string]string{
		"minimal":           "minimal",
		"dev,minimal":       "minimal dev",
		"binds":             "binds-10 binds-100 binds-1000",
		"mounts-200,binds":  "binds-10 binds-100 binds-1000 mounts-200",
		"minimal,minimal":   "minimal",
		"":                  "all",
		"nothing":           `unknown scenario "nothing"`,
		"minimal,":          `unknown scenario ""`,
		"minimal+user,idle": "minimal+user idle",
	} {
		chosen, err := choose(list)
		var names []string
		for _, s := range chosen {
			names = append(names, s.name)
		}
		got := strings.Join(names, " ")
		if len(chosen) == len(scenarios()) {
			got = "all"
		}
		if err != nil {
			got, _, _ = strings.Cut(err.Error(), ",")
		}
		if got != want {
			t.Errorf("choose(%q): %s; want %s", list, got, want)
		}
	}
}

func TestParseOptions(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"--rounds 0", "--rounds: too small"},
		{"--warmup 0", ""},
		{"--warmup -1", "--warmup: too small"},
		{"more", `unexpected argument "more"`},
		{"--nslaunch a=x --nslaunch a=y", `two builds have the name "a"`},
		{"--peer bwrap", "want name=path"},
		{"--peer bwrap=/x --nslaunch /y --nslaunch z=/z --json f", ""},
	} {
		var log strings.Builder
		o, file, _, err := parseOptions(strings.Fields(test.args), &log)
		if err == nil != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", test.args, err, test.want)
		}
		if file == "f" && (o.peers["bwrap"] != "/x" || fmt.Sprint(o.binaries) != "[{nslaunch /y} {z /z}]") {
			t.Errorf("%s: %+v", test.args, o)
		}
	}
	if _, _, err := findPeers(map[string]string{"docker": "/bin/true"}); err == nil {
		t.Error("an unknown peer is accepted")
	}
	if _, _, err := findPeers(map[string]string{"nsjail": "/nonexistent/nsjail"}); err == nil {
		t.Error("a peer that is given and not there is accepted")
	}
}
