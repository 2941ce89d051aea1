#include "textflag.h"

// blockHandler is called by the kernel, as handler is. It sets the signal mask to which the
// thread returns, uc_sigmask of ucontext_t. Then it sets the element of blocked whose index came
// with the signal, in si_value of siginfo_t.
TEXT ·blockHandler(SB), NOSPLIT|NOFRAME, $0
	MOVD	$-1, R3
	MOVD	R3, 40(R2)
	MOVD	24(R1), R3
	AND	$63, R3
	MOVD	$·blocked(SB), R4
	ADD	R3<<2, R4
	MOVD	$1, R3
	MOVW	R3, (R4)
	RET

// func blockPC() uintptr
TEXT ·blockPC(SB), NOSPLIT, $0-8
	MOVD	$·blockHandler(SB), R0
	MOVD	R0, ret+0(FP)
	RET
