package plan

import (
	"encoding/json"
)

// planJSON is a plan for programs. Version changes when a field does.
type planJSON struct {
	Version int        `json:"version"`
	Name    string     `json:"name"`
	Command []string   `json:"command"`
	Steps   []stepJSON `json:"steps"`
	Notes   []noteJSON `json:"notes,omitempty"`
}

type noteJSON struct {
	Note   string `json:"note"`
	Key    string `json:"key,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

type stepJSON struct {
	Step   int    `json:"step"`
	By     Actor  `json:"by"`
	Action string `json:"action"`
	Key    string `json:"key,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (p *Plan) MarshalJSON() ([]byte, error) {
	j := planJSON{Version: 1, Name: p.Name, Command: p.Command}
	for i, s := range p.Steps {
		j.Steps = append(j.Steps, stepJSON{
			Step: i + 1, By: s.By, Action: s.Action.String(), Key: s.Origin.Key,
			File: s.Origin.Pos.File, Line: s.Origin.Pos.Line, Column: s.Origin.Pos.Col,
		})
	}
	for _, n := range p.Notes {
		j.Notes = append(j.Notes, noteJSON{n.Text, n.Origin.Key, n.Origin.Pos.File, n.Origin.Pos.Line, n.Origin.Pos.Col})
	}
	return json.Marshal(j)
}
