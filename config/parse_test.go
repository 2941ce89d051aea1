package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/toml"
)

// Whatever the text, Parse gives a profile or problems at places in the file.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.toml", "testdata/good/*.toml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse("f.toml", text, testVars())
		if (p == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v; want one of them", p, err)
		}
		if err == nil {
			if err := Check(p); err != nil {
				t.Errorf("Check after Parse: %v", err)
			}
			if p.Name == "" || len(p.Namespaces) != 8 || p.Proc.Mode == "" {
				t.Errorf("a default is missing: %+v", p)
			}
			return
		}
		var errs Errors
		if !errors.As(err, &errs) || len(errs) == 0 {
			t.Fatalf("the error is a %T: %v", err, err)
		}
		lines := bytes.Split(bytes.TrimPrefix(text, []byte(toml.Bom)), []byte("\n"))
		for _, e := range errs {
			if e.Pos.File != "f.toml" || e.Pos.Line < 1 || e.Pos.Line > len(lines) || e.Pos.Col < 1 || e.Pos.Col > len(lines[e.Pos.Line-1])+1 {
				t.Errorf("%v: not a place in the file", e)
			}
			if e.Msg == "" || strings.ContainsAny(e.Error(), "\n\x00") {
				t.Errorf("%q: not in our form", e.Error())
			}
		}
	})
}

func TestLoadUnreadable(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("dir.toml", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.toml", "a.toml", "0"} {
		if err := os.WriteFile("dir.toml/"+name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("big.toml", make([]byte, maxSize+1), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, fifo := range []string{"fifo.toml", "extended"} { // opening one would wait for ever
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Parse("p.toml", []byte("version = 1\nextends = [\"extended\"]\n"), testVars()); err == nil ||
		err.Error() != `p.toml:2:12: extends[0]: a FIFO, not a regular file: "extended"` {
		t.Errorf("a FIFO that is extended: %v", err)
	}
	for file, want := range map[string]string{
		"fifo.toml": "fifo.toml: a FIFO, not a regular file",
		"/dev/zero": "/dev/zero: a character device, not a regular file",
		"none.toml": "none.toml: no such file or directory",
		"dir.toml":  `dir.toml: is a directory (a profile is a file, such as "dir.toml/a.toml")`,
		"big.toml":  "big.toml: more than 1 MiB, not a profile",
	} {
		p, err := Load(file, testVars())
		if p != nil || err == nil || err.Error() != want {
			t.Errorf("Load(%q) = %v, %v; want the error %s", file, p, err, want)
		}
		var errs Errors
		if errors.As(err, &errs) {
			t.Errorf("Load(%q): the error is one of the profile's text", file)
		}
	}
	if _, err := Load("none.toml", testVars()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of a missing file = %v; want fs.ErrNotExist", err)
	}
}

func TestLoadStdin(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = stdin }()
	w.WriteString("version = 1\nnamespaces = { net = \"./ns\" }\n[process]\ncwd = \"${profile_dir}\"")
	w.Close()
	p, err := Load("-", testVars())
	if err != nil {
		t.Fatal(err)
	}
	if p.File != "-" || p.Name != "stdin" || p.Namespaces[Net].Path != "/work/ns" || p.Process.Cwd != "/work" {
		t.Errorf("Load(-) = %+v", p)
	}
}

func TestProfileDir(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{"p.toml", "/work"},
		{"a/p.toml", "/work/a"},
		{"../p.toml", "/"},
		{"/x/y/p.toml", "/x/y"},
		{"-", "/work"},
	} {
		p, err := Parse(test.file, []byte("version = 1\nnamespaces.net = \"./ns\"\nprocess.cwd = \"${profile_dir}\""), testVars())
		if err != nil {
			t.Errorf("Parse(%q) = %v", test.file, err)
			continue
		}
		if p.Process.Cwd != test.want || p.Namespaces[Net].Path != filepath.Join(test.want, "ns") {
			t.Errorf("Parse(%q): profile_dir %s, path %s; want %s", test.file, p.Process.Cwd, p.Namespaces[Net].Path, test.want)
		}
	}
	// Who does not know the working directory learns so only when it is needed.
	_, err := Parse("p.toml", []byte("version = 1\nnamespaces.net = \"./ns\""), Vars{})
	if want := `p.toml:2:18: namespaces.net: relative path "./ns", and the working directory is not known`; err == nil || err.Error() != want {
		t.Errorf("Parse without facts = %v; want %s", err, want)
	}
	if _, err := Parse("p.toml", []byte("version = 1"), Vars{}); err != nil {
		t.Errorf("Parse without facts = %v", err)
	}
}

func TestErrorsAs(t *testing.T) {
	_, err := Parse("p.toml", []byte("version = 1\nname = 5\nhostname = 5"), testVars())
	var one *Error
	if !errors.As(err, &one) || one.Key != "name" || one.Pos.String() != "p.toml:2:8" || one.Msg != "want a string or a table, got 5" {
		t.Errorf("errors.As = %+v of %v", one, err)
	}
	if n := len(err.(Errors).Unwrap()); n != 2 {
		t.Errorf("%d errors; want 2", n)
	}
}

func BenchmarkParse(b *testing.B) {
	text, err := os.ReadFile("testdata/good/everything.toml")
	if err != nil {
		b.Fatal(err)
	}
	vars := testVars()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("everything.toml", text, vars); err != nil {
			b.Fatal(err)
		}
	}
}
