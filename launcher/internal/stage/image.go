package stage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// The sealed image is an executable of a few KiB without a Go runtime: one segment, which is
// read and executed, and a stack that is not.
//
//	0    ELF header, two program headers
//	192  the set of system calls that it makes, a bit each
//	256  what it says of a program that is none
//	288  the text, a copy of stage
const (
	imageCalls = 192
	imageWords = 256
	imageText  = 288

	words = "nslaunch: child: not a program\n"
	// maxText bounds the text.
	maxText = 5 << 10
	// The text ends with this.
	endOfText = "NSLEND!!"
)

// text is the machine code of the stage, nil on a processor that has none.
func text() []byte {
	start := stagePC()
	if start == 0 {
		return nil
	}
	code := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&start))), maxText+len(endOfText))
	return code[:bytes.Index(code, []byte(endOfText))]
}

// HasImage reports whether there is a sealed image for this processor.
func HasImage() bool { return stagePC() != 0 }

// Image returns the sealed image; nil on a processor that has none.
func Image() []byte {
	code := text()
	if code == nil {
		return nil
	}
	const (
		elfHeader, programHeader = 64, 56
		dynamic, current         = 3, 1 // ET_DYN, EV_CURRENT
		load, stack              = 1, 0x6474e551
		execute, write, read     = 1, 2, 4
		align                    = 64 << 10 // the largest page there is
	)
	e := binary.NativeEndian
	size := uint64(imageText + len(code))
	b := make([]byte, 0, size)
	b = append(b, 0x7f, 'E', 'L', 'F', 2, 1, current, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = e.AppendUint16(b, dynamic)
	b = e.AppendUint16(b, elfMachine)
	b = e.AppendUint32(b, current)
	b = e.AppendUint64(b, imageText) // entry
	b = e.AppendUint64(b, elfHeader) // program headers
	b = e.AppendUint64(b, 0)         // no section headers
	b = e.AppendUint32(b, 0)
	for _, n := range []uint16{elfHeader, programHeader, 2, 0, 0, 0} {
		b = e.AppendUint16(b, n)
	}
	b = e.AppendUint32(b, load)
	b = e.AppendUint32(b, read|execute)
	for _, n := range []uint64{0, 0, 0, size, size, align} {
		b = e.AppendUint64(b, n)
	}
	b = e.AppendUint32(b, stack)
	b = e.AppendUint32(b, read|write)
	for range 6 {
		b = e.AppendUint64(b, 0)
	}
	b = append(b, make([]byte, imageCalls-len(b))...)
	for _, w := range program.Calls() {
		b = e.AppendUint64(b, w)
	}
	b = append(b, words...)
	b = append(b, make([]byte, imageText-len(b))...)
	return append(b, code...)
}

// seals are those of what is executed and of a program: nobody can change it any more.
const seals = unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

// NewMemfd makes a memfd that is closed on exec. Linux 6.3 distinguishes executable ones.
func NewMemfd(name string, executable bool) (int, error) {
	return newMemfd(unix.MemfdCreate, name, executable)
}

func newMemfd(create func(name string, flags int) (int, error), name string, executable bool) (int, error) {
	kind := unix.MFD_NOEXEC_SEAL
	if executable {
		kind = unix.MFD_EXEC
	}
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := create(name, flags|kind)
	if err == unix.EINVAL {
		fd, err = create(name, flags)
	}
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	return fd, nil
}

// Memfd puts content into a new memfd and seals it.
func Memfd(name string, content []byte, executable bool) (int, error) {
	fd, err := NewMemfd(name, executable)
	if err != nil {
		return -1, err
	}
	for len(content) > 0 && err == nil {
		var n int
		n, err = unix.Write(fd, content)
		content = content[max(n, 0):]
	}
	if err == nil {
		err = Seal(fd)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Seal keeps a memfd from ever being changed. The kernel itself may hold a page of it for a
// moment, as it does to reclaim or migrate memory, and refuses meanwhile.
func Seal(fd int) error {
	var err error
	for range 20 {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
		if err != unix.EBUSY {
			break
		}
	}
	if err != nil {
		return os.NewSyscallError("fcntl F_ADD_SEALS", err)
	}
	if got, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil || got&seals != seals {
		return errors.New("a memfd is not sealed after it was")
	}
	return nil
}
