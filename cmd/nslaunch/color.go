package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// painter colours words for people, or leaves them as they are.
type painter bool

// painterOf returns the painter of an output: colours are for terminals, and not for who sets
// NO_COLOR (no-color.org), unless when, which is --color, says otherwise.
func painterOf(f *os.File, when string) painter {
	switch when {
	case "always":
		return true
	case "never":
		return false
	}
	return painter(os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(f))
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (p painter) paint(code, s string) string {
	if !bool(p) || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p painter) bold(s string) string   { return p.paint("1", s) }
func (p painter) faint(s string) string  { return p.paint("2", s) }
func (p painter) red(s string) string    { return p.paint("1;31", s) }
func (p painter) green(s string) string  { return p.paint("32", s) }
func (p painter) yellow(s string) string { return p.paint("33", s) }
func (p painter) blue(s string) string   { return p.paint("1;34", s) }
