#include "textflag.h"

// blockHandler is called by the kernel, as handler is. It sets the signal mask to which the
// thread returns, uc_sigmask of ucontext_t.
TEXT ·blockHandler(SB), NOSPLIT|NOFRAME, $0
	MOV	$-1, T0
	MOV	T0, 40(A2)
	MOV	$·blocked(SB), T0
	MOV	$1, T1
	AMOADDW	T1, (T0), ZERO
	RET

// func blockPC() uintptr
TEXT ·blockPC(SB), NOSPLIT, $0-8
	MOV	$·blockHandler(SB), A0
	MOV	A0, ret+0(FP)
	RET
