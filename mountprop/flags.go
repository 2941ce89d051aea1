package mountprop

// The flags of mount(2) and mount_setattr(2) that concern propagation. They
// are the kernel's ABI, written out so that this file compiles anywhere.
const (
	msRec        = 0x4000
	msUnbindable = 1 << 17
	msPrivate    = 1 << 18
	msSlave      = 1 << 19
	msShared     = 1 << 20
)

// SetattrValues returns the values of mount_attr.propagation that set p, one
// mount_setattr(2) each, in order. Recursion is not among them: there it is
// AT_RECURSIVE in the call's own flags. None and unknown kinds have no values.
func (p Propagation) SetattrValues() []uint64 {
	switch p {
	case Private:
		return []uint64{msPrivate}
	case Slave:
		return []uint64{msSlave}
	case Shared:
		return []uint64{msShared}
	case SlaveShared:
		// The kernel takes one type at a time, and a slave that is made shared
		// stays a slave. The other order would leave it no peer group.
		return []uint64{msSlave, msShared}
	case Unbindable:
		return []uint64{msUnbindable}
	}
	return nil
}

// Flags returns the flags of mount(2) that set p, one call each, in order;
// recursive adds MS_REC. None and unknown kinds have no flags.
func (p Propagation) Flags(recursive bool) []uintptr {
	var flags []uintptr
	for _, value := range p.SetattrValues() {
		flag := uintptr(value)
		if recursive {
			flag |= msRec
		}
		flags = append(flags, flag)
	}
	return flags
}
