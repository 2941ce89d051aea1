// Package units places a waiting process in a transient scope of systemd, over D-Bus;
// see systemd.scope(5) and org.freedesktop.systemd1(5).
//
// Only cmd/nslaunch-scope uses it, so that a launch without a scope does not load
// the libraries of D-Bus.
package units
