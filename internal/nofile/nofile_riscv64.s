#include "textflag.h"

// func read(limit *Limit)
TEXT ·read(SB), NOSPLIT, $0-8
	MOV	$0, A0 // this process
	MOV	$7, A1 // RLIMIT_NOFILE
	MOV	$0, A2 // no new limit
	MOV	limit+0(FP), A3
	MOV	$261, A7 // prlimit64
	ECALL
	RET
