package main

import (
	"github.com/nslaunch/nslaunch/launcher/internal/program"
	"golang.org/x/sys/unix"
)

// resident is what takes the place of a launcher whose command runs.
func resident() block {
	return seq(
		reside(),
		resideRequest(),
		resideSignal(),
		resideWake(),
		resideChild(),
		resideState(),
		resideEnd(),
	)
}

// re is a field of the resident.
func re(path string) mem { return fr("resident." + path) }

// What is known of the end of the command, or of a change of its state.
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
		set(tmp, sizeOf[encodedResident]()/8),
		label("resideCopy", "What is polled is written to."),
		set(res, word),
		put(copied, res),
		add(a1, 8),
		add(a0, 8),
		narrow(loop(tmp, "resideCopy")),
		when(re("count"), above, program.MaxPolled, "exitSetup"),
		put(fr("assistant"), 0),
		goTo("resideChild"), // the signal of its end may have come before

		label("residePoll"),
		set(a0, addr{re("control")}),
		set(a1, re("count")),
		when(fr("assistant"), eq, 0, "residePollIt"),
		set(a0, addr{re("signalFD")}), // and requests
		set(a1, 2),
		label("residePollIt"),
		call("ppoll", kept{}, kept{}, 0, 0, 0),
		when(res, lt, 0, "residePoll"), // EINTR
		when(fr("assistant"), ne, 0, "resideRequest"),
		set(res, re("control.revents")),
		narrow(when(res, ne, 0, "resideState")),
		set(tmp, re("count")),
		set(a1, 3),
		label("resideOthers"),
		narrow(when(a1, ge, tmp, "resideSignal")),
		set(res, polledBy(a1)),
		narrow(when(res, ne, 0, "resideWake")),
		narrow(add(a1, 1)),
		goTo("resideOthers"),
	)
}

// polledBy is revents of what is polled, of the element that a register says.
func polledBy(index reg) mem {
	m := re("control.revents")
	m.index, m.scale = index, sizeOf[polled]()
	return m
}

// resideRequest stops this process, as the assistant wants.
func resideRequest() block {
	number, group := fr("msg.kind"), fr("msg.a")
	mask := func(how int) block { return call("rt_sigprocmask", how, addr{fr("buf")}, 0, 8) }
	return seq(
		label("resideRequest", "The assistant wants this process to stop."),
		set(res, re("requests.revents")),
		narrow(when(res, eq, 0, "resideSignal")),
		call("recvfrom", re("requests.fd"), addr{fr("msg")}, 8, unix.MSG_DONTWAIT, 0, 0),
		when(res, ne, 8, "resideSignal"),
		set(tmp, number),
		narrow(sub(tmp, 1)),
		set(res, 1),
		shl(res, tmp),
		put(fr("buf").wide(), res),
		mask(unix.SIG_UNBLOCK),
		set(a0, 0),
		when(group, ne, 0, "resideStop"),
		call("getpid"),
		set(a0, low(res)),
		label("resideStop"),
		call("kill", kept{}, number),
		mask(unix.SIG_BLOCK),
		goTo("residePoll"),
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
		label("resideSignal"),
		takeSignal(addr{re("signals")}, addr{fr("buf")}),
		when(res, le, 0, "residePoll"),
		narrow(when(res, eq, unix.SIGCHLD, "resideChild")),
		narrow(set(tmp, addr{bytes(1, res, -1)})),
		set(a2, re("wake")),
		whenBit(tmp, is, a2, "resideLeave"),
		set(a3, 0),
		when(info("code"), le, 0, "resideTerm"), // by the kernel, if it is above
		set(a2, re("keys")),
		whenBit(tmp, not, a2, "resideTerm"),
		set(a3, processGroup),
		label("resideTerm"),
		narrow(when(res, ne, unix.SIGTERM, "resideSend")),
		set(res, re("stop")),
		label("resideSend"),
		set(a1, low(res)),
		set(a2, 0),
		when(info("code"), ne, siQueue, "resideSendIt"),
		put(info("signo"), res),
		set(a2, addr{fr("buf")}),
		label("resideSendIt"),
		call("pidfd_send_signal", re("pidfd"), kept{}, kept{}, kept{}),
		when(res, ne, -int(unix.EINVAL), "residePoll"), // before Linux 6.9, of a group
		label("resideLeave"),
		call("write", re("pipe"), addr{fr("buf")}, sizeOf[siginfo]()),
	)
}

// resideWake starts an assistant unless there is one.
func resideWake() block {
	emptyPath := fr("msg")
	return seq(
		label("resideWake", "There is something to do for an assistant. It has a process group of its own, so that no key is meant for it."),
		when(fr("assistant"), ne, 0, "residePoll"),
		set(a0, unix.SIGCHLD),
		clone(),
		when(res, lt, 0, "exitSetup"),
		put(fr("assistant"), res),
		when(res, ne, 0, "residePoll"),
		call("prctl", unix.PR_SET_PDEATHSIG, unix.SIGKILL),
		call("setpgid", 0, 0),
		label("resideDrain", "What came for the process group before is none of its."),
		put(fr("buf").wide(), -1),
		takeSignal(addr{fr("buf")}, 0),
		when(res, gt, 0, "resideDrain"),
		set(a0, unix.SIG_SETMASK),
		set(a1, addr{fr("msg")}),
		put(fr("msg").wide(), 0),
		call("rt_sigprocmask", kept{}, kept{}, 0, 8),
		call("execveat", re("binary"), addr{emptyPath}, re("argv"), re("env"), unix.AT_EMPTY_PATH),
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
		label("resideChild", "A child has changed: the assistant, as which this process ends, or the sandbox's first process."),
		set(a1, fr("assistant")),
		narrow(when(a1, eq, 0, "resideFirst")),
		waitInfo(unix.P_PID, kept{}, unix.WEXITED|unix.WNOHANG),
		when(info("pid"), eq, 0, "resideFirst"),
		set(status, info("status")),
		when(info("code"), eq, cldExited, "resideReap"),
		goTo("exitSetup"),

		label("resideFirst"),
		waitInfo(unix.P_PID, re("pid"), any|unix.WNOWAIT),
		when(info("pid"), eq, 0, "residePoll"),
		set(code, info("code")),
		set(status, info("status")),
		narrow(when(code, above, cldDumped, "resideChanged")),
		when(re("control.fd"), lt, 0, "resideEnded"),
		say("What init said of the command comes first, and is polled."),
		when(fr("assistant"), eq, 0, "residePoll"),
		goTo("resideTell"),

		label("resideChanged"),
		waitid(unix.P_PID, re("pid"), 0, any&^unix.WEXITED),
		when(re("control.fd"), ge, 0, "resideFirst"), // of no interest, of init
		goTo("resideTell"),
	)
}

// resideState hears what init says.
func resideState() block {
	info := buf[siginfo]
	return seq(
		label("resideState", "Init says what became of the command, or is gone without a word."),
		call("recvfrom", re("control.fd"), addr{fr("msg")}, program.MessageSize, unix.MSG_PEEK, 0, 0),
		when(res, eq, -int(unix.EINTR), "resideState"),
		set(code, fr("msg.a")),
		set(status, fr("msg.b")),
		when(res, ne, program.MessageSize, "resideGone"),
		when(fr("msg.kind"), ne, program.MessageState, "resideWake"),
		narrow(when(code, above, cldDumped, "resideWake")),
		goTo("resideEnded"),
		label("resideGone"),
		waitid(unix.P_PID, re("pid"), addr{fr("buf")}, unix.WEXITED|unix.WNOWAIT),
		when(res, eq, -int(unix.EINTR), "resideGone"),
		when(res, ne, 0, "exitSetup"),
		set(code, info("code")),
		set(status, info("status")),
	)
}

// resideEnd ends as the command did, or tells the assistant of its end.
func resideEnd() block {
	const opsAt = program.HeaderSize + program.OpSize - 1
	return seq(
		label("resideEnded"),
		when(fr("assistant"), ne, 0, "resideTell"),
		when(re("exits"), eq, 0, "resideTell"),
		narrow(when(code, eq, cldExited, "resideReap")),
		narrow(add(status, 128)),
		label("resideReap"),
		waitid(unix.P_PID, re("pid"), 0, unix.WEXITED),
		when(res, eq, -int(unix.EINTR), "resideReap"),
		set(res, low(status)),
		set(first, program.Address),
		set(tmp, header("data", first)),
		set(end, header("ops", first)),
		add(tmp, opsAt),
		and(tmp, ^(program.OpSize-1)),
		shl(end, opShift),
		add(first, tmp),
		add(end, first),
		goTo("result"),

		label("resideTell", "It is told to the assistant, which may have to be started for that."),
		put(fr("msg.kind"), program.MessageState),
		put(fr("msg.a"), code),
		put(fr("msg.b"), status),
		put(fr("msg.zero"), 0),
		send(re("states"), program.MessageSize),
		narrow(when(code, upTo, cldDumped, "resideWake")),
		when(fr("assistant"), ne, 0, "resideChild"),
		goTo("resideWake"),
	)
}
