package main

import (
	"net"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nstest/report"
)

// interfaces lists those of the network namespace.
func (e *eye) interfaces() {
	all, err := net.Interfaces()
	e.note("interfaces", err)
	for _, i := range all {
		seen := report.Interface{Name: i.Name, Flags: strings.Split(i.Flags.String(), "|")}
		addresses, err := i.Addrs()
		e.note("interfaces."+i.Name, err)
		for _, a := range addresses {
			seen.Addresses = append(seen.Addresses, a.String())
		}
		e.Interfaces = append(e.Interfaces, seen)
	}
}
