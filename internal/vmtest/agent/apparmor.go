package main

import (
	"os"
	"os/exec"
	"strings"
)

// appArmor: a profile for nslaunch that has no rule "userns" denies user namespaces, since Linux 6.7. Control: with
// the rule it runs.
func appArmor(t *tester) {
	const binary = "/usr/bin/nslaunch-confined"
	text, err := os.ReadFile("/usr/bin/nslaunch")
	t.must(err)
	t.must(os.WriteFile(binary, text, 0o755))
	// The sealed image is a file in memory, which is on no path.
	load := func(rule string) {
		loadProfile(t, "abi <abi/4.0>,\nprofile confined "+binary+` flags=(attach_disconnected) {
  file,
  mount, umount, pivot_root,
  capability, network, signal, ptrace, unix,
  change_profile,
  `+rule+`
}
`)
	}
	load("userns,")
	t.want(0, greeting, binary, example("hello"))
	load("")
	r := t.run(binary, example("hello"))
	if r.status != 125 || r.stdout != "" || !strings.Contains(r.stderr, "runs under, confined, forbids") ||
		!strings.Contains(r.stderr, `add the rule "userns," to that profile`) {
		t.errorf("%v", r)
	}
	t.logf("%s", r.stderr)
}

func loadProfile(t *tester, text string) {
	cmd := exec.Command("apparmor_parser", "--skip-cache", "--replace")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.fatalf("apparmor_parser: %v\n%s", err, out)
	}
}

// packagedProfile: the profile of the package can be loaded. nslaunch, and what it starts in a user namespace, run under
// it and are not confined. Control: before that they run under none.
func packagedProfile(t *tester) {
	text, err := os.ReadFile("/usr/lib/vmtest/apparmor")
	t.must(err)
	label := []string{"nslaunch", "run", "--new", "user,mount,pid", "--", "cat", "/proc/self/attr/apparmor/current"}
	// Another user's check may have loaded it.
	if r := t.run(label...); r.status != 0 || r.stdout != "unconfined\n" && r.stdout != "nslaunch (unconfined)\n" {
		t.errorf("before: %v", r)
	}
	loadProfile(t, strings.ReplaceAll(string(text), "/usr/local/bin/", "/usr/bin/"))
	t.want(0, `nslaunch \(unconfined\)`, label...)
}
