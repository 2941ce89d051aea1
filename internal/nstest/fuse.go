package nstest

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// MountFUSE mounts a FUSE file system of one empty directory on dir, which the user u owns, until the test ends. The
// options are further ones of mount(8), such as "allow_other". The protocol is that of fuse(4) and <linux/fuse.h>.
func MountFUSE(t testing.TB, u User, dir, options string) {
	t.Helper()
	Require(t, Root(), File("/dev/fuse"))
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	data := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", fd, u.UID, u.GID)
	if options != "" {
		data += "," + options
	}
	if err := unix.Mount("none", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, data); err != nil {
		unix.Close(fd)
		t.Fatal(err)
	}
	device := os.NewFile(uintptr(fd), "/dev/fuse")
	done := make(chan struct{})
	go func() {
		defer close(done)
		serveFUSE(device, uint32(u.UID), uint32(u.GID))
	}()
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
		<-done
		device.Close()
	})
}

// serveFUSE answers until the file system is unmounted.
func serveFUSE(device *os.File, uid, gid uint32) {
	le := binary.LittleEndian
	request := make([]byte, 1<<17)
	for {
		n, err := device.Read(request)
		if err != nil || n < 40 {
			return
		}
		var answer []byte
		failed := int32(0)
		switch opcode := le.Uint32(request[4:]); opcode {
		case 2, 36, 42: // FORGET, INTERRUPT, BATCH_FORGET have no answer
			continue
		case 26: // INIT
			answer = make([]byte, 64)
			le.PutUint32(answer, 7)
			le.PutUint32(answer[4:], 31)
			le.PutUint32(answer[20:], 4096)
		case 3: // GETATTR
			answer = make([]byte, 104)
			le.PutUint64(answer[16:], 1)
			le.PutUint32(answer[76:], unix.S_IFDIR|0o755)
			le.PutUint32(answer[80:], 2)
			le.PutUint32(answer[84:], uid)
			le.PutUint32(answer[88:], gid)
		case 27: // OPENDIR
			answer = make([]byte, 16)
		case 17: // STATFS
			answer = make([]byte, 80)
		case 28, 29, 38: // READDIR, RELEASEDIR, DESTROY
		case 1: // LOOKUP
			failed = -int32(unix.ENOENT)
		default:
			failed = -int32(unix.ENOSYS)
		}
		head := make([]byte, 16, 16+len(answer))
		le.PutUint32(head, uint32(16+len(answer)))
		le.PutUint32(head[4:], uint32(failed))
		copy(head[8:], request[8:16])
		if _, err := device.Write(append(head, answer...)); err != nil && le.Uint32(request[4:]) != 38 {
			return
		}
	}
}
