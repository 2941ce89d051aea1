#!/bin/bash
# scope.sh measures what systemd costs a launch, in turn in one run, so that all have the same machine:
#
#   - a launch without a scope, by nslaunch as it is and by one with the libraries of
#     D-Bus linked in, which this one leaves to nslaunch-scope; and by a copy of itself,
#     which shows what is chance;
#   - where systemd is reached, a launch in a scope against the same by systemd-run --scope,
#     and against a launch without.
#
# It builds what it measures, and prints the fastest and the median of each in milliseconds, and
# the ratios.
#
#	bench/scope.sh [ROUNDS]
#
# Run it as root, or as a user with a manager of its own.
set -euo pipefail

rounds=${1:-300}
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

export CGO_ENABLED=0
go build -o "$dir/" ./cmd/nslaunch ./cmd/nslaunch-scope
printf 'package main\n\nimport _ "github.com/nslaunch/nslaunch/units"\n' >"$dir/linked.go"
printf '{"Replace": {"%s": "%s"}}' "$PWD/cmd/nslaunch/linked.go" "$dir/linked.go" >"$dir/overlay.json"
cp "$dir/nslaunch" "$dir/copy"
go build -overlay "$dir/overlay.json" -o "$dir/linked" ./cmd/nslaunch

printf 'version = 1\nnamespaces = "new"\n' | tee "$dir/hello.toml" >"$dir/scope.toml"
printf 'scope = "required"\n' >>"$dir/scope.toml"
user=()
[ "$(id -u)" = 0 ] || user=(--user)

plain() { "$dir/nslaunch" "$dir/hello.toml" -- /usr/bin/true; }
copy() { "$dir/copy" "$dir/hello.toml" -- /usr/bin/true; }
linked() { "$dir/linked" "$dir/hello.toml" -- /usr/bin/true; }
scope() { "$dir/nslaunch" "$dir/scope.toml" -- /usr/bin/true; }
systemd_run() { systemd-run "${user[@]}" --quiet --scope --collect "$dir/nslaunch" "$dir/hello.toml" -- /usr/bin/true; }

# once TOOL: one launch, in microseconds.
once() {
	local from=$EPOCHREALTIME
	"$1"
	local to=$EPOCHREALTIME
	echo $((${to/./} - ${from/./})) >>"$dir/$1.times"
}

report() { sort -n "$dir/$1.times" | awk '{ t[NR] = $1 } END { print t[1], t[int((NR + 1) / 2)] }'; }

# turns ROUNDS TOOL…: each in turn, and who is first in turn, too. The ratios are to the first named.
turns() {
	local n=$1 r i first
	shift
	local tools=("$@")
	rm -f "$dir"/*.times
	for ((r = 0; r < n; r++)); do
		for ((i = 0; i < $#; i++)); do once "${tools[(r + i) % $#]}"; done
	done
	printf '%d rounds\n\n| | min | median | ratio of mins | of medians |\n|---|---|---|---|---|\n' "$n"
	first=$(report "$1")
	for i in "$@"; do
		echo "$i $(report "$i") $first" | awk '{ printf "| %s | %.1f | %.1f | %.2f | %.2f |\n", $1, $2 / 1000, $3 / 1000, $2 / $4, $3 / $5 }'
	done
}

printf 'uid %d, Linux %s; ' "$(id -u)" "$(uname -r)"
turns "$rounds" plain copy linked
if scope 2>"$dir/no" && systemd_run; then
	turns "$rounds" plain scope systemd_run
else
	cat "$dir/no" >&2
fi
