package lang

import (
	"fmt"
	"testing"
)

// An unknown key that is counted is looked up nowhere.
func TestCountedProblem(t *testing.T) {
	d := New([]Field{{Name: "hostname"}}, "p.toml", Vars{})
	table := Value{Raw: map[string]any{}}
	unknown := func() { d.Unknown(table, "hostnam", d.Top, nil) }
	told := testing.AllocsPerRun(10, unknown)
	for d.More == 0 {
		unknown()
	}
	if counted := testing.AllocsPerRun(10, unknown); counted > 0 {
		t.Errorf("an unknown key that is not told costs %v allocations", counted)
	}
	t.Run("without it", func(t *testing.T) {
		if told < 5 {
			t.Errorf("an unknown key that is reported costs %v allocations only", told)
		}
	})
}

// A long list is not searched from its start for each of its elements.
func TestOnce(t *testing.T) {
	var o Once[string]
	for i := range 3 * fewValues {
		if indexed := o.index != nil; indexed != (i > fewValues) {
			t.Errorf("with %d values there is an index: %v", i, indexed)
		}
		if s := fmt.Sprint(i); !o.Add(s) || o.Add(s) || i > 0 && o.Add("0") {
			t.Errorf("%d is new the first time, and only then", i)
		}
	}
	if len(o.All) != 3*fewValues {
		t.Errorf("%d values", len(o.All))
	}
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
