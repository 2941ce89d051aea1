package stage

const elfMachine = 62 // EM_X86_64

// stagePC is the address of the stage's text.
func stagePC() uintptr
