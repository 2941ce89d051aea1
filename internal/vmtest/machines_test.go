//go:build vm

package vmtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/vmtest/report"
)

// Each machine has bounds of its own, so what go test sets for all of them has to be off (-timeout 0).
const (
	longestMaking = 20 * time.Minute // with what is fetched
	longestRun    = 40 * time.Minute
)

// Every machine boots, runs all its checks, each of them a subtest, and powers off.
func TestMachines(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range machines() {
		t.Run(m.name, func(t *testing.T) {
			m.test(t, filepath.Join(cache, "nslaunch-vm"), strings.TrimSpace(string(out)))
		})
	}
}

func (m machine) test(t *testing.T, cache, root string) {
	start := time.Now()
	dir := t.TempDir()
	making, cancel := context.WithTimeout(t.Context(), longestMaking)
	defer cancel()
	kernel, initrd, err := m.prepare(making, cache, root, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("made in %.1f s", time.Since(start).Seconds())
	ctx, cancel := context.WithTimeout(t.Context(), longestRun)
	defer cancel()
	booted := time.Now()
	var plan []string
	planned, done := false, false
	log := filepath.Join(dir, "console")
	err = m.boot(ctx, kernel, initrd, log, func(line report.Line) {
		switch {
		case line.Plan != nil:
			plan, planned = line.Plan, true
			t.Logf("booted in %.1f s", time.Since(booted).Seconds())
		case line.Done:
			done = true
		default:
			plan = slices.DeleteFunc(plan, func(name string) bool { return name == line.Check })
			t.Run(line.Check, func(t *testing.T) {
				if !line.OK {
					t.Errorf("after %.1f s:\n%s", line.Took, line.Text)
				} else if line.Text != "" {
					t.Logf("%.1f s\n%s", line.Took, line.Text)
				}
			})
		}
	})
	t.Logf("off after %.1f s", time.Since(booted).Seconds())
	if err == nil && (!planned || !done || len(plan) > 0) {
		err = fmt.Errorf("it ended before these checks: %q", plan)
	}
	if err != nil {
		t.Error(err)
	}
	if t.Failed() {
		text, _ := os.ReadFile(log)
		t.Logf("console:\n%s", text)
	}
}
