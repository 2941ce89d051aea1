// Package mountprop is the propagation type of mounts: its five kinds, how
// they are written, the flags that set them, and what a mount really has.
//
// See mount_namespaces(7), "Shared subtrees".
package mountprop

import (
	"fmt"
	"strings"
)

// Propagation is a propagation type in its written form. The zero value is
// none: nothing is set.
type Propagation string

// The five kinds. Each is set recursively unless said otherwise.
const (
	// Private neither sends nor receives mount events.
	Private Propagation = "private"
	// Slave receives events from its master's peer group and sends none.
	Slave Propagation = "slave"
	// Shared sends and receives events within its peer group.
	Shared Propagation = "shared"
	// SlaveShared receives from its master and shares what it receives, and
	// what is mounted below it, with a peer group of its own.
	SlaveShared Propagation = "slave+shared"
	// Unbindable is private and cannot be the source of a bind mount.
	Unbindable Propagation = "unbindable"
)

// All lists the kinds in the order in which they are documented.
func All() []Propagation {
	return []Propagation{Private, Slave, Shared, SlaveShared, Unbindable}
}

// Parse returns the kind that s names, exactly and in lower case.
func Parse(s string) (Propagation, error) {
	for _, p := range All() {
		if s == string(p) {
			return p, nil
		}
	}
	return "", fmt.Errorf("unknown propagation %q (want %s)", s, Words())
}

// Words lists the kinds for people: "private, slave, … or unbindable".
func Words() string {
	all := All()
	words := make([]string, len(all))
	for i, p := range all {
		words[i] = string(p)
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
