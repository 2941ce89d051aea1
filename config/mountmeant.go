package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// bindMeant returns the table of a bind mount that was written with a type, as other programs do; nil if it names no source.
func bindMeant(members map[string]any) map[string]any {
	table := maps.Clone(members)
	how := "rw"
	if members["readonly"] == true || members["read_only"] == true || members["ro"] == true {
		how = "ro"
	}
	for _, name := range []string{"type", "readonly", "read_only", "source", "src", "from"} {
		if source, ok := members[name].(string); ok && name != "type" {
			table[how] = source
		}
		delete(table, name)
	}
	if _, ok := table[how].(string); !ok {
		return nil
	}
	return table
}

// optionsMeant returns the table of a mount with its options in their list; nil if one has another value than true.
func optionsMeant(members map[string]any) map[string]any {
	table := maps.Clone(members)
	options, _ := members["options"].([]any)
	options = slices.Clone(options)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if slices.Contains(mountOptions(), name) {
			if members[name] != true {
				return nil
			}
			options = append(options, name)
			delete(table, name)
		}
	}
	table["options"] = options
	return table
}

// unknownMountKey is unknown, and knows the options of mount(8).
func unknownMountKey(d *lang.Decoder, v lang.Value, name string, fields []lang.Field) {
	if slices.Contains(mountOptions(), name) {
		hint := d.InPlaceOf(v.Key, optionsMeant(v.Raw.(map[string]any)))
		if hint == "" {
			hint = fmt.Sprintf(" (it is an option: options = [%q])", name)
		}
		d.Misplaced(toml.JoinKey(v.Key, name), "unknown key %q in [%s]%s", name, v.Key, hint)
		return
	}
	d.Unknown(v, name, fields, func(name string) string {
		members, _ := v.Raw.(map[string]any)
		switch name {
		case "src", "from", "host", "host_path":
			switch {
			case members["type"] == string(MountFile):
				return "source"
			case members["type"] == nil:
				return "ro"
			}
		case "bind":
			if members["type"] == nil {
				return "rw"
			}
		case "target", "link":
			if members["type"] == string(MountSymlink) {
				return "to"
			}
		case "hidden", "hide", "mask":
			return "masked"
		}
		return ""
	})
}

// typeType is a type, other than the two that have keys of their own.
type typeType struct{ of *targetType }

func mountTypes() []MountType {
	return []MountType{MountTmpfs, MountOverlay, MountFile, MountSymlink, MountDir, MountPasswd, MountGroup,
		MountProc, MountSysfs, MountDevpts, MountMqueue, MountCgroup2}
}

func (t typeType) Read(d *lang.Decoder, v lang.Value) {
	switch v.Raw {
	case string(MountBind):
		d.Problem(v, "a bind mount has ro or rw in place of a type%s", d.InPlaceOf(toml.ParentKey(v.Key), bindMeant(t.of.members)))
	case string(MountMasked):
		d.Problem(v, "write a mask as masked = true, without a type")
	default:
		t.of.m.Type = lang.ReadEnum(d, v, mountTypes())
	}
}

func (typeType) Shapes() []*Shape { return []*Shape{lang.OneWord(mountTypes()...)} }
