package config

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// However many problems a profile has, those that are told are few, and the others cost next to nothing.
func TestManyProblems(t *testing.T) {
	const many = 20_000
	lines := func(head, line, tail string) string {
		var b strings.Builder
		b.WriteString("version = 1\n" + head)
		for i := range many {
			fmt.Fprintf(&b, line, i)
		}
		return b.String() + tail
	}
	for name, text := range map[string]string{
		"keys":     lines("", "k%d = 1\n", ""),
		"one line": lines("root = { ", "k%d = 1, ", "readonly = true }\n"),
		"elements": lines("command = [", "%d, ", "]\n"),
		"names":    lines("[env.set]\n", "\"=%d\" = \"x\"\n", ""),
		"targets":  lines("[mounts]\n", "\"t%d\" = \"tmpfs\"\n", ""),
		"checks":   lines("namespaces = { user = \"new\" }\nidmap = \"root\"\n[mounts]\n", "\"/t%d\" = { type = \"tmpfs\" }\n", ""),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("p.toml", []byte(text), testVars())
			var errs Errors
			if !errors.As(err, &errs) {
				t.Fatalf("no problems: %v", err)
			}
			if len(errs) > maxProblems+1 {
				t.Errorf("%d problems are told", len(errs))
			}
			last := errs[len(errs)-1].Error()
			if want := fmt.Sprintf("p.toml: %d more problems, not shown", many-maxProblems); last != want && name != "checks" {
				t.Errorf("the last is %q; want %q", last, want)
			}
		})
	}
}

// allocations returns how often memory was asked for.
func allocations(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// An unknown key that is counted is looked up nowhere.
func TestCountedProblem(t *testing.T) {
	d := newDecoder("p.toml", testVars())
	unknown := func() { d.unknown(value{raw: map[string]any{}}, "hostnam", topFields()) }
	told := allocations(unknown)
	for d.more == 0 {
		unknown()
	}
	fields := allocations(func() { topFields() })
	counted := allocations(unknown)
	if counted > fields+5 {
		t.Errorf("an unknown key that is not told costs %d allocations", counted-fields)
	}
	t.Run("without it", func(t *testing.T) {
		if told < fields+50 {
			t.Errorf("an unknown key that is told costs %d allocations only", told-fields)
		}
	})
}

// A long list is not searched from its start for each of its elements.
func TestOnce(t *testing.T) {
	var o once[string]
	for i := range 3 * fewValues {
		if indexed := o.index != nil; indexed != (i > fewValues) {
			t.Errorf("with %d values there is an index: %v", i, indexed)
		}
		if s := fmt.Sprint(i); !o.add(s) || o.add(s) || i > 0 && o.add("0") {
			t.Errorf("%d is new the first time, and only then", i)
		}
	}
	if len(o.all) != 3*fewValues {
		t.Errorf("%d values", len(o.all))
	}
}
