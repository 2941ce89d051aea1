#include "textflag.h"

// blockHandler is called by the kernel, as handler is. It sets the signal mask to which the
// thread returns, uc_sigmask of ucontext_t. Then it sets the element of blocked whose index came
// with the signal, in si_value of siginfo_t.
TEXT ·blockHandler(SB), NOSPLIT|NOFRAME, $0
	MOV	$-1, T0
	MOV	T0, 40(A2)
	MOV	24(A1), T0
	AND	$63, T0
	SLL	$2, T0
	MOV	$·blocked(SB), T1
	ADD	T0, T1
	MOV	$1, T0
	MOVW	T0, (T1)
	RET

// func blockPC() uintptr
TEXT ·blockPC(SB), NOSPLIT, $0-8
	MOV	$·blockHandler(SB), A0
	MOV	A0, ret+0(FP)
	RET
