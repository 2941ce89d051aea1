package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// Key is the key of a kind of namespace.
func Key(k config.NamespaceKind) string { return "namespaces." + string(k) }

// Few names the topmost of mounts, and not too many of them.
func Few(mounts []string) string {
	const most = 4
	mounts = slices.Sorted(slices.Values(mounts))
	var top []string
	for _, m := range mounts {
		if !slices.ContainsFunc(top, func(above string) bool { return tree.Below(m, above) }) {
			top = append(top, m)
		}
	}
	if len(top) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(top[:most], ", "), len(top)-most)
	}
	return strings.Join(top, ", ")
}
