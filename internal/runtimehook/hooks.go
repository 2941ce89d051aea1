//go:build linux && !nolinkname

package runtimehook

import _ "unsafe" // for go:linkname

// Linked reports whether this build has the hooks.
const Linked = true

// BeforeFork blocks the signals of the calling thread, and makes it a fatal error to grow its stack. Nothing but system
// calls may be made from here on.
//
//go:linkname BeforeFork syscall.runtime_BeforeFork
func BeforeFork()

// AfterFork undoes BeforeFork in the parent.
//
//go:linkname AfterFork syscall.runtime_AfterFork
func AfterFork()

// AfterForkInChild undoes the handlers of signals in the child, and its mask is what it was before BeforeFork.
//
//go:linkname AfterForkInChild syscall.runtime_AfterForkInChild
func AfterForkInChild()

// BeforeExec keeps the runtime from making threads.
//
//go:linkname BeforeExec syscall.runtime_BeforeExec
func BeforeExec()

// AfterExec undoes BeforeExec, after an execve that has failed.
//
//go:linkname AfterExec syscall.runtime_AfterExec
func AfterExec()
