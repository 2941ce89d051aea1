package main

import (
	"fmt"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// resident is what takes the place of a launcher whose command runs: a room of its own, which is entered at "reside" and left
// to "result" or "exitSetup".
func resident() block {
	return room("reside", seq(
		reside(),
		resideRequest(),
		resideSignal(),
		resideWake(),
		resideChild(),
		resideState(),
		resideEnd(),
	))
}

// re is a field of the resident.
func re(path string) mem { return fr("resident." + path) }

// The descriptors that are always polled.
const (
	control = iota
	signalFD
	requests
)

// polled is a field of what is polled.
func polled(i int, path string) mem {
	m := re("Polled")
	m.offset += i*m.size + of[unix.PollFd](path).offset
	m.size, m.signed, m.note = of[unix.PollFd](path).size, path == "Fd", fmt.Sprintf("resident.Polled[%d].%s", i, path)
	return m
}

// The end of the command, or a change of its state.
const (
	code   = first // si_code
	status = end   // si_status
)

// reside waits for something to do.
func reside() block {
	word, copied := bytes(8, a1, 0), bytes(8, a0, 0)
	return seq(
		label("reside", "In place of a launcher whose command runs."),
		set(a1, arg(0)),
		set(a0, addr{fr("resident")}),
		set(tmp, sizeOf[program.EncodedResident]()/8),
		label("copy", "What is polled is written to."),
		set(res, word),
		put(copied, res),
		add(a1, 8),
		add(a0, 8),
		narrow(loop(tmp, "copy")),
		when(re("Count"), above, program.MaxPolled, "exitSetup"),
		put(fr("assistant"), 0),
		goTo("child"), // the signal of its end may have come before

		label("poll"),
		set(a0, addr{polled(control, "Fd")}),
		set(a1, re("Count")),
		when(fr("assistant"), eq, 0, "pollIt"),
		set(a0, addr{polled(signalFD, "Fd")}), // and requests
		set(a1, 2),
		label("pollIt"),
		call("ppoll", kept{}, kept{}, 0, 0, 0),
		when(res, lt, 0, "poll"), // EINTR
		when(fr("assistant"), ne, 0, "request"),
		set(res, polled(control, "Revents")),
		narrow(when(res, ne, 0, "state")),
		set(tmp, re("Count")),
		set(a1, 3),
		label("others"),
		narrow(when(a1, ge, tmp, "signal")),
		set(res, polled(control, "Revents").times(a1, sizeOf[unix.PollFd]())),
		narrow(when(res, ne, 0, "wake")),
		narrow(add(a1, 1)),
		goTo("others"),
	)
}

// resideRequest stops this process, as the assistant wants.
func resideRequest() block {
	number, group := fr("msg.kind"), fr("msg.a")
	mask := func(how int) block { return call("rt_sigprocmask", how, addr{fr("buf")}, 0, 8) }
	return seq(
		label("request", "The assistant wants this process to stop."),
		set(res, polled(requests, "Revents")),
		narrow(when(res, eq, 0, "signal")),
		call("recvfrom", polled(requests, "Fd"), addr{fr("msg")}, 8, unix.MSG_DONTWAIT, 0, 0),
		when(res, ne, 8, "signal"),
		set(tmp, number),
		narrow(sub(tmp, 1)),
		set(res, 1),
		shl(res, tmp),
		put(fr("buf").wide(), res),
		mask(unix.SIG_UNBLOCK),
		set(a0, 0),
		when(group, ne, 0, "stop"),
		call("getpid"),
		set(a0, low(res)),
		label("stop"),
		call("kill", kept{}, number),
		mask(unix.SIG_BLOCK),
		goTo("poll"),
	)
}

// takeSignal takes a pending signal of a set, with what the kernel says of it to info, and does not wait for one.
func takeSignal(set64, info operand) block {
	return seq(
		set(a0, set64),
		set(a1, info),
		set(a2, addr{fr("msg")}),
		put(fr("msg").wide(), 0),
		put(fr("msg.b").wide(), 0),
		call("rt_sigtimedwait", kept{}, kept{}, kept{}, 8),
	)
}

// resideSignal forwards a signal, or leaves it to the assistant.
func resideSignal() block {
	const siQueue, processGroup = -1, 4 // PIDFD_SIGNAL_PROCESS_GROUP
	info := buf[siginfo]
	return seq(
		label("signal"),
		takeSignal(addr{re("Signals")}, addr{fr("buf")}),
		when(res, le, 0, "poll"),
		narrow(when(res, eq, unix.SIGCHLD, "child")),
		narrow(set(tmp, addr{bytes(1, res, -1)})),
		set(a2, re("Wake")),
		whenBit(tmp, is, a2, "leave"),
		set(a3, 0),
		when(info("code"), le, 0, "term"), // by the kernel, if it is above
		set(a2, re("Keys")),
		whenBit(tmp, not, a2, "term"),
		set(a3, processGroup),
		label("term"),
		narrow(when(res, ne, unix.SIGTERM, "send")),
		set(res, re("Stop")),
		label("send"),
		set(a1, low(res)),
		set(a2, 0),
		when(info("code"), ne, siQueue, "sendIt"),
		put(info("signo"), res),
		set(a2, addr{fr("buf")}),
		label("sendIt"),
		call("pidfd_send_signal", re("PIDFD"), kept{}, kept{}, kept{}),
		when(res, ne, -int(unix.EINVAL), "poll"), // before Linux 6.9, of a group
		label("leave"),
		call("write", re("Pipe"), addr{fr("buf")}, sizeOf[siginfo]()),
	)
}

// resideWake starts an assistant unless there is one.
func resideWake() block {
	emptyPath := fr("msg")
	return seq(
		label("wake", "There is something to do for an assistant. It has a process group of its own, so that no key is meant for it."),
		when(fr("assistant"), ne, 0, "poll"),
		set(a0, unix.SIGCHLD),
		clone(),
		when(res, lt, 0, "exitSetup"),
		put(fr("assistant"), res),
		when(res, ne, 0, "poll"),
		call("prctl", unix.PR_SET_PDEATHSIG, unix.SIGKILL),
		call("setpgid", 0, 0),
		label("drain", "What came for the process group before is none of its."),
		put(fr("buf").wide(), -1),
		takeSignal(addr{fr("buf")}, 0),
		when(res, gt, 0, "drain"),
		set(a0, unix.SIG_SETMASK),
		set(a1, addr{fr("msg")}),
		put(fr("msg").wide(), 0),
		call("rt_sigprocmask", kept{}, kept{}, 0, 8),
		call("execveat", re("Binary"), addr{emptyPath}, re("Argv"), re("Env"), unix.AT_EMPTY_PATH),
		say("An exit status would be taken for the command's, and waited for."),
		call("getpid"),
		set(a0, low(res)),
		call("kill", kept{}, unix.SIGKILL),
	)
}

// resideChild looks at what has become of the children: the assistant, as which this process ends, or the sandbox's first process.
func resideChild() block {
	info := buf[siginfo]
	const any = unix.WEXITED | unix.WSTOPPED | unix.WCONTINUED | unix.WNOHANG
	return seq(
		label("child", "A child has changed: the assistant, as which this process ends, or the sandbox's first process."),
		set(a1, fr("assistant")),
		narrow(when(a1, eq, 0, "first")),
		waitInfo(unix.P_PID, kept{}, unix.WEXITED|unix.WNOHANG),
		when(info("pid"), eq, 0, "first"),
		set(status, info("status")),
		when(info("code"), eq, cldExited, "reap"),
		goTo("exitSetup"),

		label("first"),
		waitInfo(unix.P_PID, re("PID"), any|unix.WNOWAIT),
		when(info("pid"), eq, 0, "poll"),
		set(code, info("code")),
		set(status, info("status")),
		narrow(when(code, above, cldDumped, "changed")),
		when(polled(control, "Fd"), lt, 0, "ended"),
		say("What init said of the command comes first, and is polled."),
		when(fr("assistant"), eq, 0, "poll"),
		goTo("report"),

		label("changed"),
		waitid(unix.P_PID, re("PID"), 0, any&^unix.WEXITED),
		when(polled(control, "Fd"), ge, 0, "first"), // of no interest, of init
		goTo("report"),
	)
}

// resideState hears what init says.
func resideState() block {
	info := buf[siginfo]
	return seq(
		label("state", "Init says what became of the command, or is gone without a word."),
		call("recvfrom", polled(control, "Fd"), addr{fr("msg")}, program.MessageSize, unix.MSG_PEEK, 0, 0),
		when(res, eq, -int(unix.EINTR), "state"),
		set(code, fr("msg.a")),
		set(status, fr("msg.b")),
		when(res, ne, program.MessageSize, "gone"),
		when(fr("msg.kind"), ne, program.MessageState, "wake"),
		narrow(when(code, above, cldDumped, "wake")),
		goTo("ended"),
		label("gone"),
		waitid(unix.P_PID, re("PID"), addr{fr("buf")}, unix.WEXITED|unix.WNOWAIT),
		when(res, eq, -int(unix.EINTR), "gone"),
		when(res, ne, 0, "exitSetup"),
		set(code, info("code")),
		set(status, info("status")),
	)
}

// resideEnd ends as the command did, or reports its end to the assistant.
func resideEnd() block {
	const opsAt = program.HeaderSize + program.OpSize - 1
	return seq(
		label("ended"),
		when(fr("assistant"), ne, 0, "report"),
		when(re("Exits"), eq, 0, "report"),
		narrow(when(code, eq, cldExited, "reap")),
		narrow(add(status, 128)),
		label("reap"),
		waitid(unix.P_PID, re("PID"), 0, unix.WEXITED),
		when(res, eq, -int(unix.EINTR), "reap"),
		set(res, low(status)),
		set(first, program.Address),
		set(tmp, header("Data", first)),
		set(end, header("Ops", first)),
		add(tmp, opsAt),
		and(tmp, ^(program.OpSize-1)),
		shl(end, opShift),
		add(first, tmp),
		add(end, first),
		goTo("result"),

		label("report", "The assistant gets a message. It may have to be started first."),
		put(fr("msg.kind"), program.MessageState),
		put(fr("msg.a"), code),
		put(fr("msg.b"), status),
		put(fr("msg.zero"), 0),
		send(re("States"), program.MessageSize),
		narrow(when(code, upTo, cldDumped, "wake")),
		when(fr("assistant"), ne, 0, "child"),
		goTo("wake"),
	)
}
