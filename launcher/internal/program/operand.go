package program

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	quotes "github.com/nslaunch/nslaunch/internal/quote"
	"golang.org/x/sys/unix"
)

// operand prints operand i of an op.
func (p *Program) operand(what param, o *Op, i int) string {
	a := o.Args[i]
	switch a.Kind {
	case KindReg:
		return fmt.Sprintf("r%d", a.Value)
	case KindData:
		return p.memory(what, a.Value, o)
	case KindScratch:
		if what.kind == text {
			return pidString
		}
		return fmt.Sprintf("scratch+%d", a.Value)
	}
	switch what.kind {
	case text, texts, structure, signalSet, capData, groupList, ifreq, unixAddress:
		if a.Value == 0 {
			return "NULL"
		}
		return fmt.Sprintf("%#x", a.Value)
	}
	return word(what, a.Value)
}

// word prints a value that is not an address.
func word(what param, v uint64) string {
	switch what.kind {
	case id:
		return strconv.FormatInt(int64(int32(v)), 10)
	case octal:
		return fmt.Sprintf("%#o", v)
	case fileMode:
		return fmt.Sprintf("S_IFREG|%#o", v&^unix.S_IFMT)
	case descriptor:
		if int32(v) == unix.AT_FDCWD {
			return "AT_FDCWD"
		}
		return strconv.FormatInt(int64(int32(v)), 10)
	case bits:
		return bitWords(v, what.names)
	case signal:
		return signalWord(v)
	}
	for _, s := range what.names {
		if s.value == v {
			return s.name
		}
	}
	return strconv.FormatUint(v, 10)
}

// bitWords names the bits of v, the rest in hexadecimal.
func bitWords(v uint64, names []symbol) string {
	var words []string
	rest := v
	for _, s := range names {
		mask := s.mask
		if mask == 0 {
			mask = s.value
		}
		if v&mask == s.value {
			words, rest = append(words, s.name), rest&^mask
		}
	}
	if rest != 0 || len(words) == 0 {
		words = append(words, hex(rest))
	}
	return strings.Join(words, "|")
}

func hex(v uint64) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", v)
}

func signalWord(v uint64) string {
	if name := unix.SignalName(syscall.Signal(v)); v < 32 && name != "" {
		return name
	}
	return strconv.FormatUint(v, 10)
}

// memory prints what is at an offset of the data.
func (p *Program) memory(what param, off uint64, o *Op) string {
	switch what.kind {
	case text:
		return quote([]byte(p.CString(off)))
	case texts:
		var words []string
		for at := off; p.uint(at, 8) != 0; at += 8 {
			words = append(words, p.word(p.uint(at, 8)))
		}
		return "[" + strings.Join(words, ", ") + "]"
	case structure:
		return p.structure(what.fields, off)
	case signalSet:
		return signalSetWords(p.uint(off, 8))
	case capData:
		return p.capabilities(off)
	case groupList:
		var words []string
		for i := range min(o.Args[0].Value, uint64(len(p.Data))/4) {
			words = append(words, strconv.FormatUint(p.uint(off+4*i, 4), 10))
		}
		return "[" + strings.Join(words, ", ") + "]"
	case unixAddress:
		return fmt.Sprintf("{sa_family=AF_UNIX, sun_path=%s}", quote([]byte(p.CString(off+2))))
	case ifreq:
		const nameSize = 16
		return fmt.Sprintf("{ifr_name=%s, ifr_flags=%s}", quote([]byte(p.CString(off))), bitWords(p.uint(off+nameSize, 2), interfaceFlags))
	}
	return fmt.Sprintf("data+%#x", off)
}

// pidString is a string at the end of which a process writes its id.
const pidString = "with_pid"

// word prints the string at an address in an array.
func (p *Program) word(address uint64) string {
	if address < Address {
		return pidString
	}
	return quote([]byte(p.CString(address - DataAddress)))
}

func (p *Program) structure(fields []field, off uint64) string {
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = f.name + "=" + word(f.what, p.uint(off, f.size))
		off += f.size
	}
	return "{" + strings.Join(words, ", ") + "}"
}

// signalSetWords prints a set of signals by their numbers, as what it lacks if that is shorter.
func signalSetWords(set uint64) string {
	sign, listed := "", set
	if listed>>32 == 0xffffffff {
		sign, listed = "~", ^set
	}
	var words []string
	for i := range 64 {
		if listed>>i&1 == 1 {
			words = append(words, strconv.Itoa(i+1))
		}
	}
	return sign + "[" + strings.Join(words, " ") + "]"
}

// capabilities prints the data of capset(2), in which the lower halves of the
// three sets come before the upper ones.
func (p *Program) capabilities(off uint64) string {
	words := make([]string, 3)
	for i, name := range []string{"effective", "permitted", "inheritable"} {
		at := off + 4*uint64(i)
		words[i] = name + "=" + hex(p.uint(at, 4)|p.uint(at+12, 4)<<32)
	}
	return "{" + strings.Join(words, ", ") + "}"
}

// uint is the number of so many bytes at an offset of the data, 0 beyond its end.
func (p *Program) uint(off, size uint64) uint64 {
	if n := uint64(len(p.Data)); off > n || size > n-off {
		return 0
	}
	switch b := p.Data[off:]; size {
	case 2:
		return uint64(binary.NativeEndian.Uint16(b))
	case 4:
		return uint64(binary.NativeEndian.Uint32(b))
	default:
		return binary.NativeEndian.Uint64(b)
	}
}

// CString is the NUL-terminated string at an offset of the data.
func (p *Program) CString(off uint64) string {
	if off >= uint64(len(p.Data)) {
		return ""
	}
	return unix.ByteSliceToString(p.Data[off:])
}

// quote writes a string as strace(1) does, with octal escapes, but leaves
// letters beyond ASCII as they are.
func quote(s []byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		c := s[i]
		if r, n := utf8.DecodeRune(s[i:]); c >= utf8.RuneSelf && quotes.Printable(r) {
			b.Write(s[i : i+n])
			i += n
			continue
		}
		i++
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c >= ' ' && c < 0x7f:
			b.WriteByte(c)
		case i < len(s) && s[i] >= '0' && s[i] <= '9':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			fmt.Fprintf(&b, `\%o`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
