package nstest

import (
	"fmt"
	"reflect"
	"testing"
)

// AssertFlat fails the test for each of these values whose type has a pointer in it, of whatever kind. Memory of such a type cannot be
// handed over as bytes: what it points to is not at that address in another process, and memory of another type does not keep it.
func AssertFlat(t testing.TB, values ...any) {
	t.Helper()
	for _, v := range values {
		whole := reflect.TypeOf(v)
		if where := pointerIn(whole, whole.String()); where != "" {
			t.Errorf("%s is handed over as bytes, and has a pointer", where)
		}
	}
}

// pointerIn names the first part of a type that is or has a pointer, "" if there is none.
func pointerIn(part reflect.Type, name string) string {
	switch part.Kind() {
	case reflect.Struct:
		for i := range part.NumField() {
			field := part.Field(i)
			if where := pointerIn(field.Type, name+"."+field.Name); where != "" {
				return where
			}
		}
	case reflect.Array:
		return pointerIn(part.Elem(), name+"[]")
	case reflect.Pointer, reflect.UnsafePointer, reflect.Slice, reflect.String, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface:
		return fmt.Sprintf("%s, a %s,", name, part)
	}
	return ""
}
