//go:build !amd64 && !arm64 && !riscv64

package stage

const elfMachine = 0 // EM_NONE: there is no image

// stagePC is 0: there is no stage for this processor.
func stagePC() uintptr { return 0 }
