package program

import "encoding/binary"

// Messages between the launcher and the processes that run its program, over
// SOCK_SEQPACKET sockets on which the kernel adds the sender's credentials:
//
//	sync socket
//	  stage, init, command → launcher   reached {point}
//	  launcher → the same               one byte: go on
//	  launcher → the same               one byte and a descriptor, for each that the program receives
//	  any → launcher                    failed {op, errno} and what the kernel said, then it exits
//	  all closed                        the command's execve has succeeded
//	control socket
//	  init → launcher                   ready
//	  init → launcher                   state {wait code, status} of the command
//	  closed                            init is gone
const MessageSize = 16

// MaxText is how much text of the kernel's a failure may have behind it.
const MaxText = 512

// Message is what a child sends to the launcher.
type Message struct {
	Kind  uint32 // one of the constants below
	A     uint32 // reached: the point; failed: the op; state: CLD_* of sigaction(2)
	B     int32  // failed: the errno; state: the exit status or the signal
	Extra uint32 // nothing yet
}

// Kinds of messages.
const (
	MessageReached uint32 = 1 + iota
	MessageFailed
	MessageReady
	MessageState
)

// OpStart stands in a message of failure for the clone that starts the process
// which runs op 0.
const OpStart = 1<<32 - 1

// DecodeMessage reads a message; it is false for anything else. What follows
// a failure is text.
func DecodeMessage(buf []byte) (Message, bool) {
	if len(buf) < MessageSize {
		return Message{}, false
	}
	e := binary.NativeEndian
	m := Message{e.Uint32(buf), e.Uint32(buf[4:]), int32(e.Uint32(buf[8:])), e.Uint32(buf[12:])}
	return m, m.Kind >= MessageReached && m.Kind <= MessageState && (len(buf) == MessageSize || m.Kind == MessageFailed)
}
