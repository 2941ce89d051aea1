package diagnose

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// joining is a profile that joins.
func joining(namespaces string) string {
	return "version = 1\nnamespaces = { " + namespaces + " }\ncommand = [\"true\"]\n"
}

// Namespaces that can be opened and not be joined. The files that name them
// are mounts, which need no right over a process.
func TestDiagnoseJoin(t *testing.T) {
	file := filepath.Join(nstest.TempDir(t), "namespace")
	bound := func(script string) surroundings {
		return mountedAfter(fmt.Sprintf("touch %s; ", file) + strings.ReplaceAll(script, "FILE", file))
	}
	for _, test := range []struct {
		name    string
		user    nstest.User
		profile string
		around  surroundings
		want    string
	}{
		{"another's user namespace", nstest.Ordinary(t), joining(`user = "` + file + `"`),
			bound(`unshare -U sleep 60 & while [ /proc/$!/ns/user -ef /proc/self/ns/user ]; do :; done
mount --bind /proc/$!/ns/user FILE; kill $!`),
			fmt.Sprintf(`p.toml:2:16: namespaces.user: step #, join the user namespace %s: EPERM
  joining a user namespace needs CAP_SYS_ADMIN in it: its creator has that, and root outside of it, but uid %d is neither
  try: run nslaunch as the user who created it, or as root`, file, nstest.Ordinary(t).UID)},
		{"an outer one's", nstest.Ordinary(t), joining(`net = "` + file + `"`),
			within(bound("unshare --net=FILE true"), "unshare", "-Ur"),
			fmt.Sprintf(`p.toml:2:16: namespaces.net: step #, join the net namespace %s: EPERM
  it belongs to a user namespace outside of the one that nslaunch runs in, and joining it needs CAP_SYS_ADMIN there
  try: run nslaunch in that user namespace`, file)},
		{"an outer pid namespace", nstest.Superuser(t), joining(`pid = "` + file + `"`),
			within(bound("mount --bind /proc/self/ns/pid FILE"), "unshare", "-pf", "--kill-child"),
			fmt.Sprintf(`p.toml:2:16: namespaces.pid: step #, join the pid namespace %s: EINVAL
  only a pid namespace below the one that nslaunch runs in can be joined
  try: run nslaunch in that pid namespace, or outside of it`, file)},
		{"a pid namespace without init", nstest.Superuser(t), joining(`pid = "` + file + `"`),
			bound("unshare --pid=FILE --fork true"),
			`p.toml:2:16: namespaces.pid: step #, fork into the pid namespace, and exit: ENOMEM
  most likely the first process of the pid namespace has ended, and then nothing more can be started in it
  try: join one that is alive, or namespaces = { pid = "new" }`},
		{"a mount namespace without CAP_SYS_CHROOT", nstest.Superuser(t), joining(`mount = "` + file + `"`),
			within(bound("unshare --mount=FILE true"), "capsh", "--drop=cap_sys_chroot", "--", "-c", `exec "$@"`, "sh"),
			fmt.Sprintf(`p.toml:2:16: namespaces.mount: step #, join the mount namespace %s: EPERM
  most likely CAP_SYS_CHROOT is missing, which joining a mount namespace needs besides CAP_SYS_ADMIN
  try: run nslaunch with it, or as root`, file)},
	} {
		t.Run(test.name, func(t *testing.T) {
			trouble{profile: test.profile, around: test.around, want: test.want}.check(t, test.user)
		})
	}
}

// within puts words before those of the command.
func within(outside surroundings, prefix ...string) surroundings {
	return func(t *testing.T, u nstest.User, words ...string) *exec.Cmd {
		return outside(t, u, append(prefix[:len(prefix):len(prefix)], words...)...)
	}
}

// Namespaces of two sandboxes do not go together.
func TestDiagnoseJoinOfTwo(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		const held = "version = 1\nnamespaces = { user = \"new\", net = \"new\" }\ncommand = [\"cat\"]\n"
		a, b := systest.Hold(t, systest.ProfileCommand(t, u, held)), systest.Hold(t, systest.ProfileCommand(t, u, held))
		trouble{
			profile: joining(fmt.Sprintf(`net = "pid:%d", user = "pid:%d"`, b.PID, a.PID)),
			want: fmt.Sprintf(`p.toml:2:16: namespaces.net: step #, join the net namespace /proc/%d/ns/net: EPERM
  it belongs to another user namespace than the one that is joined, and joining it needs CAP_SYS_ADMIN there
  try: join the namespaces of one process, or set namespaces.user = "host" and run nslaunch as root`, b.PID),
		}.check(t, u)
		a.Release(t)
		b.Release(t)
	})
}

// A file that is replaced between the plan and the step. The link goes to and fro
// until that happens.
func TestDiagnoseJoinReplaced(t *testing.T) {
	u := nstest.Superuser(t)
	const held = "version = 1\nnamespaces = { net = \"new\" }\ncommand = [\"cat\"]\n"
	a, b := systest.Hold(t, systest.ProfileCommand(t, u, held)), systest.Hold(t, systest.ProfileCommand(t, u, held))
	link := filepath.Join(nstest.TempDir(t), "link")
	done, stopped := make(chan struct{}), make(chan struct{})
	turn := func(to string) {
		_ = os.Symlink(to, link+"-")
		if err := os.Rename(link+"-", link); err != nil {
			t.Error(err)
		}
	}
	turn(fmt.Sprintf("/proc/%d/ns/net", a.PID))
	go func() {
		defer close(stopped)
		for {
			for _, h := range []*systest.Holder{a, b} {
				select {
				case <-done:
					return
				default:
					turn(fmt.Sprintf("/proc/%d/ns/net", h.PID))
				}
			}
		}
	}()
	before := nstest.Snapshot(t)
	profile := joining(fmt.Sprintf("net = %q", link))
	want := fmt.Sprintf(`nslaunch: error: p.toml:2:16: namespaces.net: step #, open the net namespace %s: ESTALE
  since the plan was made, the file was replaced by another
  try: run it again
`, link)
	seen := false
	for i := 0; i < 100 && !seen; i++ {
		cmd := systest.ProfileCommand(t, u, profile)
		got := nstest.Run(t, cmd)
		seen = got.Status == systest.StatusSetup && unnumbered(got.Stderr) == want
		if !seen && got.Status != 0 {
			t.Errorf("got %+v; want success or\n%s", got, want)
			break
		}
	}
	if !seen {
		t.Error("it was never seen to be replaced")
	}
	close(done)
	<-stopped
	nstest.AssertNothingLeft(t, before)
	a.Release(t)
	b.Release(t)
}

// Clocks that would leave the kernel's range.
func TestDiagnoseTime(t *testing.T) {
	const step = "step #, make a new time namespace and enter it, "
	zoned := func(rest string) string {
		return "version = 1\nnamespaces = { user = \"new\", time = \"new\" }\ncommand = [\"true\"]\n[time]\n" + rest
	}
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		outer := u.WriteFile(t, filepath.Join(u.TempDir(t), "outer.toml"), zoned("boottime = \"+140y\"\n"))
		for _, test := range []struct {
			name, profile string
			around        surroundings
			want          string
		}{
			{"below 0", zoned("boottime = \"+1h\"\nmonotonic = \"-100000h\"\n"), nil,
				`p.toml:6:1: time.monotonic: ` + step + `monotonic -360000000s, boottime +3600s: ERANGE
  the monotonic clock would be below 0: here it is at <TIME>
  try: time.monotonic = "0s", without a sign, which starts it at 0`},
			{"nested", zoned("monotonic = \"+10y\"\nboottime = \"+10y\"\n"),
				func(t *testing.T, u nstest.User, words ...string) *exec.Cmd {
					return u.Command(t, nstest.Nslaunch(t), append([]string{outer, "--"}, words...)...)
				},
				`p.toml:6:1: time.boottime: ` + step + `monotonic +315576000s, boottime +315576000s: ERANGE
  the boottime clock would pass the kernel's limit of 146 years, with the offset of 1227240h0m0s that it has here already
  try: use a smaller offset`},
		} {
			t.Run(test.name, func(t *testing.T) {
				trouble{profile: test.profile, around: test.around, want: test.want}.check(t, u)
			})
		}
	})
}

// Helpers that were kept from their work.
func TestDiagnoseMapHelper(t *testing.T) {
	u := nstest.Ordinary(t)
	const uidStep = `p.toml:3:1: idmap: step #, write uid_map: 0 is %[1]d, 1-%[2]d are %[3]d-%[4]d, by /usr/bin/newuidmap: newuidmap: `
	const gidStep = `p.toml:3:1: idmap: step #, write gid_map: 0 is %[1]d, 1-%[2]d are %[3]d-%[4]d, by /usr/bin/newgidmap: newgidmap: `
	sub := u.SubUIDs[0]
	copied := filepath.Join(nstest.TempDir(t), "copy")
	for _, test := range []struct{ name, script, want string }{
		{"no privilege of newuidmap", "cp /usr/bin/newuidmap COPY; chmod 755 COPY; mount --bind COPY /usr/bin/newuidmap",
			uidStep + `write to uid_map failed: Operation not permitted
  /usr/bin/newuidmap has no privilege: neither the set-user-id bit nor file capabilities
  try: as root: chmod u+s /usr/bin/newuidmap, or setcap cap_setuid+ep /usr/bin/newuidmap`},
		{"no privilege of newgidmap", "cp /usr/bin/newgidmap COPY; chmod 755 COPY; mount --bind COPY /usr/bin/newgidmap",
			gidStep + `write to gid_map failed: Operation not permitted
  /usr/bin/newgidmap has no privilege: neither the set-user-id bit nor file capabilities
  try: as root: chmod u+s /usr/bin/newgidmap, or setcap cap_setgid+ep /usr/bin/newgidmap`},
		{"not root's", "cp /usr/bin/newuidmap COPY; chown nobody COPY; chmod 4755 COPY; mount --bind COPY /usr/bin/newuidmap",
			uidStep + `open of uid_map failed: Permission denied
  /usr/bin/newuidmap is set-user-id, and its owner is uid 65534, not root
  try: as root: chown root /usr/bin/newuidmap and chmod u+s /usr/bin/newuidmap`},
		{"nosuid", "mount --bind /usr/bin/newuidmap /usr/bin/newuidmap; mount -o remount,bind,nosuid /usr/bin/newuidmap",
			uidStep + `write to uid_map failed: Operation not permitted
  /usr/bin/newuidmap has no privilege: its file system is mounted nosuid
  try: mount it without nosuid, or map the caller alone: idmap = "keep"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			trouble{
				profile: systest.NewUserProfile + "idmap = \"root+subid\"\ncommand = [\"true\"]\n",
				around:  mountedAfter(strings.ReplaceAll(test.script, "COPY", copied)),
				want:    fmt.Sprintf(test.want, u.UID, sub.Count, sub.Start, sub.Start+sub.Count-1),
			}.check(t, u)
		})
	}
	t.Run("no_new_privs", func(t *testing.T) {
		trouble{
			profile: systest.NewUserProfile + "idmap = \"root+subid\"\ncommand = [\"true\"]\n",
			around:  within(nothingAmiss, "setpriv", "--no-new-privs"),
			want: fmt.Sprintf(gidStep+`write to gid_map failed: Operation not permitted
  nslaunch runs with no_new_privs, so newgidmap cannot use its privilege
  try: start nslaunch without it, or map the caller alone: idmap = "keep"`, u.UID, sub.Count, sub.Start, sub.Start+sub.Count-1),
		}.check(t, u)
	})
	t.Run("another group", func(t *testing.T) {
		other := u
		other.GID = nstest.Bare(t).GID
		trouble{
			profile: systest.NewUserProfile + "idmap = \"root+subid\"\ncommand = [\"true\"]\n",
			want: fmt.Sprintf(`p.toml:3:1: idmap: step #, write gid_map: 0 is %[2]d, 1-%[3]d are %[4]d-%[5]d, by /usr/bin/newgidmap: newgidmap: Target <PID> is owned by a different user: uid:%[1]d pw_uid:%[1]d st_uid:%[1]d, gid:%[2]d pw_gid:%[6]d st_gid:%[2]d
  newgidmap needs the group that /etc/passwd gives the user, but nslaunch runs with gid %[2]d
  try: start nslaunch with the user's own group (newgrp without a name), or map the caller alone: idmap = "keep"`,
				u.UID, other.GID, sub.Count, sub.Start, sub.Start+sub.Count-1, u.GID),
		}.check(t, other)
	})
}

// groups that an outer user namespace denies are refused by the compiler, and
// so is an id that is not mapped; in a joined one they are met on the way.
func TestDiagnoseJoinedIDs(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		h := systest.Hold(t, systest.ProfileCommand(t, u, "version = 1\nnamespaces = { user = \"new\" }\ncommand = [\"cat\"]\n"))
		join := fmt.Sprintf("version = 1\nnamespaces = { user = \"pid:%d\" }\ncommand = [\"true\"]\n[process]\n", h.PID)
		t.Run("uid", func(t *testing.T) {
			trouble{profile: join + "uid = 7\n", want: `p.toml:5:1: process.uid: step #, become uid 7: EINVAL
  uid 7 is not mapped in the user namespace that was joined
  try: set process.uid to one that is`}.check(t, u)
		})
		t.Run("gid", func(t *testing.T) {
			trouble{profile: join + "gid = 7\n", want: `p.toml:5:1: process.gid: step #, become gid 7: EINVAL
  gid 7 is not mapped in the user namespace that was joined
  try: set process.gid to one that is`}.check(t, u)
		})
		t.Run("groups", func(t *testing.T) {
			errno, words := "EPERM", `most likely setgroups is denied in the user namespace that was joined
  try: leave out process.groups`
			if u.IsRoot() {
				errno, words = "EINVAL", `one of these groups is not mapped in the user namespace
  try: map it, or leave it out of process.groups`
			}
			trouble{profile: join + "groups = [7]\n", want: `p.toml:5:1: process.groups: step #, set the supplementary groups 7: ` + errno + "\n  " + words}.check(t, u)
		})
		h.Release(t)
	})
}
