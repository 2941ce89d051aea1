// Image writes the sealed image to its standard output, for a test that builds it in many ways.
package main

import (
	"os"

	"github.com/nslaunch/nslaunch/launcher/internal/stage"
)

func main() {
	if _, err := os.Stdout.Write(stage.Image()); err != nil {
		panic(err)
	}
}
