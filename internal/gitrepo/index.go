package gitrepo

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mostIndex bounds how much of an index is read, in bytes; mostSubmodules how many submodules a repository has.
const (
	mostIndex      = 256 << 20
	mostSubmodules = 512
)

// What the mode of an entry says; see gitformat-index(5).
const (
	modeTree    = 0o040000 // all of a directory, in a sparse index
	modeGitlink = 0o160000 // a submodule
)

// Submodules returns the paths of the submodules of the work tree, checked out or not, relative to it and
// sorted. They are what its index says, so .gitmodules need not name them. git looks into each: see gitsubmodules(7).
// An index that is not understood is an error, as is one that may hide submodules.
func (r Repo) Submodules() ([]string, error) {
	file := filepath.Join(r.Dir, "index")
	x := index{dir: r.Dir}
	switch err := x.readFile(file); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil // nothing was ever added
	case err != nil:
		return nil, err
	case x.sparse != "" && x.gitmodules:
		return nil, fmt.Errorf("%s leaves out what is in %s, which may have submodules (git sparse-checkout reapply --no-sparse-index)", file, x.sparse)
	case len(x.links) > mostSubmodules:
		return nil, fmt.Errorf("%s has more than %d submodules", file, mostSubmodules)
	}
	for _, link := range x.links {
		if !linkPath(link) {
			return nil, fmt.Errorf("%s has a submodule at %q, which is no path of one", file, link)
		}
	}
	slices.Sort(x.links)
	return slices.Compact(x.links), nil
}

// linkPath reports whether git allows a submodule at a path.
func linkPath(s string) bool {
	for name := range strings.SplitSeq(s, "/") {
		if name == "" || name == "." || name == ".." || strings.EqualFold(name, ".git") || strings.Contains(name, "\x00") {
			return false
		}
	}
	return true
}

// index collects what is asked of an index.
type index struct {
	dir        string
	links      []string
	sparse     string // a directory that is one entry
	gitmodules bool

	base    string // in hexadecimal, what names the index that this one changes; "" for none
	changed []byte // which entries of that one are deleted, and which are replaced
	patches []bool // for each entry without a name, which replaces one of the base: whether it is a submodule
}

func (x *index) readFile(file string) error {
	err := x.readAs(file, 20)
	if !errors.Is(err, errFormat) {
		return err
	}
	// The length of a hash is nowhere in the file. All lengths in it agree with one alone.
	if longer := x.readAs(file, 32); !errors.Is(longer, errFormat) {
		return longer
	}
	return fmt.Errorf("%s is no index that is known here: %w", file, err)
}

// readAs reads an index whose hashes have so many bytes, and the one that it changes.
func (x *index) readAs(file string, hash int) error {
	*x = index{dir: x.dir}
	err := scanFile(file, hash, func(_ int, mode uint32, name []byte) error {
		if len(name) == 0 {
			x.patches = append(x.patches, mode == modeGitlink)
			return nil
		}
		x.note(mode, string(name))
		return nil
	}, func(kind string, data []byte) error {
		if kind == "link" && len(data) < hash {
			return errFormat
		}
		if kind == "link" && strings.Trim(string(data[:hash]), "\x00") != "" {
			x.base, x.changed = hex.EncodeToString(data[:hash]), data[hash:]
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case x.base == "" && len(x.patches) > 0:
		return errFormat
	case x.base == "":
		return nil
	}
	return x.readBase(hash)
}

// note takes an entry.
func (x *index) note(mode uint32, name string) {
	switch {
	case mode == modeGitlink:
		x.links = append(x.links, name)
	case mode == modeTree:
		x.sparse = name
	case name == ".gitmodules":
		x.gitmodules = true
	}
}

// readBase reads the shared index of a split one, without the entries that are deleted, and with those that are replaced.
func (x *index) readBase(hash int) error {
	var deleted, replaced []bool
	if len(x.changed) > 0 {
		var rest []byte
		var err error
		if deleted, rest, err = bitmap(x.changed); err == nil {
			replaced, rest, err = bitmap(rest)
		}
		if err != nil || len(rest) > 0 {
			return errFormat
		}
	}
	patches := x.patches
	file := filepath.Join(x.dir, "sharedindex."+x.base)
	err := scanFile(file, hash, func(i int, mode uint32, name []byte) error {
		switch {
		case len(name) == 0:
			return errFormat
		case i < len(deleted) && deleted[i]:
		case i >= len(replaced) || !replaced[i]:
			x.note(mode, string(name))
		case len(patches) == 0:
			return errFormat
		default:
			if patches[0] {
				x.note(modeGitlink, string(name))
			}
			patches = patches[1:]
		}
		return nil
	}, func(kind string, _ []byte) error {
		if kind == "link" {
			return errFormat
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing, which the index needs", file)
	}
	if err == nil && len(patches) > 0 {
		return errFormat
	}
	return err
}

var errFormat = errors.New("its lengths do not agree")

// scanFile calls entry for each entry of an index and extension for each of its extensions.
func scanFile(file string, hash int, entry func(i int, mode uint32, name []byte) error, extension func(kind string, data []byte) error) error {
	if info, err := os.Lstat(file); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > mostIndex {
		return fmt.Errorf("%s has %d bytes, and no more than %d are read", file, info.Size(), mostIndex)
	}
	s := scanner{r: bufio.NewReaderSize(io.LimitReader(f, mostIndex), 1<<16), hash: hash, left: info.Size()}
	if err := s.scan(entry, extension); err != nil {
		if s.err != nil && s.err != io.EOF && s.err != io.ErrUnexpectedEOF {
			return s.err
		}
		return err
	}
	return nil
}

// scanner reads an index from start to end.
type scanner struct {
	r    *bufio.Reader
	hash int
	left int64 // bytes that are not read yet
	name []byte
	err  error // of reading
}

// bytes returns the next n bytes, which are valid until the next call.
func (s *scanner) bytes(n int) ([]byte, error) {
	b, err := s.r.Peek(n)
	if err != nil {
		s.err = err
		return nil, errFormat
	}
	s.left -= int64(n)
	_, s.err = s.r.Discard(n)
	return b, s.err
}

func (s *scanner) scan(entry func(i int, mode uint32, name []byte) error, extension func(kind string, data []byte) error) error {
	head, err := s.bytes(12)
	if err != nil || string(head[:4]) != "DIRC" {
		return errFormat
	}
	version, count := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
	if version < 2 || version > 4 {
		return fmt.Errorf("%w: version %d", errFormat, version)
	}
	for i := range int(count) {
		mode, err := s.entry(version)
		if err != nil {
			return err
		}
		if err := entry(i, mode, s.name); err != nil {
			return err
		}
	}
	for s.left > int64(s.hash) {
		head, err := s.bytes(8)
		if err != nil {
			return err
		}
		kind, size := string(head[:4]), int64(binary.BigEndian.Uint32(head[4:]))
		switch known := kind == "link" || kind == "sdir"; {
		case size > s.left-int64(s.hash):
			return errFormat
		case !known && !('A' <= kind[0] && kind[0] <= 'Z'):
			return fmt.Errorf("%w: extension %q", errFormat, kind)
		case !known:
			if _, err := io.CopyN(io.Discard, s.r, size); err != nil {
				s.err = err
				return errFormat
			}
		default:
			data := make([]byte, size)
			if _, err := io.ReadFull(s.r, data); err != nil {
				s.err = err
				return errFormat
			}
			if err := extension(kind, data); err != nil {
				return err
			}
		}
		s.left -= size
	}
	if s.left != int64(s.hash) {
		return errFormat
	}
	return nil
}

// entry reads an entry, with its name into s.name.
func (s *scanner) entry(version uint32) (mode uint32, err error) {
	fixed := 40 + s.hash + 2
	b, err := s.bytes(fixed)
	if err != nil {
		return 0, err
	}
	mode = binary.BigEndian.Uint32(b[24:])
	flags := binary.BigEndian.Uint16(b[fixed-2:])
	if flags&0x4000 != 0 { // more flags
		if version < 3 {
			return 0, errFormat
		}
		if _, err := s.bytes(2); err != nil {
			return 0, err
		}
		fixed += 2
	}
	keep := 0
	if version == 4 {
		strip, err := s.varint()
		if err != nil || strip > uint64(len(s.name)) {
			return 0, errFormat
		}
		keep = len(s.name) - int(strip)
	}
	text, err := s.r.ReadSlice(0)
	if err != nil {
		if err != bufio.ErrBufferFull { // which is longer than a path
			s.err = err
		}
		return 0, errFormat
	}
	s.left -= int64(len(text))
	s.name = append(s.name[:keep], text[:len(text)-1]...)
	if long := uint16(0xfff); len(s.name) >= int(long) != (flags&long == long) || flags&long != long && len(s.name) != int(flags&long) {
		return 0, errFormat
	}
	if version < 4 {
		// One to eight NUL bytes make the length a multiple of eight.
		if more := -(fixed + len(text)) & 7; more > 0 {
			pad, err := s.bytes(more)
			if err != nil || len(bytes.Trim(pad, "\x00")) > 0 {
				return 0, errFormat
			}
		}
	}
	return mode, nil
}

// varint reads a number as of the offsets in packs.
func (s *scanner) varint() (uint64, error) {
	var n uint64
	for i := range 8 {
		b, err := s.bytes(1)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			n++
		}
		n = n<<7 | uint64(b[0]&0x7f)
		if b[0]&0x80 == 0 {
			return n, nil
		}
	}
	return 0, errFormat
}

// bitmap reads one that is compressed as EWAH does it, and returns what comes after it.
func bitmap(b []byte) (bits []bool, rest []byte, err error) {
	if len(b) < 8 {
		return nil, nil, errFormat
	}
	size, words := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	b = b[8:]
	if int64(len(b)) < 8*words+4 || size > mostIndex/62 {
		return nil, nil, errFormat
	}
	rest = b[8*words+4:]
	bits = make([]bool, 0, size)
	put := func(word uint64, times uint64) {
		for ; times > 0 && int64(len(bits)) < size; times-- {
			for i := 0; i < 64 && int64(len(bits)) < size; i++ {
				bits = append(bits, word>>i&1 == 1)
			}
		}
	}
	for i := int64(0); i < words; {
		run := binary.BigEndian.Uint64(b[8*i:])
		i++
		put(-(run & 1), run>>1&(1<<32-1))
		for literal := run >> 33; literal > 0; literal-- {
			if i >= words {
				return nil, nil, errFormat
			}
			put(binary.BigEndian.Uint64(b[8*i:]), 1)
			i++
		}
	}
	return bits, rest, nil
}
