package tree

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Attributes are those of mount_setattr(2) to set and to clear.
type Attributes struct {
	Set, Clear uint64
	// Allow is cleared of the topmost mount of a tree alone: what lies below keeps what
	// the host forbids there.
	Allow uint64
}

// attributeWord is a mount option of mount(8) in terms of mount_setattr(2).
type attributeWord struct {
	option     string
	set, clear uint64
}

// attributeWords returns the options that an entry of [mounts] may have, and ro.
func attributeWords() []attributeWord {
	const atime = unix.MOUNT_ATTR__ATIME
	return []attributeWord{
		{"ro", unix.MOUNT_ATTR_RDONLY, 0},
		{"dev", 0, unix.MOUNT_ATTR_NODEV},
		{"nodev", unix.MOUNT_ATTR_NODEV, 0},
		{"suid", 0, unix.MOUNT_ATTR_NOSUID},
		{"nosuid", unix.MOUNT_ATTR_NOSUID, 0},
		{"exec", 0, unix.MOUNT_ATTR_NOEXEC},
		{"noexec", unix.MOUNT_ATTR_NOEXEC, 0},
		{"symfollow", 0, unix.MOUNT_ATTR_NOSYMFOLLOW},
		{"nosymfollow", unix.MOUNT_ATTR_NOSYMFOLLOW, 0},
		{"diratime", 0, unix.MOUNT_ATTR_NODIRATIME},
		{"nodiratime", unix.MOUNT_ATTR_NODIRATIME, 0},
		{"atime", unix.MOUNT_ATTR_RELATIME, atime},
		{"relatime", unix.MOUNT_ATTR_RELATIME, atime},
		{"noatime", unix.MOUNT_ATTR_NOATIME, atime},
		{"strictatime", unix.MOUNT_ATTR_STRICTATIME, atime},
	}
}

// Words lists what is set and allowed.
func (a Attributes) Words() string {
	var words []string
	for _, w := range attributeWords() {
		if w.set != 0 && a.Set&w.set == w.set || w.set == 0 && w.clear&a.Allow != 0 {
			words = append(words, w.option)
		}
	}
	if a.Clear&unix.MOUNT_ATTR__ATIME != 0 && a.Set&unix.MOUNT_ATTR__ATIME == unix.MOUNT_ATTR_RELATIME {
		words = append(words, "relatime")
	}
	return strings.Join(words, ",")
}

// CommaWords puts a comma before a text that is not empty.
func CommaWords(words string) string {
	if words == "" {
		return ""
	}
	return ", " + words
}

// WithOptions returns the attributes as options change them.
func (a Attributes) WithOptions(options []string) Attributes {
	for _, o := range options {
		for _, w := range attributeWords() {
			switch {
			case w.option != o:
			case w.clear&unix.MOUNT_ATTR__ATIME != 0:
				a.Set = a.Set&^w.clear | w.set
				a.Clear |= unix.MOUNT_ATTR__ATIME
			default:
				a.Set = a.Set&^w.clear | w.set
				a.Allow |= w.clear
			}
		}
	}
	return a
}

// NoDevices is what mounts have unless the profile says otherwise.
func NoDevices() Attributes {
	return Attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
}
