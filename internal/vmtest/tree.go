package vmtest

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// Kinds of a file in its mode, as in inode(7).
const (
	modeDir     = 0o040000
	modeFile    = 0o100000
	modeLink    = 0o120000
	modeChar    = 0o020000
	modeBlock   = 0o060000
	modeFIFO    = 0o010000
	permissions = 0o7777
)

// entry is a file of a tree.
type entry struct {
	mode         uint32 // with the kind
	uid, gid     int
	content      []byte // of a link, where it leads
	major, minor int64  // of a device
}

// tree is a file system in memory, by paths without a slash in front.
type tree map[string]entry

// clean returns the key of a path.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// dirs makes directories, with those above them.
func (t tree) dirs(names ...string) {
	for _, name := range names {
		for name = clean(name); name != ""; name = clean(path.Dir(name)) {
			if _, ok := t[name]; !ok {
				t[name] = entry{mode: modeDir | 0o755}
			}
		}
	}
}

// file makes a file of root's.
func (t tree) file(name string, mode uint32, content []byte) {
	t.dirs(path.Dir(name))
	t[clean(name)] = entry{mode: modeFile | mode, content: content}
}

// link makes a symbolic link.
func (t tree) link(name, to string) {
	t.dirs(path.Dir(name))
	t[clean(name)] = entry{mode: modeLink | 0o777, content: []byte(to)}
}

// copy makes a file with the content of one of this machine.
func (t tree) copy(name string, mode uint32, from string) error {
	content, err := os.ReadFile(from)
	if err == nil {
		t.file(name, mode, content)
	}
	return err
}

// deb adds the files of a Debian package for which rename returns a name.
func (t tree) deb(file string, rename func(string) string) error {
	cmd := exec.Command("dpkg-deb", "--fsys-tarfile", file)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = t.tar(out, rename)
	// dpkg-deb ends when all that it has was read.
	_, rest := io.Copy(io.Discard, out)
	if err := errors.Join(err, rest, cmd.Wait()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// tar adds the files of an archive for which rename returns a name.
func (t tree) tar(from io.Reader, rename func(string) string) error {
	for archive := tar.NewReader(from); ; {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := clean(rename(clean(h.Name)))
		if name == "" {
			continue
		}
		e := entry{mode: uint32(h.Mode) & permissions, uid: h.Uid, gid: h.Gid, major: h.Devmajor, minor: h.Devminor}
		switch h.Typeflag {
		case tar.TypeDir:
			e.mode |= modeDir
		case tar.TypeReg:
			e.mode |= modeFile
			if e.content, err = io.ReadAll(archive); err != nil {
				return err
			}
		case tar.TypeLink:
			// A copy serves as well.
			e = t[clean(rename(clean(h.Linkname)))]
		case tar.TypeSymlink:
			e.mode |= modeLink
			e.content = []byte(h.Linkname)
		case tar.TypeChar:
			e.mode |= modeChar
		case tar.TypeBlock:
			e.mode |= modeBlock
		case tar.TypeFifo:
			e.mode |= modeFIFO
		default:
			return fmt.Errorf("%s is of kind %q", h.Name, h.Typeflag)
		}
		t.dirs(path.Dir(name))
		t[name] = e
	}
}

// cpio writes the tree as the kernel reads an initramfs: the format "newc" of
// Documentation/driver-api/early-userspace/buffer-format.rst.
func (t tree) cpio(to io.Writer) error {
	number := 0
	write := func(name string, e entry) error {
		number++
		header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
			number, e.mode, e.uid, e.gid, 1, 0, len(e.content), 0, 0, e.major, e.minor, len(name)+1, 0)
		_, err := io.WriteString(to, header+name+"\x00"+padding(len(header)+len(name)+1))
		if err == nil {
			_, err = to.Write(e.content)
		}
		if err == nil {
			_, err = io.WriteString(to, padding(len(e.content)))
		}
		return err
	}
	// A directory sorts before what is in it.
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if err := write(name, t[name]); err != nil {
			return err
		}
	}
	return write("TRAILER!!!", entry{})
}

// padding is what makes a length a multiple of 4.
func padding(length int) string { return "\x00\x00\x00"[:(4-length%4)%4] }
