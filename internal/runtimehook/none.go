//go:build linux && nolinkname

package runtimehook

// Linked reports whether this build has the hooks. Without them none may be called.
const Linked = false

const none = "runtimehook: not in a build with the tag nolinkname"

func BeforeFork()       { panic(none) }
func AfterFork()        { panic(none) }
func AfterForkInChild() { panic(none) }
func BeforeExec()       { panic(none) }
func AfterExec()        { panic(none) }
