#!/bin/bash
# binds.sh compares how a launch grows with the bind mounts of its profile: nslaunch's
# and bubblewrap's curves, measured in turn in one run, so that both have the same
# machine. It prints the fastest and the median launch in milliseconds, the
# ratio of the fastest, and what one mount more costs.
#
#	bench/binds.sh [NSLAUNCH [ROUNDS]]
#
# Run it as an ordinary user or as root; without root both make a user namespace.
set -euo pipefail

nslaunch=$(realpath "${1:-bin/nslaunch}")
rounds=${2:-15}
counts=(10 100 1000)

command -v bwrap >/dev/null || { echo "binds.sh: error: no bwrap (apt-get install bubblewrap)" >&2; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The same sandbox for both: a tmpfs with /usr, proc, and the binds; new mount and pid namespaces.
kinds='mount = "new", pid = "new"'
user=()
if [ "$(id -u)" != 0 ]; then
	kinds="user = \"new\", $kinds"
	user=(--unshare-user)
fi
for n in "${counts[@]}"; do
	{
		printf 'version = 1\nnamespaces = { %s }\nidmap = "keep"\nroot = "tmpfs"\nproc = "new"\n' "$kinds" |
			if [ "$(id -u)" = 0 ]; then grep -v idmap; else cat; fi
		printf '[mounts]\nro = ["/usr"]\n"/bin" = { type = "symlink", to = "usr/bin" }\n'
		printf '"/lib" = { type = "symlink", to = "usr/lib" }\n"/lib64" = { type = "symlink", to = "usr/lib64" }\n'
	} >"$dir/$n.toml"
	printf '%s\0' --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc >"$dir/$n.args"
	for ((i = 0; i < n; i++)); do
		mkdir -p "$dir/source/$i"
		printf '"/b/%d" = { ro = "%s/source/%d" }\n' "$i" "$dir" "$i" >>"$dir/$n.toml"
		printf '%s\0' --ro-bind "$dir/source/$i" "/b/$i" >>"$dir/$n.args"
	done
done

ours() { "$nslaunch" "$dir/$1.toml" -- /usr/bin/true; }
peers() { bwrap "${user[@]}" --unshare-pid --die-with-parent --args 9 -- /usr/bin/true 9<"$dir/$1.args"; }

# once TOOL COUNT: one launch, in microseconds.
once() {
	local from=$EPOCHREALTIME
	"$1" "$2"
	local to=$EPOCHREALTIME
	echo $((${to/./} - ${from/./})) >>"$dir/$1.$2"
}

# The shorter a launch, the more it takes to find its fastest.
for ((r = 0; r < rounds; r++)); do
	for n in 10 10 10 10 100 100 1000; do
		once ours "$n"
		once peers "$n"
	done
done

report() { sort -n "$dir/$1.$2" | awk '{ t[NR] = $1 } END { print t[1], t[int((NR + 1) / 2)] }'; }

"$nslaunch" version
bwrap --version
printf '%s rounds of 4, 2 and 1 launches, uid %d, Linux %s\n\n' "$rounds" "$(id -u)" "$(uname -r)"
printf '| bind mounts | nslaunch min | median | bwrap min | median | ratio | each more: nslaunch | bwrap |\n|---|---|---|---|---|---|---|---|\n'
last="0 0 0"
for n in "${counts[@]}"; do
	echo "$n $(report ours "$n") $(report peers "$n")"
done | while read -r n a am b bm; do
	read -r ln la lb <<<"$last"
	awk -v n="$n" -v a="$a" -v am="$am" -v b="$b" -v bm="$bm" -v ln="$ln" -v la="$la" -v lb="$lb" 'BEGIN {
		each = "| | |"
		if (ln) each = sprintf("| %.0f µs | %.0f µs |", (a - la) / (n - ln), (b - lb) / (n - ln))
		printf "| %d | %.1f | %.1f | %.1f | %.1f | %.2f %s\n", n, a / 1000, am / 1000, b / 1000, bm / 1000, a / b, each
	}'
	last="$n $a $b"
done
