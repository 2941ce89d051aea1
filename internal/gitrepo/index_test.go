package gitrepo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
)

// manyLinks fills an index with submodules, at the top and deeper, and many other files, one of a long name.
const manyLinks = `BLOB=$(echo x | git hash-object -w --stdin)
{ for i in $(seq 300); do printf '100644 %s\ta/long/directory/file-%s\n100755 %s\tin/file-%s\n' $BLOB $i $BLOB $i; done
printf '100644 %s\t%04100d/y\n' $BLOB 0; printf '160000 %s\t%s\n' $ID sub $ID a/long/sub $ID 'z z/öäü'; } | git update-index --index-info`

// Whatever the format of an index, its submodules are those that git lists.
func TestSubmodules(t *testing.T) {
	for name, script := range map[string]string{
		"empty":          "git read-tree --empty",
		"version 2":      manyLinks + "; git update-index --index-version 2",
		"version 3":      manyLinks + "; git update-index --index-version 3; echo x >later; git add -N later; rm later",
		"version 4":      manyLinks + "; git update-index --index-version 4; echo x >later; git add -N later; rm later",
		"many threads":   manyLinks + "; git config index.threads 4; git update-index --force-write-index",
		"no checksum":    manyLinks + "; git config index.skipHash true; git update-index --force-write-index",
		"untracked":      manyLinks + "; git update-index --untracked-cache; git status >/dev/null",
		"split":          manyLinks + "; git update-index --split-index; git update-index --add --cacheinfo 160000,$ID,new",
		"split, version": manyLinks + "; git update-index --index-version 4; git update-index --split-index; git update-index --add --cacheinfo 160000,$ID,new",
		"split, deleted": manyLinks + "; git update-index --split-index; git update-index --force-remove sub",
		"split, replaced": manyLinks + `; git update-index --split-index; git update-index --force-remove sub
git update-index --cacheinfo 160000,$ID,a/long/directory/file-7; git update-index --cacheinfo 160000,$ID,in/file-250`,
		"split, no submodule": manyLinks + "; git update-index --split-index; git update-index --cacheinfo 100644,$BLOB,sub",
		"split, whole":        manyLinks + "; git update-index --split-index; git rm -r -q --cached a in",
		"conflict":            manyLinks + `; printf '160000 %s 1\tboth\n160000 %s 2\tboth\n160000 %s 3\tother\n' $ID $ID $ID | git update-index --index-info`,
		"sparse":              "mkdir in out; echo 1 >in/f; echo 2 >out/f; git add .; git update-index --add --cacheinfo 160000,$ID,in/sub; git commit -q -m x; git sparse-checkout set --cone --sparse-index in",
	} {
		formats := []string{"sha1"}
		if name == "version 2" || name == "version 4" || name == "split, replaced" {
			formats = append(formats, "sha256")
		}
		for _, format := range formats {
			t.Run(name+"/"+format, func(t *testing.T) {
				dir := repository(t, format, script)
				var want []string
				for line := range strings.SplitSeq(git(t, dir, "-c", "core.quotePath=false", "ls-files", "--stage"), "\n") {
					if fields, path, _ := strings.Cut(line, "\t"); strings.HasPrefix(fields, "160000") {
						want = append(want, path)
					}
				}
				want = slices.Compact(want)
				if got, err := (Repo{WorkTree: dir, Dir: dir + "/.git"}).Submodules(); err != nil || !slices.Equal(got, want) {
					t.Errorf("Submodules = %q, %v; git has %q", got, err, want)
				}
				shared, err := filepath.Glob(dir + "/.git/sharedindex.*")
				if err != nil || (len(shared) > 0) != strings.HasPrefix(name, "split") {
					t.Errorf("%v, %v: this is not what was to be tested", shared, err)
				}
			})
		}
	}
}

// repository makes one and runs a script in it. ID is a commit.
func repository(t *testing.T, format, script string) string {
	t.Helper()
	nstest.Require(t, nstest.Tools("git"))
	dir := t.TempDir() + "/" + format
	git(t, "/", "init", "-q", "--object-format="+format, dir)
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "one")
	id := git(t, dir, "rev-parse", "HEAD")
	git(t, dir, "-c", "alias.run=!cd "+dir+"; set -e; ID="+id+"; "+script, "run")
	return dir
}

// An index that is not understood is an error, and so is one that may leave submodules out.
func TestSubmodulesRefused(t *testing.T) {
	dir := repository(t, "sha1", manyLinks)
	good, err := os.ReadFile(dir + "/.git/index")
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name string, index []byte, want string) {
		t.Helper()
		write(t, dir+"/.git/index", string(index))
		if got, err := (Repo{WorkTree: dir, Dir: dir + "/.git"}).Submodules(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Submodules = %q, %v; want an error with %q", name, got, err, want)
		}
	}
	for cut := 0; cut < len(good); cut += 1 + len(good)/997 {
		refused(fmt.Sprint("the first ", cut, " bytes"), good[:cut], "is not an index that nslaunch can read")
	}
	changed := func(at int, b ...byte) []byte {
		index := slices.Clone(good)
		copy(index[at:], b)
		return index
	}
	refused("another version", changed(7, 5), "version 5")
	refused("fewer entries", changed(10, 0, 9), "is not an index")
	refused("more entries", changed(8, 0xff, 0xff, 0xff, 0xff), "is not an index")
	refused("another length", changed(12+60, 0, 1), "is not an index")
	extension := func(name string, data string) []byte {
		return slices.Concat(good[:len(good)-20], []byte(name), []byte{0, 0, 0, byte(len(data))}, []byte(data), good[len(good)-20:])
	}
	refused("an extension", extension("xtra", "data"), `extension "xtra"`)
	refused("a missing base", extension("link", strings.Repeat("x", 20)), "is missing, which the index needs")
	refused("a short link", extension("link", "x"), "is not an index")
	write(t, dir+"/.git/sharedindex."+strings.Repeat("78", 20), string(good))
	refused("half a bitmap", extension("link", strings.Repeat("x", 20)+"\x00\x00\x00\x01\x00\x00\x00\x01"), "is not an index")
	refused("a name too long", slices.Concat([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01"), make([]byte, 60), []byte{0x0f, 0xff}, []byte(strings.Repeat("x", 1<<17))), "is not an index")
	for _, name := range []string{"../x", "a/../b", "/etc", "a//b", "sub/.git", "a/.GIT/b", "a/"} {
		text := slices.Concat([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01"), make([]byte, 24), []byte{0, 0, 0xe0, 0}, make([]byte, 32), []byte{0, byte(len(name))}, []byte(name))
		text = append(text, make([]byte, 8-(62+len(name))%8+20)...)
		refused(name, text, "which is not the path of one")
	}
	if err := os.Remove(dir + "/.git/index"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", dir+"/.git/index"); err != nil {
		t.Fatal(err)
	}
	if got, err := (Repo{WorkTree: dir, Dir: dir + "/.git"}).Submodules(); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("a link: %q, %v", got, err)
	}
	if err := os.Remove(dir + "/.git/index"); err != nil {
		t.Fatal(err)
	}
	if got, err := (Repo{WorkTree: dir, Dir: dir + "/.git"}).Submodules(); err != nil || got != nil {
		t.Errorf("without an index: %q, %v", got, err)
	}
	if err := os.Truncate(dir+"/.git/sharedindex."+strings.Repeat("78", 20), mostIndex+1); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+"/.git/sharedindex."+strings.Repeat("78", 20), dir+"/.git/index"); err != nil {
		t.Fatal(err)
	}
	refusedAsItIs := Repo{WorkTree: dir, Dir: dir + "/.git"}
	if got, err := refusedAsItIs.Submodules(); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a huge one: %q, %v", got, err)
	}
	sparse := repository(t, "sha1", `mkdir -p in out; echo 1 >in/f; echo 2 >out/f; echo '[submodule "s"]' >.gitmodules; git add .
git update-index --add --cacheinfo 160000,$ID,in/sub; git commit -q -m x; git sparse-checkout set --cone --sparse-index in`)
	if got, err := (Repo{WorkTree: sparse, Dir: sparse + "/.git"}).Submodules(); err == nil || !strings.Contains(err.Error(), "leaves out what is in out/") {
		t.Errorf("a sparse index with submodules: %q, %v", got, err)
	}
	git(t, sparse, "sparse-checkout", "reapply", "--no-sparse-index") // the cure
	if got, err := (Repo{WorkTree: sparse, Dir: sparse + "/.git"}).Submodules(); err != nil || !slices.Equal(got, []string{"in/sub"}) {
		t.Errorf("a whole index: %q, %v", got, err)
	}
}

// A work tree's places are those that git looks into, also of submodules in submodules.
func TestPlaces(t *testing.T) {
	dir := repositories(t)
	git(t, dir, "-c", "protocol.file.allow=always", "-C", "lib", "submodule", "add", "-q", dir+"/lib", "deep/inner")
	git(t, dir, "-C", "lib", "commit", "-q", "-m", "inner")
	git(t, dir, "-C", "app", "-c", "protocol.file.allow=always", "submodule", "add", "-q", dir+"/lib", "a/old")
	git(t, dir, "-C", "app", "-c", "protocol.file.allow=always", "submodule", "update", "--init", "-q", "a/old")
	git(t, dir, "-C", "app/a/old", "-c", "protocol.file.allow=always", "submodule", "update", "--init", "-q")
	git(t, dir, "clone", "-q", "app", "new")
	for _, test := range []struct {
		dirs []string
		want string
	}{
		{[]string{"app"}, "app/.git app/a/old/.git app/a/old/deep/inner/.git app/sub/.git"},
		{[]string{"app/a", "app/sub", "app/a"}, "app/a/old/.git app/a/old/deep/inner/.git app/sub/.git"},
		{[]string{"app/a/old/deep"}, "app/a/old/deep/inner/.git"},
		{[]string{"new"}, "new/.git new/sub"},
		{[]string{"tree"}, "tree/.git tree/sub"},
		{[]string{"new/sub"}, "new/sub"},
		{[]string{"app/a/b"}, ""},
		{[]string{"/", "app"}, "app/.git app/a/old/.git app/a/old/deep/inner/.git app/sub/.git tree/.git tree/sub"},
	} {
		var dirs []string
		for _, d := range test.dirs {
			if !filepath.IsAbs(d) {
				d = filepath.Join(dir, d)
			}
			dirs = append(dirs, d)
		}
		got, err := Places(dirs)
		var want []string
		for _, name := range strings.Fields(test.want) {
			want = append(want, filepath.Join(dir, name))
		}
		if slices.Sort(got); err != nil {
			t.Errorf("Places(%q): %v", test.dirs, err)
		} else if got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, dir+"/app/.git/") }); !slices.Equal(got, want) {
			t.Errorf("Places(%q) = %q, want %q", test.dirs, got, want)
		}
	}
}

// BenchmarkSubmodules reads the index of a work tree with 100,000 files.
func BenchmarkSubmodules(b *testing.B) {
	dir := b.TempDir()
	var index []byte
	const files = 100_000
	index = append(index, "DIRC\x00\x00\x00\x02"...)
	index = append(index, byte(files>>24), byte(files>>16&0xff), byte(files>>8&0xff), byte(files&0xff))
	for i := range files {
		name := fmt.Sprintf("some/directory/of/a/project/file-%07d.go", i)
		index = append(index, make([]byte, 24)...)
		index = append(index, 0, 0, 0x81, 0xa4)
		index = append(index, make([]byte, 32)...)
		index = append(index, 0, byte(len(name)))
		index = append(index, name...)
		index = append(index, make([]byte, 8-(62+len(name))%8)...)
	}
	index = append(index, make([]byte, 20)...)
	if err := os.WriteFile(dir+"/index", index, 0o666); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if links, err := (Repo{Dir: dir}).Submodules(); err != nil || links != nil {
			b.Fatal(links, err)
		}
	}
}
