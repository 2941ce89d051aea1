// Package nstest is the harness of the tests that need privileges: what a test
// needs (Require), who runs a command (User), where (TempDir, Outer, Systemd), what
// a sandbox sees from inside (Probe), and that nothing of it is left (Snapshot).
//
// It is imported from tests only. Tests run as root; those that are about
// ordinary users start their commands as one, so one run covers both:
//
//	func TestHostname(t *testing.T) {
//		nstest.EachUser(t, func(t *testing.T, u nstest.User) {
//			before := nstest.Snapshot(t)
//			got := nstest.Run(t, u.Command(t, nstest.Nslaunch(t), "profile.toml"))
//			…
//			nstest.AssertNothingLeft(t, before)
//		})
//	}
//
// setup.sh in this directory prepares a machine: packages and test users.
package nstest
