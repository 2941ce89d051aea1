package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// Painter colours text for people, or returns it as it is.
type Painter bool

// painterOf returns the painter of an output: a terminal gets colours, unless NO_COLOR is
// set (no-color.org). The value of --color, when, overrides both.
func painterOf(f *os.File, when string) Painter {
	switch when {
	case "always":
		return true
	case "never":
		return false
	}
	return Painter(os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(f))
}

// IsTerminal reports whether a file is a terminal.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// columnsOf returns how wide a terminal is: 80 columns where it does not say, 0 for what is no terminal.
func columnsOf(f *os.File) int {
	if !IsTerminal(f) {
		return 0
	}
	if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
		return int(size.Col)
	}
	return 80
}

func (p Painter) paint(code, s string) string {
	if !bool(p) || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Bold returns s in bold, and the methods below do what their names say.
func (p Painter) Bold(s string) string   { return p.paint("1", s) }
func (p Painter) Faint(s string) string  { return p.paint("2", s) }
func (p Painter) Red(s string) string    { return p.paint("1;31", s) }
func (p Painter) Green(s string) string  { return p.paint("32", s) }
func (p Painter) Yellow(s string) string { return p.paint("33", s) }
func (p Painter) Blue(s string) string   { return p.paint("1;34", s) }
