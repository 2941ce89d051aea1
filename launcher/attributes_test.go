package launcher

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestAttributes(t *testing.T) {
	const atime = unix.MOUNT_ATTR__ATIME
	for _, test := range []struct {
		options []string
		want    attributes
		words   string
	}{
		{nil, attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}, "nodev,nosuid"},
		{[]string{"dev", "suid"}, attributes{Allow: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}, "dev,suid"},
		{[]string{"nodev", "noexec"}, attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC}, "nodev,nosuid,noexec"},
		{[]string{"exec", "symfollow", "diratime"}, attributes{
			Set:   unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV,
			Allow: unix.MOUNT_ATTR_NOEXEC | unix.MOUNT_ATTR_NOSYMFOLLOW | unix.MOUNT_ATTR_NODIRATIME,
		}, "nodev,nosuid,exec,symfollow,diratime"},
		{[]string{"relatime", "dev", "suid"}, attributes{Clear: atime, Allow: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}, "dev,suid,relatime"},
		{[]string{"atime", "nosymfollow"}, attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOSYMFOLLOW, Clear: atime}, "nodev,nosuid,nosymfollow,relatime"},
		{[]string{"noatime", "nodiratime"}, attributes{
			Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOATIME | unix.MOUNT_ATTR_NODIRATIME, Clear: atime,
		}, "nodev,nosuid,nodiratime,noatime"},
		{[]string{"strictatime"}, attributes{Set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_STRICTATIME, Clear: atime}, "nodev,nosuid,strictatime"},
	} {
		got := noDevices().withOptions(test.options)
		if got != test.want || got.words() != test.words {
			t.Errorf("%v: %+v, %q; want %+v, %q", test.options, got, got.words(), test.want, test.words)
		}
	}
}
