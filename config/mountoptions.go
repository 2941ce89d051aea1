package config

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// mountOptions are the options of mount(8) that a mount can have.
func mountOptions() []string {
	return []string{
		"dev", "nodev", "suid", "nosuid", "exec", "noexec", "symfollow", "nosymfollow",
		"atime", "noatime", "relatime", "strictatime", "diratime", "nodiratime",
	}
}

// contradictions are the pairs of options of which a mount has one at most.
func contradictions() [][2]string {
	return [][2]string{
		{"dev", "nodev"}, {"suid", "nosuid"}, {"exec", "noexec"}, {"symfollow", "nosymfollow"},
		{"atime", "noatime"}, {"noatime", "relatime"}, {"noatime", "strictatime"}, {"relatime", "strictatime"},
		{"diratime", "nodiratime"},
	}
}

// mountOptionsType is a list of options, which stays in its order.
type mountOptionsType struct{ dst *[]string }

func (t mountOptionsType) Read(d *lang.Decoder, v lang.Value) {
	all, pairs := mountOptions(), contradictions()
	var before []string
	*t.dst, _ = lang.ReadSet(d, v, "an array of strings", func(d *lang.Decoder, v lang.Value) (string, bool) {
		s, ok := d.FilledText(v)
		switch {
		case !ok:
			return "", false
		case s == "ro" || s == "rw":
			if toml.Within(v.Key, "root") {
				d.Problem(v, "%q is not an option, want root.readonly = %t", s, s == "ro")
				return "", false
			}
			d.Problem(v, "%q is not an option, want %s = SOURCE", s, s)
			return "", false
		case s == "bind" || s == "rbind" || s == "defaults":
			d.Problem(v, "%q is not an option (leave it out)", s)
			return "", false
		case strings.HasPrefix(s, "size=") || strings.HasPrefix(s, "mode=") || strings.HasPrefix(s, "uid=") || strings.HasPrefix(s, "gid="):
			key, value, _ := strings.Cut(s, "=")
			if key != "uid" && key != "gid" {
				value = TOMLValue(value)
			}
			d.Problem(v, "%q is not an option, but a key of its own: %s = %s", s, key, value)
			return "", false
		case !slices.Contains(all, s):
			d.Problem(v, "unknown option %q, want %s%s", s, lang.Words(all), lang.DidYouMean(s, all))
			return "", false
		}
		for _, b := range before {
			if slices.Contains(pairs, [2]string{b, s}) || slices.Contains(pairs, [2]string{s, b}) {
				d.Problem(v, "%q contradicts %q", s, b)
				return "", false
			}
		}
		before = append(before, s)
		return s, true
	})
}

func (mountOptionsType) Shapes() []*Shape {
	return []*Shape{lang.ArrayOf([]*Shape{lang.OneWord(mountOptions()...)}, true)}
}
