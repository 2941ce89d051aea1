package process

import (
	"os"
	"strings"
)

// Cgroup returns the path of a process's control group in the unified hierarchy, "" if /proc does not show it. The process
// is a pid or "self", as in proc(5).
func Cgroup(process string) string {
	text, _ := os.ReadFile("/proc/" + process + "/cgroup")
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSuffix(path, "\n")
		}
	}
	return ""
}
