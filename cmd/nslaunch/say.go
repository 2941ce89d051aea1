package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher"
	"github.com/sirupsen/logrus"
)

// say returns the logger for words to people: on standard error, each as
// "nslaunch: error: …", in lower case and without a full stop.
func say() *logrus.Logger {
	l := logrus.StandardLogger()
	if _, ours := l.Formatter.(voice); !ours {
		l.SetFormatter(voice{})
	}
	return l
}

// voice is how the words look. What is no error is a note.
type voice struct {
	format string // --log-format: text, which "" is too, or json
	color  string // --color: auto, which "" is too, always or never
}

// wordFlags adds the flags that every command has.
func wordFlags(fs *flag.FlagSet) {
	change := func(to *string, w *voice, allowed ...string) func(string) error {
		return func(v string) error {
			if !slices.Contains(allowed, v) {
				return fmt.Errorf("want %s", strings.Join(allowed, ", "))
			}
			*to = v
			say().SetFormatter(*w)
			return nil
		}
	}
	var w voice
	fs.Func("color", "`WHEN` to use colours: auto, always or never", change(&w.color, &w, "auto", "always", "never"))
	fs.Func("log-format", "`FORMAT` of words on standard error: text or json", change(&w.format, &w, "text", "json"))
}

// paint returns the painter of standard output.
func paint() painter {
	w, _ := say().Formatter.(voice)
	return painterOf(os.Stdout, w.color)
}

// Format implements [logrus.Formatter].
func (w voice) Format(e *logrus.Entry) ([]byte, error) {
	word := e.Level.String()
	if e.Level == logrus.InfoLevel {
		word = "note"
	}
	text := strings.TrimRight(e.Message, "\n")
	if about, ok := e.Data[logrus.ErrorKey].(error); ok {
		text = errorText(about)
	} else if w.format != "json" {
		text = quote.Line(text)
	}
	if w.format == "json" {
		return w.line(e, word, text)
	}
	p := painterOf(os.Stderr, w.color)
	paintWord := p.yellow
	if e.Level <= logrus.ErrorLevel {
		paintWord = p.red
	}
	if p {
		text = strings.ReplaceAll(text, "\n  try: ", "\n  "+p.green("try:")+" ")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\n", p.bold("nslaunch:"), paintWord(word+":"), text)
	return b.Bytes(), nil
}

// line is one object of JSON: what is known of an error or a note, apart.
func (voice) line(e *logrus.Entry, level, text string) ([]byte, error) {
	said := struct {
		Time  string `json:"time"`
		Level string `json:"level"`
		problem
	}{Time: e.Time.Format(time.RFC3339Nano), Level: level, problem: problem{Message: text}}
	if about, ok := e.Data[logrus.ErrorKey].(error); ok {
		said.problem = newProblem("", about)
	}
	if n, ok := e.Data["note"].(launcher.Note); ok {
		said.problem = noteProblem(n)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(said)
	return quote.JSON(b.Bytes()), err
}

// errorText is an error for people. That of a step has lines for its cause and cure; all others are of one line.
func errorText(err error) string {
	var step *launcher.StepError
	if errors.As(err, &step) {
		return err.Error()
	}
	return quote.Line(err.Error())
}

// complain says what is wrong, a line for each problem of a profile.
func complain(err error) {
	for _, e := range problems(err) {
		say().WithError(e).Error(e)
	}
}

// degraded are the notes on what is not done here.
func degraded(notes []launcher.Note) []launcher.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(n launcher.Note) bool { return !n.Degraded })
}

// remark says where a profile may not do what its author thinks.
func remark(notes []launcher.Note) {
	for _, n := range notes {
		say().WithField("note", n).Info(n)
	}
}

// problems returns the problems of a profile that err holds, or err.
func problems(err error) []error {
	var list config.Errors
	if !errors.As(err, &list) {
		return []error{err}
	}
	all := make([]error, len(list))
	for i, e := range list {
		all[i] = e
	}
	return all
}
