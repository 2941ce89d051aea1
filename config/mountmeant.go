package config

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

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
	for _, name := range []string{"type", "readonly", "read_only", "ro", "source", "src", "from"} {
		source, ok := members[name].(string)
		delete(table, name)
		if ok && name != "type" && name != "ro" {
			table[how] = source
		}
	}
	if _, ok := table[how].(string); !ok {
		return nil
	}
	return table
}

// devicesMeant returns the table of mounts for devices as docker lists them: "/dev/x", "/dev/x:/inside", with permissions after that; nil if
// one of them is something else. A mount allows no device by itself.
func devicesMeant(list []any) map[string]any {
	table := map[string]any{}
	for _, e := range list {
		text, _ := e.(string)
		parts := strings.Split(text, ":")
		target := parts[0]
		if len(parts) > 1 && strings.HasPrefix(parts[1], "/") {
			target = parts[1]
		}
		if !strings.HasPrefix(parts[0], "/") || path.Clean(target) != target || target == "/" {
			return nil
		}
		table[target] = map[string]any{"rw": parts[0], "options": []any{"dev"}}
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

// typeOfKey returns the table of a mount whose type was written as a key, as in tmpfs = true or tmpfs = "64M"; nil if it was not.
func typeOfKey(members map[string]any, name string) map[string]any {
	if members["type"] != nil || !slices.Contains(mountTypes(), MountType(name)) {
		return nil
	}
	table := maps.Clone(members)
	delete(table, name)
	table["type"] = name
	switch raw := members[name]; {
	case raw == true:
		return table
	case name == string(MountTmpfs):
		table["size"] = raw
		return table
	case name == string(MountSymlink):
		table["to"] = raw
		return table
	}
	return nil
}

// unknownMountKey is unknown, and knows the options of mount(8).
func unknownMountKey(d *lang.Decoder, v lang.Value, name string, fields []lang.Field) {
	members, _ := v.Raw.(map[string]any)
	bind := bindMeant(members)
	switch {
	case members["type"] == string(MountBind) && bind != nil && bind[name] == nil:
		return // the type's error says all of it
	case bind != nil && members["type"] == nil && members["read_only"] != nil && bind[name] == nil:
		if hint := d.InPlaceOf(v.Key, bind); hint != "" {
			d.Spoilt[toml.JoinKey(v.Key, "ro")] = true
			if name == "read_only" { // one error says all of it
				d.Misplaced(toml.JoinKey(v.Key, name), "unknown key %q in [%s]%s", name, v.Key, hint)
			}
			return
		}
	}
	if table := typeOfKey(members, name); table != nil {
		hint := d.InPlaceOf(v.Key, table)
		if hint == "" {
			hint = fmt.Sprintf(" (write type = %q)", name)
		}
		d.Spoilt[toml.JoinKey(v.Key, "type")] = true
		d.Misplaced(toml.JoinKey(v.Key, name), "unknown key %q in [%s]%s", name, v.Key, hint)
		return
	}
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
	case "ext4", "ext3", "xfs", "btrfs", "vfat", "ntfs", "nfs", "cifs", "squashfs", "iso9660", "9p", "fuse":
		d.Problem(v, "%q is not made here (mount it on the host, and show it with ro = \"/path\" or rw = \"/path\")", v.Raw)
	default:
		t.of.m.Type = lang.ReadEnum(d, v, mountTypes())
	}
}

func (typeType) Shapes() []*Shape { return []*Shape{lang.OneWord(mountTypes()...)} }

// targetMeant returns the target and the table of an entry that was written with its target as a key, as other programs do; nil if
// it cannot be one.
func targetMeant(members map[string]any) (target string, entry map[string]any) {
	entry = maps.Clone(members)
	for _, name := range []string{"target", "dst", "destination", "to", "path", "dest"} {
		if s, ok := members[name].(string); ok && strings.HasPrefix(s, "/") && target == "" {
			target = s
			delete(entry, name)
		}
	}
	if target == "" {
		return "", nil
	}
	if kind, _ := entry["type"].(string); kind == "" || kind == string(MountBind) {
		entry = bindMeant(entry)
	}
	return target, entry
}

// targetHint returns a hint at the target that was meant by a key that is not an absolute path, with this value.
func targetHint(name string, raw any) string {
	members, _ := raw.(map[string]any)
	for key := range members {
		if strings.HasPrefix(key, "/") {
			return " (its keys are targets: write [mounts])"
		}
	}
	if target, entry := targetMeant(members); entry != nil {
		return fmt.Sprintf(" (write %q = %s in [mounts])", target, TOMLValue(entry))
	}
	meant := path.Clean("/" + name)
	for _, how := range []string{"ro", "rw", "src", "source"} {
		if source, ok := members[how].(string); ok && strings.HasPrefix(source, "/") && path.Base(source) == name {
			meant = source
		}
	}
	if hint := lang.PathHint[string](name); hint != "" && !strings.Contains(hint, `"./`) {
		return hint
	}
	return lang.DidYouMean(meant, []string{meant})
}
