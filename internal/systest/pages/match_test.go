package pages

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	number = regexp.MustCompile(`\b(0x)?[0-9a-f]{8,}\b|\d+`)
	listed = regexp.MustCompile(`^\d{10}  `) // a namespace; what is sorted by such numbers varies in order
	// What systemd says of times, and of accounts that depend on the kernel's controllers.
	times    = regexp.MustCompile(`since .* ago$|^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d `)
	accounts = regexp.MustCompile(`^ +(Tasks|Memory|CPU|IO): `)
)

// matches reports whether a command printed what a page says. In the page, "…" is any text of a line; on a line of its own
// it is any number of lines. Where numbers vary, all numbers are equal, and so is the width of columns.
func matches(page, printed []string, numbers bool) bool {
	if numbers {
		page, printed = withoutNumbers(page), withoutNumbers(printed)
	}
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for _, line := range page {
		if strings.TrimSpace(line) == "…" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		parts := strings.Split(strings.TrimRight(line, " "), "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern.WriteString(strings.Join(parts, `.*`) + `\n`)
	}
	pattern.WriteString(`\z`)
	var text strings.Builder
	for _, line := range printed {
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return regexp.MustCompile(pattern.String()).MatchString(text.String())
}

// withoutNumbers returns lines without numbers, checksums, times and spaces, and with namespaces in the order of what else is
// said of them.
func withoutNumbers(lines []string) []string {
	lines = slices.DeleteFunc(slices.Clone(lines), accounts.MatchString)
	first := 0 // of the namespaces that line i continues
	for i, line := range lines {
		if !listed.MatchString(line) {
			first = i + 1
		}
		line = number.ReplaceAllString(times.ReplaceAllString(line, "0"), "0")
		lines[i] = strings.ReplaceAll(line, " ", "")
		slices.Sort(lines[min(first, i) : i+1])
	}
	return lines
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		page, printed string
		numbers, want bool
	}{
		{"a", "a", false, true},
		{"a", "b", false, false},
		{"a", "a\nb", false, false},
		{"", "a", false, false},
		{"a  ", "a", false, true},
		{"a…c", "abc", false, true},
		{"a…c", "ab\nc", false, false},
		{"a\n…\nd", "a\nb\nc\nd", false, true},
		{"a\n…\nd", "a\nd", false, true},
		{"a\n…\nd", "b\nd", false, false},
		{"pid 12", "pid 345", false, false},
		{"pid 12", "pid 345", true, true},
		{"pid 12  x", "pid 3 x", true, true},
		{"pid 12", "pad 345", true, false},
		{"4026531833  a\n4026531834  b", "4026531833  b\n4026531834  a", true, true},
	} {
		if got := matches(strings.Split(test.page, "\n"), strings.Split(test.printed, "\n"), test.numbers); got != test.want {
			t.Errorf("%q and %q: %v; want %v", test.page, test.printed, got, test.want)
		}
	}
}
