package main

import (
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// stage is the source: what machine.go does, without a Go runtime. It is copied from where it lies in the binary into an
// executable of its own; see image.go. So it is one piece that depends on no address: it has no calls of functions, no
// data and no relocations. It starts with the kernel's stack, one thread, and every signal blocked.
func stage() block {
	return seq(
		begin(),
		mapProgram(),
		checkHeader(),
		checkOps(),
		prepare(),
		run(),
		fail(),
		specialOps(),
		beInit(),
		resident(),
		checkSpecialOps(),
		exits(),
	)
}

// begin makes the frame and reads op, the number of the descriptor that holds the program.
func begin() block {
	const argc, argv, envp = a2, 8, 16 // the kernel's: a count, and behind it the addresses of strings, 0, more, 0
	words := func(offset int) mem { return bytes(8, argc, offset) }
	char := bytes(1, a1, 0)
	return seq(
		here(base),
		set(argc, sp),
		set(frame, addr{bytes(1, sp, -sizeOf[frameLayout]())}),
		and(frame, ^63),
		set(sp, frame),
		add(frame, middle()),
		put(fr("missed"), 0),
		say("The only argument is the number of the descriptor that holds the program. In place of",
			"a launcher, whose arguments stay, it is the only word of the environment."),
		set(res, words(0)),
		set(a1, words(envp).by(res)),
		when(a1, ne, 0, "number"),
		when(res, ne, 2, "bad"),
		set(a1, words(argv+8)),
		label("number"),
		set(op, 0),
		label("digit"),
		set(res, char),
		narrow(when(res, eq, 0, "mapProgram")),
		narrow(sub(res, '0')),
		narrow(when(res, above, 9, "bad")),
		mul(op, 10),
		add(op, res),
		add(a1, 1),
		goTo("digit"),
	)
}

// mapProgram maps what descriptor op holds.
func mapProgram() block {
	return seq(
		label("mapProgram"),
		call("fstat", low(op), addr{fr("buf")}),
		when(res, ne, 0, "bad"),
		set(a4, low(op)),
		set(a0, program.Address),
		set(a1, buf[unix.Stat_t]("Size")),
		put(fr("size"), a1),
		call("mmap", kept{}, kept{}, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_FIXED_NOREPLACE, kept{}, 0),
		set(first, program.Address),
		when(res, ne, first, "bad"),
		call("close", low(op)),
	)
}

// What checkOps knows of the program.
const (
	opsLeft     = a5 // after the current one
	dataSize    = a3
	scratchSize = aux
)

// checkHeader wants the header in bounds, and finds the ops.
func checkHeader() block {
	const data = program.HeaderSize + program.OpSize - 1
	inHeader := func(path string) mem { return header(path, first) }
	return seq(
		say("The header, in bounds."),
		when(fr("size"), lt, program.HeaderSize, "bad"),
		when(inHeader("Magic"), ne, program.Magic, "bad"),
		set(opsLeft, inHeader("Ops")),
		narrow(when(opsLeft, eq, 0, "bad")),
		narrow(when(opsLeft, above, program.MaxOps, "bad")),
		set(dataSize, inHeader("Data")),
		narrow(when(dataSize, above, program.MaxData, "bad")),
		set(scratchSize, inHeader("Scratch")),
		narrow(when(scratchSize, above, program.MaxScratch, "bad")),
		set(res, addr{bytes(1, dataSize, data)}),
		and(res, ^(program.OpSize-1)), // offset of the ops
		set(end, opsLeft),
		shl(end, opShift),
		add(end, res),
		when(end, above, fr("size"), "bad"),
		add(end, first),
		add(first, res),
	)
}

// prepare maps the scratch memory, and has the sockets closed on exec. Then it makes the process that runs the ops.
func prepare() block {
	const scratch = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED_NOREPLACE
	return seq(
		say("Memory that can be written to."),
		narrow(when(scratchSize, eq, 0, "closeOnExec")),
		call("mmap", program.ScratchAddress, low(scratchSize), unix.PROT_READ|unix.PROT_WRITE, scratch, -1, 0),
		when(res, ne, program.ScratchAddress, "bad"),
		label("closeOnExec"),
		set(base, program.Address),
		set(op, first),
		call("fcntl", header("SyncFD", base), unix.F_SETFD, unix.FD_CLOEXEC),
		set(a0, header("ControlFD", base)),
		narrow(when(a0, lt, 0, "start")),
		call("fcntl", kept{}, unix.F_SETFD, unix.FD_CLOEXEC),

		label("start", "The process that runs op 0 is this one, or a sibling: the launcher is its parent."),
		when(header("InPlace", base), eq, 1, "next"),
		set(a0, header("CloneFlags", base)),
		or(a0, unix.CLONE_PARENT),
		clone(),
		when(res, eq, 0, "next"),
		when(res, lt, 0, "startFailed"),
		set(a0, 0),
		goTo("exitGroup"),
		label("startFailed"),
		neg(res),
		put(fr("msg.kind"), program.MessageFailed),
		put(fr("msg.a"), -1), // OpStart
		put(fr("msg.b"), res),
		put(fr("msg.zero"), 0),
		set(a2, program.MessageSize),
		goTo("report"),
	)
}

// clone forks with the flags in a0.
func clone() block { return call("clone", kept{}, 0, 0, 0, 0, 0) }

// send sends the message of the frame, and what follows it, to a descriptor.
func send(fd, size operand) block {
	return seq(set(a0, fd), set(a2, size), call("sendto", kept{}, addr{fr("msg")}, kept{}, unix.MSG_NOSIGNAL, 0, 0))
}

// exits are the ends of a process that has not become the command.
func exits() block {
	return seq(
		label("bad", "There is no program, and so no socket to report that on."),
		call("write", 2, addr{inImage(1, "imageWords")}, symbol("wordsSize")),
		label("exitSetup"),
		set(a0, symbol("exitSetup")),
		label("exitGroup"),
		call("exit_group", kept{}),
		goTo("exitSetup"),
		say("The end, for the code that copies it."),
		theEnd(),
	)
}
