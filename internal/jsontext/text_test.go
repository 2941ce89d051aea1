package jsontext

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// encoding/json reads back what was written, of any bytes.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a", "\"\\\n\x1f\x7f", "é\u2028<&>", "\xff", "a\xc3", "{", "["} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") {
			return // no argument, variable or path has one
		}
		var text Text
		text.Object(func() {
			text.String("first", s)
			text.Strings("list", []string{s, s})
			text.Optional("last", s)
			text.True("none", false)
			text.Int("number", -1)
		})
		var read struct {
			First, Last string
			List        []string
			Number      int
		}
		if err := json.Unmarshal(text.Bytes, &read); err != nil {
			t.Fatalf("%s: %v", text.Bytes, err)
		}
		if err := Restore(&read.First, &read.Last, &read.List[0], &read.List[1]); err != nil {
			t.Fatal(err)
		}
		if read.First != s || read.Last != s || !slices.Equal(read.List, []string{s, s}) || read.Number != -1 {
			t.Errorf("%q is read back as %+v", s, read)
		}
	})
}

func TestRestoreRefuses(t *testing.T) {
	damaged := "\x00no base64!"
	if Restore(&damaged) == nil {
		t.Errorf("restored as %q", damaged)
	}
}
