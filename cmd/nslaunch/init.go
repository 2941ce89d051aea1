package main

import (
	"embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// templates are profiles to begin with. Each is a valid profile under the name that it has here.
//
//go:embed templates
var templates embed.FS

// templateNames returns the names of the templates in the order in which they are listed.
func templateNames() []string {
	return []string{"shell", "npm", "agent", "build", "ci", "service", "debootstrap"}
}

func initCommand() cli.Command {
	return cli.Command{
		Name:    "init",
		Options: "[-t TEMPLATE] [--list [--json]]",
		Args:    []cli.Arg{{Word: "FILE", Kind: cli.File, Optional: true}},
		Summary: "write a first profile",
		Examples: []cli.Example{
			{Line: "nslaunch init", Says: "write shell.toml"},
			{Line: "nslaunch init --list", Says: "list the templates"},
			{Line: "nslaunch init -t npm web.toml", Says: "write web.toml for an npm project"},
		},
		Flags: func(fs *flag.FlagSet) cli.Run {
			name := "shell"
			template := &cli.Value{Words: templateNames(), Put: func(s string) error { name = s; return nil }}
			fs.Var(template, "t", "`TEMPLATE` to write: "+strings.Join(templateNames(), ", ")+" (default: shell)")
			list := fs.Bool("list", false, "list the templates")
			asJSON := fs.Bool("json", false, "with --list, print JSON")
			return func(c *cli.Call) int {
				switch {
				case !slices.Contains(templateNames(), name):
					return c.Misused("unknown template %q, want %s", name, strings.Join(templateNames(), ", "))
				case *asJSON && !*list:
					return c.Misused("--json is a form of --list")
				case *list && len(c.Args) > 0:
					return c.Misused("--list and a file exclude each other")
				case *list:
					return listTemplates(c, *asJSON)
				case len(c.Args) > 1:
					return c.Misused("want one file, got %q", c.Args)
				}
				return writeTemplate(c, name)
			}
		},
	}
}

// writeTemplate writes a template to the file that the caller names.
func writeTemplate(c *cli.Call, name string) int {
	file := name + ".toml"
	if len(c.Args) > 0 {
		file = c.Args[0]
	}
	if file == "-" {
		return c.Put(schemaLine() + template(name, name+".toml"))
	}
	if problem := noProfileName(name, file); problem != "" {
		return c.Misused("%s", problem)
	}
	if err := writeNew(file, schemaLine()+template(name, filepath.Base(file))); err != nil {
		if errors.Is(err, os.ErrExist) {
			err = fmt.Errorf("%q exists already, and was not changed (choose another name: nslaunch init -t %s OTHER.toml)", file, name)
		}
		return c.Fail(err)
	}
	return c.Put(fmt.Sprintf("%s is written; nslaunch explain %[1]s shows what it may do, nslaunch %[1]s runs it\n", file))
}

// noProfileName returns why a file name does not work as a profile on a command line, "" if it does.
func noProfileName(template, file string) string {
	base := filepath.Base(file)
	switch {
	case slices.Contains(templateNames(), file):
		return fmt.Sprintf("the file name %q does not end in .toml (for the template: nslaunch init -t %s)", file, file)
	case !strings.Contains(base, "."):
		return fmt.Sprintf("the file name %q does not end in .toml (did you mean %q?)", file, file+".toml")
	case !strings.HasSuffix(file, ".toml") || base == ".toml":
		return fmt.Sprintf("the file name %q does not end in .toml, as %s.toml does", file, template)
	}
	return ""
}

// schemaLine returns the first line of a new profile: where editors find the JSON Schema that was installed with this
// program. It is "" if none was installed.
func schemaLine() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	path := filepath.Join(filepath.Dir(self), "../share/nslaunch/nslaunch.schema.json")
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || quote.Line(path) != path {
		return ""
	}
	return "#:schema " + path + "\n"
}

// template returns the text of a template, for a profile with the file name base.
func template(name, base string) string {
	text, err := templates.ReadFile("templates/" + name + ".toml")
	if err != nil {
		panic("BUG(nslaunch): " + err.Error())
	}
	quoted := config.TOMLValue(base)
	return strings.ReplaceAll(string(text), name+".toml", quoted[1:len(quoted)-1])
}

// templateSummary is the first line of a template's first comment, in one clause.
func templateSummary(name string) string {
	for line := range strings.Lines(template(name, name+".toml")) {
		if text, ok := strings.CutPrefix(line, "# "); ok {
			return strings.TrimRight(text, ".\n")
		}
	}
	return ""
}

// listed is a template as --list prints it.
type listed struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
}

func listTemplates(c *cli.Call, asJSON bool) int {
	var all []listed
	for _, name := range templateNames() {
		all = append(all, listed{name, templateSummary(name)})
	}
	if asJSON {
		return c.PutJSON(all)
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, l := range all {
		fmt.Fprintf(w, "%s\t%s\n", l.Name, l.Summary)
	}
	_ = w.Flush()
	return c.Put(b.String())
}

// writeNew writes a file that must not exist yet. If that fails, no file is left.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path)
	}
	return err
}
