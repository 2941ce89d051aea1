#include "textflag.h"

// handler is called by the kernel: A0 signal, A1 siginfo, A2 context. It is
// write(pipe, siginfo, 128); what it clobbers the kernel restores.
TEXT ·handler(SB), NOSPLIT|NOFRAME, $0
	MOVW	·pipe(SB), A0
	MOV	$128, A2
	MOV	$64, A7
	ECALL
	RET

// func handlerPC() uintptr
TEXT ·handlerPC(SB), NOSPLIT, $0-8
	MOV	$·handler(SB), A0
	MOV	A0, ret+0(FP)
	RET
