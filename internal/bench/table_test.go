package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	for _, test := range []struct {
		samples []int64
		want    summary
	}{
		{nil, summary{}},
		{[]int64{5}, summary{5, 5}},
		{[]int64{9, 1}, summary{1, 5}},
		{[]int64{9, 1, 2}, summary{1, 2}},
		{[]int64{4, 3, 2, 10}, summary{2, 3}},
	} {
		if got := summarize(test.samples); got != test.want {
			t.Errorf("summarize(%v) = %v; want %v", test.samples, got, test.want)
		}
	}
	samples := []int64{3, 1, 2}
	summarize(samples)
	if samples[0] != 3 {
		t.Error("samples are no longer in the order of the rounds")
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{ratio(1, 3), "0.33"},
		{ratio(6, 3), "2.00"},
		{ratio(1, 0), "–"},
		{ratio(1, -5), "–"},
		{ratio(-1, 5), "–"},
		{ratio(0, 5), "0.00"},
		{inUnit(1_234_567, nanoseconds), "1.23"},
		{inUnit(12_345_678, nanoseconds), "12.3"},
		{inUnit(2_551_000_000, nanoseconds), "2551"},
		{inUnit(1536, bytesUsed), "2"},
		{inUnit(100<<10, bytesUsed), "100"},
	} {
		if test.got != test.want {
			t.Errorf("got %q; want %q", test.got, test.want)
		}
	}
}

// sample is a run with all that tables and plots can have.
func sample() results {
	ms := func(all ...int64) []int64 {
		for i := range all {
			all[i] *= 1_000_000
		}
		return all
	}
	bind := func(n string, our, theirs []int64) result {
		return result{Scenario: "binds-" + n, Unit: nanoseconds, Mounts: 20, Series: []series{
			{Name: "nslaunch", Kind: ours, Samples: our}, {Name: "bwrap", Kind: peer, Samples: theirs},
		}}
	}
	return results{
		Version: resultsVersion, Date: "2026-11-28T10:00:00Z", User: "root",
		Machine:  machine{Kernel: "6.18.0", Arch: "amd64", CPUs: 2, Processor: "Some <CPU>", Memory: 24 << 30, Go: "go1.26", Load: "0.1"},
		Programs: []program{{"nslaunch", ours, "/n", "nslaunch 1"}, {"bwrap", peer, "/b", "bubblewrap 2"}},
		Missing:  []reason{{"nsjail", "not installed"}},
		Results: []result{
			{Scenario: "minimal", Unit: nanoseconds, Mounts: 20, Series: []series{
				{Name: "old", Kind: ours, Samples: ms(4, 6, 5)},
				{Name: "new", Kind: ours, Samples: ms(2, 2, 3)},
				{Name: "control", Kind: control, Samples: ms(4, 5, 5)},
				{Name: "a & b", Kind: peer, Samples: ms(30, 50, 40), Notes: []string{"no init", "not new: cgroup"}},
				{Name: "floor", Kind: floor, Samples: ms(1, 1, 1)},
			}, LeftOut: []reason{{"firejail", "has no root"}}},
			bind("10", ms(3), ms(4)),
			bind("100", ms(4), ms(20)),
			bind("1000", ms(13), ms(1820)),
			{Scenario: "idle-machine", Unit: bytesUsed, Series: []series{
				{Name: "nslaunch", Kind: ours, Samples: []int64{50 << 10}}, {Name: "bwrap", Kind: peer, Samples: []int64{-5}},
			}},
		},
	}
}

func TestText(t *testing.T) {
	r := sample()
	var b strings.Builder
	b.WriteString(header(r))
	for _, one := range r.Results {
		b.WriteString(resultText(one))
	}
	golden(t, "text", b.String())
}

func TestBlocks(t *testing.T) {
	blocks, plots := render(sample())
	var b strings.Builder
	for _, name := range []string{"machine", "minimal", "binds", "idle-machine"} {
		b.WriteString("# " + name + "\n" + blocks[name])
	}
	if len(blocks) != 4 || len(plots) != 3 {
		t.Errorf("%d blocks, %d plots", len(blocks), len(plots))
	}
	golden(t, "blocks", b.String())
	for _, name := range []string{"minimal.svg", "binds.svg", "idle-machine.svg"} {
		golden(t, name, plots[name])
		decoder := xml.NewDecoder(strings.NewReader(plots[name]))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if strings.Contains(plots[name], "NaN") || strings.Contains(plots[name], "Inf") {
			t.Errorf("%s has places that are no numbers", name)
		}
	}
}

func TestReplaceBlocks(t *testing.T) {
	const page = "text\n<!-- bench a -->\nold\n<!-- /bench -->\nmore\n<!-- bench b -->\n<!-- /bench -->\nend\n"
	for _, test := range []struct {
		page   string
		blocks map[string]string
		want   string
		left   []string
	}{
		{page, map[string]string{"a": "A\n", "b": "B\n"},
			"text\n<!-- bench a -->\nA\n<!-- /bench -->\nmore\n<!-- bench b -->\nB\n<!-- /bench -->\nend\n", nil},
		{page, map[string]string{"b": "B\n"},
			"text\n<!-- bench a -->\nold\n<!-- /bench -->\nmore\n<!-- bench b -->\nB\n<!-- /bench -->\nend\n", []string{"a"}},
		{page, nil, page, []string{"a", "b"}},
		{"no marks\n", nil, "no marks\n", nil},
	} {
		got, left, err := replaceBlocks(test.page, test.blocks)
		if err != nil || got != test.want || !reflect.DeepEqual(left, test.left) {
			t.Errorf("got %q, %q, %v; want %q, %q", got, left, err, test.want, test.left)
		}
	}
	// Done again, it changes nothing.
	once, _, _ := replaceBlocks(page, map[string]string{"a": "A\n"})
	if twice, _, _ := replaceBlocks(once, map[string]string{"a": "A\n"}); twice != once {
		t.Errorf("got %q; want %q", twice, once)
	}
}

func TestReplaceBlocksErrors(t *testing.T) {
	const end = "<!-- /bench -->\n"
	for page, want := range map[string]string{
		"<!-- bench a -->\n":                                    `bench mark "a": no <!-- /bench -->`,
		"<!-- bench a -->\n<!-- bench b -->\n" + end:            `bench mark "a": no <!-- /bench -->`,
		"<!-- bench a\n" + end:                                  "a bench mark without a name and an end",
		"<!-- bench a -->\n" + end + "<!-- bench a -->\n" + end: `bench mark "a": twice`,
		"nothing\n":                `no bench mark "a"`,
		"<!-- bench A -->\n" + end: `no bench mark "a"`,
	} {
		if _, _, err := replaceBlocks(page, map[string]string{"a": ""}); err == nil || err.Error() != want {
			t.Errorf("%q: %v; want %s", page, err, want)
		}
	}
}

// The page of this repository has a place for every scenario.
func TestPageHasAll(t *testing.T) {
	var r results
	for _, s := range scenarios() {
		r.Results = append(r.Results, result{Scenario: s.name, Unit: nanoseconds})
	}
	r.Results = append(r.Results, result{Scenario: wholeOf, Unit: bytesUsed})
	blocks, _ := render(r)
	page := readFile(t, filepath.Join("..", "..", "docs", "performance.md"))
	if _, left, err := replaceBlocks(page, blocks); err != nil || left != nil {
		t.Errorf("left %q, %v", left, err)
	}
}

func TestResultsOfFile(t *testing.T) {
	want, path := sample(), filepath.Join(t.TempDir(), "r.json")
	if err := want.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readResults(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	want.Version = 2
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(text))
	if _, err := readResults(path); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("of another version: %v", err)
	}
}
