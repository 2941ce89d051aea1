package diagnose

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
	"golang.org/x/sys/unix"
)

// execute is about execve(2).
func (f *Failure) execute(a step.Execute) plan.Advice {
	name, file := a.Argv[0], f.File
	switch f.Errno {
	case unix.ENOENT, unix.ENOTDIR:
		if f.Interpreter {
			return f.noInterpreter(file)
		}
		if advice, found := f.unsplit(a.Argv); found {
			return advice
		}
		return f.notFound(name, a.Path)
	case unix.EACCES, unix.EPERM:
		return f.notExecutable(a)
	case unix.ENOEXEC:
		return f.notProgram(file)
	case unix.ELIBBAD:
		return plan.Advice{Cause: fmt.Sprintf("the loader of %q is not a program for this machine", file), Cure: plan.Try("reinstall the C library of that program")}
	case unix.E2BIG:
		return f.tooLong(a)
	case unix.ETXTBSY:
		return plan.Advice{Cause: fmt.Sprintf("%q is open for writing", file), Cure: plan.Try("wait until it is written, or execute a copy")}
	case unix.ELOOP:
		if strings.HasPrefix(f.head(file), "#!") {
			return plan.Advice{Cause: fmt.Sprintf("%q is a script whose interpreter is a script, and so on, too many times", file),
				Cure: plan.Try("name a program in its first line")}
		}
		return plan.Advice{Cause: fmt.Sprintf("%q leads through too many symbolic links", file), Cure: plan.Try("correct the links")}
	case unix.ENOMEM:
		return f.noMemoryFor(file)
	case unix.EAGAIN:
		return f.tooManyOfUser()
	}
	return plan.Advice{}
}

// notFound is about a command that is not there: 127.
func (f *Failure) notFound(name, searched string) plan.Advice {
	if !strings.Contains(name, "/") {
		if d, hidden := f.hiddenProgram(name, searched); hidden {
			return d
		}
	} else if h, hidden := f.hidden(path.Join(f.cwd(), name)); hidden && !path.IsAbs(name) {
		return plan.Advice{Cause: h.cause(), Cure: h.cure()}
	} else if h, hidden := f.hidden(name); hidden {
		return plan.Advice{Cause: h.cause(), Cure: h.cure()}
	}
	switch {
	case strings.HasPrefix(name, "-"):
		return plan.Advice{Cause: fmt.Sprintf("there is no %q in the sandbox's PATH, %s", name, searched),
			Cure: plan.Try("put flags of nslaunch before the profile")}
	case !strings.Contains(name, "/"):
		return plan.Advice{Cause: fmt.Sprintf("there is no %q in the sandbox's PATH, %s", name, searched),
			Cure: plan.Try("install it, give its path, or set PATH in env.set")}
	case f.hiddenDirectory(name):
		return plan.Advice{Cause: fmt.Sprintf("%q is a directory of the host that the sandbox does not show", name), Cure: plan.Try(programPath)}
	case f.Errno == unix.ENOTDIR:
		return plan.Advice{Cause: fmt.Sprintf("%q leads through a file that is not a directory", name), Cure: plan.Try("correct the path")}
	case !path.IsAbs(name):
		return plan.Advice{Cause: fmt.Sprintf("there is no file %q in the working directory, %s", name, f.cwd()),
			Cure: plan.Try("set process.cwd, or give an absolute path")}
	}
	return plan.Advice{Cause: fmt.Sprintf("there is no file %q in the sandbox", name), Cure: plan.Try("correct the path, or install what is missing")}
}

// command is a command in a cure: arguments if the command line has it, else a change of the profile.
func (f *Failure) command(argv []string) any {
	if f.Plan.CommandFromWords() {
		return quote.Words(argv, " ")
	}
	return plan.Set("command", argv)
}

// noInterpreter is about a file that is there, but what it names to run it is not.
func (f *Failure) noInterpreter(file string) plan.Advice {
	kind, interpreter := interpreterOf(f.head(file))
	if h, hidden := f.hidden(interpreter); hidden {
		return plan.Advice{Cause: fmt.Sprintf("%q is run by %q, and %s", file, interpreter, h.cause()), Cure: h.cure()}
	}
	switch {
	case kind == kindScript && strings.HasSuffix(interpreter, "\r"):
		return plan.Advice{Cause: fmt.Sprintf("the first line of %q ends in a carriage return, which makes its interpreter %q", file, interpreter),
			Cure: plan.Try(`sed -i 's/\r$//' ` + quote.Word(file))}
	case kind == kindScript:
		return plan.Advice{Cause: fmt.Sprintf("%q is a script for %q, which does not exist", file, interpreter),
			Cure: plan.Try("install that, or correct the first line of the script")}
	case kind == kindELF && interpreter != "":
		return plan.Advice{Cause: fmt.Sprintf("%q is a program with the loader %q, which does not exist", file, interpreter),
			Cure: plan.Try("install the C library that it was built for, or use a static build")}
	}
	return plan.Advice{Cause: fmt.Sprintf("%q exists, but the interpreter or loader that it names does not", file), Cure: plan.Try("install it")}
}

// notProgram is about a file that is executable and of no known form.
func (f *Failure) notProgram(file string) plan.Advice {
	head := f.head(file)
	kind, interpreter := interpreterOf(head)
	shell := plan.Try(`begin it with "#!/bin/sh", or %s`, f.command([]string{"/bin/sh", file}))
	machine, ours := elfMachine(head), elfMachine(f.machine.self())
	switch {
	case kind == kindELF && machine != "" && ours != "" && machine != ours:
		return plan.Advice{Cause: fmt.Sprintf("%q is a program for %s, and this machine is %s", file, machine, ours),
			Cure: plan.Try("install a build for this machine, or qemu-user with binfmt_misc")}
	case kind == kindELF:
		return plan.Advice{Cause: fmt.Sprintf("%q begins like a program, but the kernel does not accept it", file),
			Cure: plan.Try("reinstall it, because it may be damaged")}
	case kind == kindScript && interpreter == "":
		return plan.Advice{Cause: fmt.Sprintf("%q begins with #! and names no interpreter", file), Cure: shell}
	case kind == kindOther && head != "":
		return plan.Advice{Cause: fmt.Sprintf("%q is neither a program nor a script that begins with #!", file), Cure: shell}
	case f.empty(file):
		return plan.Advice{Cause: fmt.Sprintf("%q is empty", file), Cure: plan.Try("write the program, or reinstall it")}
	}
	return plan.Advice{Cause: fmt.Sprintf("%q is not in a form that this kernel executes", file), Cure: shell}
}

// tooLong is about E2BIG. One string may take 32 pages; all together a quarter
// of the stack limit, but 128 KiB at least, 6 MiB at most, and no more than the
// stack itself.
func (f *Failure) tooLong(a step.Execute) plan.Advice {
	most := 32 * unix.Getpagesize()
	words := slices.Concat(a.Argv, a.Env)
	var all uint64
	for i, s := range words {
		switch {
		case len(s) < most:
		case i < len(a.Argv):
			return plan.Advice{Cause: fmt.Sprintf("argument %d has %d bytes, and the kernel accepts at most %d", i, len(s), most-1),
				Cure: plan.Try("pass it in a file")}
		default:
			name, _, _ := strings.Cut(s, "=")
			return plan.Advice{Cause: fmt.Sprintf("the variable %s has %d bytes, and the kernel accepts at most %d", name, len(s), most-1), Cure: plan.Try("leave it out of env.inherit and env.set"), Key: "env"}
		}
		all += uint64(len(s)) + 1 + 8 // and the pointer to it
	}
	stack := f.limit("stack")
	room := min(max(min(stack/4, 6<<20), 128<<10), stack)
	text := fmt.Sprintf("the arguments and the environment, %d strings, have %d bytes", len(words), all)
	switch {
	case all > room:
		return plan.Advice{Cause: fmt.Sprintf("%s, and with a stack limit of %s the kernel accepts %d", text, step.LimitWord(stack), room),
			Cure: plan.Try("pass fewer of them, or %s", f.highest("stack"))}
	case f.limit("as") != config.RlimitInfinity:
		return plan.Advice{Cause: fmt.Sprintf("%s, and with a limit of address space of %s that is too much", text, step.LimitWord(f.limit("as"))), Cure: plan.Try("%s", f.highest("as")), Key: "limits.rlimits.as"}
	}
	return plan.Advice{Cause: text + ", which is too much for the kernel", Cure: plan.Try("pass fewer of them")}
}

// limit is the soft limit that the command has.
func (f *Failure) limit(name string) uint64 {
	for _, r := range f.Plan.Source.Limits.Rlimits {
		if r.Name == name {
			return r.Soft
		}
	}
	if r, ok := f.Plan.Host.Rlimits[name]; ok {
		return r.Soft
	}
	return config.RlimitInfinity
}

// highest sets a limit to the most that the caller may give.
func (f *Failure) highest(name string) config.Setting {
	key := "limits.rlimits." + name
	if hard := f.Plan.Host.Rlimits[name].Hard; hard > 0 && hard < math.MaxInt64 {
		return plan.Set(key, int64(hard))
	}
	return plan.Set(key, "infinity")
}

// noMemoryFor is about ENOMEM of execve, which a limit of the profile can bring about.
func (f *Failure) noMemoryFor(file string) plan.Advice {
	if as := f.limit("as"); as != config.RlimitInfinity {
		return plan.Advice{Cause: fmt.Sprintf("most likely the limit of address space, %d bytes, is too little for %q", as, file), Cure: plan.Try("%s", f.highest("as")), Key: "limits.rlimits.as"}
	}
	return f.memory()
}

// tooManyOfUser is about EAGAIN: who changed to a user that has more processes
// than allowed is refused here.
func (f *Failure) tooManyOfUser() plan.Advice {
	return plan.Advice{Cause: fmt.Sprintf("uid %d has more processes than the limit, %s: processes outside of the sandbox count too", f.who().uid, step.LimitWord(f.limit("nproc"))), Cure: plan.Try("%s, or run the command with an id that nobody else has", f.highest("nproc")), Key: "limits.rlimits.nproc"}
}

// cwd is the command's working directory. Who enters a mount namespace is in its root; see setns(2).
func (f *Failure) cwd() string {
	if dir := f.Plan.Source.Process.Cwd; dir != "" {
		return dir
	}
	if f.joined(config.Mount) {
		return "/"
	}
	return f.Plan.Host.Cwd
}

// changeDir is about chdir(2), and about getcwd(2) afterwards.
func (f *Failure) changeDir(a step.ChangeDir) plan.Advice {
	switch f.Errno {
	case unix.ENOENT:
		if f.Call == "getcwd" {
			return plan.Advice{Cause: fmt.Sprintf("%q leads out of the sandbox's root", a.Path), Cure: plan.Try("use a directory inside the sandbox")}
		}
		return plan.Advice{Cause: "there is no such directory in the sandbox", Cure: plan.Try("create it, or %s", plan.Set("process.cwd", "/"))}
	case unix.ENOTDIR:
		return plan.Advice{Cause: fmt.Sprintf("%q is not a directory, or leads through a file", a.Path),
			Cure: plan.Try("use a directory, such as %s", plan.Set("process.cwd", "/"))}
	case unix.ELOOP:
		return plan.Advice{Cause: fmt.Sprintf("%q leads through too many symbolic links, or through one of /proc that nslaunch does not follow", a.Path),
			Cure: plan.Try("use a directory, such as %s", plan.Set("process.cwd", "/"))}
	case unix.EACCES, unix.EPERM:
		const where, who = "start in another directory", ", or run it with other ids (process.uid, idmap)"
		cure := plan.Try(where+" (%s)"+who, plan.Set("process.cwd", "/"))
		d := f.obstacle(a.Path, where+who)
		switch {
		case d.None():
			return plan.Advice{Cause: "the command may not enter it", Cure: cure}
		case d.Cure.Format == where+who:
			d.Cure = cure
		}
		return d
	}
	return plan.Advice{}
}
