package stage

const elfMachine = 243 // EM_RISCV

// stagePC is the address of the stage's text.
func stagePC() uintptr
