package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/nslaunch/nslaunch/internal/quote"
)

// Put writes the result of the command to standard output, and is the one place that does. It returns the command's
// status: a result that cannot be written is a failure, such as a full disk.
func (c *Call) Put(text string) int {
	if _, err := os.Stdout.WriteString(text); err != nil {
		return c.Fail(fmt.Errorf("standard output: %w", Underlying(err)))
	}
	return ExitOK
}

// PutJSON writes a result for programs, as Put does. The value is of our own types, which all have a form in JSON.
func (c *Call) PutJSON(v any) int {
	text, _ := encode(v, "  ")
	return c.Put(string(text))
}

// Underlying leaves the name of a file out of an error.
func Underlying(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}

// encode writes a value as JSON. Without an indent it is one line.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return quote.JSON(b.Bytes()), err
}
