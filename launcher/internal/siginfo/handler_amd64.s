#include "textflag.h"

// handler is called by the kernel: DI signal, SI siginfo, DX context. It is
// write(pipe, siginfo, 128); what it clobbers the kernel restores.
TEXT ·handler(SB), NOSPLIT|NOFRAME, $0
	MOVL	·pipe(SB), DI
	MOVL	$128, DX
	MOVL	$1, AX
	SYSCALL
	RET

// func handlerPC() uintptr
TEXT ·handlerPC(SB), NOSPLIT, $0-8
	LEAQ	·handler(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
