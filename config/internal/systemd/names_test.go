package systemd

import (
	"strings"
	"testing"
)

func TestUnitName(t *testing.T) {
	for _, name := range []string{
		"a.service", "-.slice", "-.mount", "a-b.c.scope", "a@b.service", "a@b@c.service", "a:b_c.socket", `a\x2db.device`, strings.Repeat("x", 247) + ".service",
	} {
		if problem := unitNameProblem(name); problem != "" {
			t.Errorf("%q: %s", name, problem)
		}
	}
	for _, name := range []string{
		"", ".", "a", "a.", ".service", "a.conf", "a.Service", "a b.service", "a/b.service", "ä.service", "@.service", "@b.service", "a@.service",
		"a*.service", strings.Repeat("x", 248) + ".service",
	} {
		if unitNameProblem(name) == "" {
			t.Errorf("%q is taken for the name of a unit", name)
		}
	}
}

func TestMachineName(t *testing.T) {
	for _, name := range []string{"a", "web-1", "a.b.c", "1", strings.Repeat("x", 64)} {
		if !MachineName(name) {
			t.Errorf("%q is not taken for the name of a machine", name)
		}
	}
	for _, name := range []string{"", "a_b", "-a", "a-", "a.", ".a", "a..b", "a.-b", "a-.b", "ä", ".host", strings.Repeat("x", 65)} {
		if MachineName(name) {
			t.Errorf("%q is taken for the name of a machine", name)
		}
	}
}
