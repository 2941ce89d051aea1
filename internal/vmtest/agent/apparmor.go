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
		cmd := exec.Command("apparmor_parser", "--skip-cache", "--replace")
		cmd.Stdin = strings.NewReader("abi <abi/4.0>,\nprofile confined " + binary + ` flags=(attach_disconnected) {
  file,
  mount, umount, pivot_root,
  capability, network, signal, ptrace, unix,
  change_profile,
  ` + rule + `
}
`)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.fatalf("apparmor_parser: %v\n%s", err, out)
		}
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
