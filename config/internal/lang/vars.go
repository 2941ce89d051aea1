package lang

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Vars are the facts of the caller that are the values of variables. A
// variable whose fact is "" is a problem of the profile that uses it.
type Vars struct {
	Home  string // ${home}
	User  string // ${user}: the login name
	Cwd   string // ${cwd}: absolute
	State string // ${state}: the directory for what outlives a sandbox
	UID   int    // ${uid}
	GID   int    // ${gid}
	// Env looks up ${env:NAME}; nil for an empty environment.
	Env func(name string) (string, bool)
	// Ask finds out home, user, cwd or state where that is "" above, and a
	// profile needs it; nil where nobody knows.
	Ask func(name string) string
	// Var has the values of ${var:NAME}. One that a profile does not use is an error.
	Var map[string]string
	// Git looks up ${git:NAME}, of work_tree, dir, common_dir and branch; nil where there is
	// no repository. Its error is [fs.ErrNotExist] where there is none.
	Git func(name string) (string, error)
}

// Known returns the facts with all found out that there are.
func (v Vars) Known() Vars {
	f := Facts{Vars: v}
	f.home()
	f.user()
	f.Cwd()
	f.State()
	f.Vars.Ask = nil
	return f.Vars
}

// Facts are the caller's and the file's, found out when they are needed.
type Facts struct {
	Vars Vars
	file string
}

func (f *Facts) home() string { return f.ask(&f.Vars.Home, "home") }

func (f *Facts) user() string { return f.ask(&f.Vars.User, "user") }

// Cwd returns the working directory; "" where it is not known.
func (f *Facts) Cwd() string { return f.ask(&f.Vars.Cwd, "cwd") }

// State returns the directory for what outlives a sandbox; "" where it is not known.
func (f *Facts) State() string { return f.ask(&f.Vars.State, "state") }

// ask finds out a fact that is not known yet.
func (f *Facts) ask(fact *string, name string) string {
	if *fact == "" && f.Vars.Ask != nil {
		*fact = f.Vars.Ask(name)
	}
	return *fact
}

// Dir returns the absolute directory that the profile's relative paths start
// at, ${profile_dir}; "" where it is unknown.
func (f *Facts) Dir() string {
	dir := filepath.Dir(f.file)
	if f.file == "-" || f.file == "" {
		dir = "."
	}
	if filepath.IsAbs(dir) {
		return dir
	}
	if f.Cwd() == "" {
		return ""
	}
	return filepath.Join(f.Cwd(), dir)
}

// VariableNames lists the variables for people.
func VariableNames() []string {
	return []string{"${home}", "${uid}", "${gid}", "${user}", "${cwd}", "${profile_dir}", "${state}", "${env:NAME}", "${env:NAME:-default}",
		"${var:NAME}", "${var:NAME:-default}", "${git:work_tree}", "${git:dir}", "${git:common_dir}", "${git:branch}"}
}

// lookup returns the value of the variable of that name, the text between ${ and }.
// dir is what ${profile_dir} does.
func (f *Facts) lookup(name string, dir func() string) (s string, known bool) {
	switch name {
	case "home":
		return f.home(), true
	case "uid":
		return strconv.Itoa(f.Vars.UID), true
	case "gid":
		return strconv.Itoa(f.Vars.GID), true
	case "user":
		return f.user(), true
	case "cwd":
		return f.Cwd(), true
	case "profile_dir":
		return dir(), true
	case "state":
		return f.State(), true
	}
	return "", false
}

// Expand replaces the variables in a string. Their values are not
// looked at again. "$${" is a literal "${", any other "$" is itself.
func (d *Decoder) Expand(v Value, s string) (string, bool) {
	return d.ExpandEach(v, s, nil)
}

// ExpandEach is expand, with a function that the value of a variable goes
// through, unless it is nil.
func (d *Decoder) ExpandEach(v Value, s string, each func(string) string) (string, bool) {
	if !strings.Contains(s, "${") {
		return s, true
	}
	var b strings.Builder
	good := true
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		switch {
		case strings.HasPrefix(s, "$${"):
			b.WriteString("${")
			s = s[len("$${"):]
		case strings.HasPrefix(s, "${"):
			end := strings.IndexByte(s, '}')
			if end < 0 {
				d.Problem(v, "unclosed variable %q, want a } after it, or $${ for a literal ${", s)
				return "", false
			}
			text, ok := d.variable(v, s[len("${"):end])
			good = good && ok
			if each != nil {
				text = each(text)
			}
			b.WriteString(text)
			s = s[end+1:]
		default:
			b.WriteByte('$')
			s = s[1:]
		}
	}
	b.WriteString(s)
	if good {
		d.Became(v.Key, b.String())
	}
	return b.String(), good
}

// variable returns the variable's value, for the value v.
func (d *Decoder) variable(v Value, name string) (string, bool) {
	space, rest, ok := strings.Cut(name, ":")
	switch {
	case !ok:
	case space == "env":
		return d.environment(v, rest)
	case space == "var":
		return d.given(v, rest)
	case space == "git" && (rest == "work_tree" || rest == "dir" || rest == "common_dir" || rest == "branch"):
		return d.repository(v, rest)
	}
	d.Here = d.Here || name == "cwd"
	s, known := d.Facts.lookup(name, func() string { return d.Dir(v.Key) })
	switch {
	case !known:
		written := "${" + name + "}"
		all := VariableNames()
		hint := DidYouMean(written, all)
		switch {
		case hint != "":
		case EnvName(name) && strings.ToUpper(name) == name:
			hint = fmt.Sprintf(" (did you mean \"${env:%s}\"?)", name)
		default:
			hint = ", want " + Words(all)
		}
		d.Problem(v, "unknown variable %q%s", written, hint)
		return "", false
	case s == "" && name == "home":
		d.problemOnce(v, "${home} is not known here: neither $HOME nor /etc/passwd has an absolute path (set HOME)")
		return "", false
	case s == "" && name == "cwd":
		d.problemOnce(v, "${cwd} is not known here: the working directory was removed or cannot be read (start nslaunch in another)")
		return "", false
	case s == "":
		d.problemOnce(v, "${%s} is not known here", name)
		return "", false
	}
	return s, true
}

// environment returns the value of ${env:…}. As in a shell, the default is
// for a variable that is empty, too.
func (d *Decoder) environment(v Value, name string) (string, bool) {
	name, fallback, hasFallback := strings.Cut(name, ":-")
	if !EnvName(name) {
		d.Problem(v, "%q is not the name of an environment variable, want ${env:NAME} or ${env:NAME:-default}", name)
		return "", false
	}
	var s string
	var set bool
	if d.Facts.Vars.Env != nil {
		s, set = d.Facts.Vars.Env(name)
	}
	switch {
	case hasFallback && s == "":
		return fallback, true
	case !set:
		d.Problem(v, "environment variable %s is not set (${env:%s:-default} gives a default)", name, name)
		return "", false
	}
	return s, true
}
