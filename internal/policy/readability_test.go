package policy

import (
	"cmp"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pages that users read have short sentences. With -v the test prints the numbers of each page and of
// each help text:
//
//	go test -count=1 -run TestReadability -v ./internal/policy
func TestReadability(t *testing.T) {
	pages := map[string][]string{}
	for _, found := range readTexts(t) {
		if found.kind == page {
			pages[found.file] = append(pages[found.file], found.text)
		}
	}
	if len(pages) < 5 {
		t.Fatalf("%d pages", len(pages))
	}
	t.Logf("%-28s %9s %6s %7s %8s %7s", "", "sentences", "words", "over 30", "longest", "Flesch")
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		m := measure(pages[name])
		t.Logf("%-28s %s", name, m)
		if m.mean() > 20 {
			t.Errorf("%s has %.1f words in a sentence, want 20 at most", name, m.mean())
		}
		if testing.Verbose() {
			t.Logf("%-28s longest: %.300s", "", m.longest)
		}
	}
	for _, name := range helpTexts(t) {
		m := measure(strings.Split(name.text, "\n"))
		t.Logf("%-28s %s", "nslaunch "+name.file, m)
	}
}

// helpTexts returns the help of nslaunch and of each command.
func helpTexts(t *testing.T) []text {
	t.Helper()
	program := filepath.Join(t.TempDir(), "nslaunch")
	goCommand(t, "build", "-o", program, module+"/cmd/nslaunch")
	help := func(args ...string) string {
		output, err := exec.Command(program, append([]string{"help"}, args...)...).Output()
		if err != nil {
			t.Fatalf("help %q: %v", args, err)
		}
		return string(output)
	}
	all := []text{{file: "help", text: help()}}
	_, commands, _ := strings.Cut(all[0].text, "\ncommands:\n")
	commands, _, _ = strings.Cut(commands, "\n\n")
	for line := range strings.Lines(commands) {
		name := strings.Fields(line)[0]
		all = append(all, text{file: "help " + name, text: help(name)})
	}
	return all
}

// measures are those of a page. Flesch's reading ease is 206.8 less 1.015 for each word of the mean
// sentence, less 84.6 for each syllable of the mean word: 60 to 70 is plain English.
type measures struct {
	sentences, words, syllables int
	long                        int // sentences of more than 30 words
	longest                     string
}

func (m measures) mean() float64 { return float64(m.words) / float64(max(1, m.sentences)) }

func (m measures) flesch() float64 {
	return 206.835 - 1.015*m.mean() - 84.6*float64(m.syllables)/float64(max(1, m.words))
}

func (m measures) String() string {
	return fmt.Sprintf("%9d %6.1f %7d %8d %7.1f", m.sentences, m.mean(), m.long, len(strings.Fields(m.longest)), m.flesch())
}

var (
	sentenceEnd = regexp.MustCompile(`[.!?][)"”]?(\s+|$)`)
	letters     = regexp.MustCompile(`[A-Za-z]`)
	vowels      = regexp.MustCompile(`[aeiouy]+`)
	silent      = regexp.MustCompile(`([^laeiouytd]ed|[^laeiouy]e|[^laeiouyscxzh]es)$`)
)

// measure measures the sentences of blocks. A block, such as a paragraph or a cell, ends a sentence. Of
// blocks with fewer than four words only lists are made, so they do not count.
func measure(blocks []string) measures {
	var m measures
	for _, block := range blocks {
		if len(strings.Fields(block)) < 4 {
			continue
		}
		for _, sentence := range sentenceEnd.Split(block, -1) {
			words := slices.DeleteFunc(strings.Fields(sentence), func(word string) bool { return !letters.MatchString(word) })
			if len(words) == 0 {
				continue
			}
			m.sentences++
			m.words += len(words)
			if len(words) > 30 {
				m.long++
			}
			for _, word := range words {
				m.syllables += syllables(word)
			}
			m.longest = slices.MaxFunc([]string{m.longest, strings.Join(words, " ")}, func(a, b string) int {
				return cmp.Compare(len(strings.Fields(a)), len(strings.Fields(b)))
			})
		}
	}
	return m
}

// syllables guesses the syllables of a word: its groups of vowels, without a silent e at the end.
func syllables(word string) int {
	word = strings.Trim(strings.ToLower(word), `.,;:()"'`)
	count := len(vowels.FindAllString(word, -1))
	if silent.MatchString(word) {
		count--
	}
	return max(1, count)
}

func TestMeasure(t *testing.T) {
	m := measure([]string{"The cat sat on the mat. It did not move!", "too short", "A table has four cells"})
	if m.sentences != 3 || m.words != 15 || m.longest != "The cat sat on the mat" {
		t.Errorf("%+v", m)
	}
	for word, want := range map[string]int{"a": 1, "namespace": 3, "boxes": 2, "used": 1, "sandbox": 2, "little": 2, "mounted": 2, "the": 1, "capability": 5} {
		if got := syllables(word); got != want {
			t.Errorf("%q has %d syllables, want %d", word, got, want)
		}
	}
}
