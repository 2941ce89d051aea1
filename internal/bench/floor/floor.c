/*
 * The floor: what the minimal profile costs a static C program that knows it by heart.
 *
 *	floor FLAGS COMMAND ARG...
 *
 * It makes the calls that nslaunch's processes make for that profile, with the same processes:
 * one that waits outside, an init that reaps, and the command. FLAGS have u for a new user
 * namespace, n for a new network namespace.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MS_REC
#define MS_REC 16384
#define MS_SLAVE (1 << 19)
#endif

static void check(long result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
		_exit(125);
	}
}

static void put(pid_t pid, const char *file, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	check(fd, path);
	check(write(fd, text, strlen(text)), path);
	close(fd);
}

static void die_with_parent(void)
{
	check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
}

static void proc(void)
{
	int fs = syscall(SYS_fsopen, "proc", 1);
	check(fs, "fsopen");
	check(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", "proc", 0), "fsconfig");
	check(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
	int tree = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	check(tree, "fsmount");
	close(fs);
	int place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	check(place, "/proc");
	check(syscall(SYS_move_mount, tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), "move_mount");
	close(place);
	close(tree);
}

static void loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	check(fd, "socket");
	check(ioctl(fd, SIOCGIFFLAGS, &request), "SIOCGIFFLAGS");
	request.ifr_flags |= IFF_UP;
	check(ioctl(fd, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
	close(fd);
}

static int command(char **argv)
{
	die_with_parent();
	check(setpgid(0, 0), "setpgid");
	check(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), "keyctl");
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	check(syscall(SYS_close_range, 3, ~0U, 0), "close_range");
	execve(argv[0], argv, (char *[]){ "PATH=/usr/bin:/bin", NULL });
	check(-1, argv[0]);
	return 0;
}

/* init forks the command and reaps until it is gone. */
static int init(int flags, int released, char **argv)
{
	char byte;
	die_with_parent();
	if (read(released, &byte, 1) != 1)
		_exit(125);
	close(released);
	if (flags & CLONE_NEWUSER) {
		check(setresgid(0, 0, 0), "setresgid");
		check(setresuid(0, 0, 0), "setresuid");
	}
	check(unshare(CLONE_NEWCGROUP), "unshare");
	check(syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "mount");
	proc();
	if (flags & CLONE_NEWNET)
		loopback();
	pid_t child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	check(child, "clone");
	if (child == 0)
		return command(argv);
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { 0 };
	check(prctl(PR_SET_DUMPABLE, 0), "dumpable");
	check(syscall(SYS_capset, &header, none), "capset");
	check(chdir("/"), "chdir");
	check(syscall(SYS_close_range, 0, ~0U, 0), "close_range");
	for (;;) {
		int status;
		pid_t pid = wait(&status);
		if (pid == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 125;
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
	if (strchr(argv[1], 'u'))
		flags |= CLONE_NEWUSER;
	if (strchr(argv[1], 'n'))
		flags |= CLONE_NEWNET;
	int release[2];
	check(pipe2(release, O_CLOEXEC), "pipe");
	pid_t child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	check(child, "clone");
	if (child == 0)
		return init(flags, release[0], argv + 2);
	if (flags & CLONE_NEWUSER) {
		char map[32];
		if (geteuid() != 0)
			put(child, "setgroups", "deny");
		snprintf(map, sizeof map, "0 %d 1", getegid());
		put(child, "gid_map", map);
		snprintf(map, sizeof map, "0 %d 1", geteuid());
		put(child, "uid_map", map);
	}
	check(write(release[1], "", 1), "release");
	int status;
	check(waitpid(child, &status, 0), "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
