#include "textflag.h"

// blockHandler is called by the kernel, as handler is. It sets the signal mask to which the
// thread returns, uc_sigmask of ucontext_t.
TEXT ·blockHandler(SB), NOSPLIT|NOFRAME, $0
	MOVD	$-1, R3
	MOVD	R3, 40(R2)
	MOVD	$·blocked(SB), R4
again:
	LDAXRW	(R4), R5
	ADDW	$1, R5
	STLXRW	R5, (R4), R6
	CBNZW	R6, again
	RET

// func blockPC() uintptr
TEXT ·blockPC(SB), NOSPLIT, $0-8
	MOVD	$·blockHandler(SB), R0
	MOVD	R0, ret+0(FP)
	RET
