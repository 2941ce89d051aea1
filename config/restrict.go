package config

import (
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Restrict says what the command cannot do, whoever it is.
type Restrict struct {
	// Kernel: the kernel's settings are read-only; nil: where the command would be the host's root
	// to them, and could not undo it.
	Kernel *bool
	// Namespaces are the kinds of which new ones can be made inside; nil: all.
	Namespaces []NamespaceKind
}

// allNamespaces is the value of restrict.namespaces that restricts nothing.
const allNamespaces = "all"

func restrictFields() []field {
	return []field{
		{name: "kernel", off: asRead, read: func(d *decoder, v value) {
			kernel := false
			if d.boolean(v, &kernel); v.raw == kernel {
				d.p.Restrict.Kernel = &kernel
			}
		}},
		{name: "namespaces", read: readRestrictNamespaces, many: asSet, initial: allNamespaces, off: `"all"`},
	}
}

// readRestrictNamespaces reads "all" or a list of kinds.
func readRestrictNamespaces(d *decoder, v value) {
	d.takes(v, oneWord(allNamespaces))
	if s, ok := v.raw.(string); ok && !d.asked() {
		if s, ok = d.expand(v, s); ok && s != allNamespaces {
			d.problem(v, "unknown value %q, want all or an array of kinds of namespaces, [] for none", s)
		}
		return
	}
	kinds := list(d, v, "a string or an array of strings", func(v value) (NamespaceKind, bool) {
		k := enum(d, v, Kinds()...)
		return k, k != ""
	})
	if !toml.IsList(v.raw) {
		return
	}
	d.p.Restrict.Namespaces = []NamespaceKind{}
	for _, k := range Kinds() {
		if slices.Contains(kinds, k) {
			d.p.Restrict.Namespaces = append(d.p.Restrict.Namespaces, k)
		}
	}
}

// Forbidden returns the kinds of which no new namespaces can be made inside.
func (r Restrict) Forbidden() []NamespaceKind {
	if r.Namespaces == nil {
		return nil
	}
	return slices.DeleteFunc(Kinds(), func(k NamespaceKind) bool { return slices.Contains(r.Namespaces, k) })
}

func (c *checker) restrict() {
	if k := c.p.Restrict.Kernel; k != nil && *k && c.lacks(Mount) {
		c.needs("restrict.kernel", Mount)
	}
	const namespaces, capabilities = "restrict.namespaces", "process.capabilities"
	switch caps := c.p.Process.Capabilities; {
	case len(c.p.Restrict.Forbidden()) == 0 || !c.sound(capabilities):
	case c.lacks(User):
		c.misplaced(c.written("namespaces.user", namespaces), "restrict.namespaces needs %s, whose limits it sets (%s allows all namespaces)", c.newOne(User), c.allKinds())
	case caps.Mode == CapabilitiesKeep, slices.Contains(caps.List, "SYS_RESOURCE"):
		c.misplaced(c.written(capabilities, namespaces), "with CAP_SYS_RESOURCE the command could undo restrict.namespaces (%s takes it from the command, %s allows all namespaces)",
			c.p.named(Setting{Key: capabilities, Value: string(CapabilitiesNone)}), c.allKinds())
	}
}

// written returns the key if it is written, else the other.
func (c *checker) written(key, other string) string {
	if _, ok := c.p.origins[key]; ok {
		return key
	}
	return other
}

// allKinds is how the caller asks for no restriction of namespaces.
func (c *checker) allKinds() string {
	return c.p.named(Setting{Key: "restrict.namespaces", Value: allNamespaces})
}
