package config

import (
	"math"

	"github.com/nslaunch/nslaunch/mountprop"
)

// topFields is the profile language: its keys in the order in which they are
// documented, each with the type of its value, which is read into p. A
// further section is a further row.
func topFields(p *Profile) []field {
	return []field{
		{name: "version", off: asRead, typ: to(new(int64), integerBetween[int64](Version, Version))},
		{name: "extends", off: asRead, typ: extendsType()},
		{name: "name", typ: table{main: "base", of: func() []field { return nameFields(p) }}},
		{name: "hostname", typ: to(&p.Hostname, utsName())},
		{name: "domainname", typ: to(&p.Domainname, utsName())},
		{name: "command", typ: table{main: "argv", of: func() []field { return commandFields(&p.Command) }}},
		{name: "namespaces", typ: table{main: "all", of: func() []field { return namespaceFields(p.Namespaces) }, others: kindMeant}},
		{name: "propagation", typ: enum(&p.Propagation, mountprop.All()...)},
		{name: "root", typ: table{main: "path", of: func() []field { return rootFields(p) }}},
		{name: "proc", typ: table{main: "mode", of: func() []field { return procFields(&p.Proc) }}},
		{name: "dev", typ: table{main: "mode", of: func() []field { return devFields(&p.Dev) }}},
		{name: "sys", typ: enum(&p.Sys, SysNew, SysHost, SysNone)},
		{name: "network", typ: enum(&p.Network, NetworkLoopback, NetworkDown)},
		{name: "time", typ: table{of: func() []field { return timeFields(&p.Time) }}},
		{name: "idmap", typ: table{main: "mode", of: func() []field { return idmapFields(&p.IDMap) }}},
		{name: "process", typ: table{of: func() []field { return processFields(&p.Process) }}},
		{name: "env", typ: table{of: func() []field { return envFields(&p.Env) }}},
		{name: "mounts", off: `mounts."/path" = false for each target`, typ: mountsType{p}},
		{name: "restrict", off: `restrict.kernel = false and restrict.namespaces = "all"`,
			typ: table{of: func() []field { return restrictFields(&p.Restrict) }}},
		{name: "limits", typ: table{of: func() []field { return limitsFields(&p.Limits) }}},
		{name: "scope", typ: table{main: "mode", of: func() []field { return scopeFields(&p.Scope) }}},
		{name: "service", typ: table{main: "notify", of: func() []field { return serviceFields(&p.Service) }}},
	}
}

// Schema returns the JSON Schema of profiles: the types of the keys, one by one. How keys
// relate to each other and to a machine is beyond it. describe returns the words on a key, which is written
// as in errors, but for the target of a mount, "/path", and for indexes, which are empty; "" for none.
func Schema(describe func(key string) string) *Shape {
	p := newProfile("")
	s := table{of: func() []field { return topFields(p) }, required: []string{"version"}}.Shapes()[0]
	s.describe("", describe)
	s.Schema, s.Title = "http://json-schema.org/draft-07/schema#", "nslaunch profile"
	return s
}

// extendsType says what extends may be. What it does, compose has done before all else.
func extendsType() Type {
	return by(func(d *decoder, v value) {
		values, _ := d.elements(v, "an array of strings")
		for _, e := range values {
			d.str(e)
		}
	}, func() []*Shape { return []*Shape{arrayOf(filledText().shapes(), false)} })
}

func commandFields(c *Command) []field {
	return []field{
		{name: "argv", typ: argvType(c), many: asWords},
		{name: "args", typ: enum(&c.Args, ArgsReplace, ArgsAppend)},
	}
}

// argvType is that of the words of the command. Any but the first may be empty.
func argvType(c *Command) Type {
	return by(func(d *decoder, v value) {
		words, _ := d.elements(v, "an array of strings")
		for i, w := range words {
			read := d.text
			if i == 0 {
				read = d.str
			}
			if s, ok := read(w); ok {
				c.Argv = append(c.Argv, s)
			}
		}
	}, func() []*Shape { return []*Shape{{Type: "array", Items: &Shape{Type: "string"}}} })
}

// maxID is the highest user or group id; the one above stands for none.
const maxID = math.MaxUint32 - 1
