package doctor

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

func doctorIn(p *systest.Workplace, args ...string) diagnosis {
	p.T.Helper()
	got := p.Run(args...)
	var d diagnosis
	if err := json.Unmarshal([]byte(got.Stdout), &d); err != nil {
		p.T.Fatalf("%v: %+v", err, got)
	}
	return d
}

func (d diagnosis) row(t *testing.T, name string) finding {
	t.Helper()
	for _, f := range d.Findings {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no row %q", name)
	return finding{}
}

// What doctor tries is no sandbox: it has no record, takes no name, and finds sandboxes that a profile joins.
func TestDoctorRecords(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		p := systest.NewWorkplace(t, u)
		name := p.Detach("namespaces.uts = \"new\"\nnamespaces.user = \"new\"\nname = \"examined\"\ncommand = [\"sleep\", \"1000\"]\n")
		before := p.Files()
		d := doctorIn(p, "doctor", "--json", "./p.toml")
		if d.Runs == nil || !*d.Runs {
			t.Errorf("%+v", d.Problems)
		}
		if f := d.row(t, "records of sandboxes"); !f.OK || f.Detail != p.Records() {
			t.Errorf("%+v; want %s", f, p.Records())
		}
		for file := range p.Files() { // root's are also those of others, which come and go
			ours := strings.HasPrefix(file, "examined.") || strings.HasPrefix(file, "doctor")
			if ours && !before[file] {
				t.Errorf("a record is left: %s", file)
			}
		}
		p.Write("namespaces = { uts = \"sandbox:examined\", user = \"sandbox:examined\" }\n")
		if d := doctorIn(p, "doctor", "--json", "./p.toml"); d.Runs == nil || !*d.Runs {
			t.Errorf("joining: %+v", d.Problems)
		}
		p.Must("stop", name)
		d = doctorIn(p, "doctor", "--json", "./p.toml")
		if d.Runs == nil || *d.Runs || len(d.Problems) != 2 || !strings.Contains(d.Problems[0].Message, "is not running: ended") {
			t.Errorf("joining what has ended: %+v", d)
		}
		d = doctorIn(p, "doctor", "--json", "--set", "namespaces.uts=new", "--set", "namespaces.user=new", "./p.toml")
		if d.Runs == nil || !*d.Runs {
			t.Errorf("with --set: %+v", d.Problems)
		}
		p.Fails(systest.StatusUsage, "--set changes a profile, and there is none", "doctor", "--set", "namespaces.uts=new")
	})
}

// Where no record can be written, doctor says so.
func TestDoctorNoRecords(t *testing.T) {
	nstest.Require(t, nstest.Namespaces("user", "mnt"), nstest.UnprivilegedUserNamespaces())
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		nstest.CheckNothingLeft(t)
		p := systest.NewWorkplace(t, u)
		f := doctorIn(p, "run", "--new", "user,mount", "--set", "mounts.ro=/tmp,/run,/var", "--", nstest.Nslaunch(t), "doctor", "--json").
			row(t, "records of sandboxes")
		// Of what is there already it depends who has it: on the machine 0 is another user.
		if f.OK || !strings.Contains(f.Cause, "read-only file system") && !strings.Contains(f.Cause, "/tmp/nslaunch-0: permission denied") {
			t.Errorf("%+v", f)
		}
		if f.Detail == "" && !strings.Contains(f.Cure, "XDG_RUNTIME_DIR") { // else there is a directory, which cannot be written to
			t.Errorf("no cure: %+v", f)
		}
	})
}

// The row of the image says why it is not the sealed one.
func TestDoctorImage(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		cmd := p.Command("doctor", "--json")
		cmd.Env = append(cmd.Env, "NSLAUNCH_IMAGE=portable")
		var d diagnosis
		if err := json.Unmarshal([]byte(nstest.MustRun(t, cmd)), &d); err != nil {
			t.Fatal(err)
		}
		if f := d.row(t, "sealed image"); f.OK || !f.Information || f.Cause != "the portable image is used instead: NSLAUNCH_IMAGE asks for it" {
			t.Errorf("%+v", f)
		}
	})
}
