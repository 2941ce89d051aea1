package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// open prepares a bench with little to do.
func open(t *testing.T, u nstest.User) *bench {
	t.Helper()
	nstest.CheckNothingLeft(t)
	b := &bench{log: io.Discard, uid: u.UID, gid: u.GID, options: options{
		rounds: 1, launches: 6, inFlight: 3, idle: 3, seed: 1, settle: 20 * time.Millisecond,
	}}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	missing, err := b.open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range missing {
		if m.Name != "nsjail" {
			t.Errorf("missing: %v", m)
		}
	}
	return b
}

// TestScenarios runs each for real. That a program is verified and measured, or left out
// with the reason that is known, is all that is asserted: never how long it took.
func TestScenarios(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Cgroup2(), nstest.SystemdInstalled(),
		nstest.Tools("bwrap", "unshare", "crun", "runc", "systemd-nspawn", "firejail", "cc"))
	const (
		usual = "nslaunch control bwrap crun runc systemd-nspawn"
		host  = usual + " unshare floor"
	)
	want := map[string]string{
		"minimal": host + " firejail", "minimal+user": host, "minimal+net": host + " firejail",
		"dev": usual, "binds-10": usual, "binds-100": usual, "binds-1000": usual,
		"mounts-25": host + " firejail", "mounts-200": host + " firejail", "mounts-1000": host + " firejail",
		"parallel": host + " firejail", "memory": host + " firejail", "idle": host + " firejail", wholeOf: host + " firejail",
		"scope":  "nslaunch,_scope nslaunch,_no_scope systemd-run_nslaunch systemd-run_bwrap",
		"linked": "nslaunch control linked_with_D-Bus",
	}
	b := open(t, nstest.Superuser(t))
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) { runScenario(t, b, s, want) })
	}
}

// TestScenariosAsUser runs what an ordinary user can do.
func TestScenariosAsUser(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Cgroup2(), nstest.UnprivilegedUserNamespaces(),
		nstest.Tools("bwrap", "unshare", "crun", "runc", "firejail", "cc"))
	const usual = "nslaunch control bwrap crun runc"
	want := map[string]string{
		"minimal+user": usual + " unshare firejail floor", "minimal+net": usual + " unshare firejail floor",
		"dev": usual, "binds-10": usual, "parallel": usual + " unshare firejail floor", "memory": usual + " unshare firejail floor",
	}
	b := open(t, nstest.Ordinary(t))
	for _, s := range scenarios() {
		if _, ok := want[s.name]; ok {
			t.Run(s.name, func(t *testing.T) { runScenario(t, b, s, want) })
		}
	}
	for _, name := range []string{"minimal", "scope"} {
		chosen, err := choose(name)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := b.run(context.Background(), chosen[0]); err == nil || !strings.HasPrefix(err.Error(), errSkip.Error()) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func runScenario(t *testing.T, b *bench, s scenario, want map[string]string) {
	found, err := b.run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if n := map[bool]int{true: 2, false: 1}[s.measure == measureIdle]; len(found) != n {
		t.Fatalf("%d results, want %d", len(found), n)
	}
	for _, r := range found {
		var names []string
		for _, series := range r.Series {
			names = append(names, strings.ReplaceAll(series.Name, " ", "_"))
			if len(series.Samples) != 1 || r.Scenario != wholeOf && series.Samples[0] <= 0 {
				t.Errorf("%s: samples %v", series.Name, series.Samples)
			}
		}
		expected := strings.Fields(want[r.Scenario])
		slices.Sort(expected)
		if slices.Sort(names); !slices.Equal(names, expected) {
			t.Errorf("%s: %v; want %v; left out: %v", r.Scenario, names, expected, r.LeftOut)
		}
		if r.Mounts < s.mounts {
			t.Errorf("%d mounts, want %d", r.Mounts, s.mounts)
		}
	}
}

// A program of others that fails is left out with what it said, one of ours is an error.
func TestFailures(t *testing.T) {
	nstest.Require(t, nstest.Root(), nstest.Cgroup2())
	b := open(t, nstest.Superuser(t))
	lies := contender{program{Name: "liar", Kind: peer, Path: "/bin/sh"}, func(p place, _ spec, command []string) (job, error) {
		return job{Argv: append([]string{"/usr/bin/env"}, command...)}, nil
	}}
	breaks := contender{program{Name: "broken", Kind: peer, Path: "/bin/sh"}, func(p place, _ spec, command []string) (job, error) {
		return job{Argv: []string{"/bin/sh", "-c", "echo out of luck >&2; exit 3"}}, nil
	}}
	dies := contender{program{Name: "killed", Kind: peer, Path: "/bin/sh"}, func(p place, _ spec, command []string) (job, error) {
		return job{Argv: []string{"/bin/sh", "-c", "kill -9 $$"}}, nil
	}}
	b.contenders = append(b.contenders[:1], lies, breaks, dies)
	chosen, err := choose("minimal")
	if err != nil {
		t.Fatal(err)
	}
	found, err := b.run(t.Context(), chosen[0])
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(strings.NewReplacer("\n", " ").Replace(strings.Trim(resultText(found[0]), "\n"))), " ")
	for _, part := range []string{"liar is left out: no new mount namespace", "broken is left out: exit status 3: out of luck", "killed is left out: signal 9"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in %s", part, got)
		}
	}
	b.contenders[1].Kind = ours
	if found, err := b.run(t.Context(), chosen[0]); err == nil || !strings.HasPrefix(err.Error(), "liar: no new mount") {
		t.Errorf("one of ours does not what it says: %v, %v", found, err)
	}
}
