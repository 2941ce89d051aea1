package config

import (
	"math"

	"github.com/nslaunch/nslaunch/mountprop"
)

// topFields is the profile language: its keys in the order in which they are
// documented, each with the function that reads it or the keys below it. A
// further section is a further row.
func topFields() []field {
	return []field{
		{name: "version", off: asRead, read: func(d *decoder, v value) { d.integer(v, Version, Version) }},
		{name: "extends", off: asRead, read: readExtends},
		{name: "name", main: "base", fields: nameFields},
		{name: "hostname", read: func(d *decoder, v value) { d.p.Hostname = d.utsName(v) }},
		{name: "domainname", read: func(d *decoder, v value) { d.p.Domainname = d.utsName(v) }},
		{name: "command", main: "argv", fields: commandFields},
		{name: "namespaces", main: "all", fields: namespaceFields},
		{name: "propagation", read: func(d *decoder, v value) { d.p.Propagation = readPropagation(d, v) }},
		{name: "root", main: "path", fields: rootFields},
		{name: "proc", main: "mode", fields: procFields},
		{name: "dev", main: "mode", fields: devFields},
		{name: "sys", read: func(d *decoder, v value) { d.p.Sys = enum(d, v, SysNew, SysHost, SysNone) }},
		{name: "network", read: func(d *decoder, v value) { d.p.Network = enum(d, v, NetworkLoopback, NetworkDown) }},
		{name: "time", fields: timeFields},
		{name: "idmap", main: "mode", fields: idmapFields},
		{name: "process", fields: processFields},
		{name: "env", fields: envFields},
		{name: "mounts", off: `mounts."/path" = false for each target`, read: readMounts, fields: mountsFields},
		{name: "restrict", off: `restrict.kernel = false and restrict.namespaces = "all"`, fields: restrictFields},
		{name: "limits", fields: limitsFields},
		{name: "scope", main: "mode", fields: scopeFields},
		{name: "service", main: "notify", fields: serviceFields},
	}
}

// readExtends says what extends may be. What it does, compose has done before all else.
func readExtends(d *decoder, v value) {
	values, _ := d.elements(v, "an array of strings")
	for _, e := range values {
		d.str(e)
	}
}

func readPropagation(d *decoder, v value) mountprop.Propagation {
	return enum(d, v, mountprop.All()...)
}

func commandFields() []field {
	return []field{
		{name: "argv", read: readArgv, many: asWords},
		{name: "args", read: func(d *decoder, v value) { d.p.Command.Args = enum(d, v, ArgsReplace, ArgsAppend) }},
	}
}

// readArgv reads the words of the command. Any but the first may be empty.
func readArgv(d *decoder, v value) {
	if d.takes(v, &Shape{Type: "array", Items: &Shape{Type: "string"}}) {
		return
	}
	words, ok := d.elements(v, "an array of strings")
	if !ok {
		return
	}
	for i, w := range words {
		read := d.text
		if i == 0 {
			read = d.str
		}
		if s, ok := read(w); ok {
			d.p.Command.Argv = append(d.p.Command.Argv, s)
		}
	}
}

// maxID is the highest user or group id; the one above stands for none.
const maxID = math.MaxUint32 - 1
