package main

import (
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// opShift is the logarithm of the size of an op.
const opShift = 6

// run does one op after the other.
func run() block {
	const kinds, kind, index, value = tmp, a2, a0, res
	flags := ops("Flags")
	return seq(
		label("next", "One op after the other, its operands first."),
		when(op, from, end, "ended"),
		put(fr("count"), program.Repeats),
		set(kinds, ops("Kinds")),
		set(index, 0),
		label("operand"),
		set(value, ops("Args").by(index)),
		set(kind, low(kinds)),
		narrow(and(kind, 3)),
		narrow(when(kind, eq, program.KindConst, "operandDone")),
		narrow(when(kind, eq, program.KindReg, "operandReg")),
		narrow(when(kind, above, program.KindReg, "operandScratch")),
		add(value, program.DataAddress),
		goTo("operandDone"),
		label("operandScratch"),
		add(value, program.ScratchAddress),
		goTo("operandDone"),
		label("operandReg"),
		set(value, fr("regs").by(value)),
		label("operandDone"),
		put(fr("args").by(index), value),
		narrow(shr(kinds, 2)),
		narrow(add(index, 1)),
		narrow(when(index, lt, 6, "operand")),
		set(res, ops("Nr")),
		narrow(when(res, from, program.FirstSpecial, "special")),

		label("call"),
		set(a0, arg(0)), set(a1, arg(1)), set(a2, arg(2)), set(a3, arg(3)), set(a4, arg(4)), set(a5, arg(5)),
		whenFlag(flags, not, program.MustFail, "callIt"),
		set(a5, 0),
		label("callIt"),
		set(res, ops("Nr")),
		callRes(),
		when(res, ne, -int(unix.EAGAIN), "result"),
		whenFlag(flags, not, program.Repeat, "result"),
		loop(fr("count"), "call"),

		label("result", "The result of an op is in res, or a negative errno."),
		set(tmp, res),
		neg(tmp),
		when(res, from, -4095, "errno"),
		whenFlag(flags, not, program.MustFail, "keep"),
		set(tmp, arg(5)),
		goTo("fail"),
		label("errno"),
		set(index, 0),
		label("pass"),
		set(a2, ops("Pass").by(index)),
		narrow(when(a2, eq, tmp, "passed")),
		narrow(add(index, 1)),
		narrow(when(index, lt, 8, "pass")),
		goTo("fail"),
		label("passed"),
		whenFlag(flags, not, program.Exec, "keep"),
		when(fr("missed"), eq, unix.EACCES, "keep"),
		put(fr("missed"), tmp),
		label("keep"),
		set(tmp, ops("Out")),
		narrow(when(tmp, eq, program.NoReg, "advance")),
		put(fr("regs").by(tmp), res),
		label("advance"),
		add(op, program.OpSize),
		goTo("next"),
	)
}

// fail reports the failure of an op.
func fail() block {
	index := seq(set(res, op), sub(res, first), shr(res, opShift))
	last := seq(set(res, end), sub(res, first), shr(res, opShift), narrow(sub(res, 1)))
	return seq(
		label("fail", "The errno of a failed op is in tmp. What the kernel has to say of a file system is read from its context."),
		put(fr("msg.kind"), program.MessageFailed),
		index,
		put(fr("msg.a"), res),
		put(fr("msg.b"), tmp),
		put(fr("msg.zero"), 0),
		set(a2, program.MessageSize),
		set(res, ops("Nr")),
		narrow(when(res, eq, unix.SYS_FSCONFIG, "said")),
		narrow(when(res, ne, unix.SYS_FSMOUNT, "report")),
		label("said"),
		call("read", arg(0), addr{fr("said")}, program.MaxText),
		set(a2, program.MessageSize),
		when(res, above, program.MaxText, "report"),
		add(a2, res),
		label("report"),
		set(base, program.Address),
		send(header("SyncFD", base), kept{}),
		goTo("exitSetup"),

		label("ended", "A program that ends without exec."),
		last,
		put(fr("msg.kind"), program.MessageFailed),
		put(fr("msg.a"), res),
		put(fr("msg.b"), unix.ENOEXEC),
		put(fr("msg.zero"), 0),
		set(a2, program.MessageSize),
		goTo("report"),
	)
}
