package main

import (
	"bytes"
	"errors"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher"
	"github.com/sirupsen/logrus"
)

// say returns the logger for words to people: on standard error, each as
// "nslaunch: error: …", in lower case and without a full stop.
func say() *logrus.Logger {
	l := logrus.New()
	l.SetFormatter(plain{})
	return l
}

// plain is how the words look. What is no error is a note.
type plain struct{}

// Format implements [logrus.Formatter].
func (plain) Format(e *logrus.Entry) ([]byte, error) {
	var b bytes.Buffer
	word := e.Level.String()
	if e.Level == logrus.InfoLevel {
		word = "note"
	}
	b.WriteString("nslaunch: ")
	b.WriteString(word)
	b.WriteString(": ")
	b.WriteString(strings.TrimRight(e.Message, "\n"))
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// complain says what is wrong, a line for each problem of a profile.
func complain(err error) {
	for _, e := range problems(err) {
		say().Error(e)
	}
}

// remark says where a profile may not do what its author thinks.
func remark(notes []launcher.Note) {
	for _, n := range notes {
		say().Info(n)
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
