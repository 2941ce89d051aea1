package config

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/mountprop"
)

// made returns a profile that was not read from anywhere.
func made(change func(p *Profile)) *Profile {
	p := newProfile("")
	for _, k := range Kinds() {
		p.Namespaces[k] = Namespace{Mode: NamespaceNew}
	}
	p.Proc.Mode = ProcNew
	p.IDMap.Mode = IDMapRoot
	change(p)
	return p
}

// Check needs no origins, and then names none.
func TestCheckMadeProfile(t *testing.T) {
	ids := func(ids ...uint32) []uint32 { return ids }
	one := uint32(1)
	for _, test := range []struct {
		want   string
		change func(p *Profile)
	}{
		{"", func(p *Profile) {}},
		{"", func(p *Profile) { p.Hostname, p.Network, p.Process.Init = "box", NetworkDown, true }},
		{`hostname: needs namespaces.uts = "new"`, func(p *Profile) {
			p.Hostname, p.Namespaces[UTS] = "box", Namespace{Mode: NamespaceHost}
		}},
		{`propagation: the kernel allows no shared mounts with namespaces.user = "new", want "slave+shared"`,
			func(p *Profile) { p.Propagation = mountprop.Shared }},
		{`process.groups[1]: 1 is not mapped: idmap.mode is "root", which maps 0 only`,
			func(p *Profile) { p.Process.Groups = ids(0, 1) }},
		{`process.uid: 1 is not mapped by idmap.uid`, func(p *Profile) {
			p.IDMap = IDMap{Mode: IDMapExplicit, UID: []IDRange{{0, 0, 1}, {2, 2, 4294967293}}, GID: []IDRange{{0, 0, 4294967295}}}
			p.Process.UID, p.Process.GID = &one, &one
		}},
		{`idmap.uid[1].inside: 4294967294 overlaps idmap.uid[0], 0-4294967294`, func(p *Profile) {
			p.IDMap = IDMap{Mode: IDMapExplicit, UID: []IDRange{{0, 1, 4294967294}, {4294967294, 0, 1}}, GID: []IDRange{{0, 0, 1}}}
			p.IDMap.UID[0] = IDRange{0, 0, 4294967295}
			p.IDMap.UID[1].Outside = 4294967294
		}},
		{`process.init: an init needs namespaces.pid = "new"`, func(p *Profile) {
			p.Process.Init, p.Namespaces[PID] = true, Namespace{Mode: NamespacePID, PID: 1}
		}},
	} {
		got := ""
		if err := Check(made(test.change)); err != nil {
			got, _, _ = strings.Cut(err.Error(), "\n")
		}
		if got != test.want {
			t.Errorf("Check = %q; want %q", got, test.want)
		}
	}
}

// Every problem of a key keeps what depends on the key from being told, and
// nothing else.
func TestNoCascade(t *testing.T) {
	const relations = "hostname = \"box\"\nnetwork = \"down\"\n"
	for _, test := range []struct{ line, want string }{
		{`namespaces = "nwe"`, "namespaces"},
		{`namespaces = 5`, "namespaces"},
		{`namespace = "new"`, "namespace"},
		{`Namespaces = "new"`, "Namespaces"},
		{`namespaces = { all = "nwe" }`, "namespaces.all"},
		{`namespaces = { all = "nwe", net = "host" }`, "network namespaces.all"},
		{`namespaces = { alll = "new" }`, "namespaces.alll"},
		{`namespaces = { net = "new", uts = "nwe" }`, "namespaces.uts"},
		{`namespaces = { net = "new", utz = "new" }`, "namespaces.utz"},
		{`namespaces = { all = "new", uts = 5 }`, "namespaces.uts"},
		{`namespaces = { nothing = "new" }`, "hostname network namespaces.nothing"},
		{"[process]\nnamespaces = \"new\"", "process.namespaces"},
		{"[process]\nnet = \"new\"\nuts = \"new\"", "process.net process.uts"},
		{`namespaces = { uts = "${x}", net = "new" }`, "namespaces.uts"},
	} {
		_, err := Parse("p", []byte("version = 1\n"+relations+test.line), testVars())
		errs, _ := err.(Errors)
		var keys []string
		for _, e := range errs {
			keys = append(keys, e.Key)
		}
		if got := strings.Join(keys, " "); got != test.want {
			t.Errorf("%s: problems of %s; want of %s", test.line, got, test.want)
		}
	}
}
