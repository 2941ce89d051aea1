#!/bin/bash
# setup.sh prepares a Debian machine for the tests of nslaunch. Run it as root.
# It installs the packages that the tests use, unless they are there, makes two
# users, and a Debian system as an archive, for which it needs a mirror. Run
# again, it changes nothing.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

if [ "$(id -u)" != 0 ]; then
	echo "setup.sh: error: must run as root" >&2
	exit 1
fi

# Programs that the tests run, or files, and the packages they are in. The race
# detector needs a C compiler.
packages() {
	local program packages
	while read -r program packages; do
		command -v "$program" >/dev/null || [ -e "$program" ] || echo "$packages"
	done <<-'LIST' | sort -u
		bwrap       bubblewrap
		capsh       libcap2-bin
		cc          gcc libc6-dev
		crun        crun
		firejail    firejail
		git         git
		dpkg-deb    dpkg
		fish        fish
		groff       groff-base
		ip          iproute2
		ipcmk       util-linux
		lsns        util-linux
		machinectl  systemd-container
		man         man-db
		mandoc      mandoc
		make        make
		mmdebstrap  mmdebstrap
		newuidmap   uidmap
		node        nodejs
		npm         npm
		ps          procps
		runc        runc
		qemu-aarch64-static qemu-user-static
		qemu-riscv64-static qemu-user-static
		qemu-system-aarch64 qemu-system-arm
		qemu-system-riscv64 qemu-system-misc
		qemu-system-x86_64  qemu-system-x86
		script      bsdutils
		strace      strace
		systemctl   systemd
		tmux        tmux
		useradd     passwd
		zsh         zsh
		/lib/systemd/system/dbus.service       dbus
		/usr/lib/systemd/user/dbus.service     dbus-user-session
		/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
		/usr/share/pam-configs/systemd         libpam-systemd
		/usr/lib/polkit-1/polkitd              polkitd
	LIST
}

missing=$(packages)
if [ -n "$missing" ]; then
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q </dev/null
	# shellcheck disable=SC2086 # they are words
	apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 $missing </dev/null
fi

# user NAME UID: an ordinary user without subordinate ids. Left to itself,
# useradd may grant some.
user() {
	if ! id "$1" >/dev/null 2>&1; then
		useradd --uid "$2" --user-group --create-home --shell /bin/bash \
			-K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 "$1"
	fi
}

# subordinate NAME FIRST LAST: these subordinate ids, unless it has some.
subordinate() {
	touch /etc/subuid /etc/subgid
	grep -q "^$1:" /etc/subuid || usermod --add-subuids "$2-$3" "$1"
	grep -q "^$1:" /etc/subgid || usermod --add-subgids "$2-$3" "$1"
}

# Two setups at once would both find that there is no user.
exec 9>/run/nslaunch-setup.lock
flock 9

user nslaunch-test 20001
subordinate nslaunch-test 1000000 1065535
user nslaunch-bare 20002

# The tests have no network, so the archive is made here, by the ordinary user.
debian=/var/cache/nslaunch-test/debian.tar
if [ ! -e "$debian" ]; then
	# The main section of a release, not bookworm-updates, which is no system by itself.
	read -r suite site < <(apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(RELEASE) $(SITE)' 'Created-By: Packages' |
		awk '$1 == "Debian" && $2 == "main" && $3 !~ /[-\/]/ { print $3, $4; exit }') || true
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	chmod 0755 "$work" # its root of a user namespace gets in
	chown nslaunch-test: "$work"
	if [ -z "${site-}" ] || ! (cd / && setpriv --reuid nslaunch-test --regid nslaunch-test --init-groups env HOME=/ TMPDIR="$work" \
		mmdebstrap --mode=unshare --variant=apt --include=passwd --skip=cleanup/apt/lists \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--quiet "$suite" "$work/debian.tar" "deb $site $suite main" </dev/null); then
		echo "setup.sh: error: no Debian system could be made from apt's sources" >&2
		exit 1
	fi
	install -D -m 0644 "$work/debian.tar" "$debian.new"
	mv "$debian.new" "$debian"
fi
