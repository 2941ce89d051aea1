package toml

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
)

// decode is what the parser makes of a document. Its own mistakes are panics.
func decode(text string) (tree map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	_, err = toml.Decode(text, &tree)
	return tree, err
}

// checkScan compares the scanner's tree of a document with the parser's, and
// reports whether there is one.
func checkScan(t *testing.T, text string) bool {
	t.Helper()
	if _, msg := badText([]byte(text)); msg != "" {
		return false
	}
	s := scan(&Source{Name: "f.toml", Text: []byte(text)})
	if s.deep > 0 {
		return false
	}
	want, err := decode(text)
	switch {
	case s.unsure:
		if err == nil && s.twice == nil && !hasTime(want) {
			t.Errorf("%q: left to the parser, which takes it", text)
		}
	case err != nil:
		t.Errorf("%q: taken for %v, and the parser says: %v", text, s.tree, err)
	case !equalTrees(s.tree, want):
		t.Errorf("%q: got %#v; want %#v", text, s.tree, want)
	}
	return !s.unsure
}

// hasTime reports whether there is a date or time in v.
func hasTime(v any) bool {
	switch v := v.(type) {
	case time.Time:
		return true
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasTime)
	case []any:
		return slices.ContainsFunc(v, hasTime)
	case []map[string]any:
		return slices.ContainsFunc(v, func(m map[string]any) bool { return hasTime(m) })
	}
	return false
}

// equalTrees is reflect.DeepEqual, but for floats: those are compared by their bits.
func equalTrees(a, b any) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	switch a := a.(type) {
	case float64:
		b := b.(float64)
		return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b && math.Signbit(a) == math.Signbit(b)
	case map[string]any:
		return maps.EqualFunc(a, b.(map[string]any), equalTrees)
	case []map[string]any:
		return slices.EqualFunc(a, b.([]map[string]any), func(a, b map[string]any) bool { return equalTrees(a, b) })
	case []any:
		return slices.EqualFunc(a, b.([]any), equalTrees)
	}
	return reflect.DeepEqual(a, b)
}

// scanSeeds are documents that are easily taken wrongly.
func scanSeeds() []string {
	values := []string{
		"0", "+0", "-0", "00", "+00", "1_0", "1__0", "_1", "1_", "0x_1", "0b_1", "0x1_", "0xfF", "0X1", "0o8", "+0x1", "0b2", "0_1",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "0xFFFFFFFFFFFFFFFF",
		"1.", ".1", "1.0", "01.0", "1.e1", "1e1", "1E+0_1", "1e_1", "1_.0", "1._0", "1e400", "1e-400", "-0.0", "1.5.5", "1e1.0",
		"inf", "+nan", "-nan", "-inf", "infinity", "nana", "0xinf", "true", "True", "truefalse", "true false", "1 2", "1#", "1]", "--1", "+-1",
		"1979-05-27", "07:32", "1979-05-27T07:32:00Z", "1-2",
		`"\e\x41\u00e9\U0001F600"`, `"\ud800"`, `"\U00110000"`, `"\x4"`, `"\q"`, `"\ "`, `"a" "b"`, `""""`, `"""""`, `""""""`, `"""""""`,
		"\"\\\n\"", "\"\n\"", "'\n'", "\"\"\"\r\na\\  \r\n\r\n  b\"\"\"", "\"\"\"\\\\\n\"\"\"", "\"\"\"a \\ b\"\"\"", "\"\"\"\\\n\"\"\"",
		"\"\"\"\n\n\"\"\"", "'''\r\n\\'''", `"""\""""""`, `"""\"""""""`, `"""a""""""`,
		"[]", "[,]", "[1,]", "[1,,2]", "[1 2]", "[,1]", "[1\n,2]", "[1 # ,\n]", "[[],[{}]]", "[{a=1},{a=2}]", "[1, {a.b=1}]", "[[{a=1}],[{a=1}]]",
		"{}", "{,}", "{a=1,}", "{a=1 b=2}", "{a=1,,b=2}", "{\na=1,\n# x\n}", "{a=1\n,b=2}", "{a={b=[{c=1}]}}", "{a.b=1,a.c=[{d.e=1}]}", "{a=1}}",
		"{a=[{b=1}],c=[{b=1}]}", "{ a = 1", "[1", "",
	}
	seeds := positionSeeds()
	for _, v := range values {
		seeds = append(seeds, "x = "+v, "x = ["+v+"]", "x = { y = "+v+" }", "[[t]]\nx = "+v+"\n[[t]]\nx = "+v)
	}
	return append(seeds,
		"a = 1 b = 2", "[a] b = 1", "[a]]", "[[a] ]", "[ [a]]", "[[a]", "[]", "[a.]", "[.a]", "a. = 1", ".a = 1", "a.é = 1", "\"\"\"a\"\"\" = 1",
		"\"a\nb\" = 1", "'a\nb' = 1", "\"a\\\nb\" = 1", "\"\\q\" = 1", "\"a", "a", "a =", "a =\n1", "a = 1\n\n[b] # c\n", "= 1",
		"[[a]]\nb=[{c=1}]\n[[a]]\nb=[{c=1}]", "[[a]]\nb=[{c=1}]\n[[a]]\nb={c=1}", "[[a.b]]\n[[a.b]]\n[a.b.c]\nd.e=1\nd.f=2", "[a.b]\n[[a]]", "[[a]]\n[a]",
		"a.b = [{c=1}]", "a.b.c = { d.e = 1 }", "[a]\nb.c=1\n[a.b.d]", "[a]\nb.c=1\n[a.b]", "a = [1]\na = [1]", "a = []\n[[a]]", "[[a]]\n[[a]]\n[a.b]\n[a.b]",
	)
}

func TestScan(t *testing.T) {
	taken := 0
	for _, text := range scanSeeds() {
		if checkScan(t, text) {
			taken++
		}
	}
	if taken < 100 {
		t.Errorf("only %d documents are taken", taken)
	}
}

// tomlFiles returns the documents below a directory.
func tomlFiles(t testing.TB, dir string) []string {
	t.Helper()
	var texts []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".toml" {
			return err
		}
		text, err := os.ReadFile(path)
		texts = append(texts, string(text))
		return err
	})
	if err != nil || len(texts) == 0 {
		t.Fatalf("%d documents in %s: %v", len(texts), dir, err)
	}
	return texts
}

// The profiles of the tests, the examples, and the documents that the parser
// itself is tested with.
func TestScanCorpus(t *testing.T) {
	parser, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/BurntSushi/toml").Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(string(bytes.TrimSpace(parser)), "internal/toml-test/tests")
	for _, corpus := range []struct {
		dir   string
		least int // of the documents are taken
	}{
		{"../../testdata/good", 20},
		{"../../testdata/bad", 200},
		{"../../../examples", 25},
		{filepath.Join(theirs, "valid"), 150},
		{filepath.Join(theirs, "invalid"), 0},
	} {
		taken := 0
		for _, text := range tomlFiles(t, corpus.dir) {
			if checkScan(t, text) {
				taken++
			}
		}
		if taken < corpus.least {
			t.Errorf("%s: only %d documents are taken", corpus.dir, taken)
		}
		t.Logf("%s: %d documents are taken", corpus.dir, taken)
	}
}

func FuzzScan(f *testing.F) {
	for _, text := range scanSeeds() {
		f.Add(text)
	}
	for _, text := range slices.Concat(tomlFiles(f, "../../testdata/good"), tomlFiles(f, "../../testdata/bad")) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !strings.Contains(text, "\x00") { // a bad text, which is refused before
			checkScan(t, text)
		}
	})
}
