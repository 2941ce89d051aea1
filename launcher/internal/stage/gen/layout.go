package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

//lint:file-ignore U1000 Fields are found by their names.

// message is a message of package program.
type message struct{ kind, a, b, zero uint32 }

// siginfo is siginfo_t of waitid(2), and of a signal as far as they are the same.
type siginfo struct {
	signo, _, code, _, pid, _, status uint32
	_                                 [100]byte
}

// received is what recvmsg(2) takes to receive a descriptor.
type received struct {
	hdr  unix.Msghdr
	iov  unix.Iovec
	cmsg unix.Cmsghdr
	fd   uint32
	_    uint32
}

// bufSize is the room for structures of the kernel.
const bufSize = 512

// frameLayout is what the stage has on its stack. The register frame points to args: most instructions have short offsets then.
type frameLayout struct {
	// A working directory is read to cwd and, as its end, buf.
	cwd       [program.CwdSize - bufSize]byte
	buf       [bufSize]byte // structures of the kernel
	resident  program.EncodedResident
	_         uint64
	args      [6]uint64 // of the current op, its operands replaced by their values
	size      uint64    // of the program
	count     uint32    // how often a call may yet be repeated
	missed    uint32    // what is remembered of the Exec ops
	assistant uint32    // its process id, 0 while there is none
	_         uint32
	msg       message
	said      [program.MaxText]byte // behind the message, as it is sent
	regs      [program.NumRegs]uint64
	_         [24]byte // up to a multiple of 64
}

// field is a field of a structure, or the first element of an array.
type field struct {
	size   int
	signed bool
	offset int
	path   string
}

// of finds a field of S by its name, or by names with dots between them.
func of[S any](path string) field {
	t, offset := reflect.TypeFor[S](), uintptr(0)
	for name := range strings.SplitSeq(path, ".") {
		f, ok := t.FieldByName(name)
		if !ok {
			panic(fmt.Sprintf("%v has no field %s", t, name))
		}
		t, offset = f.Type, offset+f.Offset
	}
	if t.Kind() == reflect.Array {
		t = t.Elem()
	}
	return field{int(t.Size()), t.Kind() == reflect.Int32, int(offset), path}
}

func sizeOf[S any]() int { return int(reflect.TypeFor[S]().Size()) }

// middle is the offset of where the register frame points to.
func middle() int { return of[frameLayout]("args").offset }

// fr is a field of the frame.
func fr(path string) mem {
	m := of[frameLayout](path).at(frame)
	m.offset -= middle()
	return m
}

// buf is a field of a structure that lies in the frame's buffer.
func buf[S any](path string) mem {
	m := of[S](path).at(frame)
	m.offset += fr("buf").offset
	return m
}

// arg is an operand of the current op.
func arg(i int) mem { return fr("args").plus(i) }

// ops is a field of the current op.
func ops(path string) mem { return of[program.EncodedOp](path).at(op) }

// header is a field of the program's header, to which r points.
func header(path string, r reg) mem { return of[program.EncodedHeader](path).at(r) }

// sizeOfCwd is how much memory there is at the frame's cwd.
func sizeOfCwd() int { return of[frameLayout]("resident").offset }
