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
	d := newReading("p.toml", testVars())
	unknown := func() { d.unknown(value{raw: map[string]any{}}, "hostnam", d.top, nil) }
	told := allocations(unknown)
	for d.more == 0 {
		unknown()
	}
	counted := allocations(unknown)
	if counted > 5 {
		t.Errorf("an unknown key that is not told costs %d allocations", counted)
	}
	t.Run("without it", func(t *testing.T) {
		if told < 50 {
			t.Errorf("an unknown key that is told costs %d allocations only", told)
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

// What { add, remove } does to a long list costs as much for each element as with a short one.
func TestChangedLists(t *testing.T) {
	list := func(n int, word string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "\"%s%d\",", word, i)
		}
		return b.String()
	}
	parse := func(changes, words string) (cost uint64, err error) {
		text := []byte("version = 1\nenv.inherit." + changes + " = [" + words + "]\n")
		cost = allocations(func() { _, err = Parse("p.toml", text, testVars()) })
		return cost, err
	}
	cost := func(n int) uint64 {
		cost, err := parse("add", list(n, "B"))
		if err != nil {
			t.Fatal(err)
		}
		return cost
	}
	if short, long := cost(300), cost(3000); long > 20*short {
		t.Errorf("ten times as many elements cost %d allocations, the others %d", long, short)
	}
	_, err := parse("remove", list(5000, "C"))
	var errs Errors
	if want := "p.toml: 4900 more problems, not shown"; !errors.As(err, &errs) || len(errs) != maxProblems+1 || errs[maxProblems].Error() != want {
		t.Errorf("%d problems; want %d and %q: %.300v", len(errs), maxProblems, want, err)
	}
	t.Run("without it", func(t *testing.T) { // each is compared with those before it
		cost := func(n int) uint64 {
			return allocations(func() {
				for i := range n {
					for j := range i {
						if identity(i) == identity(j) {
							t.Fail()
						}
					}
				}
			})
		}
		if short, long := cost(30), cost(300); long <= 20*short {
			t.Errorf("ten times as many elements cost %d allocations, the others %d", long, short)
		}
	})
}

// Of a list with equal elements the first is removed, whatever else was, and one that lacks its "-" is found.
func TestIndexed(t *testing.T) {
	var all []element
	for _, s := range []any{"a", "-b", "a", int64(1), "b", "a"} {
		all = append(all, element{raw: s})
	}
	x := newIndexed(all)
	for _, step := range []struct {
		remove any
		want   int
	}{{"a", 0}, {"b", 1}, {"b", 4}, {"b", -1}, {"1", -1}, {int64(1), 3}, {"a", 2}, {"a", 5}, {"a", -1}} {
		got := x.find(step.remove)
		if got != step.want {
			t.Fatalf("%v is at %d; want %d", step.remove, got, step.want)
		}
		if got >= 0 {
			x.remove(got)
		}
	}
	if rest := x.rest(); len(rest) > 0 || x.has("a") {
		t.Errorf("%v is left", rest)
	}
	if x.add(element{raw: "a"}); !x.has("a") || x.find("a") != 6 || len(x.rest()) != 1 {
		t.Error("what is added is not there")
	}
}
