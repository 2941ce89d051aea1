package plan

import (
	"strings"

	"github.com/nslaunch/nslaunch/config"
)

// Place returns the place of the profile that an error about key is reported at:
// where the key was written, or, for a default, where that was written which
// implies it. A step that no key asks for is reported at the command.
func Place(p *config.Profile, o config.Origin) config.Origin {
	if !o.Pos.IsZero() {
		return o
	}
	for _, key := range implying(o.Key) {
		if from := p.Origin(key); !from.Pos.IsZero() {
			if o.Key == "" {
				return from
			}
			return config.Origin{Key: o.Key, Pos: from.Pos}
		}
	}
	return config.Origin{Key: o.Key, Pos: config.Pos{File: p.File}}
}

// implying lists the keys that a default of key comes with, nearest first, and
// then those that nearly every profile has.
func implying(key string) []string {
	var keys []string
	section, _, _ := strings.Cut(key, ".")
	switch section {
	case "proc":
		keys = []string{"namespaces.pid", "namespaces.mount"}
	case "propagation":
		keys = []string{"namespaces.mount"}
	case "network":
		keys = []string{"namespaces.net"}
	case "time":
		keys = []string{"namespaces.time"}
	case "idmap":
		keys = []string{"namespaces.user"}
	case "process":
		if key == "process.init" {
			keys = []string{"namespaces.pid"}
		}
	case "namespaces":
		keys = []string{"namespaces"}
	}
	return append(keys, "command", "namespaces", "version")
}
