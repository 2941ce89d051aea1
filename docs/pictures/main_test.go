package main

import (
	"os"
	"testing"
)

// The pictures in the repository are those that the program draws.
func TestPictures(t *testing.T) {
	file, err := os.ReadFile("sandbox.svg")
	if err != nil || string(file) != sandbox() {
		t.Errorf("sandbox.svg is another picture, %v (go run ./docs/pictures draws it)", err)
	}
}
