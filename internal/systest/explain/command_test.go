package explain

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/systest"
)

// A profile without a command is explained, and has none in JSON. With a command it is the one that was given.
func TestWithoutCommand(t *testing.T) {
	nstest.EachUser(t, func(t *testing.T, u nstest.User) {
		p := systest.NewWorkplace(t, u)
		if got := p.Must("explain", "preset:dev"); !strings.HasPrefix(got, "preset-dev runs the command that you give\n") {
			t.Errorf("got\n%s", got)
		}
		for want, args := range map[string][]string{
			"[]":                {"explain", "--json", "preset:dev"},
			`["make","--","x"]`: {"explain", "--json", "preset:dev", "make", "--", "x"},
		} {
			var got struct{ Command json.RawMessage }
			if err := json.Unmarshal([]byte(p.Must(args...)), &got); err != nil {
				t.Fatal(err)
			}
			var command []string
			if err := json.Unmarshal(got.Command, &command); err != nil || command == nil {
				t.Fatalf("%q: command %s", args, got.Command)
			}
			if text, err := json.Marshal(command); err != nil || string(text) != want {
				t.Errorf("%q: command %s; want %s", args, text, want)
			}
		}
	})
}
