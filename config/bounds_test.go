package config

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// However many problems a profile has, few of them are reported, and the others cost next to nothing.
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
			if len(errs) > lang.MaxProblems+1 {
				t.Errorf("%d problems are reported", len(errs))
			}
			last := errs[len(errs)-1].Error()
			if want := fmt.Sprintf("p.toml: %d more problems, not shown", many-lang.MaxProblems); last != want && name != "checks" {
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
	if want := "p.toml: 4900 more problems, not shown"; !errors.As(err, &errs) || len(errs) != lang.MaxProblems+1 || errs[lang.MaxProblems].Error() != want {
		t.Errorf("%d problems; want %d and %q: %.300v", len(errs), lang.MaxProblems, want, err)
	}
	t.Run("without it", func(t *testing.T) { // each is compared with those before it
		cost := func(n int) uint64 {
			return allocations(func() {
				for i := range n {
					for j := range i {
						if fmt.Sprintf("%#v", i) == fmt.Sprintf("%#v", j) {
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
