package cli

import (
	"flag"
	"slices"
	"strings"
	"testing"
)

// shortFlags has switches a, b and -new, and the values n (and --lines) and o.
func shortFlags() *flag.FlagSet {
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	for _, name := range []string{"a", "b", "new"} {
		fs.Bool(name, false, name)
	}
	fs.String("lines", "", "how many `N`")
	Alias(fs, "n", "lines", nil)
	fs.String("o", "", "o")
	return fs
}

func TestSplit(t *testing.T) {
	for line, want := range map[string]string{
		"":                "",
		"-a -b x":         "-a -b x",
		"-ab x":           "-a -b x",
		"-abn 5 x":        "-a -b -n 5 x",
		"-abn5 x":         "-a -b -n=5 x",
		"-abn=5 x":        "-a -b -n=5 x",
		"-n -ab x -ab":    "-n -ab x -ab",
		"-n5 -ab":         "-n=5 -a -b",
		"--lines -ab -ba": "--lines -ab -b -a",
		"--lines=1 -ba":   "--lines=1 -b -a",
		"-o x -ba":        "-o x -b -a",
		"-new -ba":        "-new -b -a",
		"--ab":            "--ab",
		"-abc":            "-abc",
		"-":               "-",
		"-ab - -ab":       "-a -b - -ab",
		"-ab -- -ab":      "-a -b -- -ab",
		"x -ab":           "x -ab",
		"-ban":            "-b -a -n",
		"-é":              "-é",
	} {
		if got := split(shortFlags(), strings.Fields(line)); strings.Join(got, " ") != want {
			t.Errorf("%q: got %q; want %q", line, got, want)
		}
	}
}

// Another name is the same flag, and help shows both as one.
func TestAlias(t *testing.T) {
	fs := shortFlags()
	if err := fs.Parse([]string{"-n", "5"}); err != nil || fs.Lookup("lines").Value.String() != "5" {
		t.Errorf("%v, %q", err, fs.Lookup("lines").Value)
	}
	if Lookup(fs, "n") != fs.Lookup("lines") || Lookup(fs, "nothing") != nil || IsSwitch(Lookup(fs, "n")) || !IsSwitch(Lookup(fs, "new")) {
		t.Error("an alias is not its flag")
	}
	all := list(fs)
	i := slices.IndexFunc(all, func(f Flag) bool { return f.Name == "lines" })
	if len(all) != 5 || all[i].All() != "-n, --lines" || all[i].Value != "N" {
		t.Errorf("%+v", all)
	}
}
