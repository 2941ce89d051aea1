package launcher

import (
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

func TestAttributes(t *testing.T) {
	const atime = unix.MOUNT_ATTR__ATIME
	for _, test := range []struct {
		options []string
		want    tree.Attributes
		words   string
	}{
		{nil, tree.Attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}, "nodev,nosuid"},
		{[]string{"dev", "suid"}, tree.Attributes{Allow: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}, "dev,suid"},
		{[]string{"nodev", "noexec"}, tree.Attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC}, "nodev,nosuid,noexec"},
		{[]string{"exec", "symfollow", "diratime"}, tree.Attributes{
			Set:   unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV,
			Allow: unix.MOUNT_ATTR_NOEXEC | unix.MOUNT_ATTR_NOSYMFOLLOW | unix.MOUNT_ATTR_NODIRATIME,
		}, "nodev,nosuid,exec,symfollow,diratime"},
		{[]string{"relatime", "dev", "suid"}, tree.Attributes{Clear: atime, Allow: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}, "dev,suid,relatime"},
		{[]string{"atime", "nosymfollow"}, tree.Attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOSYMFOLLOW, Clear: atime}, "nodev,nosuid,nosymfollow,relatime"},
		{[]string{"noatime", "nodiratime"}, tree.Attributes{
			Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOATIME | unix.MOUNT_ATTR_NODIRATIME, Clear: atime,
		}, "nodev,nosuid,nodiratime,noatime"},
		{[]string{"strictatime"}, tree.Attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_STRICTATIME, Clear: atime}, "nodev,nosuid,strictatime"},
	} {
		got := tree.NoDevices().WithOptions(test.options)
		if got != test.want || got.Words() != test.words {
			t.Errorf("%v: %+v, %q; want %+v, %q", test.options, got, got.Words(), test.want, test.words)
		}
	}
}
