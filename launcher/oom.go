package launcher

import (
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/host"
)

// oomKills is how many processes of a control group the kernel has killed because it ran out of
// memory: oom_kill of memory.events, in the documentation of cgroup v2
// since Linux 4.13. It is 0 where the group has no memory controller.
func oomKills(cgroup string) int {
	if cgroup == "" {
		return 0
	}
	text, _ := host.ReadFile(cgroup + "/memory.events")
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			kills, _ := strconv.Atoi(strings.TrimSpace(n))
			return kills
		}
	}
	return 0
}

// ranOutOfMemory is asked as soon as the command's end is known. With its last process a control group is empty,
// and where the manager has removed it by then, nothing is known.
func (l *launch) ranOutOfMemory() bool { return oomKills(l.placed.Cgroup) > l.oomKills }
