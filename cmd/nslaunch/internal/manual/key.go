package manual

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/docs"
)

// Key returns the help of a key of profiles, or of a section with its keys; "" if there is none. A name without its section, such
// as memory, means all keys that end in it.
func Key(name string) string {
	keys := docs.Keys()
	var found []docs.Key
	for _, k := range keys {
		if k.Path == docs.Row(name) {
			found = []docs.Key{k}
			break
		}
		if strings.HasSuffix(k.Path, "."+name) && !strings.HasPrefix(k.Path, "LIST") {
			found = append(found, k)
		}
	}
	if len(found) == 0 {
		return ""
	}
	var b strings.Builder
	for _, k := range found {
		b.WriteString(cli.Row(k.Path, plainText(k.Meaning), 26))
		for _, f := range k.Facts {
			b.WriteString(cli.Row("  "+strings.ToLower(f.Name), plainText(withWords(k.Path, f.Text)), 26))
		}
		for _, e := range k.Examples {
			b.WriteString(cli.Row("  example", e, 26))
		}
	}
	below := slices.DeleteFunc(slices.Clone(keys), func(k docs.Key) bool {
		return !strings.HasPrefix(k.Path, found[0].Path+".")
	})
	if len(found) == 1 && len(below) > 0 {
		b.WriteString("\nkeys:\n")
		for _, k := range below {
			means := k.Meaning
			if means == "" && len(k.Facts) > 0 {
				means = k.Facts[0].Text
			}
			b.WriteString(cli.Row(k.Path, plainText(means), 26))
		}
	}
	return b.String() + "\n\"nslaunch man 5\" describes every key of a profile.\n"
}

// withWords returns the text of a fact. It lists the values of a key where the page has them in a table below.
func withWords(key, text string) string {
	before, below := strings.CutSuffix(text, ", see below")
	var words []string
	for _, o := range valueOffers(key) {
		words = append(words, o.Word)
	}
	if !below || before != "string" || len(words) == 0 {
		return before
	}
	return before + ": " + strings.Join(words, ", ")
}

// KeyNames are the paths of the keys of profiles.
func KeyNames() []string {
	var all []string
	for _, k := range docs.Keys() {
		all = append(all, k.Path)
	}
	return all
}

// plainText returns a text of the reference page without its Markdown: the marks of code, and where links lead.
func plainText(markdown string) string {
	var b strings.Builder
	rest := strings.NewReplacer("`", "", `\|`, "|").Replace(markdown)
	for {
		before, after, ok := strings.Cut(rest, "](")
		at := strings.LastIndex(before, "[")
		if !ok || at < 0 {
			b.WriteString(rest)
			return b.String()
		}
		_, rest, _ = strings.Cut(after, ")")
		b.WriteString(before[:at] + before[at+1:])
	}
}
