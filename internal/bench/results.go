package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// results is all that a run found, as --json writes it.
type results struct {
	Version  int       `json:"version"`
	Date     string    `json:"date"` // RFC 3339
	User     string    `json:"user"` // whom the programs ran as
	Machine  machine   `json:"machine"`
	Programs []program `json:"programs"`
	Missing  []reason  `json:"missing"` // what could not be compared with at all
	Results  []result  `json:"results"`
}

// machine is where it ran.
type machine struct {
	Kernel    string `json:"kernel"`
	Arch      string `json:"arch"`
	CPUs      int    `json:"cpus"`
	Processor string `json:"processor"`
	Memory    uint64 `json:"memory"` // bytes
	Go        string `json:"go"`
	Load      string `json:"load"` // processes that wanted to run in the minute before
}

// program is what was run.
type program struct {
	Name    string `json:"name"`
	Kind    kind   `json:"kind"`
	Path    string `json:"path"`
	Version string `json:"version"`
}

// result is one table.
type result struct {
	Scenario string   `json:"scenario"`
	Unit     unit     `json:"unit"`
	Mounts   int      `json:"mounts"` // of the mount namespace that was launched from
	Series   []series `json:"series"`
	LeftOut  []reason `json:"left_out"`
}

// unit is what samples count.
type unit string

const (
	nanoseconds unit = "ns"
	bytesUsed   unit = "bytes"
)

// series is what one program gave, sample by sample, in the order of the rounds.
type series struct {
	Name    string   `json:"name"`
	Kind    kind     `json:"kind"`
	Samples []int64  `json:"samples"`
	Notes   []string `json:"notes,omitempty"`
}

// reason is why a program is missing.
type reason struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

const resultsVersion = 1

func readResults(path string) (results, error) {
	var r results
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if r.Version != resultsVersion {
		return r, fmt.Errorf("%s: version %d of results, want %d", path, r.Version, resultsVersion)
	}
	return r, nil
}

func (r results) write(path string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
