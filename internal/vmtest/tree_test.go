package vmtest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// What goes into an initramfs comes out of it, in an order in which it can be unpacked.
func TestCpio(t *testing.T) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, h := range []tar.Header{
		{Name: "./bin/tool", Mode: 0o4755, Typeflag: tar.TypeReg, Size: 5, Uid: 7, Gid: 8},
		{Name: "./bin/other", Typeflag: tar.TypeLink, Linkname: "./bin/tool"},
		{Name: "./bin/link", Mode: 0o777, Typeflag: tar.TypeSymlink, Linkname: "tool"},
		{Name: "./dev/null", Mode: 0o666, Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3},
		{Name: "./doc", Mode: 0o755, Typeflag: tar.TypeDir},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte("12345")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := tree{}
	files.file("/etc/a b", 0o600, []byte("text\n"))
	err := files.tar(&archive, func(name string) string {
		if name == "doc" {
			return ""
		}
		return merged(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := files.cpio(&out); err != nil {
		t.Fatal(err)
	}
	want := `dev 40755 0:0 0:0 ""
dev/null 20666 0:0 1:3 ""
etc 40755 0:0 0:0 ""
etc/a b 100600 0:0 0:0 "text\n"
usr 40755 0:0 0:0 ""
usr/bin 40755 0:0 0:0 ""
usr/bin/link 120777 0:0 0:0 "tool"
usr/bin/other 104755 7:8 0:0 "12345"
usr/bin/tool 104755 7:8 0:0 "12345"
TRAILER!!! 0 0:0 0:0 ""
`
	if got := listed(t, out.Bytes()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// listed reads an archive of the format "newc".
func listed(t *testing.T, archive []byte) string {
	var list strings.Builder
	inodes := map[int64]bool{}
	for offset := 0; offset < len(archive); {
		header := archive[offset:]
		if !bytes.HasPrefix(header, []byte("070701")) {
			t.Fatalf("%q at %d", header[:6], offset)
		}
		var field [13]int64
		for i := range field {
			n, err := strconv.ParseInt(string(header[6+8*i:14+8*i]), 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			field[i] = n
		}
		if inodes[field[0]] {
			t.Errorf("two files have the number %d", field[0])
		}
		inodes[field[0]] = true
		aligned := func(n int) int { return (n + 3) / 4 * 4 }
		name := string(header[110 : 110+field[11]-1])
		start := offset + aligned(110+int(field[11]))
		end := start + int(field[6])
		fmt.Fprintf(&list, "%s %o %d:%d %d:%d %q\n", name, field[1], field[2], field[3], field[9], field[10], archive[start:end])
		offset = aligned(end)
	}
	return list.String()
}

// Sources are those of Debian's own that this machine has, for another release.
func TestSources(t *testing.T) {
	const said = `bookworm main mirror://one/debian/ Debian
bookworm main mirror://one/debian/ Debian
bookworm contrib mirror://one/debian/ Debian
bookworm-updates main mirror://one/debian/ Debian
bookworm-security main mirror://two/security/ $(LABEL)
bookworm main mirror://three/ Other
nodistro main mirror://four/ $(LABEL)
tools-bookworm main mirror://five/ $(LABEL)
`
	want := "deb [signed-by=" + keyring + "] mirror://one/debian/ trixie main\n" +
		"deb [signed-by=" + keyring + "] mirror://two/security/ trixie-security main\n"
	if got := strings.Join(sourcesOf(said, "trixie"), ""); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := sourcesOf("jammy main mirror://six/ Ubuntu\n", "trixie"); got != nil {
		t.Errorf("got %q", got)
	}
}
