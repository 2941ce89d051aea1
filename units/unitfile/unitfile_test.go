package unitfile_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/units/unitfile"
)

var update = flag.Bool("update", false, "write the golden units")

// load reads a profile of testdata as if it lay in /etc/nslaunch. One for a user says so in its first line.
func load(t *testing.T, file string) (*config.Profile, unitfile.Options) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o := unitfile.Options{Nslaunch: "/usr/local/bin/nslaunch", Profile: "/etc/nslaunch/" + filepath.Base(file)}
	vars := config.Vars{Home: "/root", User: "root", Cwd: "/", State: "/var/lib/nslaunch"}
	if first, _, _ := bytes.Cut(data, []byte("\n")); bytes.Contains(first, []byte("(user)")) {
		o.User = true
		vars = config.Vars{Home: "/home/ann", User: "ann", UID: 1000, GID: 1000, Cwd: "/home/ann", State: "/home/ann/.local/state/nslaunch"}
	}
	p, err := config.Parse(o.Profile, data, vars)
	if err != nil {
		t.Fatal(err)
	}
	return p, o
}

// Each profile of testdata has its unit beside it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			p, o := load(t, file)
			got, err := unitfile.Service(p, o)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := unitfile.Service(p, o); again != got || err != nil {
				t.Errorf("the second time: %s, %v", again, err)
			}
			golden := strings.TrimSuffix(file, ".toml") + ".service"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("%v; got\n%s\nwant\n%s", err, got, want)
			}
		})
	}
}

// What the profile says of how systemd ends a scope is not for a service, and told.
func TestIgnored(t *testing.T) {
	for file, want := range map[string]string{"worker": "KillMode KillSignal", "site": "", "audio": ""} {
		p, _ := load(t, "testdata/"+file+".toml")
		var names []string
		for _, s := range unitfile.Ignored(p) {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %q; want %q", file, got, want)
		}
	}
}

// service returns the value of one setting of a profile's unit, "" without it.
func service(t *testing.T, text, name string, o unitfile.Options) string {
	t.Helper()
	p, err := config.Parse("/p.toml", []byte("version = 1\ncommand = [\"true\"]\n"+text), config.Vars{Cwd: "/"})
	if err != nil {
		t.Fatal(err)
	}
	if o.Profile == "" {
		o.Profile = "/p.toml"
	}
	if o.Nslaunch == "" {
		o.Nslaunch = "/n"
	}
	unit, err := unitfile.Service(p, o)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(unit) {
		if value, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), name+"="); ok {
			return value
		}
	}
	return ""
}

func TestNoNewPrivileges(t *testing.T) {
	root := unitfile.Options{}
	user := unitfile.Options{User: true}
	for _, test := range []struct {
		profile      string
		o            unitfile.Options
		want, filter string
	}{
		{"", root, "yes", "native"},
		{"", user, "yes", "native"},
		{"process = { no_new_privs = false }", root, "", "native"},
		{"process = { no_new_privs = false }", user, "", ""},
		{`namespaces = "new"`, user, "yes", "native"},
		{"namespaces = \"new\"\nidmap = \"keep\"", user, "yes", "native"},
		{"namespaces = \"new\"\nidmap = \"none\"", user, "yes", "native"},
		{"namespaces = \"new\"\nidmap = \"subid\"", user, "", ""},
		{"namespaces = \"new\"\nidmap = \"subid\"", root, "yes", "native"},
		{"namespaces = \"new\"\nidmap = \"identity\"", user, "", ""},
		{"namespaces = \"new\"\nidmap = { uid = [{ inside = 0, outside = 1000 }], gid = [{ inside = 0, outside = 1000 }] }", user, "yes", "native"},
		{"namespaces = \"new\"\nidmap = { uid = [{ inside = 0, outside = 1000 }], gid = [{ inside = 0, outside = 1000, count = 2 }] }", user, "", ""},
	} {
		got, filter := service(t, test.profile, "NoNewPrivileges", test.o), service(t, test.profile, "SystemCallArchitectures", test.o)
		if got != test.want || filter != test.filter {
			t.Errorf("%q, user %v: %q and %q; want %q and %q", test.profile, test.o.User, got, filter, test.want, test.filter)
		}
	}
}

// What stands for a path, and is read back by a real systemd in internal/systest/units.
func TestQuoting(t *testing.T) {
	for path, want := range map[string]string{
		"/a.toml":            `/n /a.toml`,
		"/ä-b@c,d:e+f=g":     `/n /ä-b@c,d:e+f=g`,
		"/a b":               `/n "/a b"`,
		"/a%n":               `/n /a%%n`,
		"/$a/${b}":           `/n "/$$a/$${b}"`,
		`/a"b'c\d`:           `/n "/a\"b'c\\d"`,
		"/a;b":               `/n "/a;b"`,
		"/a\nb\tc\x01\u0085": `/n "/a\nb\tc\x01\xc2\x85"`,
	} {
		if got := service(t, "", "ExecStart", unitfile.Options{Profile: path}); got != want {
			t.Errorf("%q: got %s; want %s", path, got, want)
		}
	}
	if got := service(t, "", "ExecStart", unitfile.Options{Nslaunch: "/a $b%/n"}); got != `"/a $b%%/n" /p.toml` {
		t.Errorf("the program's variables and specifiers: %s", got)
	}
	if got, want := service(t, "", "Environment", unitfile.Options{Env: []string{"A_1=a $b 100%\n\"x\""}}), `"A_1=a $b 100%%\n\"x\""`; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

func TestErrors(t *testing.T) {
	p, good := load(t, "testdata/hello.toml")
	for want, change := range map[string]func(o *unitfile.Options){
		`want absolute paths, got "nslaunch" and "/etc/nslaunch/hello.toml"`:                                             func(o *unitfile.Options) { o.Nslaunch = "nslaunch" },
		`want absolute paths, got "/usr/local/bin/nslaunch" and "a.toml"`:                                                func(o *unitfile.Options) { o.Profile = "a.toml" },
		`systemd accepts no program with quotes, backslashes or control characters in its path, and nslaunch is "/it's"`: func(o *unitfile.Options) { o.Nslaunch = "/it's" },
		`systemd accepts no path that is not UTF-8, and the profile is "/\xff.toml"`:                                     func(o *unitfile.Options) { o.Profile = "/\xff.toml" },
		`want NAME=VALUE, got "1A=b"`: func(o *unitfile.Options) { o.Env = []string{"1A=b"} },
		`systemd accepts only UTF-8 without control characters in a variable, got "A=\x01"`: func(o *unitfile.Options) { o.Env = []string{"A=\x01"} },
	} {
		o := good
		change(&o)
		if _, err := unitfile.Service(p, o); err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}
