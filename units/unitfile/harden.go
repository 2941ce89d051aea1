package unitfile

import "github.com/nslaunch/nslaunch/config"

type setting struct{ name, value string }

// hardening returns what takes from the service what no sandbox of this
// profile has a use for. A profile means the same in a service as by hand, so most of
// systemd.exec(5) is not here; what is said of a directive was seen on systemd 252.
//
//   - Protect…, Private…, ReadWritePaths and their like give the service a mount namespace of its own, with
//     other mounts in it: a profile's sources would be other ones, and nothing shared would be seen
//     outside. ProtectClock, too, restricts devices, and takes CAP_SYS_TIME, without which a time
//     namespace has no offsets; ProtectKernelLogs takes dmesg from a sandbox without a user namespace.
//   - RestrictNamespaces, ProtectHostname, and SystemCallFilter=@system-service @mount refuse what nslaunch lives on.
//   - RestrictSUIDSGID makes openat2(2) fail with ENOSYS, by which every mount is made.
//   - CapabilityBoundingSet and DevicePolicy are `process.capabilities` and `dev`, which are of the profile.
//   - MemoryDenyWriteExecute ends commands that compile at run time, RestrictAddressFamilies is the network's
//     section; neither is asked for by a profile.
//   - UMask is inherited by the command.
func hardening(p *config.Profile, user bool) []setting {
	var all []setting
	quiet := p.Process.NoNewPrivs && !(user && needsHelper(p))
	if quiet {
		all = append(all, setting{"NoNewPrivileges", "yes"})
	}
	if user && !quiet {
		return all // a manager that is not root's implies NoNewPrivileges with all that follow
	}
	all = append(all, setting{"LockPersonality", "yes"})
	if !realtime(p) {
		all = append(all, setting{"RestrictRealtime", "yes"})
	}
	all = append(all, setting{"SystemCallArchitectures", "native"})
	if p.Namespaces.New(config.User) {
		// The kernel has the same answer for every process in a user namespace.
		all = append(all, setting{"SystemCallFilter", "~@module @raw-io @swap"}, setting{"SystemCallErrorNumber", "EPERM"})
	}
	return all
}

// needsHelper reports whether an ordinary user's id maps are written by newuidmap(1),
// which is set-user-ID: all that map more than the user.
func needsHelper(p *config.Profile) bool {
	if !p.Namespaces.New(config.User) {
		return false
	}
	self := func(ranges []config.IDRange) bool { return len(ranges) == 1 && ranges[0].Count == 1 }
	switch p.IDMap.Mode {
	case config.IDMapRoot, config.IDMapKeep, config.IDMapNone:
		return false
	case config.IDMapExplicit:
		return !self(p.IDMap.UID) || !self(p.IDMap.GID)
	}
	return true
}

// realtime reports whether the profile allows real-time scheduling by name.
func realtime(p *config.Profile) bool {
	for _, r := range p.Limits.Rlimits {
		if r.Name == "rtprio" && r.Hard > 0 {
			return true
		}
	}
	return false
}
