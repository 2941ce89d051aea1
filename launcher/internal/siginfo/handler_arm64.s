#include "textflag.h"

// handler is called by the kernel: R0 signal, R1 siginfo, R2 context. It is
// write(pipe, siginfo, 128); what it clobbers the kernel restores.
TEXT ·handler(SB), NOSPLIT|NOFRAME, $0
	MOVW	·pipe(SB), R0
	MOVD	$128, R2
	MOVD	$64, R8
	SVC
	RET

// func handlerPC() uintptr
TEXT ·handlerPC(SB), NOSPLIT, $0-8
	MOVD	$·handler(SB), R0
	MOVD	R0, ret+0(FP)
	RET
