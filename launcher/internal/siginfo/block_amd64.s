#include "textflag.h"

// blockHandler is called by the kernel, as handler is. It sets the signal mask to which the
// thread returns, uc_sigmask of ucontext_t. Then it sets the element of blocked whose index came
// with the signal, in si_value of siginfo_t.
TEXT ·blockHandler(SB), NOSPLIT|NOFRAME, $0
	MOVQ	$-1, AX
	MOVQ	AX, 296(DX)
	MOVQ	24(SI), AX
	ANDQ	$63, AX
	LEAQ	·blocked(SB), CX
	MOVL	$1, (CX)(AX*4)
	RET

// func blockPC() uintptr
TEXT ·blockPC(SB), NOSPLIT, $0-8
	LEAQ	·blockHandler(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
