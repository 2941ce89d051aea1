package config

// mountIDMapType is "user", or a table with maps of its own.
type mountIDMapType struct{ m *MountEntry }

func mountIDMapTable(ids *MountIDMap) table {
	return table{of: func() []field {
		return []field{
			{name: "uid", typ: rangesType{&ids.UID}},
			{name: "gid", typ: rangesType{&ids.GID}},
		}
	}, required: []string{"uid", "gid"}}
}

func (t mountIDMapType) Read(d *decoder, v value) {
	if _, isTable := v.raw.(map[string]any); isTable {
		ids := &MountIDMap{}
		mountIDMapTable(ids).Read(d, v)
		t.m.IDMap = ids
	} else if d.word(v, "user", "{ uid = […], gid = […] }") {
		t.m.IDMap = &MountIDMap{User: true}
	}
}

func (mountIDMapType) Shapes() []*Shape {
	return append([]*Shape{oneWord("user")}, mountIDMapTable(new(MountIDMap)).Shapes()...)
}
