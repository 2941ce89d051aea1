package diagnose

import (
	"encoding/binary"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// fileKind is what execve(2) takes a file for.
type fileKind int

const (
	kindOther fileKind = iota
	kindScript
	kindELF
)

// headSize is how much of a file is read. The kernel looks at less of a
// script; where a program names its loader is up to the linker, and near the
// beginning with all of them.
const headSize = 16 << 10

// head returns the beginning of a file, "" where it cannot be read.
func (f *Failure) head(file string) string {
	host, ok := f.hostPath(file)
	if !ok {
		return ""
	}
	return f.machine.head(host)
}

func (m machine) head(file string) string {
	if st, err := os.Stat(m.root + file); err != nil || !st.Mode().IsRegular() {
		return "" // opening a pipe would wait
	}
	in, err := os.Open(m.root + file)
	if err != nil {
		return ""
	}
	defer in.Close()
	buf := make([]byte, headSize)
	n, _ := in.Read(buf)
	return string(buf[:n])
}

// self is the beginning of the launcher's own program.
func (m machine) self() string { return m.head("/proc/self/exe") }

func (f *Failure) empty(file string) bool {
	host, ok := f.hostPath(file)
	if !ok {
		return false
	}
	st, err := os.Stat(f.machine.root + host)
	return err == nil && st.Size() == 0
}

// interpreterOf returns what runs a file that begins with head: the interpreter of a
// script, the loader of a program, or "" for none.
func interpreterOf(head string) (fileKind, string) {
	const mostOfScript = 256 // BINPRM_BUF_SIZE
	if line, ok := strings.CutPrefix(head, "#!"); ok {
		line, _, _ = strings.Cut(line[:min(len(line), mostOfScript-2)], "\n")
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(words) == 0 {
			return kindScript, ""
		}
		return kindScript, words[0]
	}
	if !strings.HasPrefix(head, "\x7fELF") {
		return kindOther, ""
	}
	return kindELF, elfLoader([]byte(head))
}

// Interpreter returns what runs a file of the host: the interpreter of a script, the loader of a program, or "" for none.
func Interpreter(file string) string {
	_, interpreter := interpreterOf(machine{}.head(file))
	return interpreter
}

// elfOrder returns the byte order of an ELF file, and whether it is of 64 bits.
func elfOrder(head []byte) (order binary.ByteOrder, wide, ok bool) {
	if len(head) < 64 || string(head[:4]) != "\x7fELF" {
		return nil, false, false
	}
	order = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	return order, head[4] == 2, true
}

// elfLoader finds the PT_INTERP of elf(5).
func elfLoader(head []byte) string {
	order, wide, ok := elfOrder(head)
	if !ok {
		return ""
	}
	const ptInterp = 3
	// Of the file header, then of a program header.
	table, size, count := uint64(order.Uint32(head[28:])), uint64(order.Uint16(head[42:])), uint64(order.Uint16(head[44:]))
	offsetAt, lengthAt := uint64(4), uint64(16)
	if wide {
		table, size, count = order.Uint64(head[32:]), uint64(order.Uint16(head[54:])), uint64(order.Uint16(head[56:]))
		offsetAt, lengthAt = 8, 32
	}
	word := func(at uint64) uint64 {
		if wide {
			return order.Uint64(head[at:])
		}
		return uint64(order.Uint32(head[at:]))
	}
	all := uint64(len(head))
	for i := range count {
		at := table + i*size
		if at > all || all-at < lengthAt+8 {
			return ""
		}
		if order.Uint32(head[at:]) != ptInterp {
			continue
		}
		offset, length := word(at+offsetAt), word(at+lengthAt)
		if offset > all || length > all-offset {
			return ""
		}
		return unix.ByteSliceToString(head[offset : offset+length])
	}
	return ""
}

// elfMachine names the processor that an ELF file is for, "" where it is none
// or one without a name here.
func elfMachine(head string) string {
	order, wide, ok := elfOrder([]byte(head))
	if !ok {
		return ""
	}
	switch order.Uint16([]byte(head)[18:]) {
	case 3:
		return "x86 (32 bit)"
	case 40:
		return "arm (32 bit)"
	case 62:
		if !wide {
			return "x86-64 (x32)"
		}
		return "x86-64"
	case 183:
		return "aarch64"
	case 243:
		return "riscv"
	case 21:
		return "ppc64"
	case 22:
		return "s390"
	}
	return ""
}

const otherIDs = "use another command, or run it with other ids (process.uid, idmap)"

// notExecutable explains why a command that exists cannot be executed: 126. Of
// a path search it names the first file that is, then the first directory that
// the command may not look into.
func (f *Failure) notExecutable(a step.Execute) plan.Advice {
	var closed plan.Advice
	for _, file := range a.Candidates() {
		host, ok := f.hostPath(file)
		if !ok && f.hiddenDirectory(file) {
			return plan.Advice{Cause: fmt.Sprintf("%q is a directory", file), Cure: plan.Try(programPath)}
		}
		if !ok {
			return plan.Advice{Cause: "the command may not execute it", Cure: plan.Try(otherIDs)}
		}
		if d := f.obstacle(path.Dir(host), otherIDs); d.Some() {
			if closed.None() {
				closed = d
			}
			continue
		}
		if d := f.forbids(host, file); d.Some() {
			return d
		}
		if d := f.interpreterForbids(host, file); d.Some() {
			return d
		}
	}
	name := a.Argv[0]
	switch {
	case closed.Some() && strings.Contains(name, "/"):
		return closed
	case closed.Some():
		return plan.Advice{Cause: fmt.Sprintf("there is no %q in the sandbox's PATH, as far as it can be searched: %s", name, closed.Cause),
			Cure: plan.Try("install it, give its path, or set PATH in env.set")}
	}
	if d := f.refusedByOuter(); d.Some() {
		return d
	}
	return plan.Advice{Cause: fmt.Sprintf("most likely a security module, such as AppArmor or SELinux, does not allow %q to be executed", name),
		Cure: plan.Try("look at its log: journalctl -k, or ausearch -m avc")}
}

// interpreterForbids is forbids for what runs a script or a program.
func (f *Failure) interpreterForbids(host, file string) plan.Advice {
	kind, interpreter := interpreterOf(f.machine.head(host))
	inside, ok := f.hostPath(interpreter)
	if kind == kindOther || interpreter == "" || !ok {
		return plan.Advice{}
	}
	d := f.forbids(inside, interpreter)
	if d.None() {
		return d
	}
	d.Cause = fmt.Sprintf("%q is run by %q, and %s", file, interpreter, d.Cause)
	if kind == kindScript && (d.Cure.Format == programPath || f.noProgram(inside)) {
		d.Cure = plan.Try("correct the first line of the script")
	}
	return d
}

const programPath = "give the path of a program"

// forbids explains what about a file prevents its execution.
func (f *Failure) forbids(host, file string) plan.Advice {
	st, err := os.Stat(f.machine.root + host)
	if err != nil {
		return plan.Advice{}
	}
	var fs unix.Statfs_t
	noexec := unix.Statfs(f.machine.root+host, &fs) == nil && fs.Flags&unix.ST_NOEXEC != 0
	switch {
	case st.IsDir():
		return plan.Advice{Cause: fmt.Sprintf("%q is a directory", file), Cure: plan.Try(programPath)}
	case !st.Mode().IsRegular():
		return plan.Advice{Cause: fmt.Sprintf("%q is not a regular file", file), Cure: plan.Try(programPath)}
	case noexec:
		return plan.Advice{Cause: fmt.Sprintf("%q is on a file system that is mounted noexec", file),
			Cure: plan.Try("copy it to another file system, or mount this one without noexec")}
	case st.Mode().Perm()&0o111 == 0 && f.noProgram(host):
		return plan.Advice{Cause: fmt.Sprintf("%q is not executable (mode %04o), and has no first line such as #!/bin/sh", file, st.Mode().Perm()), Cure: f.viaInterpreter(file)}
	case st.Mode().Perm()&0o111 == 0:
		return plan.Advice{Cause: fmt.Sprintf("%q is not executable (mode %04o)", file, st.Mode().Perm()), Cure: plan.Try("chmod +x " + quote.Word(file))}
	case !f.mayUse(host):
		return f.closedTo(host, "execute", otherIDs)
	}
	return plan.Advice{}
}

// viaInterpreter is the cure for a text without an interpreter: the one that its name suggests runs it.
func (f *Failure) viaInterpreter(file string) plan.Cure {
	for ending, interpreter := range map[string]string{".sh": "sh", ".bash": "bash", ".py": "python3", ".js": "node", ".pl": "perl", ".rb": "ruby"} {
		if path.Ext(file) == ending {
			return plan.Try("%s", f.command([]string{interpreter, file}))
		}
	}
	return plan.Try(programPath)
}

// noProgram reports whether a file is plainly no program: it can be read, and begins neither as one nor as a script.
func (f *Failure) noProgram(host string) bool {
	head := f.machine.head(host)
	kind, _ := interpreterOf(head)
	return head != "" && kind == kindOther
}

// obstacle is about the first directory of a path that the command may not pass, if one is found. The cure is
// against its mode.
func (f *Failure) obstacle(dir, cure string) plan.Advice {
	host, ok := f.hostPath(dir)
	if !ok {
		return plan.Advice{}
	}
	for i := 1; i <= len(host); i++ {
		if i < len(host) && host[i] != '/' {
			continue
		}
		if d := f.fuse(host[:i]); d.Some() {
			return d
		}
		st, err := os.Stat(f.machine.root + host[:i])
		if err != nil {
			return plan.Advice{}
		}
		if st.IsDir() && !f.mayUse(host[:i]) {
			return f.closedTo(host[:i], "enter", cure)
		}
	}
	return plan.Advice{}
}

// closedTo says who may not do what with a file. The cure is against its mode.
func (f *Failure) closedTo(file, verb, cure string) plan.Advice {
	who := f.who()
	var st unix.Stat_t
	_ = unix.Stat(f.machine.root+file, &st)
	text := fmt.Sprintf("uid %d may not %s %q (mode %04o, of uid %d)", who.uid, verb, file, st.Mode&0o7777, st.Uid)
	if who.inside != int64(who.uid) {
		text = fmt.Sprintf("uid %d, which is %d outside, may not %s %q (mode %04o, of uid %d outside)", who.inside, who.uid, verb, file, st.Mode&0o7777, st.Uid)
	}
	if who.noGroups && st.Mode&0o010 != 0 && f.machine.inGroup(st.Gid) {
		return plan.Advice{Cause: fmt.Sprintf("%s; the caller may, by its group %d, and the sandbox does not have the caller's groups", text, st.Gid),
			Cure: plan.Try("%s, which keeps them, or "+cure, plan.Set("idmap", "keep"))}
	}
	return plan.Advice{Cause: text, Cure: plan.Try(cure)}
}

// inGroup reports whether a group is one of this process's supplementary groups.
func (m machine) inGroup(gid uint32) bool {
	return slices.Contains(strings.Fields(field(m.text("/proc/self/status"), "Groups")), strconv.FormatUint(uint64(gid), 10))
}

// mayUse reports whether the command may enter a directory or execute a file, by
// its mode. Access control lists count where the launcher is of the same ids.
func (f *Failure) mayUse(file string) bool {
	who := f.who()
	var st unix.Stat_t
	if unix.Stat(f.machine.root+file, &st) != nil {
		return true
	}
	if who.mighty && who.maps(st.Uid, st.Gid) {
		return st.Mode&unix.S_IFMT == unix.S_IFDIR || st.Mode&0o111 != 0
	}
	h := f.Plan.Host
	switch {
	case who.uid == h.UID && who.gid == h.GID && h.UID != 0 && !who.noGroups:
		return unix.Faccessat(unix.AT_FDCWD, f.machine.root+file, unix.X_OK, unix.AT_EACCESS) == nil
	case st.Uid == who.uid:
		return st.Mode&0o100 != 0
	case st.Gid == who.gid:
		return st.Mode&0o010 != 0
	}
	return st.Mode&0o001 != 0
}

// who is whom the command runs as, seen from outside.
type who struct {
	inside   int64
	uid, gid uint32
	noGroups bool // it does not have the caller's supplementary groups
	mighty   bool // it has the capabilities of root over files whose ids are mapped
	maps     func(uid, gid uint32) bool
}

// who reads it off the plan's steps.
func (f *Failure) who() who {
	h := f.Plan.Host
	w := who{inside: int64(h.UID), uid: h.UID, gid: h.GID, mighty: h.UID == 0, maps: func(_, _ uint32) bool { return true }}
	var uids, gids []config.IDRange
	for _, s := range f.Plan.Steps {
		switch a := s.Action.(type) {
		case step.WriteMap:
			if a.File == "uid_map" {
				uids = a.Ranges
			} else {
				gids = a.Ranges
			}
		case step.SetGroups:
			w.noGroups = true
		case step.BecomeUser:
			if a.UID >= 0 {
				w.inside, w.uid = a.UID, outsideOf(uids, a.UID)
			}
			if a.GID >= 0 {
				w.gid = outsideOf(gids, a.GID)
			}
			w.mighty = a.UID == 0 || a.UID < 0 && w.mighty
		case step.SetCapabilities:
			w.mighty = a.Set&0b110 == 0b110 // DAC_OVERRIDE and DAC_READ_SEARCH
		}
	}
	if f.newUser() {
		w.maps = func(uid, gid uint32) bool { return isOutside(uids, uid) && isOutside(gids, gid) }
	}
	return w
}

// outsideOf returns the id outside of one inside, or the id itself if the map does not have it.
func outsideOf(ranges []config.IDRange, id int64) uint32 {
	if outside, ok := config.OutsideID(ranges, uint32(id)); ok {
		return outside
	}
	return uint32(id)
}

func isOutside(ranges []config.IDRange, id uint32) bool {
	_, ok := config.InsideID(ranges, id)
	return ok
}
