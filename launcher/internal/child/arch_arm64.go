package child

const isARM64 = 1

const elfMachine = 183 // EM_AARCH64

// stagePC is 0: there is no stage for this processor yet.
func stagePC() uintptr { return 0 }
