package mistakes

import (
	"regexp"
	"strings"
)

// launchCures are the ways in which a message about a launch says what to do, and what the last command line becomes.
var launchCures = []struct {
	says  *regexp.Regexp
	apply func(line string, m []string) string
}{
	{regexp.MustCompile(`try: put flags of nslaunch before the profile`), func(line string, _ []string) string {
		before, after, _ := strings.Cut(line, " p.toml ")
		return before + " " + after + " p.toml"
	}},
	{regexp.MustCompile(`there is no "(\S+)" in the sandbox's PATH, .*\n  try: install it, give its path, `), func(line string, m []string) string {
		return strings.Replace(line, " "+m[1], " ./"+m[1], 1)
	}},
	{regexp.MustCompile(`want a path alone \((--set '.*?') sets the size\)`), func(line string, m []string) string {
		return regexp.MustCompile(`:size=\S+`).ReplaceAllString(line, " "+m[1])
	}},
	{regexp.MustCompile(`\((--set '.*?') lets it be missing\)`), func(line string, m []string) string { return inserted(line, m[1]) }},
	{regexp.MustCompile(`or give the root a layer: (--set \S+)\)`), func(line string, m []string) string {
		return strings.Replace(line, " --ro-bind / ", " --ro-bind / "+m[1]+" ", 1)
	}},
	{regexp.MustCompile(`a directory can only be mounted on a directory, and "(.*?)" is a file`), func(line string, m []string) string {
		return strings.Replace(line, ":"+m[1], ":/srv", 1)
	}},
	{regexp.MustCompile(`try: (?:create it, or|use a directory, such as) (--cwd \S+)`), func(line string, m []string) string {
		return regexp.MustCompile(`--cwd \S+`).ReplaceAllString(line, m[1])
	}},
	{regexp.MustCompile(`is a script for "(.*)", which does not exist\n  try: install that, or correct the first line`), func(line string, m []string) string {
		return "sed -i 's," + m[1] + ",/bin/sh,' tool\n$ " + line
	}},
	{regexp.MustCompile(`try: begin it with "(.*?)"`), func(line string, m []string) string { return "sed -i '1i" + m[1] + "' tool\n$ " + line }},
	{regexp.MustCompile(`try: (?:write the program, or reinstall it|install a build for this machine)`), func(line string, _ []string) string {
		return "cp /usr/bin/true tool\n$ " + line
	}},
	{regexp.MustCompile(`/q\.toml:1:1: version: missing \(write (.*) at the top\)`), func(line string, m []string) string {
		return "echo '" + m[1] + "' >q.toml\n$ " + line
	}},
	{regexp.MustCompile(`a file can only be mounted on a file, and "(.*?)" is a directory`), func(line string, m []string) string {
		return strings.Replace(line, ":"+m[1], ":/etc/group", 1)
	}},
	{regexp.MustCompile(`choose another name with --name`), func(line string, _ []string) string {
		return regexp.MustCompile(`--name \S+`).ReplaceAllString(line, "--name another")
	}},
	{regexp.MustCompile(`raise the hard limit \(ulimit -Hn`), func(line string, _ []string) string {
		return regexp.MustCompile(`--nofile=\d+`).ReplaceAllString(line, "--nofile=1024")
	}},
	{regexp.MustCompile(`raise it for nslaunch .* and limit the command alone: limits.rlimits.fsize = 0`), func(line string, _ []string) string {
		return inserted(strings.TrimPrefix(line, "prlimit --fsize=0 "), "--set limits.rlimits.fsize=0")
	}},
	{regexp.MustCompile(`\(mode 0000: (chmod .*)\)`), func(line string, m []string) string { return m[1] + "\n$ " + line }},
	{regexp.MustCompile(`try: ((?:chmod|sed) .*)`), func(line string, m []string) string { return m[1] + "\n$ " + line }},
	{regexp.MustCompile(`"(/\S+)" is (?:a directory|not executable \(mode 0644\), and .*)\n  try: give the path of a program`), func(line string, m []string) string {
		return strings.Replace(line, m[1], "/usr/bin/true", 1)
	}},
	{regexp.MustCompile(`("\S+ .*?") is one string with a space.*\n  try: give each argument by itself: (.*)`), func(line string, m []string) string {
		return strings.Replace(line, strings.ReplaceAll(m[1], `"`, "'"), m[2], 1)
	}},
	{regexp.MustCompile(`but is hidden in the sandbox by .*\n  try: (.*?)(?: before preset:.*)?$`), func(line string, m []string) string {
		return inserted(line, strings.ReplaceAll(m[1], " and ", " "))
	}},
	{regexp.MustCompile(`and has no first line such as #!/bin/sh\n  try: (\S+) (\S+)`), func(line string, m []string) string { return strings.Replace(line, m[2], m[1]+" "+m[2], 1) }},
	{regexp.MustCompile(`: there is no process (\d+)`), func(line string, m []string) string { return strings.Replace(line, m[1], "$$", 1) }},
	{regexp.MustCompile(`want TYPES=WHERE: TYPES is a list like (\S+), or all`), func(line string, m []string) string {
		return strings.Replace(line, "--join ", "--join "+m[1]+"=", 1)
	}},
}

// inserted puts flags before all others.
func inserted(line, flags string) string {
	return strings.Replace(line, "nslaunch run ", "nslaunch run "+flags+" ", 1)
}

// curedLaunch applies a message to the last command line.
func curedLaunch(lines, message string) (cured string, ok bool) {
	before, line := "", strings.TrimPrefix(lines, "$ ")
	if at := strings.LastIndex(lines, "\n$ "); at >= 0 {
		before, line = strings.TrimPrefix(lines[:at+1], "$ "), lines[at+3:]
	}
	for _, c := range launchCures {
		if m := c.says.FindStringSubmatch(message); m != nil {
			changed := c.apply(line, m)
			if before != "" {
				before = "$ " + before
			}
			return before + "$ " + changed, changed != line
		}
	}
	return lines, false
}
