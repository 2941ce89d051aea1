// Package units places a waiting process in a transient scope of systemd, over D-Bus;
// see systemd.scope(5) and org.freedesktop.systemd1(5).
//
// It is for cmd/nslaunch-scope alone: a launch without a scope is not to load
// the libraries of D-Bus.
package units
