#!/bin/bash
# release.sh MAKE OUT "KIND…" "ARCHITECTURE…" builds packages of nslaunch in the directory OUT, and SHA256SUMS of them.
# A KIND is deb, a Debian package, or tar, an archive of /usr/local. An ARCHITECTURE is one of Go: amd64, arm64, riscv64.
#
# The same commit, built by the same release of Go, gives the same bytes, on each machine and at each time.
# COMMIT and SOURCE_DATE_EPOCH replace what git says of the tree. It needs no root.
set -euo pipefail
export LC_ALL=C
umask 022
cd "$(dirname "$0")/.."
make=$1 out=$2 kinds=$3 architectures=$4

read -r commit time < <(packaging/commit.sh) || true
export COMMIT=${COMMIT:-${commit-}} SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH-${time-}}
if [ -z "$SOURCE_DATE_EPOCH" ]; then
	echo "release.sh: error: the time of the commit is not known" >&2
	echo "  try: SOURCE_DATE_EPOCH=$(date +%s)" >&2
	exit 1
fi
case $COMMIT in
*-modified) echo "release.sh: note: the tree has changes that are not in the commit, and the version says so" >&2 ;;
esac
# What a builder may have set would change the programs or the packages.
unset GZIP TAR_OPTIONS XZ_OPT XZ_DEFAULTS
export GOFLAGS='' GOAMD64=v1 GOARM64=v8.0 GORISCV64=rva20u64 GOEXPERIMENT=''

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
out=$(cd "$out" && pwd)

# The pages are what a program prints that runs on this machine.
"$make" -s build BIN="$work/host"
about=$("$work/host/nslaunch" version --json)
version=$(sed -n 's/.*"version": "\(.*\)",/\1/p' <<<"$about")
ln -s host "$work/$(sed -n 's/.*"arch": "\(.*\)"/\1/p' <<<"$about")"
packages=()

# installed DIRECTORY SETTING… installs the programs of one architecture, with files of the commit's time.
installed() {
	local root=$1
	shift
	"$make" -s install BIN="$work/$architecture" PAGES="$work/host/nslaunch" DESTDIR="$root" "$@"
	chmod -R u=rwX,go=rX "$root"
	find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

for architecture in $architectures; do
	[ -e "$work/$architecture" ] || GOOS=linux GOARCH=$architecture "$make" -s build BIN="$work/$architecture"
	for kind in $kinds; do
		root=$work/$kind-$architecture
		case $kind in
		deb)
			installed "$root" PREFIX=/usr ZSHFUNCTIONS=vendor-completions
			packaging/deb.sh "$root" "$out" "$version" "$architecture"
			packages+=("nslaunch_${version}_$architecture.deb")
			;;
		tar)
			name=nslaunch-$version-linux-$architecture
			installed "$root" PREFIX=/usr/local
			mv "$root/usr/local" "$root/$name"
			tar --create --directory="$root" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner "$name" |
				gzip -9n >"$out/$name.tar.gz"
			packages+=("$name.tar.gz")
			;;
		*)
			echo "release.sh: error: unknown kind $kind, want deb or tar" >&2
			exit 1
			;;
		esac
	done
done
(cd "$out" && sha256sum "${packages[@]}") >"$work/SHA256SUMS"
install -m 0644 "$work/SHA256SUMS" "$out/SHA256SUMS"
printf '%s\n' "${packages[@]/#/$out/}"
