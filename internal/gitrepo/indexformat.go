package gitrepo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	mostName  = 1 << 16        // how long a path in an index is at most, in bytes
	mostEntry = mostName + 128 // and an entry
	window    = 256 << 10      // how much of an index is in memory at a time: to fault in all of it costs more than to walk it
)

var errFormat = errors.New("its lengths do not agree")

// scanFile calls entry for each entry of an index and extension for each of its extensions that is understood. What they
// get is valid until they return.
func scanFile(file string, hash int, entry func(i int, mode uint32, name []byte) error, extension func(kind string, data []byte) error) error {
	f, size, err := open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if size > mostIndex {
		return fmt.Errorf("%s has %d bytes, and at most %d are read", file, size, mostIndex)
	}
	s := scanner{r: f, left: size, buffer: make([]byte, min(size, window)), hash: hash}
	err = s.scan(entry, extension)
	if s.err != nil && s.err != io.EOF && s.err != io.ErrUnexpectedEOF { // it may have become shorter
		return s.err
	}
	return err
}

// scanner reads an index from start to end.
type scanner struct {
	r      io.Reader
	left   int64  // bytes that r still has
	buffer []byte // for rest
	rest   []byte // bytes that are read, and not walked yet
	err    error  // of reading
	hash   int
	name   []byte // of the last entry; in version 4 the next name builds on it
}

// fill makes the next n bytes be in rest, if there are as many. What was taken from rest is no longer valid.
func (s *scanner) fill(n int) {
	if len(s.rest) >= n || s.left == 0 {
		return
	}
	had := copy(s.buffer, s.rest)
	end := min(int64(len(s.buffer)), int64(had)+s.left)
	read, err := io.ReadFull(s.r, s.buffer[had:end])
	s.rest, s.left = s.buffer[:had+read], s.left-int64(read)
	if err != nil {
		s.left, s.err = 0, err
	}
}

func (s *scanner) scan(entry func(i int, mode uint32, name []byte) error, extension func(kind string, data []byte) error) error {
	s.fill(mostEntry)
	head := s.bytes(12)
	if head == nil || string(head[:4]) != "DIRC" {
		return errFormat
	}
	version, count := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
	if version < 2 || version > 4 {
		return fmt.Errorf("%w: version %d", errFormat, version)
	}
	for i := range int(count) {
		s.fill(mostEntry)
		mode, ok := s.entry(version)
		if !ok {
			return errFormat
		}
		if err := entry(i, mode, s.name); err != nil {
			return err
		}
	}
	for {
		s.fill(mostEntry)
		if len(s.rest) <= s.hash {
			break
		}
		head := s.bytes(8)
		if head == nil {
			return errFormat
		}
		kind, size := string(head[:4]), int64(binary.BigEndian.Uint32(head[4:]))
		known := kind == "link" || kind == "sdir"
		switch {
		case size > int64(len(s.rest)-s.hash)+s.left:
			return errFormat
		case !known && (kind[0] < 'A' || kind[0] > 'Z'):
			return fmt.Errorf("%w: extension %q", errFormat, kind)
		}
		data, err := s.extension(int(size), known)
		if err == nil && known {
			err = extension(kind, data)
		}
		if err != nil {
			return err
		}
	}
	if len(s.rest) != s.hash {
		return errFormat
	}
	return nil
}

// extension reads, or only skips, as many bytes.
func (s *scanner) extension(size int, wanted bool) (data []byte, err error) {
	has := s.bytes(min(size, len(s.rest)))
	more := int64(size - len(has))
	s.left -= more
	if !wanted {
		_, s.err = io.CopyN(io.Discard, s.r, more)
	} else {
		data = make([]byte, size)
		_, s.err = io.ReadFull(s.r, data[copy(data, has):])
	}
	if s.err != nil {
		return nil, errFormat
	}
	return data, nil
}

// bytes returns the next n bytes, or nil if there are fewer.
func (s *scanner) bytes(n int) []byte {
	if n > len(s.rest) {
		return nil
	}
	b := s.rest[:n:n]
	s.rest = s.rest[n:]
	return b
}

// entry reads an entry, with its name into s.name.
func (s *scanner) entry(version uint32) (mode uint32, ok bool) {
	fixed := 40 + s.hash + 2
	b := s.bytes(fixed)
	if b == nil {
		return 0, false
	}
	mode = binary.BigEndian.Uint32(b[24:])
	flags := binary.BigEndian.Uint16(b[fixed-2:])
	if flags&0x4000 != 0 { // more flags
		if version < 3 || s.bytes(2) == nil {
			return 0, false
		}
		fixed += 2
	}
	keep := 0
	if version == 4 {
		strip, ok := s.varint()
		if !ok || strip > uint64(len(s.name)) {
			return 0, false
		}
		keep = len(s.name) - int(strip)
	}
	n := bytes.IndexByte(s.rest[:min(len(s.rest), mostName)], 0)
	if n < 0 || keep+n > mostName {
		return 0, false
	}
	text := s.bytes(n + 1)
	if version == 4 {
		s.name = append(s.name[:keep], text[:n]...)
	} else {
		s.name = text[:n]
	}
	if long := uint16(0xfff); len(s.name) >= int(long) != (flags&long == long) || flags&long != long && len(s.name) != int(flags&long) {
		return 0, false
	}
	if version < 4 {
		// One to eight NUL bytes make the length a multiple of eight.
		more := -(fixed + len(text)) & 7
		pad := s.bytes(more)
		if pad == nil {
			return 0, false
		}
		for _, b := range pad {
			if b != 0 {
				return 0, false
			}
		}
	}
	return mode, true
}

// varint reads a number as of the offsets in packs.
func (s *scanner) varint() (n uint64, ok bool) {
	for i := range 8 {
		b := s.bytes(1)
		if b == nil {
			return 0, false
		}
		if i > 0 {
			n++
		}
		n = n<<7 | uint64(b[0]&0x7f)
		if b[0]&0x80 == 0 {
			return n, true
		}
	}
	return 0, false
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
