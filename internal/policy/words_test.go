package policy

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// phrase is a way of writing that readers stumble over.
type phrase struct {
	pattern string // a regular expression for whole words in any case; a space matches any white space
	instead string
	except  string // like pattern: where the text goes on like this, the phrase is plain English
}

// phrases are those that plain English avoids. A word with another, plain use has a pattern of the bad use.
var phrases = []phrase{
	{pattern: `told|tells?|telling`, instead: `report, show, say, know; distinguish for "tell apart"`},
	{pattern: `whoever|whomever|for who`, instead: `a user who, a process that, everyone who`},
	{pattern: `for (those|one|him|anybody|anyone|somebody) who has`, instead: `if the user has`},
	{pattern: `who (has|have) (it|them|none|one)`, instead: `who owns it, who can use it`},
	{pattern: `(is|are|was|were|be|been) had`, instead: `exists, is available, is known`},
	{pattern: `(which|that|who) (is|are|was|were) no`, instead: `that is not a`, except: `[a-z]+ [a-z]+ no (longer|more)`},
	{pattern: `(is|are|was|were) to be`, instead: `must be, will be, should be`},
	{pattern: `(is|are) to (keep|show|run|hide|start|end|get|hold|mount|join|see)`, instead: `must, should, will`},
	{pattern: `as (one|they|it|he) (sees?|has|have) (it|them)`, instead: `as it appears, as it defines it`},
	{pattern: `as [^ .,;:]+( [^ .,;:]+){0,3} (has|have) (it|them)`, instead: `as systemd defines it, the same as systemd`},
	{pattern: `(has|have|had|with|without|gives?|given|got|gets?|asks?|and) leave|leave (to|of) (?:[a-z]+)`, instead: `permission; let; leave it to`},
	{pattern: `so to say|so to speak|as it were`, instead: `leave it out`},
	{pattern: `(stand|stands|standing|stood|stand in) for`, instead: `is, means, selects, replaces`},
	{pattern: `(could|would|can|may|might|will|must|should) else`, instead: `otherwise`},
	{pattern: `(takes?|took) (systemd|root|privileges?|a (new )?(user|kernel|capability))`, instead: `needs`},
	{pattern: `in need of|for want of|in want of`, instead: `needs, without`},
	{pattern: `at home in`, instead: `works with`},
	{pattern: `(brings?|brought|bringing|comes?|goes) along`, instead: `implies, includes, contains`},
	{pattern: `what is typed|is typed`, instead: `enter, type`},
	{pattern: `words (on|to|for people|for programs|of (standard|a user))|(in|without|with|further|first|last) words|the words (for|replace|of) it|a command.s words`, instead: `arguments, messages, names, text`},
	{pattern: `(speaks?|spoken|speaking|spoke) of`, instead: `mentions, is about, names`},
	{pattern: `(goes|go) for`, instead: `applies to`},
	{pattern: `(all|nothing|everything|none|same),? but for|save for`, instead: `except for`},
	{pattern: `thereof|thereby|therein|whereof|wherein|whence|hence|hitherto|lest|whereupon|forthwith|herein`, instead: `a plain word`},
	{pattern: `nor (is|are|was|do|does|did|has|have|can|could|will|would|may|must)`, instead: `and … not`},
	{pattern: `only (then|there|here|so|now|thus) (is|are|was|do|does|did|has|have|can|could|will|may|must)`, instead: `subject before verb: it is … only then`},
	{pattern: `(so|thus) (is|are|do|does|did|has|have|can|will|would) (the|an?|it|its|they|all|each|every|what)`, instead: `subject before verb`},
	{pattern: `(is|are) of no`, instead: `has no, does not matter`},
	{pattern: `(is|are) wanted|where wanted|if wanted`, instead: `is needed, was asked for`},
	{pattern: `makes? do with`, instead: `uses`},
	{pattern: `(gets?|got|getting) to know`, instead: `learns`},
	{pattern: `(is|are) known of|(knows?|known) nothing of`, instead: `is known about`},
	{pattern: `as (one|any|every|each) (would|does|can|may|must|likes|wishes|wants)`, instead: `as usual`},
	{pattern: `by its form`, instead: `because it contains a slash, because it ends in`},
}

// Texts for people are in plain English. To see those of one directory:
//
//	go test -count=1 ./internal/policy -run TestWords/config
func TestWords(t *testing.T) {
	directories := map[string][]text{}
	var order []string
	for _, found := range readTexts(t) {
		directory := path.Dir(found.file)
		if directory == "." {
			directory = found.file
		}
		if directories[directory] == nil {
			order = append(order, directory)
		}
		directories[directory] = append(directories[directory], found)
	}
	for _, directory := range order {
		t.Run(directory, func(t *testing.T) {
			for _, found := range directories[directory] {
				for _, complaint := range found.complaints() {
					t.Error(complaint)
				}
			}
		})
	}
}

// complaints returns a line for each forbidden phrase of a text.
func (x text) complaints() []string {
	var all []string
	for i, p := range phrases {
		for _, at := range expressions()[i].FindAllStringIndex(x.text, -1) {
			if p.except != "" && startsWith(x.text[at[0]:], p.except) {
				continue
			}
			line := x.line + strings.Count(x.text[:at[0]], "\n")
			all = append(all, fmt.Sprintf("%s:%d: %q: write: %s", x.file, line, excerpt(x.text, at), p.instead))
		}
	}
	return all
}

// expressions are those of the phrases.
var expressions = sync.OnceValue(func() []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, p := range phrases {
		all = append(all, expression(p.pattern))
	}
	return all
})

// expression returns the regular expression of a pattern.
func expression(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:` + strings.ReplaceAll(pattern, " ", `\s+`) + `)\b`)
}

func startsWith(text, pattern string) bool {
	at := expression(pattern).FindStringIndex(text)
	return at != nil && at[0] == 0
}

// excerpt returns a match with some words around it.
func excerpt(whole string, at []int) string {
	before, after := strings.Fields(whole[:at[0]]), strings.Fields(whole[at[1]:])
	before, after = before[max(0, len(before)-4):], after[:min(4, len(after))]
	return strings.Join(slices.Concat(before, strings.Fields(whole[at[0]:at[1]]), after), " ")
}

func TestComplaintsOfTexts(t *testing.T) {
	source := `// Package p tells
// what is
// to be seen.
package p

import "told"

//go:generate told
var S = "takes " + "systemd " + x // told

// It stands
// for x.

type T struct {
	F int ` + "`json:\"told\"`" + `
}
`
	var got []string
	for _, found := range goTexts(t, "f.go", source) {
		found.file = "f.go"
		got = append(got, found.complaints()...)
	}
	pageSource := "# A word\n\nIt is `told`\nas they see\nit.\n\n```\ntold\n```\n\n| a | which is no file |\n|---|---|\n| a | which is no longer |\n"
	for _, found := range pageTexts(t, "page.md", pageSource) {
		found.file = "page.md"
		got = append(got, found.complaints()...)
	}
	for _, found := range hashComments(t, "p.toml", "#!/bin/sh\n#:schema told\na = \"told\" # in need\n# of x\nb = 1\n") {
		found.file = "p.toml"
		got = append(got, found.complaints()...)
	}
	var places []string
	for _, line := range got {
		place, _, _ := strings.Cut(line, ": write")
		places = append(places, place)
	}
	want := []string{
		`f.go:1: "Package p tells what is to be"`,
		`f.go:2: "Package p tells what is to be seen."`,
		`f.go:9: "told"`,
		`f.go:11: "It stands for x."`,
		`f.go:9: "takes systemd %s"`,
		`page.md:4: "It is code as they see it ."`,
		`page.md:11: "which is no file"`,
		`p.toml:3: "in need of x"`,
	}
	if !slices.Equal(places, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(places, "\n"), strings.Join(want, "\n"))
	}
}

// Each phrase is a regular expression that finds something.
func TestPhrases(t *testing.T) {
	for _, p := range phrases {
		if expression(p.pattern).MatchString("") || p.instead == "" {
			t.Errorf("%+v", p)
		}
	}
}
