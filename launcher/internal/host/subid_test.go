package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
)

func TestSubordinateIDs(t *testing.T) {
	r := func(first, count uint32) config.IDRange { return config.IDRange{Outside: first, Count: count} }
	for _, test := range []struct {
		name, text string
		want       []config.IDRange
		lines      []int
	}{
		{"one", "u:1000000:10\n", []config.IDRange{r(1000000, 10)}, []int{1}},
		{"twice", "u:1000000:10\nu:1000000:10\n", []config.IDRange{r(1000000, 10)}, []int{1}},
		{"by number", "u:1000000:10\n7:1000005:10\n", []config.IDRange{r(1000000, 10), r(1000010, 5)}, []int{1, 2}},
		{"around", "x:1:1\nu:1000005:2\nu:1000000:10\n", []config.IDRange{r(1000005, 2), r(1000000, 5), r(1000007, 3)}, []int{2, 3, 3}},
		{"beside", "u:1000:10\nu:1010:10\n", []config.IDRange{r(1000, 10), r(1010, 10)}, []int{1, 2}},
		{"empty", "u:1000:0\nu:5000:1", []config.IDRange{r(5000, 1)}, []int{2}},
	} {
		file := filepath.Join(t.TempDir(), "subuid")
		if err := os.WriteFile(file, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := subordinateIDs(file, "u", 7)
		if err != nil || !slices.Equal(got.Ranges, test.want) || !slices.Equal(got.Lines, test.lines) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
	for _, bad := range []string{"u:1:x", "u:1", "u:4294967295:1", "u:1:4294967295", "u::"} {
		file := filepath.Join(t.TempDir(), "subuid")
		if err := os.WriteFile(file, []byte("x:1:1\n"+bad+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := subordinateIDs(file, "u", 7); err == nil || !strings.HasPrefix(err.Error(), file+":2: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// What is proposed is nobody's.
func TestFreeRange(t *testing.T) {
	r := func(first, count uint32) config.IDRange { return config.IDRange{Outside: first, Count: count} }
	for _, test := range []struct {
		taken []config.IDRange
		want  uint32
	}{
		{nil, 100000},
		{[]config.IDRange{r(100000, 65536)}, 165536},
		{[]config.IDRange{r(165536, 65536), r(100000, 65536)}, 231072},
		{[]config.IDRange{r(100000, 1)}, 100001},
		{[]config.IDRange{r(150000, 10)}, 150010},
		{[]config.IDRange{r(0, 4294967295)}, 0},
	} {
		if got := freeRange(test.taken); got != test.want {
			t.Errorf("%v: %d, want %d", test.taken, got, test.want)
		}
	}
}
