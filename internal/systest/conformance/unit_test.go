package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A sandbox is placed while its first process waits, by a process of nslaunch-scope,
// and in the unit that the plan names.
func TestConformanceInUnit(t *testing.T) {
	nstest.Require(t, nstest.Tools("strace"))
	systest.EachManager(t, func(t *testing.T, m systest.Manager) {
		const namespaces = "version = 1\nname = \"web\"\nnamespaces = { user = \"new\", mount = \"new\", pid = \"new\", cgroup = \"new\" }\n"
		cases := []conformanceCase{
			{name: "a scope", profile: namespaces + "scope = { mode = \"required\" }\n"},
			{name: "a scope by name", profile: namespaces + "[scope]\nmode = \"auto\"\nunit = \"fixed.scope\"\nslice = \"ci.slice\"\ndelegate = true\n"},
			{name: "a scope that is watched", profile: "version = 1\nscope = { mode = \"required\" }\n"},
			{name: "a scope, then it fails", profile: namespaces + "scope = { mode = \"required\" }\n", words: []string{"no-such-command"}, status: systest.StatusMissing},
			{name: "a scope and a socket", profile: namespaces + "scope = { mode = \"required\" }\nservice = { notify = \"command\" }\n",
				around: tellable(), words: []string{"systemd-notify", "--ready", "--no-block"}},
		}
		if m.User.IsRoot() {
			in := []string{"systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--same-dir", "--setenv=PATH", "--unit=kept.service", "--property=TasksMax=90"}
			cases = append(cases,
				conformanceCase{name: "a service", under: in, profile: namespaces + "scope = { mode = \"auto\" }\n"},
				conformanceCase{name: "a service with a limit", under: in, profile: namespaces + "limits = { tasks = 100, optional = true }\n"})
		}
		for _, c := range exampleCases(t) {
			if c.placed {
				cases = append(cases, c)
			}
		}
		forms := []string{`^place the sandbox in the scope `, `^stay in the service kept\.service$`, `^stay in the service kept\.service, whose limits must `}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				if c.words == nil {
					c.words = []string{"true"}
				}
				c.manager = &m
				run, _ := c.run(t, m.User, false)
				if err := checkConformance(run, false); err != nil {
					t.Error(err)
				}
				if err := checkLauncher(run); err != nil {
					t.Errorf("launcher: %v", err)
				}
				if want, err := launcherSteps(run.steps); err != nil || c.under == nil && !slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(w, "place in ") }) {
					t.Errorf("it is not placed: %q, %v", want, err)
				}
				forms = slices.DeleteFunc(forms, func(form string) bool { return hasAction(t, run.steps, form) })
			})
		}
		if m.User.IsRoot() && len(forms) > 0 {
			t.Errorf("no plan has %q", forms)
		}
	})
}

// hasAction reports whether a plan has an action of that form.
func hasAction(t *testing.T, steps, form string) bool {
	t.Helper()
	var plan struct{ Steps []struct{ Action string } }
	if err := json.Unmarshal([]byte(steps), &plan); err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Steps {
		if regexp.MustCompile(form).MatchString(s.Action) {
			return true
		}
	}
	return false
}

// onMachine makes commands of u on the machine, behind other words.
func onMachine(m systest.Manager, u nstest.User, under []string) func(t testing.TB, name string, args ...string) *exec.Cmd {
	return func(t testing.TB, name string, args ...string) *exec.Cmd {
		words := append(slices.Clone(under), append([]string{name}, args...)...)
		return m.Command(t, u, nil, words[0], words[1:]...)
	}
}

var scopeID = regexp.MustCompile(`-[0-9a-f]{16}\.scope$`)

// placeAct says in which unit a process is placed, by the words of a thread of the
// launcher's to nslaunch-scope. It is opened for that.
func placeAct(tr trace, c traced) string {
	start, err := tr.start()
	if err != nil {
		return err.Error()
	}
	first, err := start.returned()
	if err != nil || uint64(first.pid) != at(c.args, 0).number {
		return c.text
	}
	asked := slices.ContainsFunc(slices.Collect(maps.Keys(tr.calls)), func(pid int) bool {
		e, err := tr.executed(pid)
		return err == nil && strings.HasSuffix(at(e.args, 0).text, "/nslaunch-scope")
	})
	threads, err := tr.launcherThreads()
	if err != nil || !asked {
		return fmt.Sprintf("place by nobody: %v", err)
	}
	for _, thread := range threads {
		for _, line := range tr.calls[thread] {
			if !strings.HasPrefix(line, "write(") || !strings.Contains(line, `\"unit\":`) || strings.Contains(line, `\"started\":`) { // the record has it, too
				continue
			}
			w, err := parseCall(line)
			var request struct {
				PID  int
				Unit string
			}
			if err == nil {
				err = json.Unmarshal([]byte(at(w.args, 1).text), &request)
			}
			if err != nil || request.PID != first.pid {
				return fmt.Sprintf("place process %d: %v", request.PID, err)
			}
			return "place in " + scopeID.ReplaceAllString(request.Unit, "-ID.scope")
		}
	}
	return c.text
}
