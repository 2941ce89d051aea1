package main

import (
	"testing"
	"unsafe"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// Messages are as the structure says, and what is said follows.
func TestFrame(t *testing.T) {
	sent := message{program.MessageState, 2, 3, 0}
	text := unsafe.Slice((*byte)(unsafe.Pointer(&sent)), sizeOf[message]())
	if m, ok := program.DecodeMessage(text); !ok || m != (program.Message{Kind: program.MessageState, A: 2, B: 3}) || len(text) != program.MessageSize {
		t.Errorf("message %+v, %v", m, ok)
	}
	said, msg := of[frameLayout]("said"), of[frameLayout]("msg")
	if said.offset != msg.offset+program.MessageSize {
		t.Error("what is said does not follow the message")
	}
	if 1<<opShift != program.OpSize || sizeOf[frameLayout]()%64 != 0 || of[frameLayout]("buf").offset+512 != of[frameLayout]("resident").offset {
		t.Error("the frame")
	}
	for name, size := range map[string]int{
		"stat": sizeOf[unix.Stat_t](), "statx": sizeOf[unix.Statx_t](), "siginfo": sizeOf[siginfo](), "received": sizeOf[received](),
	} {
		if size > 512 {
			t.Errorf("%s: %d bytes do not fit into the buffer", name, size)
		}
	}
	if sizeOf[siginfo]() != 128 || unix.SizeofMsghdr != of[received]("iov").offset {
		t.Error("structures of the kernel")
	}
}
