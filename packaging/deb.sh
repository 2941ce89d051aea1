#!/bin/bash
# deb.sh MAKE DIRECTORY [BIN]: builds a Debian package of nslaunch from "make install", in the directory. The same
# sources give the same package, as far as the compiler does. It needs no root.
set -euo pipefail
cd "$(dirname "$0")/.."
make=$1 out=$2 bin=${3:-bin}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
"$make" build BIN="$bin"
"$make" install BIN="$bin" DESTDIR="$root" PREFIX=/usr ZSHFUNCTIONS=vendor-completions

version=$("$bin/nslaunch" version --json | sed -n 's/.*"version": "\(.*\)",/\1/p')
architecture=$(dpkg --print-architecture)

doc=$root/usr/share/doc/nslaunch
{
	echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
	echo "Upstream-Name: nslaunch"
	echo "Source: https://github.com/nslaunch/nslaunch"
	echo
	echo "Files: *"
	echo "Copyright: $(sed -n 's/^Copyright (c) //p' LICENSE)"
	echo "License: Expat"
	sed -n '/^Permission is/,$ { s/^$/./; s/^/ /; p }' LICENSE
} >"$doc/copyright"
rm "$doc/LICENSE"
gzip -9n "$root"/usr/share/man/man*/* "$doc/CHANGELOG.md"

mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<END
Package: nslaunch
Version: $version
Section: admin
Priority: optional
Architecture: $architecture
Maintainer: nslaunch maintainers <maintainers@nslaunch.invalid>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Recommends: uidmap
Suggests: systemd (>= 252)
Homepage: https://github.com/nslaunch/nslaunch
Description: run commands in sandboxes that a TOML profile declares
 nslaunch sets up the namespaces, the tree of files, the ids, the
 capabilities and the limits that a profile declares, checks it strictly,
 and prints the plan that it carries out, step by step. Every error names
 its place, its cause and its cure.
END
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
chmod -R u=rwX,go=rX "$root"

mkdir -p "$out"
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
export SOURCE_DATE_EPOCH
dpkg-deb --root-owner-group --build "$root" "$out/nslaunch_${version}_$architecture.deb"
