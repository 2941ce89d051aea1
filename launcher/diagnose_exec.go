package launcher

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"golang.org/x/sys/unix"
)

// execute is about execve(2).
func (f *failure) execute(a execute) Advice {
	name, file := a.Argv[0], f.file
	switch f.errno {
	case unix.ENOENT, unix.ENOTDIR:
		if f.interpreter {
			return f.noInterpreter(file)
		}
		return f.notFound(name, a.Path)
	case unix.EACCES, unix.EPERM:
		return f.notExecutable(a)
	case unix.ENOEXEC:
		return f.notProgram(file)
	case unix.ELIBBAD:
		return Advice{Cause: fmt.Sprintf("the loader of %q is no program for this machine", file), Cure: try("install the right one")}
	case unix.E2BIG:
		return f.tooLong(a)
	case unix.ETXTBSY:
		return Advice{Cause: fmt.Sprintf("%q is open for writing", file), Cure: try("wait until it is written, or execute a copy")}
	case unix.ELOOP:
		if strings.HasPrefix(f.head(file), "#!") {
			return Advice{Cause: fmt.Sprintf("%q is a script, and its interpreter is one too, and so on for too many times", file),
				Cure: try("name a program in its first line")}
		}
		return Advice{Cause: fmt.Sprintf("%q leads through too many symbolic links", file), Cure: try("correct the links")}
	case unix.ENOMEM:
		return f.noMemoryFor(file)
	case unix.EAGAIN:
		return f.tooManyOfUser()
	}
	return Advice{}
}

// notFound is about a command that is not there: 127.
func (f *failure) notFound(name, searched string) Advice {
	if !strings.Contains(name, "/") {
		if d, hidden := f.hiddenProgram(name, searched); hidden {
			return d
		}
	} else if h, hidden := f.hidden(path.Join(f.cwd(), name)); hidden && !path.IsAbs(name) {
		return Advice{Cause: h.words(), Cure: h.cure()}
	} else if h, hidden := f.hidden(name); hidden {
		return Advice{Cause: h.words(), Cure: h.cure()}
	}
	switch {
	case strings.HasPrefix(name, "-"):
		return Advice{Cause: fmt.Sprintf("there is no %q in the sandbox's PATH, %s", name, searched),
			Cure: try("put flags of nslaunch before the profile")}
	case !strings.Contains(name, "/"):
		return Advice{Cause: fmt.Sprintf("there is no %q in the sandbox's PATH, %s", name, searched),
			Cure: try("install it, give its path, or set PATH in env.set")}
	case f.errno == unix.ENOTDIR:
		return Advice{Cause: fmt.Sprintf("%q leads through something that is no directory", name), Cure: try("correct the path")}
	case !path.IsAbs(name):
		return Advice{Cause: fmt.Sprintf("there is no file %q from the working directory, %s", name, f.cwd()),
			Cure: try("set process.cwd, or give an absolute path")}
	}
	return Advice{Cause: fmt.Sprintf("there is no file %q in the sandbox", name), Cure: try("correct the path, or install what is missing")}
}

// noInterpreter is about a file that is there, but what it names to run it is not.
func (f *failure) noInterpreter(file string) Advice {
	kind, interpreter := interpreterOf(f.head(file))
	if h, hidden := f.hidden(interpreter); hidden {
		return Advice{Cause: fmt.Sprintf("%q is run by %q, and %s", file, interpreter, h.words()), Cure: h.cure()}
	}
	switch {
	case kind == kindScript && strings.HasSuffix(interpreter, "\r"):
		return Advice{Cause: fmt.Sprintf("the first line of %q ends in a carriage return, which makes its interpreter %q", file, interpreter),
			Cure: try("write the file with line ends of Unix")}
	case kind == kindScript:
		return Advice{Cause: fmt.Sprintf("%q is a script for %q, which is not there", file, interpreter),
			Cure: try("install that, or correct the first line of the script")}
	case kind == kindELF && interpreter != "":
		return Advice{Cause: fmt.Sprintf("%q is a program that is loaded by %q, which is not there", file, interpreter),
			Cure: try("install the C library that it was built for, or use a static build")}
	}
	return Advice{Cause: fmt.Sprintf("%q is there, but the interpreter or loader that it names is not", file), Cure: try("install that")}
}

// notProgram is about a file that is executable and of no known form.
func (f *failure) notProgram(file string) Advice {
	head := f.head(file)
	kind, interpreter := interpreterOf(head)
	shell := fmt.Sprintf(`begin it with "#!/bin/sh", or command = ["/bin/sh", %q]`, file)
	machine, ours := elfMachine(head), elfMachine(f.machine.self())
	switch {
	case kind == kindELF && machine != "" && ours != "" && machine != ours:
		return Advice{Cause: fmt.Sprintf("%q is a program for %s, and this machine is %s", file, machine, ours),
			Cure: try("a build for this machine, or qemu-user with binfmt_misc")}
	case kind == kindELF:
		return Advice{Cause: fmt.Sprintf("%q begins like a program, but the kernel does not take it as one", file),
			Cure: try("install it anew, it may be damaged")}
	case kind == kindScript && interpreter == "":
		return Advice{Cause: fmt.Sprintf("%q begins with #! and names no interpreter", file), Cure: try(shell)}
	case kind == kindOther && head != "":
		return Advice{Cause: fmt.Sprintf("%q is neither a program nor a script that begins with #!", file), Cure: try(shell)}
	case f.empty(file):
		return Advice{Cause: fmt.Sprintf("%q is empty", file), Cure: try("install it anew")}
	}
	return Advice{Cause: fmt.Sprintf("%q is not in a form that this kernel executes", file), Cure: try(shell)}
}

// tooLong is about E2BIG. One string may take 32 pages; all together a quarter
// of the stack limit, but 128 KiB at least, 6 MiB at most, and no more than the
// stack itself.
func (f *failure) tooLong(a execute) Advice {
	most := 32 * unix.Getpagesize()
	words := slices.Concat(a.Argv, a.Env)
	var all uint64
	for i, s := range words {
		switch {
		case len(s) < most:
		case i < len(a.Argv):
			return Advice{Cause: fmt.Sprintf("argument %d has %d bytes, and the kernel takes %d at most", i, len(s), most-1),
				Cure: try("pass it in a file")}
		default:
			name, _, _ := strings.Cut(s, "=")
			return Advice{Cause: fmt.Sprintf("the variable %s has %d bytes, and the kernel takes %d at most", name, len(s), most-1), Cure: try("leave it out of env.inherit and env.set"), Key: "env"}
		}
		all += uint64(len(s)) + 1 + 8 // and the pointer to it
	}
	stack := f.limit("stack")
	room := min(max(min(stack/4, 6<<20), 128<<10), stack)
	text := fmt.Sprintf("the arguments and the environment, %d words, take %d bytes", len(words), all)
	switch {
	case all > room:
		return Advice{Cause: fmt.Sprintf("%s, and with a stack limit of %s the kernel takes %d", text, limitWord(stack), room),
			Cure: try("fewer of them, or %s", f.highest("stack"))}
	case f.limit("as") != config.RlimitInfinity:
		return Advice{Cause: fmt.Sprintf("%s, and with a limit of address space of %s that is too much", text, limitWord(f.limit("as"))), Cure: try("%s", f.highest("as")), Key: "limits.rlimits.as"}
	}
	return Advice{Cause: text + ", which is too much for the kernel", Cure: try("fewer of them")}
}

// limit is the soft limit that the command has.
func (f *failure) limit(name string) uint64 {
	for _, r := range f.plan.profile.Limits.Rlimits {
		if r.Name == name {
			return r.Soft
		}
	}
	if r, ok := f.plan.host.Rlimits[name]; ok {
		return r.Soft
	}
	return config.RlimitInfinity
}

// highest sets a limit to the most that the caller may give.
func (f *failure) highest(name string) config.Setting {
	key := "limits.rlimits." + name
	if hard := f.plan.host.Rlimits[name].Hard; hard > 0 && hard < math.MaxInt64 {
		return set(key, int64(hard))
	}
	return set(key, "infinity")
}

// noMemoryFor is about ENOMEM of execve, which a limit of the profile can bring about.
func (f *failure) noMemoryFor(file string) Advice {
	if as := f.limit("as"); as != config.RlimitInfinity {
		return Advice{Cause: fmt.Sprintf("most likely the limit of address space, %d bytes, is too little for %q", as, file), Cure: try("%s", f.highest("as")), Key: "limits.rlimits.as"}
	}
	return f.memory()
}

// tooManyOfUser is about EAGAIN: who changed to a user that has more processes
// than allowed is refused here.
func (f *failure) tooManyOfUser() Advice {
	return Advice{Cause: fmt.Sprintf("uid %d has more processes than the limit, %s: those outside of the sandbox count as well", f.who().uid, limitWord(f.limit("nproc"))), Cure: try("%s, or an id that nobody else has", f.highest("nproc")), Key: "limits.rlimits.nproc"}
}

// cwd is the command's working directory. Who enters a mount namespace is in its root; see setns(2).
func (f *failure) cwd() string {
	if dir := f.plan.profile.Process.Cwd; dir != "" {
		return dir
	}
	if f.joined(config.Mount) {
		return "/"
	}
	return f.plan.host.Cwd
}

// changeDir is about chdir(2), and about getcwd(2) afterwards.
func (f *failure) changeDir(a changeDir) Advice {
	switch f.errno {
	case unix.ENOENT:
		if f.call == "getcwd" {
			return Advice{Cause: fmt.Sprintf("%q leads out of the sandbox's root", a.Path), Cure: try("a directory inside")}
		}
		return Advice{Cause: "there is no such directory in the sandbox", Cure: try("make it, or %s", set("process.cwd", "/"))}
	case unix.ENOTDIR:
		return Advice{Cause: fmt.Sprintf("%q is no directory, or leads through something that is none", a.Path),
			Cure: try("a directory: %s", set("process.cwd", "/"))}
	case unix.ELOOP:
		return Advice{Cause: fmt.Sprintf("%q leads through too many symbolic links, or one of proc that may not be followed", a.Path),
			Cure: try("a directory: %s", set("process.cwd", "/"))}
	case unix.EACCES, unix.EPERM:
		cure := "a directory that the command may enter, or other ids for it (process.uid, idmap)"
		if d := f.obstacle(a.Path, cure); d.some() {
			return d
		}
		return Advice{Cause: "the command may not enter it", Cure: try(cure)}
	}
	return Advice{}
}
