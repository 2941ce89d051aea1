// Package toml parses the text of a profile into a tree of values and the place of each. It prints such a tree as text, too.
//
// It reads most texts by itself, in one pass. What it is not sure of it leaves to
// BurntSushi/toml, which decides what is valid.
package toml

import "fmt"

// maxDepth bounds the nesting of tables and arrays. No key of ours needs more
// than a few levels, and the TOML parser's cost grows with a power of them.
const maxDepth = 32

// Read returns the tree of a source and the place of all that is in it.
func Read(src *Source) (map[string]any, Marks, *Error) {
	if src.Text == nil {
		src.Text = []byte{} // nil is a flag's
	}
	if offset, msg := badText(src.Text); msg != "" {
		return nil, nil, &Error{Pos: src.Pos(offset), Msg: msg}
	}
	scanned := scan(src)
	switch {
	case scanned.deep > 0:
		return nil, nil, &Error{Pos: src.Pos(scanned.deep), Msg: fmt.Sprintf("nested too deeply, want at most %d levels", maxDepth)}
	case scanned.unsure:
		tree, err := parseTOML(src, scanned.twice)
		return tree, scanned.marks, err
	}
	return scanned.tree, scanned.marks, nil
}
