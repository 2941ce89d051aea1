// Package report is what the agent in a machine says to the test outside: one
// line of JSON for each thing that it has to say.
package report

// Line is one line. The first has Plan, the last Done.
type Line struct {
	Plan  []string `json:"plan,omitempty"`  // all checks that there will be, by their names
	Check string   `json:"check,omitempty"` // the name of a check that has ended: "root/hello"
	OK    bool     `json:"ok,omitempty"`
	Text  string   `json:"text,omitempty"` // what the check says, above all where it failed
	Took  float64  `json:"took,omitempty"` // seconds of the machine's own clock
	Done  bool     `json:"done,omitempty"`
}
