package records

import (
	"regexp"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// stop says how each sandbox ended, in the order of its arguments, however long one takes.
func TestStopSays(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		before := nstest.Snapshot(t)
		p := systest.NewWorkplace(t, u)
		deaf := p.Detach("namespaces = \"new\"\n", "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done")
		quick := p.Detach("namespaces = \"new\"\n", "sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 0.01; done")
		ended := p.Detach("namespaces = \"new\"\n", "sh", "-c", "exit 4")
		for _, name := range []string{deaf, quick} {
			systest.Until(t, func() bool { return p.Must("logs", name) == "up\n" })
		}
		p.Run("wait", ended)
		got := p.Run("stop", "--time", "300ms", deaf, "no-such", ended, quick)
		want := regexp.MustCompile(`^killed \Q` + deaf + `\E after \d\.\ds \(status 137\)\n\Q` + ended + `\E had ended \(status 4\)\nstopped \Q` + quick + `\E after \d\.\ds \(status 3\)\n$`)
		if !want.MatchString(got.Stdout) || got.Status != systest.StatusProblem || !strings.Contains(got.Stderr, `"no-such"`) {
			t.Errorf("%+v", got)
		}
		nstest.AssertNothingLeft(t, before)
	})
}

// A terminal gets what a sandbox wrote escaped, but for colours; a pipe gets it as it is.
func TestLogOnTerminal(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		const written = "\x1b]0;title\a\x1b[31mred\x1b[0m \x1b[2Jx\r\nsecond\n"
		name := p.Detach("namespaces = \"new\"\n", "printf", strings.ReplaceAll(written, "\x1b", `\033`))
		p.Run("wait", name)
		if got := p.Must("logs", name); got != written {
			t.Errorf("a pipe gets %q", got)
		}
		if got := p.Must("logs", "-n", "1", name); got != "second\n" {
			t.Errorf("the last line is %q", got)
		}
		for color, red := range map[string]string{"always": "\x1b[31mred\x1b[0m ", "never": "red "} {
			term := u.StartTerminal(t, p.Command("logs", "--color", color, name))
			term.Expect(`\x1b]0;title\a` + red + `\x1b[2Jx`)
			term.Expect("second")
			term.Wait()
			if strings.Contains(term.Output(), "\x1b]") || strings.Contains(term.Output(), "\x1b[2J") {
				t.Errorf("a terminal gets %q", term.Output())
			}
		}
	})
}
