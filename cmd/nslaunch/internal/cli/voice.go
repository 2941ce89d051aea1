package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/problem"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
	"github.com/sirupsen/logrus"
)

// Voice writes messages to standard error, each as "nslaunch: error: …", in lower case and without a full
// stop. Several goroutines may use it once the flags are read. The zero Voice has the defaults of all flags.
type Voice struct {
	color  string // --color: auto, which "" is too, always or never
	format string // --log-format: text, which "" is too, or json
}

// Errorf says what went wrong.
func (v *Voice) Errorf(format string, args ...any) { v.sayf(logrus.ErrorLevel, format, args...) }

// Warnf says what is not as it should be, while all goes on.
func (v *Voice) Warnf(format string, args ...any) { v.sayf(logrus.WarnLevel, format, args...) }

// Notef says what may be of use.
func (v *Voice) Notef(format string, args ...any) { v.sayf(logrus.InfoLevel, format, args...) }

// Complain says what is wrong, a line for each problem of a profile. On a terminal it shows the lines of the profile, too,
// and says how many problems there are.
func (v *Voice) Complain(err error) {
	found := problem.Of("", err)
	onTerminal := v.format != "json" && IsTerminal(os.Stderr)
	for i, p := range found {
		if onTerminal && i == problem.Most {
			break
		}
		v.say(logrus.ErrorLevel, p)
	}
	if count := problem.Count(found); onTerminal && count != "" {
		v.Errorf("%s", count)
	}
}

// Report returns the problems that a command prints as its result, as [Voice.Complain] says them.
func (v *Voice) Report(found []problem.Problem) string {
	var b strings.Builder
	onTerminal := IsTerminal(os.Stdout)
	for i, p := range found {
		if onTerminal && i == problem.Most {
			break
		}
		b.WriteString(drawn(p, os.Stdout, v.Paint(), v.Paint().Red) + "\n")
	}
	if count := problem.Count(found); onTerminal && count != "" {
		b.WriteString(count + "\n")
	}
	return b.String()
}

// Remark says where a profile may not do what its author thinks.
func (v *Voice) Remark(notes []launcher.Note) {
	for _, n := range notes {
		v.say(logrus.InfoLevel, problem.OfNote(n))
	}
}

// Paint returns the painter of standard output.
func (v *Voice) Paint() Painter { return painterOf(os.Stdout, v.color) }

func (v *Voice) sayf(level logrus.Level, format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	v.say(level, problem.Problem{Message: text, Text: quote.Line(text)})
}

// drawn returns the text of a problem for a file. On a terminal the line of the profile follows the first line of it.
func drawn(p problem.Problem, f *os.File, painter Painter, paint func(string) string) string {
	what, why, more := strings.Cut(p.Text, "\n")
	if columns := columnsOf(f); columns > 0 {
		if e, ok := p.Excerpt(columns); ok {
			what += fmt.Sprintf("\n  %s %s\n  %s %s%s", painter.Blue(e.Number+" |"), e.Line,
				painter.Blue(strings.Repeat(" ", len(e.Number))+" |"), e.Before, paint(e.Carets))
		}
	}
	if !more {
		return what
	}
	why = "\n" + why
	if painter {
		why = strings.ReplaceAll(why, "\n  try: ", "\n  "+painter.Green("try:")+" ")
	}
	return what + why
}

// say says one thing. Its logger is made for it: most launches say nothing.
func (v *Voice) say(level logrus.Level, p problem.Problem) {
	l := logrus.Logger{Out: os.Stderr, Level: logrus.InfoLevel, Formatter: said{v, p}}
	l.Log(level)
}

// said is what is said, and how. It is the formatter of its own logger.
type said struct {
	voice *Voice
	problem.Problem
}

// Format implements [logrus.Formatter]. What is no error and no warning is a note.
func (s said) Format(e *logrus.Entry) ([]byte, error) {
	level := e.Level.String()
	if e.Level == logrus.InfoLevel {
		level = "note"
	}
	if s.voice.format == "json" {
		return encode(struct {
			Time  string `json:"time"`
			Level string `json:"level"`
			problem.Problem
		}{e.Time.Format(time.RFC3339Nano), level, s.Problem}, "")
	}
	p := painterOf(os.Stderr, s.voice.color)
	paint := p.Yellow
	if e.Level <= logrus.ErrorLevel {
		paint = p.Red
	}
	return fmt.Appendf(nil, "%s %s %s\n", p.Bold("nslaunch:"), paint(level+":"), drawn(s.Problem, os.Stderr, p, paint)), nil
}
