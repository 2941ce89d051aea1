package config

// Restrict says what the command cannot do, whoever it is.
type Restrict struct {
	// Kernel: the kernel's settings are read-only; nil: where the command would be the host's root
	// to them, and could not undo it.
	Kernel *bool
}

func restrictFields() []field {
	return []field{
		{name: "kernel", off: asRead, read: func(d *decoder, v value) {
			kernel := false
			if d.boolean(v, &kernel); v.raw == kernel {
				d.p.Restrict.Kernel = &kernel
			}
		}},
	}
}

func (c *checker) restrict() {
	if k := c.p.Restrict.Kernel; k != nil && *k && c.lacks(Mount) {
		c.needs("restrict.kernel", Mount)
	}
}
