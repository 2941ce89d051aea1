package mountprop

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, line string
		want       Mount
	}{
		{"manual page's", "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
			Mount{ID: 36, Parent: 35, Major: 98, Root: "/mnt1", Target: "/mnt2", Options: "rw,noatime", Master: 1,
				FSType: "ext3", Source: "/dev/root", SuperOptions: "rw,errors=continue"}},
		{"no tags", "22 27 0:21 / /proc rw - proc proc rw",
			Mount{ID: 22, Parent: 27, Minor: 21, Root: "/", Target: "/proc", Options: "rw",
				FSType: "proc", Source: "proc", SuperOptions: "rw"}},
		{"all tags", "1 1 0:1 / / rw shared:5 master:6 propagate_from:7 unbindable - tmpfs none rw",
			Mount{ID: 1, Parent: 1, Minor: 1, Root: "/", Target: "/", Options: "rw", Shared: 5, Master: 6,
				PropagateFrom: 7, Unbindable: true, FSType: "tmpfs", Source: "none", SuperOptions: "rw"}},
		{"unknown tags", "1 2 0:1 / / rw new:3 shared:5 newer - tmpfs none rw",
			Mount{ID: 1, Parent: 2, Minor: 1, Root: "/", Target: "/", Options: "rw", Shared: 5,
				FSType: "tmpfs", Source: "none", SuperOptions: "rw"}},
		{"empty source", "1 2 0:1 / /x rw - tmpfs  rw",
			Mount{ID: 1, Parent: 2, Minor: 1, Root: "/", Target: "/x", Options: "rw",
				FSType: "tmpfs", SuperOptions: "rw"}},
		{"escapes", `1 2 0:1 /a\040b /t\011n\012b\134\0400 rw - fuse.a\040b s\043\040 lowerdir=a\054b`,
			Mount{ID: 1, Parent: 2, Minor: 1, Root: "/a b", Target: "/t\tn\nb\\ 0", Options: "rw",
				FSType: "fuse.a b", Source: "s# ", SuperOptions: `lowerdir=a\054b`}},
		{"no escapes", `1 2 0:1 /\ /\04 rw - a\9999 \777 rw`,
			Mount{ID: 1, Parent: 2, Minor: 1, Root: `/\`, Target: `/\04`, Options: "rw",
				FSType: `a\9999`, Source: `\777`, SuperOptions: "rw"}},
		{"namespace", "1 2 0:4 net:[4026532] /run/ns rw shared:1 - nsfs nsfs rw",
			Mount{ID: 1, Parent: 2, Minor: 4, Root: "net:[4026532]", Target: "/run/ns", Options: "rw", Shared: 1,
				FSType: "nsfs", Source: "nsfs", SuperOptions: "rw"}},
	} {
		got, err := Read(strings.NewReader(test.line + "\n"))
		if err != nil || len(got) != 1 || got[0] != test.want {
			t.Errorf("%s: got %+v, %v; want %+v", test.name, got, err, test.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	const good = "22 27 0:21 / /proc rw - proc proc rw\n"
	for line, want := range map[string]string{
		"22":                                     "mountinfo line 2: 1 fields, want at least 10",
		"22 27 0:21 / /proc rw":                  `mountinfo line 2: no separator "-"`,
		"22 27 0:21 / /proc rw shared:1":         `mountinfo line 2: no separator "-"`,
		"22 27 0:21 / /proc rw - proc proc":      "mountinfo line 2: 2 fields after the separator, want 3",
		"22 27 0:21 / /proc rw - p p rw x":       "mountinfo line 2: 4 fields after the separator, want 3",
		"x 27 0:21 / /proc rw - p p rw":          `mountinfo line 2: "x" is not a number`,
		"22 -1 0:21 / /proc rw - p p rw":         `mountinfo line 2: "-1" is not a number`,
		"22 27 21 / /proc rw - p p rw":           `mountinfo line 2: device "21" is not major:minor`,
		"22 27 0:y / /proc rw - p p rw":          `mountinfo line 2: "y" is not a number`,
		"22 27 0:1 / /proc rw shared:- - p p rw": `mountinfo line 2: "-" is not a number`,
		"22 27 0:1 / /proc rw master - p p rw":   `mountinfo line 2: "" is not a number`,
	} {
		got, err := Read(strings.NewReader(good + line + "\n"))
		if got != nil || err == nil || err.Error() != want {
			t.Errorf("%q: got %v, %v; want %s", line, got, err, want)
		}
	}
}

func TestReadLongLines(t *testing.T) {
	long := strings.Repeat("/layer:", 1<<16)
	got, err := Read(strings.NewReader("1 2 0:1 / / rw - overlay o lowerdir=" + long))
	if err != nil || len(got) != 1 || len(got[0].SuperOptions) != len("lowerdir=")+len(long) {
		t.Errorf("got %d mounts, %v", len(got), err)
	}
}

func TestPropagation(t *testing.T) {
	for _, test := range []struct {
		m    Mount
		want Propagation
	}{
		{Mount{}, Private},
		{Mount{Shared: 1}, Shared},
		{Mount{Master: 1}, Slave},
		{Mount{Master: 1, PropagateFrom: 2}, Slave},
		{Mount{Shared: 1, Master: 2}, SlaveShared},
		{Mount{Unbindable: true}, Unbindable},
	} {
		if got := test.m.Propagation(); got != test.want {
			t.Errorf("%+v is %s; want %s", test.m, got, test.want)
		}
	}
}

// Every line of this machine parses, and says what it said when printed again.
func TestSelf(t *testing.T) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	mounts, err := Read(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(mounts) != len(lines) {
		t.Fatalf("%d mounts of %d lines", len(mounts), len(lines))
	}
	for i, line := range lines {
		if got := print(mounts[i]); got != line {
			t.Errorf("printed again:\n\t%s\nthe kernel's:\n\t%s", got, line)
		}
	}
	self, err := Self()
	if err != nil || len(self) == 0 {
		t.Errorf("Self() = %v, %v", self, err)
	}
}

// print writes a mount as the kernel does.
func print(m Mount) string {
	escape := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)
	tags := ""
	for _, tag := range []struct {
		name  string
		group int
	}{{"shared", m.Shared}, {"master", m.Master}, {"propagate_from", m.PropagateFrom}} {
		if tag.group != 0 {
			tags += fmt.Sprintf("%s:%d ", tag.name, tag.group)
		}
	}
	if m.Unbindable {
		tags += "unbindable "
	}
	return fmt.Sprintf("%d %d %d:%d %s %s %s %s- %s %s %s", m.ID, m.Parent, m.Major, m.Minor,
		escape.Replace(m.Root), escape.Replace(m.Target), m.Options, tags,
		escape.Replace(m.FSType), strings.ReplaceAll(escape.Replace(m.Source), "#", `\043`), m.SuperOptions)
}

// FuzzRead: no text makes the parser panic, and what it takes for a list of
// mounts is one still when printed and parsed again.
func FuzzRead(f *testing.F) {
	f.Add("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n")
	f.Add(`1 2 0:1 /a\040b /t\134 rw shared:1 master:2 unbindable - tmpfs  rw`)
	f.Add("\n\n1 1 0:1 / / rw - a b c\n")
	f.Fuzz(func(t *testing.T, text string) {
		mounts, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, m := range mounts {
			again, err := Read(strings.NewReader(print(m)))
			if err != nil || len(again) != 1 || again[0] != m {
				t.Errorf("%+v: printed and read again: %+v, %v", m, again, err)
			}
			At(mounts, m.Target)
		}
	})
}
