package toml

// List returns the elements of an array of TOML; nil for anything else.
func List(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case []map[string]any: // [[key]]
		list := make([]any, len(v))
		for i, m := range v {
			list[i] = m
		}
		return list
	}
	return nil
}

// IsList reports whether v is an array of TOML.
func IsList(v any) bool {
	switch v.(type) {
	case []any, []map[string]any:
		return true
	}
	return false
}
