package nstest

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

func TestPointerIn(t *testing.T) {
	type flat struct {
		A [2]struct {
			B bool
			U uintptr
		}
		_ [3]byte
	}
	for _, test := range []struct {
		value any
		want  string
	}{
		{flat{}, ""},
		{struct{ F flat }{}, ""},
		{0.5, ""},
		{struct{ A, B *int }{}, "x.A, a *int,"},
		{struct{ S [2]struct{ T []flat } }{}, "x.S[].T, a []nstest.flat,"},
		{struct{ s string }{}, "x.s, a string,"},
		{struct{ E error }{}, "x.E, a error,"},
		{struct{ F func() }{}, "x.F, a func(),"},
		{struct{ C chan int }{}, "x.C, a chan int,"},
		{struct{ M map[string]int }{}, "x.M, a map[string]int,"},
		{struct{ P unsafe.Pointer }{}, "x.P, a unsafe.Pointer,"},
	} {
		if got := pointerIn(reflect.TypeOf(test.value), "x"); got != test.want {
			t.Errorf("%T: %q; want %q", test.value, got, test.want)
		}
	}
	told := &fakeT{TB: t}
	AssertFlat(told, flat{}, struct{ S string }{})
	if len(told.errors) != 1 || !strings.Contains(told.errors[0], "S string }.S, a string, is handed over as bytes") {
		t.Errorf("%q", told.errors)
	}
}
