package stage

const elfMachine = 183 // EM_AARCH64

// stagePC is the address of the stage's text.
func stagePC() uintptr
