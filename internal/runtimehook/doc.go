//go:build linux

// Package runtimehook has what nslaunch takes of the Go runtime that package syscall keeps to itself, by linked names: what the
// runtime does before and after a fork, for the portable image, and an execve, for a resident.
//
// Of the three of fork, which gVisor links to as well, the runtime's source says that they stay as they are (go.dev/issue/67401);
// of those of execve it says nothing. All five were tried with Go 1.26.0, 1.26.8, 1.26.11 and 1.27.4.
//
// A build with the tag nolinkname is without them, and so without a portable image and a resident: where the sealed
// image cannot be executed nothing is launched, and a launcher stays as it is until its command has ended.
package runtimehook
