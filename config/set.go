package config

import (
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// FromSet is the From of a setting that is said as --set key=value: a problem
// then names the key after it.
const FromSet = toml.FromSet

// Text is the Value of a setting as it is written on a command line: the key's
// type decides how it is read. false takes the key away, as in a file; the string is "false" in quotes.
// But for that, where a string is right, it is the text as it is, or without quotes if only that is right,
// else a number, true or false; a list is an array of TOML or elements with commas
// between them, a table an inline table of TOML.
type Text string

// meant returns the value of a text at the key of those parts. A
// problem is one of the text; what is wrong with a value is reported where it is read.
func (r *reading) meant(parts []string, text Text, src *toml.Source) (any, *Error) {
	if text == "false" && r.fieldAt(parts).Name != "" { // it takes the key away, unless it is a boolean
		return false, nil
	}
	if text == `"false"` && r.fieldAt(parts).Name != "" {
		return "false", nil
	}
	at := parts
	var all []any
	if last := len(parts) - 1; last > 0 && r.fieldAt(parts[:last]).Many != lang.NotMany && (parts[last] == "add" || parts[last] == "remove") {
		at = parts[:last]
	} else {
		all = append(all, string(text))
		if v := scalar(string(text)); v != string(text) {
			all = append(all, v)
		}
	}
	brackets, problem := inBrackets(string(text))
	switch {
	case brackets != nil:
		all = append(all, brackets)
	case problem == nil:
		all = append(all, commaWords(string(text), func(s string) any { return s }), commaWords(string(text), scalar))
	}
	if n := len(text); n > 1 && text[0] == '"' && text[n-1] == '"' { // as in TOML, where no value keeps its quotes
		all = append(all, string(text[1:n-1]))
	}
	var best any
	told := false
	for _, v := range all {
		wrong, wrongType := r.try(at, v, src)
		if !wrong {
			return v, nil
		}
		// A problem with the value says more than one with the type.
		if !wrongType || best == nil {
			best, told = v, told || !wrongType
		}
	}
	if problem != nil && (!told || len(all) == 0) {
		return nil, problem
	}
	if _, isList := best.([]any); isList && brackets == nil && !r.known(at) {
		best = string(text)
	}
	return best, nil
}

// known reports whether a profile may have a key of those parts.
func (r *reading) known(parts []string) bool {
	fields := r.Top
	for _, part := range parts {
		f := lang.FieldFor(fields, part)
		if f.Type == nil {
			return false
		}
		fields = f.Below()
	}
	return true
}

// fieldAt returns the field of a key; the zero one where its path leaves the language.
func (r *reading) fieldAt(parts []string) lang.Field {
	var f lang.Field
	fields := r.Top
	for _, part := range parts {
		f, _ = lang.FieldNamed(fields, part)
		fields = f.Below()
	}
	return f
}

// scalar returns the number, boolean or else the string that a text is.
func scalar(s string) any {
	switch s {
	case "true":
		return true
	case "false":
		return false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && strings.Trim(s, "-.0123456789") == "" {
		return n
	}
	return s
}

// commaWords returns the elements of a list.
func commaWords(s string, one func(s string) any) []any {
	list := []any{}
	if s == "" {
		return list
	}
	for _, word := range strings.Split(s, ",") {
		list = append(list, one(strings.TrimSpace(word)))
	}
	return list
}

// inBrackets reads an array or an inline table of TOML; nil is for what is none.
func inBrackets(s string) (any, *Error) {
	if !strings.HasPrefix(s, "[") && !strings.HasPrefix(s, "{") {
		return nil, nil
	}
	const before = "v = "
	tree, _, err := toml.Read(&toml.Source{Text: []byte(before + s)})
	switch {
	case err != nil:
		err.Msg += " in " + strconv.Quote(s)
		if err.Pos.Line == 1 {
			err.Msg += ", at byte " + strconv.Itoa(max(1, err.Pos.Col-len(before)))
		}
		return nil, err
	case len(tree) > 1:
		return nil, &Error{Msg: "want one value, got " + strconv.Quote(s)}
	}
	return tree["v"], nil
}

// try reads a value at the key of those parts, and reports whether there is a
// problem, and whether one of type.
func (r *reading) try(parts []string, v any, src *toml.Source) (wrong, wrongType bool) {
	alone := newReading(r.p.File, r.Facts.Vars)
	alone.Marks[toml.JoinKey("", parts[0])] = toml.Mark{Src: src}
	alone.Read(nested(parts, v))
	return len(alone.Errs) > 0, alone.WrongTypes > 0
}

// nested returns the tree in which v is at the key of those parts.
func nested(parts []string, v any) map[string]any {
	for i := len(parts) - 1; i > 0; i-- {
		v = map[string]any{parts[i]: v}
	}
	return map[string]any{parts[0]: v}
}
