#!/bin/bash
# mount.sh PROFILE… reports for each profile whether a mount made outside is seen
# inside, whether one made inside is seen outside, and whether a directory inside
# can be bind-mounted. It runs the nslaunch in PATH. Run it where "/" is shared,
# which nslaunch can arrange:
#
#   nslaunch run --new mount --propagation shared --setenv PATH -- examples/mount.sh examples/mount-*.toml
#
# An ordinary user needs --new user,mount and --propagation slave+shared.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
mkdir "$dir/outside" "$dir/inside" "$dir/here" "$dir/there"

# try COMMAND…: does it succeed?
try() { if "$@" 2>/dev/null; then echo yes; else echo no; fi; }

# inside COMMAND: does it succeed in the sandbox, whose shell is the coprocess?
inside() {
	echo "if { $1; } 2>/dev/null; then echo yes; else echo no; fi" >&"${sandbox[1]}"
	head -n 1 <&"${sandbox[0]}"
}

row='%-20s %-10s %-11s %s\n'
# shellcheck disable=SC2059 # it is a format
printf "$row" profile 'passes in' 'passes out' 'can be bound'
for profile; do
	coproc sandbox { exec nslaunch "$profile"; }
	pid=$!
	inside "mount -t tmpfs none $dir/inside" >/dev/null
	mount -t tmpfs none "$dir/outside"
	in=$(inside "mountpoint -q $dir/outside")
	out=$(try mountpoint -q "$dir/inside")
	bound=$(inside "mount --bind $dir/here $dir/there && umount $dir/there")
	printf "$row" "$(basename "$profile" .toml)" "$in" "$out" "$bound"
	exec {sandbox[1]}>&-
	wait "$pid"
	umount "$dir/outside"
	if [ "$out" = yes ]; then umount "$dir/inside"; fi
done
