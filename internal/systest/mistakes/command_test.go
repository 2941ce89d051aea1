package mistakes

import (
	"regexp"
	"slices"
	"strings"
)

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
	} else if m := regexp.MustCompile(`error: (--\S+): |error: (-\S) has no value`).FindStringSubmatch(message); m != nil {
		flag = m[1] + m[2]
	}
	at := slices.IndexFunc(words, func(w string) bool {
		name, _, _ := strings.Cut(w, "=")
		return name == flag
	})
	switch {
	case runInside.MatchString(message):
		return "$ " + runInside.FindStringSubmatch(message)[1]
	case leaveOut.MatchString(message) && at >= 0:
		return strings.Join(slices.Delete(words, at, at+1), " ")
	case write.MatchString(message) && at >= 0:
		what, _, _ := strings.Cut(strings.Replace(write.FindStringSubmatch(message)[1], "VALUE", "box", 1), "; ")
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
	case strings.Contains(message, ": needs --") && at >= 0:
		_, flags, _ := strings.Cut(message, ": needs ")
		return strings.Join(slices.Insert(words, at, strings.Split(flags, " ")...), " ")
	case needs.MatchString(message) && at >= 0:
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
