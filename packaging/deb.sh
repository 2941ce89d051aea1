#!/bin/bash
# deb.sh ROOT OUT VERSION ARCHITECTURE makes a Debian package of ROOT, into which "make install PREFIX=/usr" installed
# nslaunch, in the directory OUT. SOURCE_DATE_EPOCH is the time of all files. It needs no root.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")"
root=$1 out=$2 version=$3 architecture=$4

doc=$root/usr/share/doc/nslaunch
{
	echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
	echo "Upstream-Name: nslaunch"
	echo "Source: https://github.com/nslaunch/nslaunch"
	echo
	echo "Files: *"
	echo "Copyright: $(sed -n 's/^Copyright (c) //p' "$doc/LICENSE")"
	echo "License: Expat"
	sed -n '/^Permission is/,$ { s/^$/./; s/^/ /; p }' "$doc/LICENSE"
} >"$doc/copyright"
rm "$doc/LICENSE"
mv "$doc/CHANGELOG.md" "$doc/changelog"
gzip -9n "$root"/usr/share/man/man*/* "$doc/changelog"

# As dpkg-gencontrol counts: in whole KiB, whatever the file system needs for it.
size=$(find "$root" -type f -printf '%s\n' -o -printf '1\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
install -D -m 0755 -t "$root/DEBIAN" debian/postinst debian/prerm
install -m 0644 -t "$root/DEBIAN" debian/triggers
cat >"$root/DEBIAN/control" <<END
Package: nslaunch
Version: $version
Section: admin
Priority: optional
Architecture: $architecture
Maintainer: nslaunch maintainers <maintainers@nslaunch.invalid>
Installed-Size: $size
Recommends: uidmap
Suggests: systemd (>= 252)
Homepage: https://github.com/nslaunch/nslaunch
Description: run commands in sandboxes that a TOML profile declares
 nslaunch sets up the namespaces, the tree of files, the ids, the
 capabilities and the limits that a profile declares. It checks the profile
 strictly, and prints the plan that it carries out, step by step. Errors
 name their place, their cause and a cure.
END
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

# The compression is named, because its default differs between distributions.
dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" "$out/nslaunch_${version}_$architecture.deb" >/dev/null
