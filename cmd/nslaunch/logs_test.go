package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/records"
)

func TestSeekLines(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, test := range []struct {
		text string
		n    int
		want string
	}{
		{"", 3, ""}, {"a\nb\nc\n", 0, ""}, {"a\nb\nc\n", 1, "c\n"}, {"a\nb\nc\n", 2, "b\nc\n"}, {"a\nb\nc\n", 3, "a\nb\nc\n"},
		{"a\nb\nc\n", 9, "a\nb\nc\n"}, {"a\nb", 1, "b"}, {"a\nb", 2, "a\nb"}, {"\n\n\n", 2, "\n\n"}, {"a", 1, "a"},
		{long + "\n" + long + "\n", 1, long + "\n"}, {long + "\n" + long, 2, long + "\n" + long}, {strings.Repeat("\n", 200_000), 150_000, strings.Repeat("\n", 150_000)},
	} {
		log := strings.NewReader(test.text)
		if err := seekLines(log, test.n); err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(log); string(got) != test.want {
			t.Errorf("the last %d of %.20q (%d bytes): got %.20q (%d bytes)", test.n, test.text, len(test.text), got, len(got))
		}
	}
}

// A log that shrinks while its last lines are looked for is printed as it is then.
func TestSeekLinesOfCutLog(t *testing.T) {
	log := &cutLog{Reader: strings.NewReader("a\nb\n")}
	if err := seekLines(log, 1); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(log); string(got) != "a\nb\n" {
		t.Errorf("%q", got)
	}
}

// cutLog is a file that had more bytes when its end was looked for.
type cutLog struct{ *strings.Reader }

func (l *cutLog) Seek(offset int64, whence int) (int64, error) {
	n, err := l.Reader.Seek(offset, whence)
	if whence == io.SeekEnd {
		n += 1000
	}
	return n, err
}

func TestStopLine(t *testing.T) {
	status := 143
	for want, s := range map[string]records.Stopped{
		"stopped dev after 0.1s (status 143)": {Status: &status},
		"stopped dev after 0.1s":              {},
		"killed dev after 0.1s (status 143)":  {Killed: true, Status: &status},
		"dev had ended (status 143)":          {Ended: true, Status: &status},
		"dev had ended":                       {Ended: true},
	} {
		if got := stopLine("dev", s, 80*time.Millisecond); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestSandboxTable(t *testing.T) {
	status := 143
	list := []shown{
		{Name: "dev", State: records.Running, PID: 31835, Started: time.Now().Add(-3 * time.Minute), Profile: "dev.toml", kinds: "all", Command: []string{"sh", "-c", strings.Repeat("y", 200)}},
		{Name: "web.2", State: records.Ended, Status: &status, Command: []string{"nginx"}},
		{Name: "x", State: records.Starting, Profile: "preset:agent", Unit: "nslaunch-x.scope", Command: []string{"a\nb"}},
	}
	for width, want := range map[int]string{
		80: `NAME   STATUS       PID    AGE   PROFILE       COMMAND
dev    running      31835  3min  dev.toml      sh -c yyyyyyyyyyyyyyyyyyyyyyyyyy…
web.2  ended (143)  -      -     -             nginx
x      starting     -      -     preset:agent  $'a\nb'
`,
		20: `NAME   STATUS       PID    AGE   PROFILE       COMMAND
dev    running      31835  3min  dev.toml      sh -c yyyyy…
web.2  ended (143)  -      -     -             nginx
x      starting     -      -     preset:agent  $'a\nb'
`,
	} {
		if got := sandboxTable(list, false, width); got != want {
			t.Errorf("in %d columns: got\n%s\nwant\n%s", width, got, want)
		}
	}
	if got := sandboxTable(list, true, 0); !strings.Contains(got, fmt.Sprintf("%s  ", "nslaunch-x.scope")) || !strings.Contains(got, "yyyy…\n") {
		t.Errorf("long:\n%s", got)
	}
	if got := sandboxTable(nil, false, 80); got != "NAME  STATUS  PID  AGE  PROFILE  COMMAND\n" {
		t.Errorf("none: %q", got)
	}
}
