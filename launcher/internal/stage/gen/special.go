package main

import (
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// specials are where the text of each special op is, by their numbers. It ends by going to "result", as calls do, or elsewhere.
func specials() []string {
	return []string{
		program.SpecialSync - program.FirstSpecial:          "sync",
		program.SpecialFork - program.FirstSpecial:          "fork",
		program.SpecialInit - program.FirstSpecial:          "init",
		program.SpecialSameFile - program.FirstSpecial:      "sameFile",
		program.SpecialSkip - program.FirstSpecial:          "skip",
		program.SpecialCwd - program.FirstSpecial:           "cwd",
		program.SpecialReceive - program.FirstSpecial:       "receive",
		program.SpecialPID - program.FirstSpecial:           "pid",
		program.SpecialNotExecutable - program.FirstSpecial: "notExecutable",
		program.SpecialNotFound - program.FirstSpecial:      "notFound",
		program.SpecialReside - program.FirstSpecial:        "reside",
		program.SpecialStore - program.FirstSpecial:         "store",
	}
}

// specialOps goes to the text of special op res.
func specialOps() block {
	b := label("special")
	all := specials()
	last := len(all) - 1
	for n, s := range all[:last] {
		b = append(b, narrow(when(res, eq, program.FirstSpecial+n, s))...)
	}
	return seq(b, goTo(all[last]), sync(), fork(), skip(), sameFile(), cwd(), receive(), pid(), notExecutable(), notFound(), store())
}

// sync: a point is reached.
func sync() block {
	return seq(
		label("sync", "The launcher gets a message that a point is reached, and must answer. If it has ended, the process ends."),
		put(fr("msg.kind"), program.MessageReached),
		set(res, arg(0)),
		put(fr("msg.a"), res),
		put(fr("msg.b").wide(), 0),
		set(base, program.Address),
		send(header("SyncFD", base), program.MessageSize),
		when(res, lt, 0, "exitSetup"),
		set(a0, header("SyncFD", base)),
		call("recvfrom", kept{}, addr{fr("msg")}, program.MessageSize, 0, 0, 0),
		when(res, le, 0, "exitSetup"),
		set(res, 0),
		goTo("result"),
	)
}

func fork() block {
	return seq(
		label("fork"),
		set(a0, arg(0)),
		or(a0, unix.SIGCHLD),
		clone(),
		when(res, ne, 0, "result"),
		set(op, arg(1)),
		shl(op, opShift),
		add(op, first),
		goTo("next"),
	)
}

func skip() block {
	return seq(
		label("skip", "If an error is what it skips after, or is not."),
		set(res, arg(0)),
		shr(res, 63),
		set(tmp, arg(2)),
		when(tmp, eq, 0, "skipRefused"),
		narrow(xor(res, 1)),
		label("skipRefused"),
		narrow(when(res, eq, 0, "advance")),
		set(res, arg(1)),
		shl(res, opShift),
		add(op, res),
		goTo("advance"),
	)
}

func sameFile() block {
	const emptyPath = 0 // in place of what a file system has to say
	return seq(
		label("sameFile"),
		set(a0, arg(0)),
		put(fr("said"), emptyPath),
		call("statx", kept{}, addr{fr("said")}, unix.AT_EMPTY_PATH, unix.STATX_TYPE|unix.STATX_INO, addr{fr("buf")}, 0),
		when(res, lt, 0, "result"),
		set(res, buf[unix.Statx_t]("Dev_major")),
		when(res, ne, arg(1), "stale"),
		set(res, buf[unix.Statx_t]("Dev_minor")),
		when(res, ne, arg(2), "stale"),
		set(res, buf[unix.Statx_t]("Ino")),
		when(res, ne, arg(3), "stale"),
		set(res, buf[unix.Statx_t]("Mode")),
		narrow(and(res, unix.S_IFMT)),
		when(res, ne, arg(4), "stale"),
		set(res, 0),
		goTo("result"),
		label("stale"),
		set(res, -int(unix.ESTALE)),
		goTo("result"),
	)
}

func cwd() block {
	return seq(
		label("cwd", `The kernel puts "(unreachable)" in front of such a path.`),
		call("getcwd", addr{fr("cwd")}, sizeOfCwd()),
		when(res, lt, 0, "result"),
		when(res, eq, 0, "unreachable"),
		set(res, 0),
		when(fr("cwd"), eq, '/', "result"),
		label("unreachable"),
		set(res, -int(unix.ENOENT)),
		goTo("result"),
	)
}

// receive takes a descriptor of the launcher's.
func receive() block {
	at := func(path string) mem { return of[received](path).at(a1) }
	got := buf[received]
	return seq(
		label("receive"),
		set(a1, addr{fr("buf")}),
		set(res, 0),
		put(at("hdr.Name"), res),
		put(at("hdr.Namelen").wide(), res),
		set(tmp, addr{at("iov")}),
		put(at("hdr.Iov"), tmp),
		put(at("hdr.Iovlen"), 1),
		set(tmp, addr{at("cmsg")}),
		put(at("hdr.Control"), tmp),
		put(at("hdr.Controllen"), sizeOf[received]()-of[received]("cmsg").offset),
		put(at("hdr.Flags").wide(), res),
		set(tmp, addr{fr("msg")}),
		put(at("iov.Base"), tmp),
		put(at("iov.Len"), program.MessageSize),
		set(base, program.Address),
		set(a0, header("SyncFD", base)),
		call("recvmsg", kept{}, kept{}, unix.MSG_CMSG_CLOEXEC),
		when(res, lt, 0, "result"),
		when(got("hdr.Controllen"), below, unix.SizeofCmsghdr+4, "notReceived"),
		when(got("cmsg.Type"), ne, unix.SCM_RIGHTS, "notReceived"),
		set(res, got("fd")),
		goTo("result"),
		label("notReceived"),
		set(res, -int(unix.EBADMSG)),
		goTo("result"),
	)
}

// pid writes a string, and behind it the process's own id or another number.
func pid() block {
	const to, from, left, n, length, kinds = a3, a1, tmp, a1, a5, tmp
	toChar, fromChar := bytes(1, to, 0), bytes(1, from, 0)
	return seq(
		label("pid"),
		set(to, arg(0)),
		set(from, arg(1)),
		set(left, arg(2)),
		when(left, eq, 0, "pidNumber"),
		label("pidCopy"),
		set(res, fromChar),
		put(toChar, res),
		add(from, 1),
		add(to, 1),
		loop(left, "pidCopy"),
		label("pidNumber"),
		set(n, arg(3)),
		set(kinds, ops("Kinds")),
		narrow(shr(kinds, 2*3)),
		narrow(and(kinds, 3)),
		narrow(when(kinds, eq, program.KindReg, "pidDecimal")),
		call("getpid"),
		set(n, low(res)),
		label("pidDecimal"),
		set(res, low(n)),
		set(a4, 10),
		label("pidDigits", "Counted; the last digit is where the first is written to, in the end."),
		divMod(),
		narrow(when(res, eq, 0, "pidWrite")),
		add(to, 1),
		goTo("pidDigits"),
		label("pidWrite"),
		put(toChar.plus(1), 0),
		set(length, addr{toChar.plus(1)}),
		sub(length, arg(0)),
		set(res, low(n)),
		label("pidDigit"),
		divMod(),
		narrow(add(a2, '0')),
		put(toChar, a2),
		sub(to, 1),
		narrow(when(res, ne, 0, "pidDigit")),
		set(res, length),
		goTo("result"),
	)
}

func notExecutable() block {
	return seq(
		label("notExecutable"),
		set(res, 0),
		when(fr("missed"), ne, unix.EACCES, "result"),
		set(res, -int(unix.EACCES)),
		goTo("result"),
	)
}

func notFound() block {
	return seq(
		label("notFound"),
		set(res, -int(unix.ENOENT)),
		set(tmp, fr("missed")),
		narrow(when(tmp, eq, 0, "result")),
		set(res, low(tmp)),
		neg(res),
		goTo("result"),
	)
}

// store writes a number. Its lower half is written in either case.
func store() block {
	const to = a1
	return seq(
		label("store"),
		set(to, arg(0)),
		set(res, arg(1)),
		put(bytes(4, to, 0), res),
		when(arg(2), eq, 4, "stored"),
		put(bytes(8, to, 0), res),
		label("stored"),
		set(res, 0),
		goTo("result"),
	)
}

// beInit is process 1, once the command was forked: it reaps, and reports what becomes of that. From here on there is no
// program, nor its scratch memory.
func beInit() block {
	const command, control = end, base
	info := buf[siginfo]
	return seq(
		label("init"),
		set(command, arg(0)),
		set(a0, program.Address),
		set(control, header("ControlFD", a0)),
		set(a0, program.ScratchAddress), // up to the program's end
		set(a1, fr("size")),
		add(a1, program.MaxScratch),
		call("munmap", kept{}, kept{}),
		put(fr("msg.kind"), program.MessageReady),
		put(fr("msg.a"), 0),
		put(fr("msg.b").wide(), 0),
		send(low(control), program.MessageSize),
		when(res, lt, 0, "exitSetup"),
		label("reap"),
		waitInfo(unix.P_ALL, 0, unix.WEXITED|unix.WSTOPPED|unix.WCONTINUED|unix.WALL),
		when(res, eq, -int(unix.EINTR), "reap"),
		when(res, ne, 0, "exitSetup"), // ECHILD cannot come before the command's end
		set(res, info("pid")),
		when(res, ne, command, "reap"),
		put(fr("msg.kind"), program.MessageState),
		set(res, info("code")),
		put(fr("msg.a"), res),
		set(tmp, info("status")),
		put(fr("msg.b"), tmp),
		put(fr("msg.zero"), 0),
		send(low(control), program.MessageSize),
		set(res, info("code")),
		narrow(when(res, above, cldDumped, "reap")), // stopped, continued, or in a trap of ptrace(2)
		set(a0, 0),
		goTo("exitGroup"),
	)
}

// The codes of siginfo_t of a child's end are those from the first to the last.
const (
	cldExited = 1
	cldDumped = 3
)

// waitid waits for a child.
func waitid(kind, who, info operand, options int) block {
	return seq(set(a0, kind), set(a1, who), set(a2, info), call("waitid", kept{}, kept{}, kept{}, options, 0))
}

// waitInfo is waitid, with the child's siginfo in the frame's buffer, where pid is 0 if there is none.
func waitInfo(kind, who operand, options int) block {
	return seq(
		set(a0, kind),
		set(a1, who),
		set(a2, addr{fr("buf")}),
		put(buf[siginfo]("pid"), 0),
		call("waitid", kept{}, kept{}, kept{}, options, 0),
	)
}
