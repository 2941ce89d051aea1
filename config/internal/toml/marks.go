package toml

import (
	"strings"
)

// Marks maps the path of every key that was written to its place.
type Marks map[string]Mark

// Near returns the mark of key, or that of the nearest table or value around it.
func (o Marks) Near(key string) (Mark, bool) {
	for k := key; k != ""; k = ParentKey(k) {
		if m, ok := o[k]; ok {
			return m, true
		}
	}
	return Mark{}, false
}

// ValuePos returns where to change the value at key: the value's place, or
// that of the nearest table or value around it; the zero Pos where none is.
func (o Marks) ValuePos(key string) Pos {
	if m, ok := o.Near(key); ok {
		return m.ValuePos()
	}
	return Pos{}
}

// KeyPos is valuePos for the place of the key itself.
func (o Marks) KeyPos(key string) Pos {
	if m, ok := o.Near(key); ok {
		return m.KeyPos()
	}
	return Pos{}
}

// Written returns the key that the value at key was written at: the section's
// for a bare value.
func (o Marks) Written(key string) string {
	if m, ok := o[key]; ok && m.As != "" {
		return m.As
	} else if !ok {
		parent := ParentKey(key)
		if m, ok := o[parent]; ok && !m.Kind.Table() {
			return parent
		}
	}
	return key
}

// Copy gives v, which is at the path key, the marks that it has in from
// at the path fromKey.
func (o Marks) Copy(key string, v any, from Marks, fromKey string) {
	if m, ok := from[fromKey]; ok {
		if m.As == "" && key != fromKey {
			m.As = fromKey
		}
		o[key] = m
	}
	if table, ok := v.(map[string]any); ok {
		for name, e := range table {
			o.Copy(JoinKey(key, name), e, from, JoinKey(fromKey, name))
		}
		return
	}
	for i, e := range List(v) {
		o.Copy(IndexKey(key, i), e, from, IndexKey(fromKey, i))
	}
}

// Forget takes away the marks of v, which is at the path key, and of what is in it.
func (o Marks) Forget(key string, v any) {
	delete(o, key)
	if table, ok := v.(map[string]any); ok {
		for name, e := range table {
			o.Forget(JoinKey(key, name), e)
		}
		return
	}
	for i, e := range List(v) {
		o.Forget(IndexKey(key, i), e)
	}
}

// Within reports whether key is at or below the path above.
func Within(key, above string) bool {
	rest, ok := strings.CutPrefix(key, above)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
