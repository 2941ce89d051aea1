package toml

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
)

// named reports whether a mark of that kind is one of a key that the document
// names in full, which are those that the parser lists.
func (k MarkKind) named() bool {
	switch k {
	case MarkValue, MarkInline, MarkTable, MarkEntry:
		return true
	}
	return false
}

// checkPositions compares the marks of a document with what the parser makes
// of it, and reports whether the parser takes it.
func checkPositions(t *testing.T, text string) bool {
	t.Helper()
	if _, msg := badText([]byte(text)); msg != "" {
		return false
	}
	src := &Source{Name: "f.toml", Text: []byte(text)}
	s := scan(src)
	if s.deep > 0 {
		return false
	}
	tree, problem := parseTOML(src, s.twice)
	if problem != nil {
		return false
	}

	// The same keys in the same order.
	var v any
	md, err := toml.Decode(text, &v)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, key := range md.Keys() {
		path := ""
		for _, part := range key {
			path = JoinKey(path, part)
		}
		want = append(want, path)
	}
	paths := slices.SortedFunc(maps.Keys(s.marks), func(a, b string) int { return cmp.Compare(s.marks[a].Key, s.marks[b].Key) })
	for _, path := range paths {
		if s.marks[path].Kind.named() {
			got = append(got, withoutIndexes(path))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q: keys %q, the parser's are %q", text, got, want)
	}

	// A mark for all that is in the tree, and for nothing else.
	left := maps.Clone(s.marks)
	checkMarks(t, text, s.marks, left, "", tree)
	for path := range left {
		t.Errorf("%q: a mark for %s, which is not there", text, path)
	}
	return true
}

// checkMarks checks the marks of v, which is at path, and of all below it,
// and takes them out of left.
func checkMarks(t *testing.T, text string, marks, left Marks, path string, v any) {
	t.Helper()
	if path != "" {
		m, ok := marks[path]
		if !ok {
			t.Errorf("%q: no mark for %s", text, path)
			return
		}
		delete(left, path)
		switch m.Kind {
		case MarkValue, MarkElement, MarkInline, MarkMember:
			checkValue(t, text, path, m, v)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			checkMarks(t, text, marks, left, JoinKey(path, k), e)
		}
	case []any:
		for i, e := range v {
			checkMarks(t, text, marks, left, IndexKey(path, i), e)
		}
	case []map[string]any:
		for i, e := range v {
			checkMarks(t, text, marks, left, IndexKey(path, i), e)
		}
	}
}

// checkValue parses the text at a mark by itself: it has to give the value.
func checkValue(t *testing.T, text, path string, m Mark, want any) {
	t.Helper()
	s := &scanner{src: m.Src, text: string(m.Src.Text), at: m.value, marks: Marks{}}
	s.value("x", 0, false)
	var got map[string]any
	if _, err := toml.Decode("x = "+text[m.value:s.at], &got); err != nil {
		t.Errorf("%q: %s: at its mark is no value: %v", text, path, err)
		return
	}
	if !sameValue(got["x"], want) {
		t.Errorf("%q: %s: at its mark is %v, want %v", text, path, got["x"], want)
	}
}

// sameValue is reflect.DeepEqual, but for a NaN, and for how the parser holds
// an array of tables: that depends on where it stands.
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || a != a && b != b)
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	case []map[string]any:
		list := make([]any, len(a))
		for i, e := range a {
			list[i] = e
		}
		return sameValue(list, b)
	case []any:
		if tables, ok := b.([]map[string]any); ok {
			return sameValue(tables, a)
		}
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameValue)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameValue)
	}
	return reflect.DeepEqual(a, b)
}

// withoutIndexes drops the indexes from a path.
func withoutIndexes(path string) string {
	if path == "" {
		return ""
	}
	parent := ParentKey(path)
	last := path[len(parent):]
	if last[0] == '[' {
		last = ""
	}
	return withoutIndexes(parent) + last
}

// positionSeeds are documents with all that TOML has.
func positionSeeds() []string {
	return []string{
		"",
		"a = 1",
		"a = 1\r\nb = 2\r\n",
		Bom + "a = 1\n[b]\nc = 2",
		"#!/bin/x\n# a = 1\n a=1#b\n\t\"b c\" = 'd' # e",
		"a.b.c = 1\na.b.d = 2\n\"x.y\".z = 3\n'' = 4\n\"\" . a = 5",
		"[a]\nb = 1\n[a.c]\nd = 2\n[e.f]\n[e]\ng = 1",
		"[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 1\n[[a.e]]\nf = 1\n[[a.e]]\n[a.e.g]",
		"a = [1, 2.5, true, false, inf, -nan, 0x1F, 1979-05-27 07:32:00Z, 07:32:00, \"s\"]",
		"a = [ # c ]\n 1 ,\n [2, [3]], # ,\n { b = 4, c.d = 5 } , ]\ne = 6",
		"a = { b = { c = [ { d = 1 }, { d = 2 } ] }, e = {} }",
		"a = {\n b = 1, # c }\n c = 2,\n}\nd = []",
		"a = \"\"\"\nx \"\" y\\\n  z \"\"\"\"\"\nb = '''\n'' # [\n'''''\nc = \"\"\"\\\"\"\"\"\"\"",
		"a = \"\\\"]\\\\\"\nb = '\\'\nc = [\"#\", '}', \",\", \"]\"]",
		"\"\\u0061\" = 1\n\"a\\tb\\\"\" = 2\n'a\\b' = 3\n\"\\U0001F600\".\"\\x41\" = 4",
		"[ a . \"b\" ]\nc . d = 1\n[[ x . 'y' ]]",
		"é = 1", "a = é", "a = [1", "a = {b = 1", "a = \"", "[a", "a = \"\\", "a = '''", "[[a]", "a.b", "= 1", "[]]",
		"a = {b=1}\na.c = 2", "a.b = 1\n[a]", "[a]\n[a]", "a = [{b=1}]\n[[a]]", "[a.b.c]\n[a]\nb.d = 1",
		strings.Repeat("a.", 40) + "a = 1", "a = " + strings.Repeat("[", 40),
	}
}

func TestPositions(t *testing.T) {
	taken := 0
	for _, text := range positionSeeds() {
		if checkPositions(t, text) {
			taken++
		}
	}
	if taken < 15 {
		t.Errorf("only %d documents are TOML", taken)
	}
}

// The parser takes these, and TOML does not.
func TestDefinedTwice(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a = { b = 1 }\na.c = 2", "f:2:1: a: defined already in line 1"},
		{"a = { b = 1 }\n[a.c]", "f:2:2: a: defined already in line 1"},
		{"a.b = 1\n[a]", "f:2:2: a: defined already in line 1 (move line 1 below this one, without \"a.\")"},
		{"[a.b.c]\n[a]\nb.d = 1", "f:3:1: a.b: defined already in line 1"},
		{"[[a]]\n[[a]]\nb = 1\nb = 2", "f:4:1: a[1].b: defined already in line 3 (remove one of them)"},
		{"a = [{ b = 1, b = 2 }]", "f:1:15: a[0].b: defined already in line 1 (remove one of them)"},
	} {
		_, _, err := Read(&Source{Name: "f", Text: []byte(test.text)})
		if err == nil || err.Error() != test.want {
			t.Errorf("%q: %v; want %s", test.text, err, test.want)
		}
	}
}

func FuzzPositions(f *testing.F) {
	for _, text := range positionSeeds() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkPositions(t, text) })
}
