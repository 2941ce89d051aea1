// Package mistakes makes mistakes as newcomers make them, and tests that each message names the place and a cure that works. The files of
// testdata are a catalogue to read; -update writes the messages and the cures anew.
package mistakes

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

var update = flag.Bool("update", false, "write the messages and the cures anew")

// mistake is a section of the catalogue.
type mistake struct {
	title   string
	wrong   string // a profile, or a command line after "$ "
	message string
	byHand  bool // a person decides about the cure
	cured   string
}

func TestMistakes(t *testing.T) {
	kinds := 0
	for _, name := range []string{"profiles.md", "commands.md"} {
		file := filepath.Join("testdata", name)
		head, all := read(t, file)
		kinds += len(all)
		var b strings.Builder
		b.WriteString(head)
		for i := range all {
			m := &all[i]
			t.Run(name+"/"+m.title, func(t *testing.T) { m.test(t) })
			b.WriteString(m.String())
		}
		if *update {
			if err := os.WriteFile(file, []byte(strings.TrimRight(b.String(), "\n")+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if kinds < 80 {
		t.Errorf("%d mistakes, want 80 at least", kinds)
	}
}

// test makes the mistake, applies the cure that the message names, and looks whether that is one.
func (m *mistake) test(t *testing.T) {
	place := regexp.MustCompile(`^p\.toml:\d+:\d+: `)
	if m.isCommand() {
		place = regexp.MustCompile(`^nslaunch: error: |^--set \S+: |^\S+: `)
	}
	output, failed := run(t, m.wrong)
	switch {
	case !failed:
		t.Fatalf("this is no mistake: %s", output)
	case !place.MatchString(output):
		t.Errorf("the message names no place: %s", output)
	case *update:
		m.message = output
	case output != m.message:
		t.Errorf("got %s\nwant %s\n(-update writes it)", output, m.message)
	}
	cured, ok := m.applied()
	switch {
	case m.byHand && ok:
		t.Errorf("the message says what to write, so nobody has to decide:\n%s", cured)
	case m.byHand:
		cured = m.cured
	case !ok:
		t.Fatalf("the message says nothing that can be applied: %s", output)
	case *update:
		m.cured = cured
	case cured != m.cured:
		t.Errorf("the message leads to\n%s\nwant\n%s\n(-update writes it)", cured, m.cured)
	}
	if output, failed := run(t, cured); failed {
		t.Errorf("the cure is none:\n%s\n%s", cured, output)
	}
}

func (m *mistake) isCommand() bool { return strings.HasPrefix(m.wrong, "$ ") }

// run checks a profile or runs a command line, and returns what it says.
func run(t *testing.T, text string) (output string, failed bool) {
	t.Helper()
	u := nstest.Superuser(t)
	profile, line := text, "nslaunch check p.toml"
	if rest, ok := strings.CutPrefix(text, "$ "); ok {
		profile, line = "version = 1\nnamespaces = \"new\"\ncommand = [\"true\"]\n", rest
	}
	cmd := u.Command(t, "sh", "-c", strings.Replace(line, "nslaunch", nstest.Nslaunch(t), 1))
	if err := os.WriteFile(filepath.Join(cmd.Dir, "p.toml"), []byte(profile+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cmd.Dir, "plain.toml"), []byte("version = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(cmd.Dir, "work"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := nstest.Run(t, cmd)
	return strings.TrimRight(got.Stdout+got.Stderr, "\n"), got.Status != 0
}

// applied returns what the mistake becomes if all that the message says to write is written; ok is false if it says nothing.
func (m *mistake) applied() (text string, ok bool) {
	text = m.wrong
	messages := strings.Split(m.message, "\n")
	slices.Reverse(messages) // so that the places of those before stay
	for _, message := range messages {
		changed := curedProfile(text, message)
		if m.isCommand() {
			changed = curedCommand(text, message)
		}
		ok = ok || changed != text
		text = changed
	}
	return text, ok
}

// The ways in which a message says what to write.
var (
	atPlace   = regexp.MustCompile(`^p\.toml:(\d+):(\d+): (?:([^ ]+): )?`)
	didMean   = regexp.MustCompile(`\(did you mean "?([^ ]*?)"?\?\)| or "[^"]*"\?\)`)
	write     = regexp.MustCompile(`\(write (.*?)(?: in \[([^ ]*)\])?( above the first \[table\])?(?: at the top)?(?:, in place of \[([^ ]*)\])?( in a line of its own)?(?: for an? [a-z ]+)?(?:, or update nslaunch|, the directory that the image is unpacked to)?\)(?: |$)`)
	belongs   = regexp.MustCompile(`\(it belongs in \[([^ \]]*)\]\)`)
	topLevel  = regexp.MustCompile(`put it above the first \[table\]`)
	needs     = regexp.MustCompile(`: needs (namespaces\.\w+ = "new")`)
	leaveOut  = regexp.MustCompile(`\(leave it out: `)
	moveKeys  = regexp.MustCompile(`\(move its keys below line (\d+)\)`)
	fromJSON  = regexp.MustCompile(`\(leave out the outer braces, and write version = 1 for "version": 1, each key in a line of its own\)`)
	runInside = regexp.MustCompile(`\((?:to run a program in a sandbox: |for a shell in a sandbox: )?(nslaunch .*?)(?: lists those that run)?\)`)
)

// curedProfile applies one message to a profile.
func curedProfile(text, message string) string {
	at := atPlace.FindStringSubmatch(message)
	if at == nil {
		return text
	}
	number, _ := strconv.Atoi(at[1])
	column, _ := strconv.Atoi(at[2])
	lines := strings.Split(text, "\n")
	line := lines[number-1]
	before, token := line[:column-1], tokenOf(line[column-1:])
	after := line[column-1+len(token):]
	section := func(name string) int { return slices.Index(lines, "["+name+"]") }
	move := func(line, table string) {
		lines = slices.Delete(lines, number-1, number)
		if at := section(table); at >= 0 {
			lines = slices.Insert(lines, at+1, line)
			return
		}
		lines = append(lines, "["+table+"]", line)
	}
	switch {
	case leaveOut.MatchString(message):
		lines = slices.Delete(lines, number-1, number)
	case fromJSON.MatchString(message):
		text := strings.TrimSuffix(strings.TrimPrefix(strings.Join(lines, " "), "{"), "}")
		return strings.TrimSpace(regexp.MustCompile(`[, ]*"(\w+)": `).ReplaceAllString(text, "\n$1 = "))
	case moveKeys.MatchString(message):
		first, _ := strconv.Atoi(moveKeys.FindStringSubmatch(message)[1])
		end := sectionEnd(lines, number)
		moved := slices.Clone(lines[number:end])
		lines = slices.Insert(slices.Delete(lines, number-1, end), first, moved...)
	case write.MatchString(message):
		m := write.FindStringSubmatch(message)
		what := strings.Replace(m[1], "DIR", "/srv", 1)
		switch {
		case m[4] != "":
			lines = slices.Insert(slices.Delete(lines, number-1, sectionEnd(lines, number)), 1, what)
		case m[5] != "":
			lines[number-1] = strings.TrimRight(before, " ")
			lines = slices.Insert(lines, number, what)
		case m[3] != "":
			lines = slices.Insert(slices.Delete(lines, number-1, number), 1, what)
		case m[2] != "":
			move(what, m[2])
		case strings.HasSuffix(message, "at the top)"):
			lines = slices.Insert(lines, 0, what)
		case strings.HasPrefix(what, "#") || strings.HasPrefix(what, "[") && strings.HasPrefix(line, "[") || strings.Contains(what, " = "):
			lines[number-1] = what
		case strings.HasPrefix(what, ", "):
			lines[number-1] = strings.TrimRight(before, " ") + what + after
		case what == `\\`:
			lines[number-1] = before + what + line[column:]
		default:
			lines[number-1] = before + what + after
		}
	case didMean.MatchString(message):
		what := didMean.FindStringSubmatch(message)[1]
		if token[0] == '"' {
			what = strconv.Quote(what)
		}
		lines[number-1] = before + what + after
	case topLevel.MatchString(message):
		lines = slices.Insert(slices.Delete(lines, number-1, number), 1, line)
	case belongs.MatchString(message):
		move(line, belongs.FindStringSubmatch(message)[1])
	case needs.MatchString(message):
		lines = slices.Insert(lines, 1, needs.FindStringSubmatch(message)[1])
	}
	return strings.Join(lines, "\n")
}

// sectionEnd returns how many lines there are up to the end of the table that has its header in a line.
func sectionEnd(lines []string, header int) int {
	if next := slices.IndexFunc(lines[header:], func(line string) bool { return strings.HasPrefix(line, "[") }); next >= 0 {
		return header + next
	}
	return len(lines)
}

// tokenOf is the key or value that a text starts with.
func tokenOf(text string) string {
	return regexp.MustCompile(`^("[^"]*"?|\[[^\]]*\]|[^ ,\]}=]+|)`).FindString(text)
}

// curedCommand applies one message to a command line.
func curedCommand(line, message string) string {
	words := strings.Split(line, " ")
	flag := ""
	if m := regexp.MustCompile(`unknown flag (--?\S+)`).FindStringSubmatch(message); m != nil {
		flag = m[1]
	} else if m := regexp.MustCompile(`(--set \S+): `).FindStringSubmatch(message); m != nil {
		flag = "--set"
	} else if m := regexp.MustCompile(`for flag (--\S+): `).FindStringSubmatch(message); m != nil {
		flag = m[1]
	} else if m := regexp.MustCompile(`error: (--\S+): `).FindStringSubmatch(message); m != nil {
		flag = m[1]
	}
	at := slices.IndexFunc(words, func(w string) bool {
		name, _, _ := strings.Cut(w, "=")
		return name == flag
	})
	switch {
	case runInside.MatchString(message):
		return "$ " + runInside.FindStringSubmatch(message)[1]
	case leaveOut.MatchString(message):
		return strings.Join(slices.Delete(words, at, at+1), " ")
	case write.MatchString(message):
		what := strings.Replace(write.FindStringSubmatch(message)[1], "VALUE", "box", 1)
		if flag == "--set" && !strings.HasPrefix(what, "--") { // a value
			key, _, _ := strings.Cut(words[at+1], "=")
			words[at+1] = key + "=" + what
			return strings.Join(words, " ")
		}
		end := at + 1
		if end < len(words) && flag == "--set" || strings.HasSuffix(what, " "+words[end]) || strings.HasSuffix(what, "="+words[end]) {
			end++
		}
		return strings.Join(slices.Replace(words, at, end, strings.Split(what, " ")...), " ")
	case strings.Contains(message, ": needs --"):
		_, flags, _ := strings.Cut(message, ": needs ")
		return strings.Join(slices.Insert(words, at, strings.Split(flags, " ")...), " ")
	case needs.MatchString(message):
		return strings.Join(slices.Insert(words, at, "--set", strings.ReplaceAll(strings.ReplaceAll(needs.FindStringSubmatch(message)[1], " ", ""), `"`, "")), " ")
	case didMean.MatchString(message):
		what := didMean.FindStringSubmatch(message)[1]
		wrong := regexp.MustCompile(`"([^"]*)"`).FindStringSubmatch(message)
		if m := regexp.MustCompile(`got "([^"]*)" \(did`).FindStringSubmatch(message); m != nil {
			wrong = m
		}
		if wrong != nil && at >= 0 && at+1 < len(words) && words[at+1] == wrong[1] {
			words[at+1] = what
			return strings.Join(words, " ")
		}
		if at >= 0 && flag != "--set" && flag != "--new" {
			words[at] = what
			return strings.Join(words, " ")
		}
		if m := regexp.MustCompile(`(\S+): no such file`).FindStringSubmatch(message); m != nil {
			wrong = m
		}
		if wrong != nil {
			for i, w := range words {
				words[i] = strings.Replace(w, wrong[1], strings.TrimPrefix(what, "preset:"), 1)
				if w == wrong[1] {
					words[i] = what
				}
			}
		}
		return strings.Join(words, " ")
	}
	return line
}

// read returns the sections of a file of the catalogue, and what comes before them.
func read(t *testing.T, file string) (head string, all []mistake) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "\n## ")
	for _, part := range parts[1:] {
		title, rest, _ := strings.Cut(part, "\n")
		m := mistake{title: title}
		wrong, cured, has := strings.Cut(rest, "Cured:\n")
		if !has {
			wrong, cured, m.byHand = strings.Cut(rest, "Cured by hand:\n")
		}
		m.wrong, m.cured = indented(wrong), indented(cured)
		for line := range strings.Lines(wrong) {
			if said, ok := strings.CutPrefix(line, "> "); ok {
				m.message += said
			}
		}
		m.message = strings.TrimRight(m.message, "\n")
		all = append(all, m)
	}
	return parts[0] + "\n", all
}

// indented returns the lines of a block of code.
func indented(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			lines = append(lines, strings.TrimRight(code, "\n"))
		}
	}
	return strings.Join(lines, "\n")
}

// String returns the section as the file has it.
func (m *mistake) String() string {
	block := func(prefix, text string) string { return prefix + strings.ReplaceAll(text, "\n", "\n"+prefix) + "\n\n" }
	how := "Cured:"
	if m.byHand {
		how = "Cured by hand:"
	}
	return fmt.Sprintf("## %s\n\n%s%s%s\n\n%s", m.title, block("    ", m.wrong), block("> ", m.message), how, block("    ", m.cured))
}
