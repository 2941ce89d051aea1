package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
)

func logsCommand() cli.Command {
	return cli.Command{
		Name:    "logs",
		Options: "[-f] [-n N]",
		Args:    []cli.Arg{{Word: "NAME", Kind: cli.PastSandbox}},
		Summary: "print the output of a detached sandbox",
		Examples: []cli.Example{
			{Line: "nslaunch logs -n 20 web", Says: "print the last 20 lines"},
			{Line: "nslaunch logs -f web", Says: "print all, and follow until it ends"},
		},
		Flags: func(fs *flag.FlagSet) cli.Run {
			follow := fs.Bool("follow", false, "follow the output until the sandbox ends")
			lines := -1
			fs.Func("lines", "print only the last `N` lines (default: all)", func(v string) (err error) {
				if lines, err = strconv.Atoi(v); err != nil || lines < 0 {
					return fmt.Errorf("want a number of lines, got %q", v)
				}
				return nil
			})
			cli.Alias(fs, "f", "follow", nil)
			cli.Alias(fs, "n", "lines", nil)
			return func(c *cli.Call) int {
				if len(c.Args) != 1 {
					return c.Misused("want one sandbox")
				}
				if err := printLog(c, c.Args[0], *follow, lines); err != nil {
					return c.Fail(err)
				}
				return cli.ExitOK
			}
		},
	}
}

// printLog prints the output of a detached sandbox: all, or if lines is not negative, so many lines from its end. The sandbox wrote it. So a
// terminal gets it escaped, and anything else as it is.
func printLog(c *cli.Call, name string, follow bool, lines int) error {
	f, err := records.Find(name)
	if err != nil {
		return err
	}
	if f.State == records.Elsewhere || f.State == records.Unproven {
		return fmt.Errorf("the output of %q cannot be found: %s", name, f.Why)
	}
	if f.Log == "" {
		return fmt.Errorf("%q has no log, as it was started without --detach: its output went to where it was started", name)
	}
	log, err := f.OpenLog()
	if err != nil {
		return err
	}
	defer log.Close()
	if lines >= 0 {
		if err := seekLines(log, lines); err != nil {
			return err
		}
	}
	var out io.Writer = os.Stdout
	if cli.IsTerminal(os.Stdout) {
		screen := &quote.Screen{W: os.Stdout, Colors: bool(c.Paint())}
		defer screen.Close()
		out = screen
	}
	for {
		// Asked before the rest is read, so that nothing is missed.
		ended := f.State == records.Ended || !f.Launcher.Running()
		if _, err := io.Copy(out, log); err != nil {
			return fmt.Errorf("the log to standard output: %w", cli.Underlying(err))
		}
		if !follow || ended {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// seekLines goes to where the last n lines of a log begin. It reads from the end, a block at a time: a log may be larger than memory.
func seekLines(log io.ReadSeeker, n int) error {
	const block = 64 << 10
	end, err := log.Seek(0, io.SeekEnd)
	if err != nil || n == 0 {
		return err
	}
	buffer := make([]byte, block)
	for at := end; at > 0; {
		piece := buffer[:min(at, block)]
		at -= int64(len(piece))
		if _, err := log.Seek(at, io.SeekStart); err != nil {
			return err
		}
		switch _, err := io.ReadFull(log, piece); err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF: // the sandbox cut its log meanwhile
			_, err = log.Seek(0, io.SeekStart)
			return err
		default:
			return err
		}
		text := piece
		if at+int64(len(piece)) == end { // the last line's own end begins no other
			text = bytes.TrimSuffix(text, []byte("\n"))
		}
		for i := bytes.LastIndexByte(text, '\n'); i >= 0; i = bytes.LastIndexByte(text, '\n') {
			if n--; n == 0 {
				_, err := log.Seek(at+int64(i)+1, io.SeekStart)
				return err
			}
			text = text[:i]
		}
	}
	_, err = log.Seek(0, io.SeekStart)
	return err
}
