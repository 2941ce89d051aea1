package stage

import "golang.org/x/sys/unix"

//lint:file-ignore U1000 The assembler reads these, in go_asm.h.

// The numbers of the system calls that the stage makes of its own.
const (
	sysClone           = unix.SYS_CLONE
	sysClose           = unix.SYS_CLOSE
	sysExecveat        = unix.SYS_EXECVEAT
	sysExitGroup       = unix.SYS_EXIT_GROUP
	sysFcntl           = unix.SYS_FCNTL
	sysFstat           = unix.SYS_FSTAT
	sysGetcwd          = unix.SYS_GETCWD
	sysGetpid          = unix.SYS_GETPID
	sysKill            = unix.SYS_KILL
	sysMmap            = unix.SYS_MMAP
	sysMunmap          = unix.SYS_MUNMAP
	sysPidfdSendSignal = unix.SYS_PIDFD_SEND_SIGNAL
	sysPpoll           = unix.SYS_PPOLL
	sysPrctl           = unix.SYS_PRCTL
	sysRead            = unix.SYS_READ
	sysRecvfrom        = unix.SYS_RECVFROM
	sysRecvmsg         = unix.SYS_RECVMSG
	sysRtSigprocmask   = unix.SYS_RT_SIGPROCMASK
	sysRtSigtimedwait  = unix.SYS_RT_SIGTIMEDWAIT
	sysSendto          = unix.SYS_SENDTO
	sysSetpgid         = unix.SYS_SETPGID
	sysStatx           = unix.SYS_STATX
	sysWaitid          = unix.SYS_WAITID
	sysWrite           = unix.SYS_WRITE

	wordsSize = len(words)
)
