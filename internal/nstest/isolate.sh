#!/bin/bash
# isolate.sh COMMAND [ARG…] runs a command in mount, pid, net, ipc, uts and cgroup namespaces of
# its own, with a /tmp and a /run that are empty and in memory. So nothing else on the machine can
# fail a test, and a test can fail nothing else. "go test -exec" calls it with each test binary:
#
#	go test -exec "$PWD/internal/nstest/isolate.sh" ./...
#
# isolate.sh --mounts COMMAND [ARG…] gives it a mount namespace alone, and leaves /tmp and /run as they are.
#
# An ordinary user cannot make such namespaces: the command then runs as it is.
set -euo pipefail

# outside makes a cgroup, starts the rest in new namespaces, and takes the cgroup away.
outside() {
	[ "$(id -u)" = 0 ] || exec "$@"
	local group='' tree status=0
	tree=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	if [ -n "$tree" ]; then
		# The group becomes the root of a cgroup namespace. Only "test" in it holds processes: what
		# holds some cannot hand controllers on.
		group=$(mktemp -d "$tree/nstest-XXXXXXXX")
		mkdir "$group/test"
	fi
	unshare --mount --pid --fork --kill-child --net --ipc --uts -- \
		"$self" --inside "$tree" "$group" "$@" || status=$?
	[ -z "$group" ] || find "$group" -depth -type d -exec rmdir {} +
	exit "$status"
}

# inside enters the cgroup. A shell cannot unshare itself, so another one goes on.
inside() {
	local tree=$1 group=$2
	if [ -n "$group" ]; then
		echo $$ >"$group/cgroup.procs"
		exec unshare --cgroup -- "$self" --within "$@"
	fi
	within "$@"
}

# within mounts what is the command's own, and runs it. This shell is the first process of the
# pid namespace: it reaps, and with it everything ends.
within() {
	local tree=$1 group=$2 status=0
	shift 2
	mount --make-rprivate /
	mount -t proc proc /proc
	ip link set lo up
	if [ -n "$group" ]; then
		umount "$tree"
		mount -t cgroup2 cgroup2 "$tree"
		echo $$ >"$tree/test/cgroup.procs"
	fi
	hide "$@"
	"$@" || status=$?
	exit "$status"
}

# hide mounts an empty /tmp and /run, and binds there what the command needs of the old ones. So it does with the directory in
# which root's sandboxes keep what lasts.
hide() {
	local dir fd kept=()
	for dir in "$(dirname -- "$1")" "$top" $(go env GOROOT GOCACHE GOMODCACHE); do
		case $dir in
		/tmp/* | /run/*)
			exec {fd}<"$dir"
			kept+=("$fd:$dir")
			;;
		esac
	done
	mount -t tmpfs -o mode=1777 tmp /tmp
	mount -t tmpfs -o mode=0755,nosuid,nodev run /run
	mkdir -p -m 0700 /var/lib/nslaunch
	mount -t tmpfs -o mode=0700 state /var/lib/nslaunch
	for dir in "${kept[@]}"; do
		fd=${dir%%:*} dir=${dir#*:}
		mkdir -p "$dir"
		mount --no-canonicalize --bind "/proc/self/fd/$fd" "$dir"
		exec {fd}<&-
	done
	cd "$PWD" # which may be below what was hidden and bound
}

self=$(realpath -- "$0")
top=${self%/internal/nstest/isolate.sh}
case ${1-} in
--inside | --within) "${1#--}" "${@:2}" ;;
--mounts)
	[ "$(id -u)" = 0 ] || exec "${@:2}"
	exec unshare --mount -- "${@:2}" # which makes all mounts private
	;;
*) outside "$@" ;;
esac
