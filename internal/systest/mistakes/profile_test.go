package mistakes

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

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
	runInside = regexp.MustCompile(`\((?:to run a program in a sandbox: |for example: )?(nslaunch .*?)(?: lists those that run| uses the host's programs.*)?\)`)
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
