#include "textflag.h"
#include "stage.h"

// The sealed image of the child for this processor; stage_amd64.s has the same, with the
// same labels, and says why it is as it is. It has no literals behind its end.
//
//	R19  frame; its layout is in stage.h
//	R20  the image, later the program
//	R21  first op
//	R22  end of the ops
//	R23  current op
//	R24  how often a call may yet be repeated
//	R25  size of a message
//
// The assembler uses R27; the kernel changes R0 alone.

#define SYS_getcwd 17
#define SYS_fcntl 25
#define SYS_close 57
#define SYS_read 63
#define SYS_write 64
#define SYS_ppoll 73
#define SYS_fstat 80
#define SYS_exit_group 94
#define SYS_waitid 95
#define SYS_kill 129
#define SYS_rt_sigprocmask 135
#define SYS_rt_sigtimedwait 137
#define SYS_setpgid 154
#define SYS_prctl 167
#define SYS_getpid 172
#define SYS_sendto 206
#define SYS_recvfrom 207
#define SYS_recvmsg 212
#define SYS_munmap 215
#define SYS_clone 220
#define SYS_mmap 222
#define SYS_execveat 281
#define SYS_statx 291
#define SYS_pidfd_send_signal 424

#define KERNEL(nr) MOVD $nr, R8; SVC
#define ARG(i, r) MOVD (ARGS+8*i)(R19), r
#define KIND_ARG(i, kind) MOVHU OP_KINDS(R23), R0; UBFX $(2*i), R0, $2, R0; CMPW $kind, R0; BNE bad

// WAITID waits for process R1 of the kind R0, with what is told of it at R2.
#define WAITID(options) MOVD $options, R3; MOVD ZR, R4; KERNEL(SYS_waitid)

// WAIT_INFO is WAITID with that in the frame's buffer, where si_pid is 0 if there is none.
#define WAIT_INFO(options) ADD $BUF, R19, R2; MOVW ZR, (BUF+16)(R19); WAITID(options)

// TAKE_SIGNAL takes a pending signal of the set at R0, with what the kernel says of it to R1, and does not wait for one.
#define TAKE_SIGNAL \
	ADD $MSG, R19, R2; \
	MOVD ZR, MSG(R19); \
	MOVD ZR, (MSG+8)(R19); \
	MOVD $8, R3; \
	KERNEL(SYS_rt_sigtimedwait)

// SEND sends the message of the frame, R2 bytes, to descriptor R0.
#define SEND \
	ADD	$MSG, R19, R1; \
	MOVD	$MSG_NOSIGNAL, R3; \
	MOVD	ZR, R4; \
	MOVD	ZR, R5; \
	KERNEL(SYS_sendto)

// CLONE forks with flags R0.
#define CLONE \
	MOVD	ZR, R1; \
	MOVD	ZR, R2; \
	MOVD	ZR, R3; \
	MOVD	ZR, R4; \
	KERNEL(SYS_clone)

// FAILED is the message that op R1 fails with errno R2.
#define FAILED \
	MOVD	$MESSAGE_FAILED, R9; \
	MOVW	R9, MSG(R19); \
	MOVW	R1, (MSG+4)(R19); \
	MOVW	R2, (MSG+8)(R19); \
	MOVW	ZR, (MSG+12)(R19); \
	MOVD	$MESSAGE_SIZE, R25

TEXT ·stage(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
image:
	ADR	image, R20
	SUB	$IMAGE_TEXT, R20

	MOVD	RSP, R9
	SUB	$FRAME, R9, R19
	AND	$~63, R19
	MOVD	R19, RSP
	MOVD	$FRAME_MIDDLE, R10
	ADD	R10, R19
	MOVW	ZR, MISSED(R19)

	// The descriptor's number.
	MOVD	0(R9), R10
	ADD	R10<<3, R9, R11
	MOVD	16(R11), R1
	CBNZ	R1, number
	CMP	$2, R10
	BNE	bad
	MOVD	16(R9), R1
number:
	MOVD	ZR, R23
	MOVD	$10, R12
digit:
	MOVBU.P	1(R1), R10
	CBZ	R10, mapProgram
	SUBW	$'0', R10
	CMPW	$9, R10
	BHI	bad
	MADD	R12, R10, R23, R23
	B	digit

mapProgram:
	MOVWU	R23, R0
	ADD	$BUF, R19, R1
	KERNEL(SYS_fstat)
	CBNZ	R0, bad
	MOVD	$ADDRESS, R0
	MOVD	(BUF+48)(R19), R1 // st_size
	MOVD	R1, SIZE(R19)
	MOVD	$PROT_READ, R2
	MOVD	$(MAP_PRIVATE|MAP_FIXED_NOREPLACE), R3
	MOVWU	R23, R4
	MOVD	ZR, R5
	KERNEL(SYS_mmap)
	MOVD	$ADDRESS, R21
	CMP	R21, R0
	BNE	bad
	MOVWU	R23, R0
	KERNEL(SYS_close)

	// The header, in bounds.
	MOVD	SIZE(R19), R13
	CMP	$HEADER_SIZE, R13
	BLT	bad
	MOVWU	0(R21), R12
	MOVD	$MAGIC, R14
	CMPW	R14, R12
	BNE	bad
	MOVWU	H_OPS(R21), R9
	CBZ	R9, bad
	MOVD	$MAX_OPS, R14
	CMP	R14, R9
	BHI	bad
	MOVWU	H_DATA(R21), R10
	MOVD	$MAX_DATA, R14
	CMP	R14, R10
	BHI	bad
	MOVWU	H_SCRATCH(R21), R11
	MOVD	$MAX_SCRATCH, R14
	CMP	R14, R11
	BHI	bad
	ADD	$(HEADER_SIZE+OP_SIZE-1), R10, R12
	AND	$~(OP_SIZE-1), R12 // offset of the ops
	ADD	R9<<6, R12, R22 // their end
	CMP	R13, R22
	BHI	bad
	ADD	R21, R22
	ADD	R12, R21

	// The ops: R9 how many are left after this one, R10 bytes of data, R11 of scratch memory.
	MOVD	R21, R23
	MOVD	$SPECIAL, R16
check:
	SUB	$1, R9
	MOVHU	OP_NR(R23), R12
	CMPW	R16, R12
	BHS	checkOut
	CMPW	$MAX_CALL, R12
	BHS	bad
	LSR	$6, R12, R13
	ADD	R13<<3, R20, R13
	MOVD	IMAGE_CALLS(R13), R13
	LSR	R12, R13
	TBZ	$0, R13, bad
checkOut:
	SUBW	R16, R12 // below 0 for a call
	CMPW	$(SPECIAL_LAST-SPECIAL), R12
	BGT	bad
	MOVBU	OP_OUT(R23), R13
	CMPW	$NO_REG, R13
	BEQ	checkArgs
	CMPW	$NUM_REGS, R13
	BHS	bad
checkArgs:
	MOVHU	OP_KINDS(R23), R13
	ADD	$OP_ARGS, R23, R14
	MOVD	$6, R15
checkArg:
	MOVD.P	8(R14), R0
	AND	$3, R13, R1
	CBZ	R1, checkedArg
	MOVD	R10, R2
	CMPW	$KIND_DATA, R1
	BEQ	checkBound
	MOVD	$NUM_REGS, R2
	CMPW	$KIND_REG, R1
	BEQ	checkBound
	MOVD	R11, R2
checkBound:
	CMP	R2, R0
	BHS	bad
checkedArg:
	LSR	$2, R13
	SUB	$1, R15
	CBNZ	R15, checkArg
	CMPW	$(SPECIAL_FORK-SPECIAL), R12
	BEQ	checkFork
	CMPW	$(SPECIAL_SKIP-SPECIAL), R12
	BEQ	checkSkip
	CMPW	$(SPECIAL_PID-SPECIAL), R12
	BEQ	checkPID
	CMPW	$(SPECIAL_INIT-SPECIAL), R12
	BEQ	checkInit
	CMPW	$(SPECIAL_RESIDE-SPECIAL), R12
	BEQ	checkReside
checked:
	ADD	$OP_SIZE, R23
	CMP	R22, R23
	BNE	check

	// Memory that can be written to.
	CBZ	R11, closeOnExec
	MOVD	$SCRATCH, R0
	MOVD	R11, R1
	MOVD	$(PROT_READ|PROT_WRITE), R2
	MOVD	$(MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE), R3
	MOVD	$-1, R4
	MOVD	ZR, R5
	KERNEL(SYS_mmap)
	MOVD	$SCRATCH, R9
	CMP	R9, R0
	BNE	bad
closeOnExec:
	MOVD	$ADDRESS, R20
	MOVD	R21, R23
	MOVW	H_SYNC(R20), R0
	MOVD	$F_SETFD, R1
	MOVD	$FD_CLOEXEC, R2
	KERNEL(SYS_fcntl)
	MOVW	H_CONTROL(R20), R0
	TBNZ	$31, R0, start
	MOVD	$F_SETFD, R1
	MOVD	$FD_CLOEXEC, R2
	KERNEL(SYS_fcntl)

	// The process that runs op 0 is this one, or a sibling.
start:
	MOVWU	H_IN_PLACE(R20), R0
	CMPW	$1, R0
	BEQ	next
	MOVD	H_CLONE(R20), R0
	ORR	$CLONE_PARENT, R0
	CLONE
	CBZ	R0, next
	TBNZ	$63, R0, startFailed
	MOVD	ZR, R0
	B	exitGroup
startFailed:
	NEG	R0, R2
	MOVD	$-1, R1 // OpStart
	FAILED
	B	report

	// One op after the other, its operands first.
next:
	CMP	R22, R23
	BHS	ended
	MOVD	$REPEATS, R24
	MOVHU	OP_KINDS(R23), R9
	ADD	$OP_ARGS, R23, R10
	ADD	$ARGS, R19, R11
	MOVD	$6, R12
operand:
	MOVD.P	8(R10), R0
	AND	$3, R9, R13
	CBZ	R13, operandDone
	CMPW	$KIND_REG, R13
	BEQ	operandReg
	BHI	operandScratch
	MOVD	$(ADDRESS+HEADER_SIZE), R14
	ADD	R14, R0
	B	operandDone
operandScratch:
	MOVD	$SCRATCH, R14
	ADD	R14, R0
	B	operandDone
operandReg:
	ADD	$REGS, R19, R14
	MOVD	(R14)(R0<<3), R0
operandDone:
	MOVD.P	R0, 8(R11)
	LSR	$2, R9
	SUB	$1, R12
	CBNZ	R12, operand
	MOVHU	OP_NR(R23), R9
	MOVD	$SPECIAL, R10
	SUBSW	R10, R9
	BHS	special

call:
	ARG(0, R0)
	ARG(1, R1)
	ARG(2, R2)
	ARG(3, R3)
	ARG(4, R4)
	ARG(5, R5)
	MOVBU	OP_FLAGS(R23), R9
	TST	$MUST_FAIL, R9
	BEQ	callIt
	MOVD	ZR, R5
callIt:
	MOVHU	OP_NR(R23), R8
	SVC
	CMN	$EAGAIN, R0
	BNE	result
	TST	$REPEAT, R9
	BEQ	result
	SUB	$1, R24
	CBNZ	R24, call

	// R0 is the result of an op, or a negative errno.
result:
	MOVBU	OP_FLAGS(R23), R9
	NEG	R0, R2
	CMN	$4095, R0
	BHS	errno
	TST	$MUST_FAIL, R9
	BEQ	keep
	ARG(5, R2)
	B	fail
errno:
	ADD	$OP_PASS, R23, R10
	MOVD	$8, R11
pass:
	MOVBU.P	1(R10), R12
	CMPW	R2, R12
	BEQ	passed
	SUB	$1, R11
	CBNZ	R11, pass
	B	fail
passed:
	TST	$EXEC, R9
	BEQ	keep
	MOVWU	MISSED(R19), R10
	CMPW	$EACCES, R10
	BEQ	keep
	MOVW	R2, MISSED(R19)
keep:
	MOVBU	OP_OUT(R23), R9
	CMPW	$NO_REG, R9
	BEQ	advance
	ADD	$REGS, R19, R10
	MOVD	R0, (R10)(R9<<3)
advance:
	ADD	$OP_SIZE, R23
	B	next

	// R2 is the errno of a failed op.
fail:
	SUB	R21, R23, R1
	LSR	$6, R1
	FAILED
	MOVHU	OP_NR(R23), R9
	CMPW	$SYS_fsconfig, R9
	BEQ	said
	CMPW	$SYS_fsmount, R9
	BNE	report
said:
	ARG(0, R0)
	ADD	$SAID, R19, R1
	MOVD	$MAX_TEXT, R2
	KERNEL(SYS_read)
	CMP	$MAX_TEXT, R0
	BHI	report
	ADD	R0, R25
report:
	MOVD	$ADDRESS, R9
	MOVW	H_SYNC(R9), R0
	MOVD	R25, R2
	SEND
	B	exitSetup
ended: // a program that ends without exec
	SUB	R21, R22, R1
	LSR	$6, R1
	SUB	$1, R1
	MOVD	$ENOEXEC, R2
	FAILED
	B	report

// Special ops, by R9.
special:
	CBZW	R9, sync
	CMPW	$(SPECIAL_FORK-SPECIAL), R9
	BEQ	fork
	CMPW	$(SPECIAL_INIT-SPECIAL), R9
	BEQ	init
	CMPW	$(SPECIAL_SAME_FILE-SPECIAL), R9
	BEQ	sameFile
	CMPW	$(SPECIAL_SKIP-SPECIAL), R9
	BEQ	skip
	CMPW	$(SPECIAL_CWD-SPECIAL), R9
	BEQ	cwd
	CMPW	$(SPECIAL_RECEIVE-SPECIAL), R9
	BEQ	receive
	CMPW	$(SPECIAL_PID-SPECIAL), R9
	BEQ	pid
	CMPW	$(SPECIAL_NOT_EXECUTABLE-SPECIAL), R9
	BEQ	notExecutable
	CMPW	$(SPECIAL_NOT_FOUND-SPECIAL), R9
	BEQ	notFound
	B	reside

	// A point is reached.
sync:
	MOVD	$MESSAGE_REACHED, R9
	MOVW	R9, MSG(R19)
	ARG(0, R9)
	MOVW	R9, (MSG+4)(R19)
	MOVD	ZR, (MSG+8)(R19)
	MOVD	$ADDRESS, R9
	MOVW	H_SYNC(R9), R0
	MOVD	$MESSAGE_SIZE, R2
	SEND
	TBNZ	$63, R0, exitSetup
	MOVD	$ADDRESS, R9
	MOVW	H_SYNC(R9), R0
	ADD	$MSG, R19, R1
	MOVD	$MESSAGE_SIZE, R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	MOVD	ZR, R5
	KERNEL(SYS_recvfrom)
	CMP	$0, R0
	BLE	exitSetup
	MOVD	ZR, R0
	B	result

fork:
	ARG(0, R0)
	MOVD	$SIGCHLD, R1
	ORR	R1, R0
	CLONE
	CBNZ	R0, result
	ARG(1, R23)
	ADD	R23<<6, R21, R23
	B	next

skip: // if an error is what it skips after, or is not
	ARG(0, R9)
	LSR	$63, R9
	ARG(2, R10)
	CBZ	R10, skipRefused
	EOR	$1, R9
skipRefused:
	CBZ	R9, advance
	ARG(1, R9)
	ADD	R9<<6, R23
	B	advance

sameFile:
	ARG(0, R0)
	ADD	$SAID, R19, R1 // an empty path
	MOVB	ZR, (R1)
	MOVD	$AT_EMPTY_PATH, R2
	MOVD	$STATX_TYPE_INO, R3
	ADD	$BUF, R19, R4
	MOVD	ZR, R5
	KERNEL(SYS_statx)
	TBNZ	$63, R0, result
	MOVWU	(BUF+136)(R19), R9 // stx_dev_major
	ARG(1, R10)
	CMP	R9, R10
	BNE	stale
	MOVWU	(BUF+140)(R19), R9 // stx_dev_minor
	ARG(2, R10)
	CMP	R9, R10
	BNE	stale
	MOVD	(BUF+32)(R19), R9 // stx_ino
	ARG(3, R10)
	CMP	R9, R10
	BNE	stale
	MOVHU	(BUF+28)(R19), R9 // stx_mode
	AND	$S_IFMT, R9
	ARG(4, R10)
	CMP	R9, R10
	BNE	stale
	MOVD	ZR, R0
	B	result
stale:
	MOVD	$-ESTALE, R0
	B	result

cwd: // the kernel puts "(unreachable)" in front of such a path
	ADD	$CWD, R19, R0
	MOVD	$CWD_SIZE, R1
	KERNEL(SYS_getcwd)
	TBNZ	$63, R0, result
	CBZ	R0, unreachable
	ADD	$CWD, R19, R9
	MOVD	ZR, R0
	MOVBU	(R9), R9
	CMPW	$'/', R9
	BEQ	result
unreachable:
	MOVD	$-ENOENT, R0
	B	result

receive: // a struct msghdr, iovec and cmsghdr
	ADD	$BUF, R19, R1
	MOVD	ZR, 0(R1)
	MOVD	ZR, 8(R1)
	ADD	$56, R1, R9
	MOVD	R9, 16(R1)
	MOVD	$1, R9
	MOVD	R9, 24(R1)
	ADD	$72, R1, R9
	MOVD	R9, 32(R1)
	MOVD	$24, R9
	MOVD	R9, 40(R1)
	MOVD	ZR, 48(R1)
	ADD	$MSG, R19, R9
	MOVD	R9, 56(R1)
	MOVD	$MESSAGE_SIZE, R9
	MOVD	R9, 64(R1)
	MOVD	$ADDRESS, R9
	MOVW	H_SYNC(R9), R0
	MOVD	$MSG_CMSG_CLOEXEC, R2
	KERNEL(SYS_recvmsg)
	TBNZ	$63, R0, result
	MOVD	(BUF+40)(R19), R9
	CMP	$20, R9
	BLO	notReceived
	MOVWU	(BUF+72+12)(R19), R9
	CMPW	$SCM_RIGHTS, R9
	BNE	notReceived
	MOVWU	(BUF+72+16)(R19), R0
	B	result
notReceived:
	MOVD	$-EBADMSG, R0
	B	result

pid: // a string, and the process's own id behind it
	ARG(0, R9)
	ARG(1, R10)
	ARG(2, R11)
	CBZ	R11, pidNumber
pidCopy:
	MOVBU.P	1(R10), R0
	MOVB.P	R0, 1(R9)
	SUB	$1, R11
	CBNZ	R11, pidCopy
pidNumber:
	ARG(3, R0)
	MOVHU	OP_KINDS(R23), R10
	UBFX	$6, R10, $2, R10
	CMPW	$KIND_REG, R10
	BEQ	pidDecimal
	KERNEL(SYS_getpid)
pidDecimal:
	MOVWU	R0, R0
	MOVD	$10, R11
	MOVD	R0, R10
pidDigits: // counted, the last digit is at R9 in the end
	UDIVW	R11, R10
	CBZW	R10, pidWrite
	ADD	$1, R9
	B	pidDigits
pidWrite:
	MOVB	ZR, 1(R9)
	ARG(0, R13)
	ADD	$1, R9, R14
	SUB	R13, R14, R13
pidDigit:
	UDIVW	R11, R0, R10
	MSUBW	R11, R0, R10, R12
	ADDW	$'0', R12
	MOVB	R12, (R9)
	SUB	$1, R9
	MOVD	R10, R0
	CBNZW	R0, pidDigit
	MOVD	R13, R0
	B	result

notExecutable:
	MOVWU	MISSED(R19), R9
	MOVD	ZR, R0
	CMPW	$EACCES, R9
	BNE	result
	MOVD	$-EACCES, R0
	B	result

notFound:
	MOVWU	MISSED(R19), R9
	NEG	R9, R0
	CBNZ	R9, result
	MOVD	$-ENOENT, R0
	B	result

	// Process 1, once the command was forked, whose id is R22. R20 is its socket.
init:
	ARG(0, R22)
	MOVD	$ADDRESS, R0
	MOVW	H_CONTROL(R0), R20
	MOVD	$SCRATCH, R0 // up to the program's end
	MOVD	SIZE(R19), R1
	ADD	$MAX_SCRATCH, R1
	KERNEL(SYS_munmap)
	MOVD	$MESSAGE_READY, R9
	MOVD	R9, MSG(R19)
	MOVD	ZR, (MSG+8)(R19)
	MOVD	R20, R0
	MOVD	$MESSAGE_SIZE, R2
	SEND
	TBNZ	$63, R0, exitSetup
reap:
	MOVD	ZR, R0 // P_ALL
	MOVD	ZR, R1
	WAIT_INFO(WAIT_ALL)
	CMN	$EINTR, R0
	BEQ	reap
	CBNZ	R0, exitSetup // ECHILD cannot come before the command's end
	MOVWU	(BUF+16)(R19), R9
	CMP	R9, R22
	BNE	reap
	MOVD	$MESSAGE_STATE, R9
	MOVW	R9, MSG(R19)
	MOVW	(BUF+8)(R19), R21 // si_code
	MOVW	R21, (MSG+4)(R19)
	MOVWU	(BUF+24)(R19), R9 // si_status
	MOVD	R9, (MSG+8)(R19)
	MOVD	R20, R0
	MOVD	$MESSAGE_SIZE, R2
	SEND
	CMPW	$CLD_DUMPED, R21
	BHI	reap // stopped, continued, or in a trap of ptrace(2)
	MOVD	ZR, R0
	B	exitGroup

	// In place of a launcher whose command runs.
reside:
	ARG(0, R9)
	ADD	$RESIDENT, R19, R10
	MOVD	$(R_SIZE/8), R11
resideCopy: // what is polled is written to
	MOVD.P	8(R9), R12
	MOVD.P	R12, 8(R10)
	SUB	$1, R11
	CBNZ	R11, resideCopy
	MOVWU	(RESIDENT+R_COUNT)(R19), R9
	CMPW	$MAX_POLLED, R9
	BHI	exitSetup
	MOVW	ZR, ASSISTANT(R19)
	B	resideChild // the signal of its end may have come before
residePoll:
	ADD	$(RESIDENT+R_CONTROL), R19, R0
	MOVWU	(RESIDENT+R_COUNT)(R19), R1
	MOVWU	ASSISTANT(R19), R24
	CBZ	R24, residePollIt
	ADD	$(RESIDENT+R_SIGNALFD), R19, R0 // and requests
	MOVD	$2, R1
residePollIt:
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	KERNEL(SYS_ppoll)
	TBNZ	$63, R0, residePoll // EINTR
	CBNZ	R24, resideRequest
	MOVHU	(RESIDENT+R_CONTROL+6)(R19), R9
	CBNZ	R9, resideState
	MOVW	(RESIDENT+R_COUNT)(R19), R9
	MOVD	$3, R10
	ADD	$(RESIDENT+R_FDS+3*8), R19, R11
resideOthers:
	CMP	R9, R10
	BGE	resideSignal
	MOVHU	6(R11), R12
	CBNZ	R12, resideWake
	ADD	$8, R11
	ADD	$1, R10
	B	resideOthers

	// The assistant wants this process to stop.
resideRequest:
	MOVHU	(RESIDENT+R_REQUESTS+6)(R19), R9
	CBZ	R9, resideSignal
	MOVW	(RESIDENT+R_REQUESTS)(R19), R0
	ADD	$MSG, R19, R1
	MOVD	$8, R2
	MOVD	$MSG_DONTWAIT, R3
	MOVD	ZR, R4
	MOVD	ZR, R5
	KERNEL(SYS_recvfrom)
	CMP	$8, R0
	BNE	resideSignal
	MOVW	MSG(R19), R21
	SUB	$1, R21, R9
	MOVD	$1, R10
	LSL	R9, R10
	MOVD	R10, BUF(R19)
	MOVD	$SIG_UNBLOCK, R0
	ADD	$BUF, R19, R1
	MOVD	ZR, R2
	MOVD	$8, R3
	KERNEL(SYS_rt_sigprocmask)
	MOVD	ZR, R0
	MOVWU	(MSG+4)(R19), R9
	CBNZ	R9, resideStop
	KERNEL(SYS_getpid)
resideStop:
	MOVD	R21, R1
	KERNEL(SYS_kill)
	MOVD	$SIG_BLOCK, R0
	ADD	$BUF, R19, R1
	MOVD	ZR, R2
	MOVD	$8, R3
	KERNEL(SYS_rt_sigprocmask)
	B	residePoll

resideSignal:
	ADD	$(RESIDENT+R_SIGNALS), R19, R0
	ADD	$BUF, R19, R1
	TAKE_SIGNAL
	CMP	$0, R0
	BLE	residePoll
	CMP	$SIGCHLD, R0
	BEQ	resideChild
	MOVD	R0, R1
	SUB	$1, R1, R9
	MOVD	(RESIDENT+R_WAKE)(R19), R10
	LSR	R9, R10
	TBNZ	$0, R10, resideLeave
	MOVD	ZR, R3
	MOVW	(BUF+8)(R19), R11 // si_code: by the kernel, if it is above
	CMPW	$0, R11
	BLE	resideTerm
	MOVD	(RESIDENT+R_KEYS)(R19), R10
	LSR	R9, R10
	TBZ	$0, R10, resideTerm
	MOVD	$PIDFD_SIGNAL_PROCESS_GROUP, R3
resideTerm:
	CMP	$SIGTERM, R1
	BNE	resideSend
	MOVW	(RESIDENT+R_STOP)(R19), R1
resideSend:
	MOVD	ZR, R2
	CMNW	$(-SI_QUEUE), R11
	BNE	resideSendIt
	MOVW	R1, BUF(R19) // si_signo
	ADD	$BUF, R19, R2
resideSendIt:
	MOVW	(RESIDENT+R_PIDFD)(R19), R0
	KERNEL(SYS_pidfd_send_signal)
	CMN	$EINVAL, R0 // before Linux 6.9, of a group
	BNE	residePoll
resideLeave:
	MOVW	(RESIDENT+R_PIPE)(R19), R0
	ADD	$BUF, R19, R1
	MOVD	$SIGINFO_SIZE, R2
	KERNEL(SYS_write)

	// There is something to do for an assistant.
resideWake:
	MOVWU	ASSISTANT(R19), R9
	CBNZ	R9, residePoll
	MOVD	$SIGCHLD, R0
	CLONE
	TBNZ	$63, R0, exitSetup
	MOVW	R0, ASSISTANT(R19)
	CBNZ	R0, residePoll
	MOVD	$PR_SET_PDEATHSIG, R0
	MOVD	$SIGKILL, R1
	KERNEL(SYS_prctl)
	MOVD	ZR, R0
	MOVD	ZR, R1
	KERNEL(SYS_setpgid)
resideDrain: // what came for the process group before is none of its
	MOVD	$-1, R9
	MOVD	R9, BUF(R19)
	ADD	$BUF, R19, R0
	MOVD	ZR, R1
	TAKE_SIGNAL
	CMP	$0, R0
	BGT	resideDrain
	MOVD	$SIG_SETMASK, R0
	ADD	$MSG, R19, R1
	MOVD	ZR, MSG(R19)
	MOVD	ZR, R2
	MOVD	$8, R3
	KERNEL(SYS_rt_sigprocmask)
	MOVW	(RESIDENT+R_BINARY)(R19), R0
	ADD	$MSG, R19, R1 // an empty path
	MOVD	(RESIDENT+R_ARGV)(R19), R2
	MOVD	(RESIDENT+R_ENV)(R19), R3
	MOVD	$AT_EMPTY_PATH, R4
	KERNEL(SYS_execveat)
	KERNEL(SYS_getpid)
	MOVD	$SIGKILL, R1
	KERNEL(SYS_kill)

	// A child has changed: the assistant, or the sandbox's first process.
resideChild:
	MOVWU	ASSISTANT(R19), R1
	CBZ	R1, resideFirst
	MOVD	$P_PID, R0
	WAIT_INFO(WAIT_ENDED)
	MOVWU	(BUF+16)(R19), R9
	CBZ	R9, resideFirst
	MOVW	(BUF+24)(R19), R22
	MOVWU	(BUF+8)(R19), R9
	CMPW	$CLD_EXITED, R9
	BEQ	resideReap
	B	exitSetup
resideFirst:
	MOVD	$P_PID, R0
	MOVW	(RESIDENT+R_PID)(R19), R1
	WAIT_INFO(WAIT_PEEK)
	MOVWU	(BUF+16)(R19), R9
	CBZ	R9, residePoll
	MOVW	(BUF+8)(R19), R21
	MOVW	(BUF+24)(R19), R22
	CMPW	$CLD_DUMPED, R21
	BHI	resideChanged
	MOVW	(RESIDENT+R_CONTROL)(R19), R9
	TBNZ	$31, R9, resideEnded
	// What init said of the command comes first, and is polled.
	MOVWU	ASSISTANT(R19), R9
	CBZ	R9, residePoll
	B	resideTell
resideChanged:
	MOVD	$P_PID, R0
	MOVW	(RESIDENT+R_PID)(R19), R1
	MOVD	ZR, R2
	WAITID(WAIT_TAKE)
	MOVW	(RESIDENT+R_CONTROL)(R19), R9
	TBZ	$31, R9, resideFirst // of no interest, of init
	B	resideTell

	// Init says what became of the command, or is gone without a word.
resideState:
	MOVW	(RESIDENT+R_CONTROL)(R19), R0
	ADD	$MSG, R19, R1
	MOVD	$MESSAGE_SIZE, R2
	MOVD	$MSG_PEEK, R3
	MOVD	ZR, R4
	MOVD	ZR, R5
	KERNEL(SYS_recvfrom)
	CMN	$EINTR, R0
	BEQ	resideState
	MOVW	(MSG+4)(R19), R21
	MOVW	(MSG+8)(R19), R22
	CMP	$MESSAGE_SIZE, R0
	BNE	resideGone
	MOVWU	MSG(R19), R9
	CMPW	$MESSAGE_STATE, R9
	BNE	resideWake
	CMPW	$CLD_DUMPED, R21
	BHI	resideWake
	B	resideEnded
resideGone:
	MOVD	$P_PID, R0
	MOVW	(RESIDENT+R_PID)(R19), R1
	ADD	$BUF, R19, R2
	WAITID(WAIT_END)
	CMN	$EINTR, R0
	BEQ	resideGone
	CBNZ	R0, exitSetup
	MOVW	(BUF+8)(R19), R21
	MOVW	(BUF+24)(R19), R22

	// R21 is the si_code and R22 the si_status of an end.
resideEnded:
	MOVWU	ASSISTANT(R19), R9
	CBNZ	R9, resideTell
	MOVWU	(RESIDENT+R_EXITS)(R19), R9
	CBZ	R9, resideTell
	CMPW	$CLD_EXITED, R21
	BEQ	resideReap
	ADDW	$128, R22
resideReap:
	MOVD	$P_PID, R0
	MOVW	(RESIDENT+R_PID)(R19), R1
	MOVD	ZR, R2
	WAITID(WEXITED)
	CMN	$EINTR, R0
	BEQ	resideReap
	MOVWU	R22, R0
	MOVD	$ADDRESS, R21
	MOVWU	H_DATA(R21), R9
	MOVWU	H_OPS(R21), R10
	ADD	$(HEADER_SIZE+OP_SIZE-1), R9
	AND	$~(OP_SIZE-1), R9
	ADD	R9, R21
	ADD	R10<<6, R21, R22
	B	result

	// It is told to the assistant, which may have to be started for that.
resideTell:
	MOVD	$MESSAGE_STATE, R9
	MOVW	R9, MSG(R19)
	MOVW	R21, (MSG+4)(R19)
	MOVW	R22, (MSG+8)(R19)
	MOVW	ZR, (MSG+12)(R19)
	MOVW	(RESIDENT+R_STATES)(R19), R0
	MOVD	$MESSAGE_SIZE, R2
	SEND
	CMPW	$CLD_DUMPED, R21
	BLS	resideWake
	MOVWU	ASSISTANT(R19), R9
	CBNZ	R9, resideChild
	B	resideWake

	// What the operands of some special ops have to be like.
checkFork:
	KIND_ARG(1, KIND_CONST)
	MOVD	(OP_ARGS+8)(R23), R0
	SUB	R21, R23, R1
	LSR	$6, R1
	CMP	R1, R0
	BLS	bad
	ADD	R9, R1
	CMP	R1, R0
	BHI	bad
	B	checked
checkSkip:
	KIND_ARG(0, KIND_REG)
	KIND_ARG(1, KIND_CONST)
	MOVD	(OP_ARGS+8)(R23), R0
	CMP	R9, R0
	BHI	bad
	B	checked
checkPID:
	KIND_ARG(0, KIND_SCRATCH)
	KIND_ARG(1, KIND_DATA)
	KIND_ARG(2, KIND_CONST)
	MOVD	(OP_ARGS+16)(R23), R0
	MOVD	$MAX_SCRATCH, R1
	CMP	R1, R0
	BHI	bad
	MOVD	(OP_ARGS+8)(R23), R1
	ADD	R0, R1
	CMP	R10, R1
	BHI	bad
	MOVD	OP_ARGS(R23), R1
	ADD	R1, R0
	ADD	$PID_ROOM, R0
	CMP	R11, R0
	BHI	bad
	B	checked
checkInit:
	MOVD	$ADDRESS, R0
	MOVW	H_CONTROL(R0), R0
	TBNZ	$31, R0, bad
	B	checked
checkReside:
	KIND_ARG(0, KIND_DATA)
	MOVD	OP_ARGS(R23), R0
	ADD	$R_SIZE, R0
	CMP	R10, R0
	BHI	bad
	B	checked

bad: // no program; no socket to tell that on is known
	MOVD	$2, R0
	ADD	$IMAGE_WORDS, R20, R1
	MOVD	$WORDS_SIZE, R2
	KERNEL(SYS_write)
exitSetup:
	MOVD	$EXIT_SETUP, R0
exitGroup:
	KERNEL(SYS_exit_group)
	B	exitSetup
	// The end, for who copies it.
	WORD	$0x454c534e
	WORD	$0x2121444e

// func stagePC() uintptr
TEXT ·stagePC(SB), NOSPLIT, $0-8
	MOVD	$·stage(SB), R0
	MOVD	R0, ret+0(FP)
	RET
