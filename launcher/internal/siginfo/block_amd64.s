#include "textflag.h"

// blockHandler is called by the kernel, as handler is. It sets the signal mask to which the
// thread returns, uc_sigmask of ucontext_t.
TEXT ·blockHandler(SB), NOSPLIT|NOFRAME, $0
	MOVQ	$-1, AX
	MOVQ	AX, 296(DX)
	LOCK
	INCL	·blocked(SB)
	RET

// func blockPC() uintptr
TEXT ·blockPC(SB), NOSPLIT, $0-8
	LEAQ	·blockHandler(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
