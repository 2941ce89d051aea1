package config

import (
	"math"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
	"github.com/nslaunch/nslaunch/mountprop"
)

// topFields is the profile language: its keys in the order in which they are
// documented, each with the type of its value, which is read into p. A
// further section is a further row.
func topFields(p *Profile) []lang.Field {
	return []lang.Field{
		{Name: "version", Off: lang.AsRead, Type: lang.To(new(int64), lang.Int[int64](Version, Version))},
		{Name: "extends", Off: lang.AsRead, Type: extendsType()},
		{Name: "name", Type: lang.Table{Main: "base", Of: func() []lang.Field { return nameFields(p) }}},
		{Name: "hostname", Type: lang.To(&p.Hostname, utsName())},
		{Name: "domainname", Type: lang.To(&p.Domainname, utsName())},
		{Name: "command", Type: lang.Table{Main: "argv", Of: func() []lang.Field { return commandFields(&p.Command) }}},
		{Name: "namespaces", Type: lang.Table{Main: "all", Of: func() []lang.Field { return namespaceFields(p.Namespaces) }, Others: kindMeant}},
		{Name: "propagation", Type: lang.Enum(&p.Propagation, mountprop.All()...)},
		{Name: "root", Type: lang.Table{Main: "path", Of: func() []lang.Field { return rootFields(p) }}},
		{Name: "proc", Type: lang.Table{Main: "mode", Of: func() []lang.Field { return procFields(&p.Proc) }}},
		{Name: "dev", Type: lang.Table{Main: "mode", Of: func() []lang.Field { return devFields(&p.Dev) }}},
		{Name: "sys", Type: lang.Enum(&p.Sys, SysNew, SysHost, SysNone)},
		{Name: "network", Off: `"loopback"`, Type: lang.Enum(&p.Network, NetworkLoopback, NetworkDown)},
		{Name: "time", Type: lang.Table{Of: func() []lang.Field { return timeFields(&p.Time) }}},
		{Name: "idmap", Type: lang.Table{Main: "mode", Of: func() []lang.Field { return idmapFields(&p.IDMap) }}},
		{Name: "process", Type: lang.Table{Of: func() []lang.Field { return processFields(&p.Process) }}},
		{Name: "env", Type: lang.Table{Of: func() []lang.Field { return envFields(&p.Env) }}},
		{Name: "mounts", Off: `mounts."/path" = false for each target`, Type: mountsType{p}},
		{Name: "restrict", Off: `restrict.kernel = false and restrict.namespaces = "all"`,
			Type: lang.Table{Of: func() []lang.Field { return restrictFields(&p.Restrict) }}},
		{Name: "limits", Type: lang.Table{Of: func() []lang.Field { return limitsFields(&p.Limits) }}},
		{Name: "scope", Type: lang.Table{Main: "mode", Of: func() []lang.Field { return scopeFields(&p.Scope) }}},
		{Name: "service", Type: lang.Table{Main: "notify", Of: func() []lang.Field { return serviceFields(&p.Service) }}},
	}
}

// Shape describes the form of a value as JSON Schema draft 7, which editors understand. The zero Shape allows any
// value.
type Shape = lang.Shape

// Description is what an editor shows about a key.
type Description = lang.Description

// Schema returns the JSON Schema of profiles: the type of each key, one by one. It does not say how keys depend on
// each other and on the machine. describe returns the description of a key. Keys are written as in errors, except
// that the target of a mount is "/path" and an index is empty: mounts."/path".ro, idmap.uid[].inside.
func Schema(describe func(key string) Description) *Shape {
	p := newProfile("")
	s := lang.Table{Of: func() []lang.Field { return topFields(p) }, Required: []string{"version"}}.Shapes()[0]
	s.Describe("", describe)
	s.Schema, s.Title = "http://json-schema.org/draft-07/schema#", "nslaunch profile"
	return s
}

// extendsType says what extends may be. What it does, compose has done before all else.
func extendsType() lang.Type {
	return lang.By(func(d *lang.Decoder, v lang.Value) {
		values, _ := d.Elements(v, "an array of strings")
		for _, e := range values {
			d.FilledText(e)
		}
	}, func() []*Shape { return []*Shape{lang.ArrayOf(lang.FilledText().Shapes(), false)} })
}

func commandFields(c *Command) []lang.Field {
	return []lang.Field{
		{Name: "argv", Type: argvType(c), Many: lang.AsWords},
		{Name: "args", Type: lang.Enum(&c.Args, ArgsReplace, ArgsAppend)},
	}
}

// argvType is the type of the command and its arguments. Arguments may be empty.
func argvType(c *Command) lang.Type {
	return lang.By(func(d *lang.Decoder, v lang.Value) {
		words, _ := d.Elements(v, "an array of strings")
		for i, w := range words {
			read := d.Text
			if i == 0 {
				read = d.FilledText
			}
			if s, ok := read(w); ok {
				c.Argv = append(c.Argv, s)
			}
		}
	}, func() []*Shape { return []*Shape{{Type: "array", Items: &Shape{Type: "string"}}} })
}

// maxID is the highest user or group id. The next number means none.
const maxID = math.MaxUint32 - 1

// rivals are keys of which the first takes the place of the others.
func rivals() [][]string {
	all := []string{"namespaces.all"} // it sets every kind
	for _, k := range Kinds() {
		all = append(all, toml.JoinKey("namespaces", string(k)))
	}
	return [][]string{
		all,
		{"idmap.mode", "idmap.uid", "idmap.gid"},
		{"idmap.uid", "idmap.mode"},
		{"idmap.gid", "idmap.mode"},
		{"propagation", "root.propagation"},
		{"root.propagation", "propagation"},
	}
}
