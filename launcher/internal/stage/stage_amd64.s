#include "textflag.h"
#include "stage.h"

// The sealed image of the child: what machine.go does, without a Go runtime. It is copied
// from here into an executable of its own; see image.go. So it is one piece that
// depends on no address: it has no calls, no data and no relocations. It starts with
// the kernel's stack, one thread, and every signal blocked.
//
//	R15  frame; its layout is in stage.h
//	R14  end of the ops
//	R13  first op
//	BX   current op

#define SYS_read 0
#define SYS_write 1
#define SYS_close 3
#define SYS_fstat 5
#define SYS_mmap 9
#define SYS_munmap 11
#define SYS_getpid 39
#define SYS_sendto 44
#define SYS_recvfrom 45
#define SYS_recvmsg 47
#define SYS_clone 56
#define SYS_fcntl 72
#define SYS_getcwd 79
#define SYS_rt_sigprocmask 14
#define SYS_kill 62
#define SYS_setpgid 109
#define SYS_prctl 157
#define SYS_rt_sigtimedwait 128
#define SYS_exit_group 231
#define SYS_waitid 247
#define SYS_ppoll 271
#define SYS_execveat 322
#define SYS_statx 332
#define SYS_pidfd_send_signal 424

#define KERNEL(nr) MOVL $nr, AX; SYSCALL
#define ARG(i, r) MOVQ (ARGS+8*i)(R15), r
#define KIND_ARG(i, kind) MOVWLZX OP_KINDS(BX), CX; SHRL $(2*i), CX; ANDL $3, CX; CMPL CX, $kind; JNE bad

// WAITID waits for process SI of the kind DI, with what is told of it at DX.
#define WAITID(options) MOVL $options, R10; XORL R8, R8; KERNEL(SYS_waitid)

// WAIT_INFO is WAITID with that in the frame's buffer, where si_pid is 0 if there is none.
#define WAIT_INFO(options) LEAQ BUF(R15), DX; MOVL $0, (BUF+16)(R15); WAITID(options)

// TAKE_SIGNAL takes a pending signal of the set at DI, with what the kernel says of it to SI, and does not wait for one.
#define TAKE_SIGNAL \
	LEAQ MSG(R15), DX; \
	MOVQ $0, MSG(R15); \
	MOVQ $0, (MSG+8)(R15); \
	MOVL $8, R10; \
	KERNEL(SYS_rt_sigtimedwait)

// SEND sends the message of the frame, DX bytes, to descriptor DI.
#define SEND \
	LEAQ MSG(R15), SI; \
	MOVL $MSG_NOSIGNAL, R10; \
	XORL R8, R8; \
	XORL R9, R9; \
	KERNEL(SYS_sendto)

TEXT ·stage(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	// LEAQ 0(IP), R12: the address of what follows.
	BYTE	$0x4c; BYTE $0x8d; BYTE $0x25; LONG $0
	SUBQ	$(IMAGE_TEXT+7), R12 // the image

	MOVQ	SP, DX
	LEAQ	-FRAME(SP), R15
	ANDQ	$~63, R15
	MOVQ	R15, SP
	ADDQ	$FRAME_MIDDLE, R15
	MOVL	$0, MISSED(R15)

	// The only argument is the number of the descriptor that holds the program. In place of
	// a launcher, whose arguments stay, it is the only word of the environment.
	MOVQ	0(DX), AX
	MOVQ	16(DX)(AX*8), SI
	TESTQ	SI, SI
	JNE	number
	CMPQ	AX, $2
	JNE	bad
	MOVQ	16(DX), SI
number:
	XORL	BX, BX
digit:
	MOVBLZX	(SI), AX
	TESTL	AX, AX
	JEQ	mapProgram
	SUBL	$'0', AX
	CMPL	AX, $9
	JHI	bad
	IMULQ	$10, BX
	ADDQ	AX, BX
	INCQ	SI
	JMP	digit

mapProgram:
	MOVL	BX, DI
	LEAQ	BUF(R15), SI
	KERNEL(SYS_fstat)
	TESTQ	AX, AX
	JNE	bad
	MOVL	BX, R8
	MOVL	$ADDRESS, DI
	MOVQ	(BUF+48)(R15), SI // st_size
	MOVQ	SI, SIZE(R15)
	MOVL	$PROT_READ, DX
	MOVL	$(MAP_PRIVATE|MAP_FIXED_NOREPLACE), R10
	XORL	R9, R9
	KERNEL(SYS_mmap)
	MOVL	$ADDRESS, R13
	CMPQ	AX, R13
	JNE	bad
	MOVL	BX, DI
	KERNEL(SYS_close)

	// The header, in bounds.
	CMPQ	SIZE(R15), $HEADER_SIZE
	JLT	bad
	CMPL	0(R13), $MAGIC
	JNE	bad
	MOVL	H_OPS(R13), R9
	TESTL	R9, R9
	JEQ	bad
	CMPL	R9, $MAX_OPS
	JHI	bad
	MOVL	H_DATA(R13), R10
	CMPL	R10, $MAX_DATA
	JHI	bad
	MOVL	H_SCRATCH(R13), R11
	CMPL	R11, $MAX_SCRATCH
	JHI	bad
	LEAQ	(HEADER_SIZE+OP_SIZE-1)(R10), AX
	ANDQ	$~(OP_SIZE-1), AX // offset of the ops
	MOVQ	R9, R14
	SHLQ	$6, R14
	ADDQ	AX, R14 // their end
	CMPQ	R14, SIZE(R15)
	JHI	bad
	ADDQ	R13, R14
	ADDQ	AX, R13

	// The ops: R9 how many are left after this one, R10 bytes of data, R11 of scratch memory.
	MOVQ	R13, BX
check:
	DECQ	R9
	MOVWLZX	OP_NR(BX), AX
	CMPL	AX, $SPECIAL
	JCC	checkOut
	CMPL	AX, $MAX_CALL
	JCC	bad
	MOVL	AX, CX
	SHRL	$6, CX
	MOVQ	IMAGE_CALLS(R12)(CX*8), DX
	BTQ	AX, DX
	JCC	bad
checkOut:
	CMPL	AX, $SPECIAL_LAST
	JHI	bad
	MOVBLZX	OP_OUT(BX), CX
	CMPL	CX, $NO_REG
	JEQ	checkArgs
	CMPL	CX, $NUM_REGS
	JCC	bad
checkArgs:
	MOVWLZX	OP_KINDS(BX), CX
	XORL	DI, DI
checkArg:
	MOVQ	OP_ARGS(BX)(DI*8), SI
	MOVL	CX, DX
	ANDL	$3, DX
	JEQ	checkedArg
	MOVQ	R10, R8
	CMPL	DX, $KIND_DATA
	JEQ	checkBound
	MOVL	$NUM_REGS, R8
	CMPL	DX, $KIND_REG
	JEQ	checkBound
	MOVQ	R11, R8
checkBound:
	CMPQ	SI, R8
	JCC	bad
checkedArg:
	SHRL	$2, CX
	INCL	DI
	CMPL	DI, $6
	JLT	checkArg
	CMPL	AX, $SPECIAL_FORK
	JEQ	checkFork
	CMPL	AX, $SPECIAL_SKIP
	JEQ	checkSkip
	CMPL	AX, $SPECIAL_PID
	JEQ	checkPID
	CMPL	AX, $SPECIAL_INIT
	JEQ	checkInit
	CMPL	AX, $SPECIAL_RESIDE
	JEQ	checkReside
checked:
	ADDQ	$OP_SIZE, BX
	CMPQ	BX, R14
	JNE	check

	// Memory that can be written to.
	TESTL	R11, R11
	JEQ	closeOnExec
	MOVL	$SCRATCH, DI
	MOVL	R11, SI
	MOVL	$(PROT_READ|PROT_WRITE), DX
	MOVL	$(MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE), R10
	MOVQ	$-1, R8
	XORL	R9, R9
	KERNEL(SYS_mmap)
	CMPQ	AX, $SCRATCH
	JNE	bad
closeOnExec:
	MOVL	$ADDRESS, R12
	MOVQ	R13, BX
	MOVLQSX	H_SYNC(R12), DI
	MOVL	$F_SETFD, SI
	MOVL	$FD_CLOEXEC, DX
	KERNEL(SYS_fcntl)
	MOVLQSX	H_CONTROL(R12), DI
	TESTL	DI, DI
	JLT	start
	MOVL	$F_SETFD, SI
	MOVL	$FD_CLOEXEC, DX
	KERNEL(SYS_fcntl)

	// The process that runs op 0 is this one, or a sibling: the launcher is its parent.
start:
	CMPL	H_IN_PLACE(R12), $1
	JEQ	next
	MOVQ	H_CLONE(R12), DI
	ORQ	$CLONE_PARENT, DI
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	XORL	R9, R9
	KERNEL(SYS_clone)
	TESTQ	AX, AX
	JEQ	next
	JLT	startFailed
	XORL	DI, DI
	JMP	exitGroup
startFailed:
	NEGQ	AX
	MOVL	$MESSAGE_FAILED, MSG(R15)
	MOVL	$-1, (MSG+4)(R15) // OpStart
	MOVL	AX, (MSG+8)(R15)
	MOVL	$0, (MSG+12)(R15)
	MOVL	$MESSAGE_SIZE, DX
	JMP	report

	// One op after the other, its operands first.
next:
	CMPQ	BX, R14
	JCC	ended
	MOVL	$REPEATS, COUNT(R15)
	MOVWLZX	OP_KINDS(BX), CX
	XORL	DI, DI
operand:
	MOVQ	OP_ARGS(BX)(DI*8), AX
	MOVL	CX, DX
	ANDL	$3, DX
	JEQ	operandDone
	CMPL	DX, $KIND_REG
	JEQ	operandReg
	JHI	operandScratch
	ADDQ	$(ADDRESS+HEADER_SIZE), AX
	JMP	operandDone
operandScratch:
	ADDQ	$SCRATCH, AX
	JMP	operandDone
operandReg:
	MOVQ	REGS(R15)(AX*8), AX
operandDone:
	MOVQ	AX, ARGS(R15)(DI*8)
	SHRL	$2, CX
	INCL	DI
	CMPL	DI, $6
	JLT	operand
	MOVWLZX	OP_NR(BX), AX
	CMPL	AX, $SPECIAL
	JCC	special

call:
	ARG(0, DI)
	ARG(1, SI)
	ARG(2, DX)
	ARG(3, R10)
	ARG(4, R8)
	ARG(5, R9)
	TESTB	$MUST_FAIL, OP_FLAGS(BX)
	JEQ	callIt
	XORL	R9, R9
callIt:
	MOVWLZX	OP_NR(BX), AX
	SYSCALL
	CMPQ	AX, $-EAGAIN
	JNE	result
	TESTB	$REPEAT, OP_FLAGS(BX)
	JEQ	result
	DECL	COUNT(R15)
	JNE	call

	// AX is the result of an op, or a negative errno.
result:
	MOVQ	AX, CX
	NEGQ	CX
	CMPQ	AX, $-4095
	JCC	errno
	TESTB	$MUST_FAIL, OP_FLAGS(BX)
	JEQ	keep
	ARG(5, CX)
	JMP	fail
errno:
	XORL	DI, DI
pass:
	MOVBLZX	OP_PASS(BX)(DI*1), DX
	CMPL	DX, CX
	JEQ	passed
	INCL	DI
	CMPL	DI, $8
	JLT	pass
	JMP	fail
passed:
	TESTB	$EXEC, OP_FLAGS(BX)
	JEQ	keep
	CMPL	MISSED(R15), $EACCES
	JEQ	keep
	MOVL	CX, MISSED(R15)
keep:
	MOVBLZX	OP_OUT(BX), CX
	CMPL	CX, $NO_REG
	JEQ	advance
	MOVQ	AX, REGS(R15)(CX*8)
advance:
	ADDQ	$OP_SIZE, BX
	JMP	next

	// CX is the errno of a failed op. What the kernel has to say of a file system is read from its context.
fail:
	MOVL	$MESSAGE_FAILED, MSG(R15)
	MOVQ	BX, AX
	SUBQ	R13, AX
	SHRQ	$6, AX
	MOVL	AX, (MSG+4)(R15)
	MOVL	CX, (MSG+8)(R15)
	MOVL	$0, (MSG+12)(R15)
	MOVL	$MESSAGE_SIZE, DX
	MOVWLZX	OP_NR(BX), AX
	CMPL	AX, $SYS_fsconfig
	JEQ	said
	CMPL	AX, $SYS_fsmount
	JNE	report
said:
	ARG(0, DI)
	LEAQ	SAID(R15), SI
	MOVL	$MAX_TEXT, DX
	KERNEL(SYS_read)
	MOVL	$MESSAGE_SIZE, DX
	CMPQ	AX, $MAX_TEXT
	JHI	report
	ADDQ	AX, DX
report:
	MOVL	$ADDRESS, R12
	MOVLQSX	H_SYNC(R12), DI
	SEND
	JMP	exitSetup
ended: // a program that ends without exec
	MOVQ	R14, AX
	SUBQ	R13, AX
	SHRQ	$6, AX
	DECL	AX
	MOVL	$MESSAGE_FAILED, MSG(R15)
	MOVL	AX, (MSG+4)(R15)
	MOVL	$ENOEXEC, (MSG+8)(R15)
	MOVL	$0, (MSG+12)(R15)
	MOVL	$MESSAGE_SIZE, DX
	JMP	report

// Special ops.
special:
	CMPL	AX, $SPECIAL_SYNC
	JEQ	sync
	CMPL	AX, $SPECIAL_FORK
	JEQ	fork
	CMPL	AX, $SPECIAL_INIT
	JEQ	init
	CMPL	AX, $SPECIAL_SAME_FILE
	JEQ	sameFile
	CMPL	AX, $SPECIAL_SKIP
	JEQ	skip
	CMPL	AX, $SPECIAL_CWD
	JEQ	cwd
	CMPL	AX, $SPECIAL_RECEIVE
	JEQ	receive
	CMPL	AX, $SPECIAL_PID
	JEQ	pid
	CMPL	AX, $SPECIAL_NOT_EXECUTABLE
	JEQ	notExecutable
	CMPL	AX, $SPECIAL_NOT_FOUND
	JEQ	notFound
	JMP	reside

	// A point is reached: the launcher is told, and has to say a word. One that is gone ends the process.
sync:
	MOVL	$MESSAGE_REACHED, MSG(R15)
	ARG(0, AX)
	MOVL	AX, (MSG+4)(R15)
	MOVQ	$0, (MSG+8)(R15)
	MOVL	$ADDRESS, R12
	MOVLQSX	H_SYNC(R12), DI
	MOVL	$MESSAGE_SIZE, DX
	SEND
	TESTQ	AX, AX
	JLT	exitSetup
	MOVLQSX	H_SYNC(R12), DI
	LEAQ	MSG(R15), SI
	MOVL	$MESSAGE_SIZE, DX
	XORL	R10, R10
	XORL	R8, R8
	XORL	R9, R9
	KERNEL(SYS_recvfrom)
	TESTQ	AX, AX
	JLE	exitSetup
	XORL	AX, AX
	JMP	result

fork:
	ARG(0, DI)
	ORQ	$SIGCHLD, DI
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	XORL	R9, R9
	KERNEL(SYS_clone)
	TESTQ	AX, AX
	JNE	result
	ARG(1, BX)
	SHLQ	$6, BX
	ADDQ	R13, BX
	JMP	next

skip: // if an error is what it skips after, or is not
	ARG(0, AX)
	SHRQ	$63, AX
	ARG(2, CX)
	TESTQ	CX, CX
	JEQ	skipRefused
	XORL	$1, AX
skipRefused:
	TESTL	AX, AX
	JEQ	advance
	ARG(1, AX)
	SHLQ	$6, AX
	ADDQ	AX, BX
	JMP	advance

sameFile:
	ARG(0, DI)
	MOVB	$0, SAID(R15)
	LEAQ	SAID(R15), SI // an empty path
	MOVL	$AT_EMPTY_PATH, DX
	MOVL	$STATX_TYPE_INO, R10
	LEAQ	BUF(R15), R8
	XORL	R9, R9
	KERNEL(SYS_statx)
	TESTQ	AX, AX
	JLT	result
	MOVL	(BUF+136)(R15), AX // stx_dev_major
	CMPQ	AX, (ARGS+8)(R15)
	JNE	stale
	MOVL	(BUF+140)(R15), AX // stx_dev_minor
	CMPQ	AX, (ARGS+16)(R15)
	JNE	stale
	MOVQ	(BUF+32)(R15), AX // stx_ino
	CMPQ	AX, (ARGS+24)(R15)
	JNE	stale
	MOVWLZX	(BUF+28)(R15), AX // stx_mode
	ANDL	$S_IFMT, AX
	CMPQ	AX, (ARGS+32)(R15)
	JNE	stale
	XORL	AX, AX
	JMP	result
stale:
	MOVQ	$-ESTALE, AX
	JMP	result

cwd: // the kernel puts "(unreachable)" in front of such a path
	LEAQ	CWD(R15), DI
	MOVL	$CWD_SIZE, SI
	KERNEL(SYS_getcwd)
	TESTQ	AX, AX
	JLT	result
	JEQ	unreachable
	XORL	AX, AX
	CMPB	CWD(R15), $'/'
	JEQ	result
unreachable:
	MOVQ	$-ENOENT, AX
	JMP	result

receive: // a struct msghdr, iovec and cmsghdr
	LEAQ	BUF(R15), SI
	XORL	AX, AX
	MOVQ	AX, 0(SI)
	MOVQ	AX, 8(SI)
	LEAQ	56(SI), CX
	MOVQ	CX, 16(SI)
	MOVQ	$1, 24(SI)
	LEAQ	72(SI), CX
	MOVQ	CX, 32(SI)
	MOVQ	$24, 40(SI)
	MOVQ	AX, 48(SI)
	LEAQ	MSG(R15), CX
	MOVQ	CX, 56(SI)
	MOVQ	$MESSAGE_SIZE, 64(SI)
	MOVL	$ADDRESS, R12
	MOVLQSX	H_SYNC(R12), DI
	MOVL	$MSG_CMSG_CLOEXEC, DX
	KERNEL(SYS_recvmsg)
	TESTQ	AX, AX
	JLT	result
	CMPQ	(BUF+40)(R15), $20
	JCS	notReceived
	CMPL	(BUF+72+12)(R15), $SCM_RIGHTS
	JNE	notReceived
	MOVL	(BUF+72+16)(R15), AX
	JMP	result
notReceived:
	MOVQ	$-EBADMSG, AX
	JMP	result

pid: // a string, and the process's own id behind it
	ARG(0, DI)
	ARG(1, SI)
	ARG(2, CX)
	TESTQ	CX, CX
	JEQ	pidNumber
pidCopy:
	MOVBLZX	(SI), AX
	MOVB	AX, (DI)
	INCQ	SI
	INCQ	DI
	DECQ	CX
	JNE	pidCopy
pidNumber:
	ARG(3, SI)
	MOVWLZX	OP_KINDS(BX), CX
	SHRL	$6, CX
	ANDL	$3, CX
	CMPL	CX, $KIND_REG
	JEQ	pidDecimal
	KERNEL(SYS_getpid)
	MOVL	AX, SI
pidDecimal:
	MOVL	SI, AX
	MOVL	$10, R8
pidDigits: // counted, the last digit is at DI in the end
	XORL	DX, DX
	DIVL	R8
	TESTL	AX, AX
	JEQ	pidWrite
	INCQ	DI
	JMP	pidDigits
pidWrite:
	MOVB	$0, 1(DI)
	LEAQ	1(DI), R9
	SUBQ	ARGS(R15), R9
	MOVL	SI, AX
pidDigit:
	XORL	DX, DX
	DIVL	R8
	ADDL	$'0', DX
	MOVB	DX, (DI)
	DECQ	DI
	TESTL	AX, AX
	JNE	pidDigit
	MOVQ	R9, AX
	JMP	result

notExecutable:
	XORL	AX, AX
	CMPL	MISSED(R15), $EACCES
	JNE	result
	MOVQ	$-EACCES, AX
	JMP	result

notFound:
	MOVQ	$-ENOENT, AX
	MOVL	MISSED(R15), CX
	TESTL	CX, CX
	JEQ	result
	MOVL	CX, AX
	NEGQ	AX
	JMP	result

	// Process 1, once the command was forked, whose id is R14: it reaps, and tells what becomes of that.
	// From here on there is no program, nor its scratch memory.
init:
	ARG(0, R14)
	MOVL	$ADDRESS, DI
	MOVLQSX	H_CONTROL(DI), R12
	MOVL	$SCRATCH, DI // up to the program's end
	MOVQ	SIZE(R15), SI
	ADDQ	$MAX_SCRATCH, SI
	KERNEL(SYS_munmap)
	MOVL	$MESSAGE_READY, MSG(R15)
	MOVL	$0, (MSG+4)(R15)
	MOVQ	$0, (MSG+8)(R15)
	MOVL	R12, DI
	MOVL	$MESSAGE_SIZE, DX
	SEND
	TESTQ	AX, AX
	JLT	exitSetup
reap:
	XORL	DI, DI // P_ALL
	XORL	SI, SI
	WAIT_INFO(WAIT_ALL)
	CMPQ	AX, $-EINTR
	JEQ	reap
	TESTQ	AX, AX
	JNE	exitSetup // ECHILD cannot come before the command's end
	MOVL	(BUF+16)(R15), AX
	CMPQ	AX, R14
	JNE	reap
	MOVL	$MESSAGE_STATE, MSG(R15)
	MOVL	(BUF+8)(R15), AX // si_code
	MOVL	AX, (MSG+4)(R15)
	MOVL	(BUF+24)(R15), CX // si_status
	MOVL	CX, (MSG+8)(R15)
	MOVL	$0, (MSG+12)(R15)
	MOVL	R12, DI
	MOVL	$MESSAGE_SIZE, DX
	SEND
	MOVL	(BUF+8)(R15), AX
	CMPL	AX, $CLD_DUMPED
	JHI	reap // stopped, continued, or in a trap of ptrace(2)
	XORL	DI, DI
	JMP	exitGroup

	// In place of a launcher whose command runs.
reside:
	ARG(0, SI)
	LEAQ	RESIDENT(R15), DI
	MOVL	$(R_SIZE/8), CX
resideCopy: // what is polled is written to
	MOVQ	(SI), AX
	MOVQ	AX, (DI)
	ADDQ	$8, SI
	ADDQ	$8, DI
	DECL	CX
	JNE	resideCopy
	CMPL	(RESIDENT+R_COUNT)(R15), $MAX_POLLED
	JHI	exitSetup
	MOVL	$0, ASSISTANT(R15)
	JMP	resideChild // the signal of its end may have come before
residePoll:
	LEAQ	(RESIDENT+R_CONTROL)(R15), DI
	MOVL	(RESIDENT+R_COUNT)(R15), SI
	CMPL	ASSISTANT(R15), $0
	JEQ	residePollIt
	LEAQ	(RESIDENT+R_SIGNALFD)(R15), DI // and requests
	MOVL	$2, SI
residePollIt:
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	KERNEL(SYS_ppoll)
	TESTQ	AX, AX
	JLT	residePoll // EINTR
	CMPL	ASSISTANT(R15), $0
	JNE	resideRequest
	MOVWLZX	(RESIDENT+R_CONTROL+6)(R15), AX
	TESTL	AX, AX
	JNE	resideState
	MOVL	(RESIDENT+R_COUNT)(R15), CX
	MOVL	$3, SI
resideOthers:
	CMPL	SI, CX
	JGE	resideSignal
	MOVWLZX	(RESIDENT+R_FDS+6)(R15)(SI*8), AX
	TESTL	AX, AX
	JNE	resideWake
	INCL	SI
	JMP	resideOthers

	// The assistant wants this process to stop.
resideRequest:
	MOVWLZX	(RESIDENT+R_REQUESTS+6)(R15), AX
	TESTL	AX, AX
	JEQ	resideSignal
	MOVLQSX	(RESIDENT+R_REQUESTS)(R15), DI
	LEAQ	MSG(R15), SI
	MOVL	$8, DX
	MOVL	$MSG_DONTWAIT, R10
	XORL	R8, R8
	XORL	R9, R9
	KERNEL(SYS_recvfrom)
	CMPQ	AX, $8
	JNE	resideSignal
	MOVL	MSG(R15), CX
	DECL	CX
	MOVL	$1, AX
	SHLQ	CX, AX
	MOVQ	AX, BUF(R15)
	MOVL	$SIG_UNBLOCK, DI
	LEAQ	BUF(R15), SI
	XORL	DX, DX
	MOVL	$8, R10
	KERNEL(SYS_rt_sigprocmask)
	XORL	DI, DI
	CMPL	(MSG+4)(R15), $0
	JNE	resideStop
	KERNEL(SYS_getpid)
	MOVL	AX, DI
resideStop:
	MOVL	MSG(R15), SI
	KERNEL(SYS_kill)
	MOVL	$SIG_BLOCK, DI
	LEAQ	BUF(R15), SI
	XORL	DX, DX
	MOVL	$8, R10
	KERNEL(SYS_rt_sigprocmask)
	JMP	residePoll

resideSignal:
	LEAQ	(RESIDENT+R_SIGNALS)(R15), DI
	LEAQ	BUF(R15), SI
	TAKE_SIGNAL
	TESTQ	AX, AX
	JLE	residePoll
	CMPL	AX, $SIGCHLD
	JEQ	resideChild
	LEAL	-1(AX), CX
	MOVQ	(RESIDENT+R_WAKE)(R15), DX
	BTQ	CX, DX
	JCS	resideLeave
	XORL	R10, R10
	CMPL	(BUF+8)(R15), $0 // si_code: by the kernel, if it is above
	JLE	resideTerm
	MOVQ	(RESIDENT+R_KEYS)(R15), DX
	BTQ	CX, DX
	JCC	resideTerm
	MOVL	$PIDFD_SIGNAL_PROCESS_GROUP, R10
resideTerm:
	CMPL	AX, $SIGTERM
	JNE	resideSend
	MOVL	(RESIDENT+R_STOP)(R15), AX
resideSend:
	MOVL	AX, SI
	XORL	DX, DX
	CMPL	(BUF+8)(R15), $SI_QUEUE
	JNE	resideSendIt
	MOVL	AX, BUF(R15) // si_signo
	LEAQ	BUF(R15), DX
resideSendIt:
	MOVLQSX	(RESIDENT+R_PIDFD)(R15), DI
	KERNEL(SYS_pidfd_send_signal)
	CMPQ	AX, $-EINVAL // before Linux 6.9, of a group
	JNE	residePoll
resideLeave:
	MOVLQSX	(RESIDENT+R_PIPE)(R15), DI
	LEAQ	BUF(R15), SI
	MOVL	$SIGINFO_SIZE, DX
	KERNEL(SYS_write)

	// There is something to do for an assistant. It has a process group of its own, so that no key is meant for it.
resideWake:
	CMPL	ASSISTANT(R15), $0
	JNE	residePoll
	MOVL	$SIGCHLD, DI
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	XORL	R9, R9
	KERNEL(SYS_clone)
	TESTQ	AX, AX
	JLT	exitSetup
	MOVL	AX, ASSISTANT(R15)
	JNE	residePoll
	MOVL	$PR_SET_PDEATHSIG, DI
	MOVL	$SIGKILL, SI
	KERNEL(SYS_prctl)
	XORL	DI, DI
	XORL	SI, SI
	KERNEL(SYS_setpgid)
resideDrain: // what came for the process group before is none of its
	MOVQ	$-1, BUF(R15)
	LEAQ	BUF(R15), DI
	XORL	SI, SI
	TAKE_SIGNAL
	TESTQ	AX, AX
	JGT	resideDrain
	MOVL	$SIG_SETMASK, DI
	LEAQ	MSG(R15), SI
	MOVQ	$0, MSG(R15)
	XORL	DX, DX
	MOVL	$8, R10
	KERNEL(SYS_rt_sigprocmask)
	MOVLQSX	(RESIDENT+R_BINARY)(R15), DI
	LEAQ	MSG(R15), SI // an empty path
	MOVQ	(RESIDENT+R_ARGV)(R15), DX
	MOVQ	(RESIDENT+R_ENV)(R15), R10
	MOVL	$AT_EMPTY_PATH, R8
	KERNEL(SYS_execveat)
	// An exit status would be taken for the command's, and waited for.
	KERNEL(SYS_getpid)
	MOVL	AX, DI
	MOVL	$SIGKILL, SI
	KERNEL(SYS_kill)

	// A child has changed: the assistant, as which this process ends, or the sandbox's first process.
resideChild:
	MOVL	ASSISTANT(R15), SI
	TESTL	SI, SI
	JEQ	resideFirst
	MOVL	$P_PID, DI
	WAIT_INFO(WAIT_ENDED)
	CMPL	(BUF+16)(R15), $0
	JEQ	resideFirst
	MOVL	(BUF+24)(R15), R14
	CMPL	(BUF+8)(R15), $CLD_EXITED
	JEQ	resideReap
	JMP	exitSetup
resideFirst:
	MOVL	$P_PID, DI
	MOVL	(RESIDENT+R_PID)(R15), SI
	WAIT_INFO(WAIT_PEEK)
	CMPL	(BUF+16)(R15), $0
	JEQ	residePoll
	MOVL	(BUF+8)(R15), R13
	MOVL	(BUF+24)(R15), R14
	CMPL	R13, $CLD_DUMPED
	JHI	resideChanged
	CMPL	(RESIDENT+R_CONTROL)(R15), $0
	JLT	resideEnded
	// What init said of the command comes first, and is polled.
	CMPL	ASSISTANT(R15), $0
	JEQ	residePoll
	JMP	resideTell
resideChanged:
	MOVL	$P_PID, DI
	MOVL	(RESIDENT+R_PID)(R15), SI
	XORL	DX, DX
	WAITID(WAIT_TAKE)
	CMPL	(RESIDENT+R_CONTROL)(R15), $0
	JGE	resideFirst // of no interest, of init
	JMP	resideTell

	// Init says what became of the command, or is gone without a word.
resideState:
	MOVLQSX	(RESIDENT+R_CONTROL)(R15), DI
	LEAQ	MSG(R15), SI
	MOVL	$MESSAGE_SIZE, DX
	MOVL	$MSG_PEEK, R10
	XORL	R8, R8
	XORL	R9, R9
	KERNEL(SYS_recvfrom)
	CMPQ	AX, $-EINTR
	JEQ	resideState
	MOVL	(MSG+4)(R15), R13
	MOVL	(MSG+8)(R15), R14
	CMPQ	AX, $MESSAGE_SIZE
	JNE	resideGone
	CMPL	MSG(R15), $MESSAGE_STATE
	JNE	resideWake
	CMPL	R13, $CLD_DUMPED
	JHI	resideWake
	JMP	resideEnded
resideGone:
	MOVL	$P_PID, DI
	MOVL	(RESIDENT+R_PID)(R15), SI
	LEAQ	BUF(R15), DX
	WAITID(WAIT_END)
	CMPQ	AX, $-EINTR
	JEQ	resideGone
	TESTQ	AX, AX
	JNE	exitSetup
	MOVL	(BUF+8)(R15), R13
	MOVL	(BUF+24)(R15), R14

	// R13 is the si_code and R14 the si_status of an end.
resideEnded:
	CMPL	ASSISTANT(R15), $0
	JNE	resideTell
	CMPL	(RESIDENT+R_EXITS)(R15), $0
	JEQ	resideTell
	CMPL	R13, $CLD_EXITED
	JEQ	resideReap
	ADDL	$128, R14
resideReap:
	MOVL	$P_PID, DI
	MOVL	(RESIDENT+R_PID)(R15), SI
	XORL	DX, DX
	WAITID(WEXITED)
	CMPQ	AX, $-EINTR
	JEQ	resideReap
	MOVL	R14, AX
	MOVL	$ADDRESS, R13
	MOVL	H_DATA(R13), CX
	MOVL	H_OPS(R13), R14
	ADDQ	$(HEADER_SIZE+OP_SIZE-1), CX
	ANDQ	$~(OP_SIZE-1), CX
	SHLQ	$6, R14
	ADDQ	CX, R13
	ADDQ	R13, R14
	JMP	result

	// It is told to the assistant, which may have to be started for that.
resideTell:
	MOVL	$MESSAGE_STATE, MSG(R15)
	MOVL	R13, (MSG+4)(R15)
	MOVL	R14, (MSG+8)(R15)
	MOVL	$0, (MSG+12)(R15)
	MOVLQSX	(RESIDENT+R_STATES)(R15), DI
	MOVL	$MESSAGE_SIZE, DX
	SEND
	CMPL	R13, $CLD_DUMPED
	JLS	resideWake

	CMPL	ASSISTANT(R15), $0
	JNE	resideChild
	JMP	resideWake

	// What the operands of some special ops have to be like: R9 ops come after this one.
checkFork:
	KIND_ARG(1, KIND_CONST)
	MOVQ	(OP_ARGS+8)(BX), AX
	MOVQ	BX, CX
	SUBQ	R13, CX
	SHRQ	$6, CX
	CMPQ	AX, CX
	JLS	bad
	ADDQ	R9, CX
	CMPQ	AX, CX
	JHI	bad
	JMP	checked
checkSkip:
	KIND_ARG(0, KIND_REG)
	KIND_ARG(1, KIND_CONST)
	CMPQ	(OP_ARGS+8)(BX), R9
	JHI	bad
	JMP	checked
checkPID:
	KIND_ARG(0, KIND_SCRATCH)
	KIND_ARG(1, KIND_DATA)
	KIND_ARG(2, KIND_CONST)
	MOVQ	(OP_ARGS+16)(BX), AX
	CMPQ	AX, $MAX_SCRATCH
	JHI	bad
	MOVQ	(OP_ARGS+8)(BX), CX
	ADDQ	AX, CX
	CMPQ	CX, R10
	JHI	bad
	ADDQ	OP_ARGS(BX), AX
	ADDQ	$PID_ROOM, AX
	CMPQ	AX, R11
	JHI	bad
	JMP	checked
checkInit:
	MOVL	$ADDRESS, AX
	CMPL	H_CONTROL(AX), $0
	JLT	bad
	JMP	checked
checkReside:
	KIND_ARG(0, KIND_DATA)
	MOVQ	OP_ARGS(BX), AX
	ADDQ	$R_SIZE, AX
	CMPQ	AX, R10
	JHI	bad
	JMP	checked

bad: // no program; no socket to tell that on is known
	MOVL	$2, DI
	LEAQ	IMAGE_WORDS(R12), SI
	MOVL	$WORDS_SIZE, DX
	KERNEL(SYS_write)
exitSetup:
	MOVL	$EXIT_SETUP, DI
exitGroup:
	KERNEL(SYS_exit_group)
	JMP	exitSetup
	// The end, for who copies it.
	BYTE	$0x4e; BYTE $0x53; BYTE $0x4c; BYTE $0x45; BYTE $0x4e; BYTE $0x44; BYTE $0x21; BYTE $0x21

// func stagePC() uintptr
TEXT ·stagePC(SB), NOSPLIT, $0-8
	LEAQ	·stage(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
