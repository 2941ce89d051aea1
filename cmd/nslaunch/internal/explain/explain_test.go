package explain

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/launcher"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func number(n int64) *int64 { return &n }

// sample is a summary of a project's sandbox, with many places.
func sample() *launcher.Summary {
	s := &launcher.Summary{
		Version: 1, Name: "npm", Profile: "npm.toml", Command: []string{"npm", "ci"},
		Places: []launcher.Place{
			{Path: "/", Access: launcher.AccessRead, Shows: launcher.ShowsMemory},
			{Path: "/bin", Access: launcher.AccessRead, Shows: launcher.ShowsHost, Source: "/usr/bin"},
			{Path: "/dev", Access: launcher.AccessWrite, Shows: launcher.ShowsMemory},
			{Path: "/dev/null", Access: launcher.AccessWrite, Shows: launcher.ShowsDevice, Source: "/dev/null"},
			{Path: "/home/ann", Access: launcher.AccessWrite, Shows: launcher.ShowsMemory},
			{Path: "/home/ann/project", Access: launcher.AccessWrite, Kept: true, Shows: launcher.ShowsHost, Source: "/home/ann/project"},
			{Path: "/home/ann/project/.env", Access: launcher.AccessHidden, Shows: launcher.ShowsNothing},
			{Path: "/mnt", Access: launcher.AccessWrite, Kept: true, Shows: launcher.ShowsOverlay, Source: "/srv/data", Changes: "/home/ann/changes"},
			{Path: "/proc", Access: launcher.AccessWrite, Shows: launcher.ShowsKernel},
			{Path: "/tmp", Access: launcher.AccessWrite, Shows: launcher.ShowsMemory},
			{Path: "/work", Access: launcher.AccessRead, Shows: launcher.ShowsHost, Source: "/home/ann/a \x1b[2J\u202e<b>"},
		},
		Home:        &launcher.Home{Path: "/home/ann", Access: launcher.AccessHidden, Except: []string{"/home/ann/project"}},
		Network:     launcher.Network{Of: launcher.NSOwn, Loopback: true},
		User:        launcher.User{UID: number(0), GID: number(0), HostUID: number(1000), HostGID: number(1000), KeepsGroups: true, NoNewPrivs: true},
		Processes:   launcher.Processes{Sees: launcher.NSOwn, Signals: launcher.NSOwn, IPC: launcher.NSOwn, Hostname: "npm"},
		Limits:      launcher.Limits{Timeout: "5m0s", Memory: "2G", Rlimits: []launcher.Limit{{Name: "nofile", Soft: "64", Hard: "128"}}},
		Namespaces:  map[string]launcher.NSOrigin{},
		Environment: &launcher.Environment{Inherited: []string{"LANG", "TERM"}, Set: []string{"HOME", "PATH"}},
		Unprotected: []launcher.Gap{
			{ID: "resources", Text: "the number of processes: nothing limits it"},
			{ID: "kernel", Text: "the kernel: it is the host's, and a bug in it can be a way out"},
		},
		Notes: []launcher.Remark{{Text: "a note", Key: "mounts.rw[0]", File: "npm.toml", Line: 7}, {Text: "one of a preset", File: "preset:dev", Line: 3}, {Text: "one of no line"}},
	}
	for i := range 40 {
		s.Places = append(s.Places, launcher.Place{Path: fmt.Sprintf("/etc/file%02d", i), Access: launcher.AccessRead, Shows: launcher.ShowsHost, Source: fmt.Sprintf("/etc/file%02d", i)})
		s.Places = append(s.Places, launcher.Place{Path: fmt.Sprintf("/srv/%02d/data", i), Access: launcher.AccessWrite, Kept: true, Shows: launcher.ShowsHost, Source: fmt.Sprintf("/srv/%02d/data", i)})
	}
	return s
}

func TestGolden(t *testing.T) {
	s := sample()
	for name, got := range map[string]string{
		"sample.txt": Text(s, false, Width(0), false), "narrow.txt": Text(s, false, Width(1), false), "all.txt": Text(s, false, Width(200), true),
		"short.txt": Short(s, false, Width(0)), "sample.svg": SVG(s, false),
	} {
		file := "testdata/" + name
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || string(want) != got {
			t.Errorf("%s (%v) is\n%s", file, err, got)
		}
	}
}

// However much a profile shows, the text is one screen, and no line is longer than the terminal.
func TestOneScreen(t *testing.T) {
	s := sample()
	for width, lines := range map[int]int{80: 36, 40: 80} {
		text := Text(s, false, width, false)
		if n := strings.Count(text, "\n"); n > lines {
			t.Errorf("it has %d lines of %d columns", n, width)
		}
		for line := range strings.Lines(Text(s, false, width, true) + text) {
			if len([]rune(line)) > width+1 {
				t.Errorf("too long for %d columns: %s", width, line)
			}
		}
	}
}

// Colours change nothing but colours.
func TestColours(t *testing.T) {
	text := Text(sample(), true, 80, false)
	for _, code := range []string{"0", "1", "2", "32", "33"} {
		text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
	}
	if plain := Text(sample(), false, 80, false); text != plain {
		t.Errorf("with colours it is\n%s", text)
	}
}

// What is nothing is said, too.
func TestNothing(t *testing.T) {
	s := &launcher.Summary{HostFiles: true, Places: []launcher.Place{{Path: "/", Access: launcher.AccessRead, Shows: launcher.ShowsHost, Source: "/"}},
		Network: launcher.Network{Of: launcher.NSOfHost}, Processes: launcher.Processes{Sees: launcher.NSNone, Signals: launcher.NSOfHost, IPC: launcher.NSJoined}}
	text := Text(s, false, 80, false)
	for _, want := range []string{"can write      nothing\n", "cannot see     nothing is hidden\n", "limits         none\n", "uid unknown", "there is no /proc; can signal the host's;"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// The home directory is never shortened away, and what is not known of a sandbox that runs is not called nothing.
func TestHomeIsSaid(t *testing.T) {
	s := &launcher.Summary{PID: 1, Home: &launcher.Home{Path: "/home/ann", Access: launcher.AccessRead}}
	for _, p := range []string{"/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/home/ann", "/i", "/j", "/k", "/srv/a", "/srv/b", "/srv/c", "/srv/d"} {
		s.Places = append(s.Places, launcher.Place{Path: p, Access: launcher.AccessRead, Shows: launcher.ShowsHost, Source: p})
	}
	text := Text(s, false, 80, false)
	for _, want := range []string{"can read       /home/ann, /a, ", "and 8 more", "its timeout is not known"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// The picture has every row, and its heading is on one line of its box, however long the names are.
func TestPicture(t *testing.T) {
	s := sample()
	s.Command = []string{strings.Repeat("W", 300)}
	picture := SVG(s, false)
	for _, r := range rowsOf(s, false) {
		if !strings.Contains(picture, ">"+r.label+"</text>") {
			t.Errorf("there is no box %q", r.label)
		}
	}
	_, heading, _ := strings.Cut(picture, ">The sandbox npm runs ")
	heading, _, _ = strings.Cut(heading, "<")
	if n := strings.Count(heading, "W"); n < 10 || n > 30 || !strings.HasSuffix(heading, "…") {
		t.Errorf("the heading ends with %q", heading)
	}
}

// A resource limit has its unit, and says if it is for each process.
func TestRlimits(t *testing.T) {
	s := &launcher.Summary{Limits: launcher.Limits{Rlimits: []launcher.Limit{
		{Name: "as", Soft: "524288000", Hard: "524288000"}, {Name: "core", Soft: "0", Hard: "infinity"}, {Name: "cpu", Soft: "10", Hard: "10"},
		{Name: "fsize", Soft: "1023", Hard: "1099511627776"}, {Name: "nofile", Soft: "1024", Hard: "4096"},
	}}}
	const want = "as 500M per process, core 0 (at most infinity), cpu 10s, fsize 1023 (at most 1T), nofile 1024 (at most 4096)"
	if got := limits(s); got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}
