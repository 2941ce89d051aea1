package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What lies in the directory above is what the source says: else go generate was forgotten.
func TestGenerated(t *testing.T) {
	for name, want := range files() {
		if got, err := os.ReadFile(filepath.Join("..", name)); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what the source says, %v: run go generate ./launcher/internal/stage", name, err)
		}
	}
}

// Each label is defined once, and used.
func TestLabels(t *testing.T) {
	defined, used := map[string]int{}, map[string]bool{}
	for _, i := range stage() {
		if i.verb == isLabel {
			defined[i.label]++
		} else if i.jumps() {
			used[i.label] = true
		}
	}
	for name, n := range defined {
		if n != 1 || !used[name] {
			t.Errorf("%s is defined %d times; used: %v", name, n, used[name])
		}
	}
	for name := range used {
		if defined[name] == 0 {
			t.Errorf("%s is not defined", name)
		}
	}
}
