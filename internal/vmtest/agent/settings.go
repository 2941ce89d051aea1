package main

import "strings"

// settingChecks change what is global to a machine. Each has its control: without the setting, or without what
// protects from it, the same gives another result.
func settingChecks() []check {
	return []check{
		{name: "core_pattern", users: both(), run: corePattern},
		{name: "dynamic_debug", users: []user{superuser()}, run: dynamicDebug},
		{name: "max_user_namespaces", users: both(), run: maxUserNamespaces},
		{name: "unprivileged_userns_clone", users: []user{ordinary()}, run: unprivilegedClone},
		{name: "memfd_noexec", users: both(), where: "6.12", run: memfdNoexec},
		{name: "legacy_tiocsti", users: both(), where: "6.12", run: tiocsti},
		{name: "apparmor", users: both(), where: "amd64-6.12", run: appArmor},
		{name: "apparmor_profile", users: both(), where: "amd64-6.12", run: packagedProfile},
	}
}

// refused runs hello where that must fail, with these words.
func (t *tester) refused(words ...string) {
	r := t.run("nslaunch", example("hello"))
	if r.status != 125 || r.stdout != "" {
		t.errorf("it was not refused: %v", r)
	}
	for _, word := range words {
		if !strings.Contains(r.stderr, word) {
			t.errorf("nothing of %q: %v", word, r)
		}
	}
}

func maxUserNamespaces(t *tester) {
	hello(t)
	t.sysctl("user.max_user_namespaces", "0")
	t.refused("user.max_user_namespaces", "try: ")
}

// unprivilegedClone is a setting of Debian's kernels.
func unprivilegedClone(t *tester) {
	hello(t)
	t.sysctl("kernel.unprivileged_userns_clone", "0")
	t.refused("kernel.unprivileged_userns_clone", "try: ")
}

// memfdNoexec: where memory cannot be executed, an ordinary user gets the portable image, and root is refused.
func memfdNoexec(t *tester) {
	const portable = "portable"
	if r := t.run("nslaunch", "plan", example("hello")); r.status != 0 || t.is("amd64") && strings.Contains(r.stdout, portable) {
		t.errorf("%v", r)
	}
	t.sysctl("vm.memfd_noexec", "2")
	if t.user.uid == 0 {
		t.refused("vm.memfd_noexec is 2", "try: sysctl vm.memfd_noexec=1")
		return
	}
	if r := t.run("nslaunch", "plan", example("hello")); r.status != 0 || !strings.Contains(r.stdout, portable) {
		t.errorf("%v", r)
	}
	hello(t)
}
