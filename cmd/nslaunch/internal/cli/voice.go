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

// Voice says words to people: on standard error, each as "nslaunch: error: …", in lower case and without a full
// stop. Several goroutines may use it once the flags are read. The zero Voice speaks as nobody has asked otherwise.
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

// Complain says what is wrong, a line for each problem of a profile.
func (v *Voice) Complain(err error) {
	for _, p := range problem.Of("", err) {
		v.say(logrus.ErrorLevel, p)
	}
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
	paint, text := p.Yellow, s.Text
	if e.Level <= logrus.ErrorLevel {
		paint = p.Red
	}
	if p {
		text = strings.ReplaceAll(text, "\n  try: ", "\n  "+p.Green("try:")+" ")
	}
	return fmt.Appendf(nil, "%s %s %s\n", p.Bold("nslaunch:"), paint(level+":"), text), nil
}
