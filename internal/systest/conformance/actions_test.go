package conformance

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// actions notes which actions of plans were seen.
type actions struct {
	forms []*regexp.Regexp
	seen  map[*regexp.Regexp]bool
}

// newActions has the form of every action there is. Those that need what root
// does not have everywhere are not among them: "raise the limit …", for CAP_SYS_RESOURCE,
// and how a chroot and an initramfs are left. Those that need a terminal or a systemd
// are compared in TestConformanceOnTerminal and TestConformanceInUnit.
func newActions() *actions {
	a := &actions{seen: map[*regexp.Regexp]bool{}}
	for _, form := range slices.Concat(mountActions(), serviceActions(), []string{
		`start the stage`, `start the stage in (a )?new .* namespaces?`, `die with the launcher`, `block signals`, `open /proc/self`,
		`open the \w+ namespace /.*`, `join the (user|pid|mount) namespace /.*`, `join the (net|ipc|uts|cgroup|time) namespace /.*`,
		`make (a )?new .* namespaces?`, `make a new time namespace and enter it`, `make a new time namespace and enter it, .*`,
		`hide from the processes of the joined namespaces`, `fork into the pid namespace, and exit`,
		`become uid 0, gid 0 in the user namespace`, `gain all capabilities in the user namespace`,
		`wait for the launcher`, `release the stage`, `release the command`, `follow the forked process and release it`,
		`deny setgroups`, `write [ug]id_map: [^/]*`, `write [ug]id_map: .*, by /.*`, `set oom_score_adj -?\d+`, `set the nice value -?\d+`,
		`make / \S+, recursively`, `make /proc private`, `mount proc on /proc with .*`,
		`mount proc on /proc.*, else keep the host's`, `mount proc on /proc.*, else an empty directory`,
		`cover /proc with an empty read-only directory`, `make /proc/\S+ read-only`, `mask /proc/\S+ with an empty directory`,
		`mask /proc/\S+ with /dev/null`, `set the host name ".*"`, `set the domain name ".*"`, `bring the loopback interface up`,
		`fork the command`, `act as init: .*`, `wait until init is in place`, `open a pseudoterminal`,
		`start a session with the new terminal`, `start a session without a terminal`, `start a process group`,
		`set the umask 0*\d+`, `join a new session keyring`, `set the limit .*`, `restore the limit nofile to .*`,
		`set the supplementary groups .*`, `drop supplementary groups`, `become [ug]id .*`,
		`empty the capability bounding set`, `limit the capability bounding set to .*`,
		`drop all capabilities`, `set the capabilities .*`, `set the ambient capabilities .*`,
		`change to /.*`, `set no_new_privs`, `close descriptors above 2`, `close descriptors above 2 but .*`, `unblock signals`, `execute .*`,
	}) {
		a.forms = append(a.forms, regexp.MustCompile(`(?s)^`+form+`$`))
	}
	return a
}

// see notes the actions of a plan. One of no form is an error: it wants a
// profile among ours.
func (a *actions) see(t *testing.T, steps string) {
	t.Helper()
	var plan struct{ Steps []struct{ Action string } }
	if err := json.Unmarshal([]byte(nstest.WithoutImage(steps)), &plan); err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Steps {
		known := false
		for _, form := range a.forms {
			if form.MatchString(s.Action) {
				known, a.seen[form] = true, true
			}
		}
		if !known {
			t.Errorf("an action that this test does not know: %s", s.Action)
		}
	}
}

// check asserts that every action was in some plan.
func (a *actions) check(t *testing.T) {
	t.Helper()
	for _, form := range a.forms {
		if !a.seen[form] {
			t.Errorf("no plan has the action %s", form)
		}
	}
}
