package main

import (
	"os"
	"strings"
)

// corePattern: root without any capability may write to the kernel's settings, since host uid 0 is all that the kernel
// asks for. With restrict.kernel nothing of that can be written to; control: without it, the machine's setting changes.
func corePattern(t *tester) {
	const file = "/proc/sys/kernel/core_pattern"
	const evil = "|/bin/false"
	before, err := os.ReadFile(file)
	t.must(err)
	restore := func() { t.must(os.WriteFile(file, before, 0)) }
	t.later = append(t.later, restore)
	attack := func(args ...string) bool {
		args = append(append([]string{"nslaunch", "run"}, args...), "preset:dev", "sh", "-c", "echo '"+evil+"' >"+file)
		r := t.run(args...)
		now, err := os.ReadFile(file)
		t.must(err)
		changed := strings.TrimSpace(string(now)) == evil
		if changed != (r.status == 0) || r.status >= 125 {
			t.errorf("changed: %v; %v", changed, r)
		}
		restore()
		return changed
	}
	if attack() {
		t.errorf("a command in preset:dev has changed the machine's core_pattern")
	}
	if !attack("--set", "restrict.kernel=false") && t.user.uid == 0 {
		t.errorf("core_pattern is not changed without restrict.kernel either: this shows nothing")
	}
}

// dynamicDebug: the kernel's own settings of its messages lie in /proc, too, on the kernels of distributions. Nothing is written.
func dynamicDebug(t *tester) {
	attack := func(kernel string) int {
		p := t.profile("version = 1\nrestrict.kernel = " + kernel + "\nnamespaces = { mount = \"new\", pid = \"new\" }\nprocess.capabilities = \"none\"\n")
		return t.run("nslaunch", p, "sh", "-c", "(: >>/proc/dynamic_debug/control) 2>/dev/null || exit 3").status
	}
	if got := attack("true"); got != 3 {
		t.errorf("/proc/dynamic_debug/control can be written to: status %d", got)
	}
	if got := attack("false"); got != 0 {
		t.errorf("it cannot be without restrict.kernel either: status %d: this shows nothing", got)
	}
}
