// Command agent runs the checks of a machine and reports on them: as process 1,
// after it has set the machine up, or as a service of systemd's. At the end the
// machine powers off.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/internal/vmtest/report"
	"golang.org/x/sys/unix"
)

func main() {
	switch {
	case os.Getpid() == 1:
		err := setUp()
		if err == nil {
			err = reap()
		}
		off(err)
	case len(os.Args) == 2 && os.Args[1] == "checks":
		if err := serve(initChecks()); err != nil {
			say("%v", err)
		}
	case len(os.Args) == 2 && os.Args[1] == "service":
		err := load()
		if err == nil {
			err = serve(systemdChecks())
		}
		off(err)
	case len(os.Args) > 1:
		act(os.Args[1], os.Args[2:])
	}
}

// reap runs the checks in another process, and waits for that and for all that becomes a child of process 1.
func reap() error {
	checks := exec.Command("/proc/self/exe", "checks")
	checks.Stderr = os.Stderr
	if err := checks.Start(); err != nil {
		return err
	}
	for {
		pid, err := unix.Wait4(-1, nil, 0, nil)
		if pid == checks.Process.Pid || err != nil && err != unix.EINTR {
			return err
		}
	}
}

// off says why on the console and powers the machine off.
func off(err error) {
	if err != nil {
		say("%v", err)
	}
	unix.Sync()
	err = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	say("power off: %v", err)
}

// say writes to the console.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "agent: "+format+"\n", args...)
}

// host is the machine, as this process sees it.
type host struct {
	name string // of the machine: "amd64-6.1"
	only *regexp.Regexp
	port *os.File
}

// is reports whether the machine is of this processor or kernel.
func (h *host) is(part string) bool { return strings.Contains(h.name+"-", part+"-") }

// serve runs the checks that the machine can do and reports on them.
func serve(all []check) error {
	h, err := open()
	if err != nil {
		return err
	}
	var names []string
	var runs []func() report.Line
	for _, c := range all {
		if c.where != "" && !h.is(c.where) || c.without != "" && h.is(c.without) {
			continue
		}
		for _, u := range c.users {
			name := u.name + "/" + c.name
			if h.only != nil && !h.only.MatchString(name) {
				continue
			}
			names = append(names, name)
			runs = append(runs, func() report.Line { return c.result(h, name, u) })
		}
	}
	h.report(report.Line{Plan: names})
	for _, run := range runs {
		h.report(run())
	}
	h.report(report.Line{Done: true})
	return nil
}

// open finds the name of the machine and the port to report on: the serial port that is a PCI device.
func open() (*host, error) {
	words, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return nil, err
	}
	h := &host{}
	for _, word := range strings.Fields(string(words)) {
		if name, ok := strings.CutPrefix(word, "vmtest="); ok {
			h.name = name
		}
		if only, ok := strings.CutPrefix(word, "vmtest.only="); ok {
			if h.only, err = regexp.Compile(only); err != nil {
				return nil, err
			}
		}
	}
	ports, err := filepath.Glob("/sys/class/tty/ttyS*")
	if err != nil {
		return nil, err
	}
	for _, port := range ports {
		device, err := filepath.EvalSymlinks(filepath.Join(port, "device"))
		if err != nil || !strings.Contains(device, "/pci") {
			continue
		}
		h.port, err = os.OpenFile(filepath.Join("/dev", filepath.Base(port)), os.O_WRONLY|unix.O_NOCTTY, 0)
		return h, err
	}
	return nil, fmt.Errorf("no serial port is a PCI device: %q", ports)
}

func (h *host) report(line report.Line) {
	text, err := json.Marshal(line)
	if err == nil {
		_, err = h.port.Write(append(text, '\n'))
	}
	if err != nil {
		say("%v: %+v", err, line)
	}
}

// result runs a check.
func (c check) result(h *host, name string, u user) report.Line {
	start := time.Now()
	t := &tester{host: h, user: u, name: name, limit: limit}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer t.cleanUp()
		c.run(t)
	}()
	<-done
	return report.Line{Check: name, OK: !t.failed, Text: string(bytes.TrimSpace(t.text.Bytes())), Took: time.Since(start).Seconds()}
}
