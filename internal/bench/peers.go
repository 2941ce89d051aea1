package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// contender is a program that takes part.
type contender struct {
	program
	translate translate
}

// knownPeers are the programs that the bench can speak to. Debian has all but nsjail.
func knownPeers() []contender {
	return []contender{
		{program{Name: "bwrap", Kind: peer}, bwrapJob},
		{program{Name: "unshare", Kind: peer}, unshareJob},
		{program{Name: "crun", Kind: peer}, crunJob},
		{program{Name: "runc", Kind: peer}, runcJob},
		{program{Name: "systemd-nspawn", Kind: peer}, nspawnJob},
		{program{Name: "firejail", Kind: peer}, firejailJob},
		{program{Name: "nsjail", Kind: peer}, nsjailJob},
	}
}

// findPeers looks for each in the search path, unless it is given.
func findPeers(given map[string]string) (found []contender, missing []reason, err error) {
	known := map[string]bool{}
	for _, c := range knownPeers() {
		known[c.Name] = true
		path := given[c.Name]
		if path == "" {
			path = c.Name
		}
		c.Path, err = exec.LookPath(path)
		switch {
		case err != nil && given[c.Name] != "":
			return nil, nil, fmt.Errorf("--peer %s=%s: %w", c.Name, path, err)
		case err != nil:
			missing = append(missing, reason{c.Name, "not installed"})
			continue
		}
		c.Version = versionOf(c.Path, "--version")
		found = append(found, c)
	}
	for name := range given {
		if !known[name] {
			return nil, nil, fmt.Errorf("--peer: unknown program %q, want bwrap, unshare, crun, runc, systemd-nspawn, firejail or nsjail", name)
		}
	}
	return found, missing, nil
}

// versionOf is the first line that a program says of itself. As root that is in a mount namespace of its own: firejail
// mounts things below /run whatever it is asked.
func versionOf(path, word string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, word)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS} // "/" becomes private there
	}
	text, err := cmd.Output()
	if line := firstLine(string(text)); err == nil && line != "" {
		return line
	}
	return "version unknown"
}
