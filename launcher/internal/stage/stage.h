// What the stage shares with package program and with image.go; a test compares.

#define ADDRESS 0x60000000
#define SCRATCH 0x5fff0000
#define MAGIC 0x32504c4e
#define MAX_OPS 0x20000
#define MAX_DATA 0x1000000
#define MAX_SCRATCH 0x10000
#define NUM_REGS 64
#define NO_REG 0xff
#define REPEATS 10000
#define PID_ROOM 16
#define MAX_CALL 512
#define MAX_TEXT 512

// A resident.
#define R_SIZE 200
#define R_SIGNALS 0
#define R_WAKE 8
#define R_KEYS 16
#define R_ARGV 24
#define R_ENV 32
#define R_PIDFD 40
#define R_PIPE 44
#define R_PID 48
#define R_STOP 52
#define R_BINARY 56
#define R_STATES 60
#define R_EXITS 64
#define R_COUNT 68
#define R_FDS 72
#define R_CONTROL 72
#define R_SIGNALFD 80
#define R_REQUESTS 88
#define MAX_POLLED 16

// The header of a program.
#define HEADER_SIZE 64
#define H_CLONE 8
#define H_SYNC 16
#define H_CONTROL 20
#define H_OPS 24
#define H_DATA 28
#define H_SCRATCH 32
#define H_IN_PLACE 36

// An op.
#define OP_SIZE 64
#define OP_NR 0
#define OP_OUT 4
#define OP_FLAGS 5
#define OP_KINDS 6
#define OP_PASS 8
#define OP_ARGS 16
#define KIND_CONST 0
#define KIND_DATA 1
#define KIND_REG 2
#define KIND_SCRATCH 3
#define MUST_FAIL 1
#define EXEC 2
#define REPEAT 4

#define SPECIAL 0xf000
#define SPECIAL_SYNC 0xf000
#define SPECIAL_FORK 0xf001
#define SPECIAL_INIT 0xf002
#define SPECIAL_SAME_FILE 0xf003
#define SPECIAL_SKIP 0xf004
#define SPECIAL_CWD 0xf005
#define SPECIAL_RECEIVE 0xf006
#define SPECIAL_PID 0xf007
#define SPECIAL_NOT_EXECUTABLE 0xf008
#define SPECIAL_NOT_FOUND 0xf009
#define SPECIAL_RESIDE 0xf00a
#define SPECIAL_LAST SPECIAL_RESIDE

#define MESSAGE_SIZE 16
#define MESSAGE_REACHED 1
#define MESSAGE_FAILED 2
#define MESSAGE_READY 3
#define MESSAGE_STATE 4

// The image.
#define IMAGE_CALLS 192
#define IMAGE_WORDS 256
#define IMAGE_TEXT 288
#define WORDS_SIZE 31
#define EXIT_SETUP 125

// The frame, around an address in its middle: most instructions have short offsets then. Where a working directory is
// read to, the buffer is the end of that.
#define FRAME 5440
#define FRAME_MIDDLE 4304
#define CWD -4304
#define CWD_SIZE 4096
#define BUF -720
#define RESIDENT -208
#define ARGS 0
#define SIZE 48
#define COUNT 56
#define MISSED 60 // what is remembered of the Exec ops
#define ASSISTANT 64 // its process id, 0 while there is none
#define MSG 72
#define SAID 88
#define REGS 600

// The kernel's, the same on all machines.
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20
#define MAP_FIXED_NOREPLACE 0x100000
#define CLONE_PARENT 0x8000
#define F_SETFD 2
#define FD_CLOEXEC 1
#define MSG_PEEK 2
#define MSG_NOSIGNAL 0x4000
#define MSG_CMSG_CLOEXEC 0x40000000
#define SCM_RIGHTS 1
#define AT_EMPTY_PATH 0x1000
#define STATX_TYPE_INO 0x101
#define S_IFMT 0xf000
#define P_PID 1
#define WEXITED 4
// WEXITED|WSTOPPED|WCONTINUED|__WALL, and with WNOHANG|WNOWAIT instead of that
#define WAIT_ALL 0x4000000e
#define WAIT_PEEK 0x0100000f
// WEXITED|WNOHANG, WSTOPPED|WCONTINUED|WNOHANG, WEXITED|WNOWAIT
#define WAIT_ENDED 0x00000005
#define WAIT_TAKE 0x0000000b
#define WAIT_END 0x01000004
#define PIDFD_SIGNAL_PROCESS_GROUP 4
#define PR_SET_PDEATHSIG 1
#define SIGKILL 9
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2
#define MSG_DONTWAIT 0x40
#define SIGINFO_SIZE 128
#define CLD_EXITED 1
#define CLD_DUMPED 3
#define SI_QUEUE -1
#define SIGTERM 15
#define SIGCHLD 17
#define ENOENT 2
#define EINTR 4
#define ENOEXEC 8
#define EAGAIN 11
#define EINVAL 22
#define EACCES 13
#define EBADMSG 74
#define ESTALE 116
