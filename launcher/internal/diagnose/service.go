package diagnose

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"golang.org/x/sys/unix"
)

// ofService reports whether nslaunch was started by systemd: for a unit it sets INVOCATION_ID; see systemd.exec(5).
func (f *Failure) ofService() bool {
	return slices.ContainsFunc(f.Plan.Host.Env, func(e string) bool { return strings.HasPrefix(e, "INVOCATION_ID=") })
}

// serviceFilter is about the seccomp filters that settings of a unit make. That of RestrictSUIDSGID= cannot look into the
// argument of openat2(2), and so refuses the call as one that there is not.
func (f *Failure) serviceFilter() plan.Advice {
	switch {
	case f.Call == "openat2" && f.Errno == unix.ENOSYS:
		return plan.Advice{Cause: "most likely RestrictSUIDSGID=yes of the unit, which DynamicUser=yes implies, forbids the call: openat2",
			Cure: plan.Try("RestrictSUIDSGID=no in the unit, and User= in the place of DynamicUser=yes")}
	case slices.Contains([]string{"clone", "unshare", "setns"}, f.Call):
		return plan.Advice{Cause: "most likely RestrictNamespaces= or SystemCallFilter= of the unit forbids the call: " + f.Call,
			Cure: plan.Try("RestrictNamespaces=no in the unit, and SystemCallFilter=%s", f.Call)}
	}
	return plan.Advice{Cause: "most likely SystemCallFilter= of the unit, or a setting that implies it, forbids the call" + f.inCall(),
		Cure: plan.Try("SystemCallFilter=%s in the unit", f.Call)}
}
