package config

// readMountIDMap reads "user", or a table with maps of its own.
func readMountIDMap(d *decoder, v value, m *MountEntry) {
	ids := &MountIDMap{}
	if _, isTable := v.raw.(map[string]any); !isTable {
		if d.word(v, "user", "{ uid = […], gid = […] }") {
			m.IDMap = &MountIDMap{User: true}
		}
		return
	}
	d.table(v, []field{
		{name: "uid", read: func(d *decoder, v value) { ids.UID = d.ranges(v) }},
		{name: "gid", read: func(d *decoder, v value) { ids.GID = d.ranges(v) }},
	})
	d.require(v, "uid")
	d.require(v, "gid")
	m.IDMap = ids
}
