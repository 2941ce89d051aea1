package config

import (
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// Restrict is what the command cannot do, even as root.
type Restrict struct {
	// Kernel: the kernel's settings are read-only; nil: where the command would be the host's root
	// to them, and could not undo it.
	Kernel *bool
	// Namespaces are the kinds of which new ones can be made inside; nil: all.
	Namespaces []NamespaceKind
}

// allNamespaces is the value of restrict.namespaces that restricts nothing.
const allNamespaces = "all"

func restrictFields(r *Restrict) []lang.Field {
	return []lang.Field{
		{Name: "kernel", Off: lang.AsRead, Type: lang.Optional(&r.Kernel, lang.KindOf((*lang.Decoder).Boolean, lang.BooleanShapes))},
		{Name: "namespaces", Type: restrictNamespacesType{r}, Many: lang.AsSet, Initial: allNamespaces, Off: `"all"`},
	}
}

// restrictNamespacesType is "all" or a list of kinds.
type restrictNamespacesType struct{ *Restrict }

func (r restrictNamespacesType) Read(d *lang.Decoder, v lang.Value) {
	if s, ok := v.Raw.(string); ok {
		if s, ok = d.Expand(v, s); ok && s != allNamespaces {
			d.Problem(v, "unknown value %q, want all or an array of kinds of namespaces, [] for none%s", s, d.MeantBy(v))
		}
		return
	}
	all := Kinds()
	kinds, ok := lang.ReadSet(d, v, "a string or an array of strings", func(d *lang.Decoder, v lang.Value) (NamespaceKind, bool) {
		k := lang.ReadEnum(d, v, all)
		return k, k != ""
	})
	if !ok {
		return
	}
	r.Namespaces = []NamespaceKind{}
	for _, k := range all {
		if slices.Contains(kinds, k) {
			r.Namespaces = append(r.Namespaces, k)
		}
	}
}

func (restrictNamespacesType) Shapes() []*Shape {
	return []*Shape{lang.OneWord(allNamespaces), lang.ArrayOf([]*Shape{lang.OneWord(Kinds()...)}, true)}
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
		c.misplaced(c.written(capabilities, namespaces), "with CAP_SYS_RESOURCE the command could undo restrict.namespaces (%s removes it, %s allows all namespaces)",
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
