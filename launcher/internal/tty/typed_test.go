package tty

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What the caller's terminal has echoed is not shown again, and all else is.
func TestEcho(t *testing.T) {
	echoing := unix.Termios{Lflag: unix.ECHO | unix.ECHOCTL, Oflag: unix.OPOST | unix.ONLCR}
	silent := unix.Termios{Oflag: unix.OPOST | unix.ONLCR}
	for _, test := range []struct {
		name    string
		modes   unix.Termios
		typed   string
		written []string
		want    []string
	}{
		{"a line", echoing, "ls\n", []string{"ls\r\nfile\r\n"}, []string{"file\r\n"}},
		{"in pieces", echoing, "ls\n", []string{"l", "s\r", "\nfile"}, []string{"", "", "file"}},
		{"keys of control", echoing, "\x03\t\x7f\n", []string{"^C\t^?\r\n$"}, []string{"$"}},
		{"another text", echoing, "ls\n", []string{"lx", "ls\r\n"}, []string{"lx", "ls\r\n"}},
		{"a command that does not echo", silent, "secret\n", []string{"secret\r\n"}, []string{"secret\r\n"}},
	} {
		var e echo
		e.expect([]byte(test.typed), &test.modes)
		for i, written := range test.written {
			if got := string(e.strip([]byte(written))); got != test.want[i] {
				t.Errorf("%s: of %q, %q is shown; want %q", test.name, written, got, test.want[i])
			}
		}
	}
}

func TestEndsLine(t *testing.T) {
	modes := unix.Termios{}
	modes.Cc[unix.VEOL] = ';'
	for key, want := range map[byte]bool{'\n': true, ';': true, 'a': false, 0: false} {
		if got := endsLine(key, &modes); got != want {
			t.Errorf("%q: %v; want %v", key, got, want)
		}
	}
}
