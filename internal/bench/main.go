// Bench compares what a launch costs nslaunch with what it costs other programs that make
// namespaces. It builds nslaunch, finds the others, has each make the same sandboxes in
// turn, and prints the fastest and the median launch of each, and the ratio.
//
//	go run ./internal/bench                      all scenarios
//	go run ./internal/bench --only minimal,dev   some
//	go run ./internal/bench --docs docs          and writes tables and plots into docs/performance.md
//	go run ./internal/bench plot --docs docs results.json
//
// Times depend on the machine. What counts is the ratio of what was measured in turn.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == workerWord {
		exit(workerMain())
	}
	syscall.Umask(0o022) // every user has to reach what is made
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == "plot" {
		exit(plot(os.Args[2:], os.Stdout))
	}
	exit(measureAll(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func exit(err error) {
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "bench: error: interrupted")
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// plot writes what results.json has into the documentation.
func plot(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench plot", flag.ContinueOnError)
	docs := flags.String("docs", "docs", "directory of performance.md")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("plot: want one file of results")
	}
	r, err := readResults(flags.Arg(0))
	if err != nil {
		return err
	}
	return writeDocs(r, *docs, out)
}

// measureAll runs what the command line asks for.
func measureAll(ctx context.Context, args []string, out, log io.Writer) (err error) {
	o, file, docs, err := parseOptions(args, log)
	if err != nil {
		return err
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	here := thisMachine() // before anything of ours runs
	b := &bench{options: o, uid: o.uid, gid: o.gid, log: log}
	defer func() { err = errors.Join(err, b.close()) }()
	missing, err := b.open(ctx)
	if err != nil {
		return err
	}
	all := results{Version: resultsVersion, Date: time.Now().UTC().Format(time.RFC3339), User: userName(o.uid), Machine: here, Missing: missing}
	for _, c := range b.contenders {
		all.Programs = append(all.Programs, c.program)
	}
	fmt.Fprint(out, header(all))
	all.Results, err = b.runAll(ctx, chosen, out)
	if file != "" {
		err = errors.Join(err, all.write(file))
	}
	if docs != "" && err == nil {
		return writeDocs(all, docs, out)
	}
	return err
}

// runAll prints each result as it comes. What one scenario can't do keeps no other from
// being measured.
func (b *bench) runAll(ctx context.Context, chosen []scenario, out io.Writer) (all []result, failed error) {
	for _, s := range chosen {
		fmt.Fprintf(b.log, "%s …\n", s.name)
		found, err := b.run(ctx, s)
		switch {
		case ctx.Err() != nil:
			return all, ctx.Err()
		case errors.Is(err, errSkip):
			fmt.Fprintf(out, "%s: %v\n\n", s.name, err)
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("%s: %w", s.name, err))
		}
		for _, r := range found {
			fmt.Fprint(out, resultText(r))
		}
		all = append(all, found...)
	}
	return all, failed
}

func parseOptions(args []string, log io.Writer) (o options, file, docs string, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&o.only, "only", "", "scenarios, separated by commas: minimal, dev, binds, …; all by default")
	flags.IntVar(&o.rounds, "rounds", 200, "how often each program is launched; where that takes long, less")
	flags.IntVar(&o.warmup, "warmup", 3, "launches before that, which do not count")
	flags.IntVar(&o.launches, "launches", 512, "launches that parallel times as one")
	flags.IntVar(&o.inFlight, "in-flight", 64, "how many of them at a time")
	flags.IntVar(&o.idle, "idle", 1000, "sandboxes that idle has at once")
	flags.Uint64Var(&o.seed, "seed", 1, "of the order in each round")
	flags.DurationVar(&o.settle, "settle", 300*time.Millisecond, "how long sandboxes sleep before their memory is counted")
	flags.StringVar(&file, "json", "", "`file` for all samples")
	flags.StringVar(&docs, "docs", "", "`directory` of performance.md, which gets the tables and plots")
	flags.Func("nslaunch", "a build to measure in place of this tree's, [name=]`path`; may be given again", func(value string) error {
		name, path, ok := strings.Cut(value, "=")
		if !ok {
			name, path = "nslaunch", value
		}
		for _, other := range o.binaries {
			if other.name == name {
				return fmt.Errorf("two builds have the name %q", name)
			}
		}
		o.binaries = append(o.binaries, named{name, path})
		return nil
	})
	o.peers = map[string]string{}
	flags.Func("peer", "where a program is, `name=path`; may be given again", func(value string) error {
		name, path, ok := strings.Cut(value, "=")
		if !ok {
			return errors.New("want name=path")
		}
		o.peers[name] = path
		return nil
	})
	o.uid, o.gid = os.Getuid(), os.Getgid()
	flags.Func("user", "run the programs as this `user`, which takes root", func(name string) error {
		u, err := user.Lookup(name)
		if err != nil {
			return err
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if uid != os.Getuid() && !isRoot() {
			return errors.New("needs root")
		}
		o.uid, o.gid = uid, gid
		return errors.Join(err1, err2)
	})
	if err := flags.Parse(args); err != nil {
		return o, "", "", err
	}
	if flags.NArg() > 0 {
		return o, "", "", fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for name, n := range map[string]int{"rounds": o.rounds, "launches": o.launches, "in-flight": o.inFlight, "idle": o.idle, "warmup": o.warmup + 1} {
		if n < 1 {
			return o, "", "", fmt.Errorf("--%s: too small", name)
		}
	}
	return o, file, docs, nil
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}
