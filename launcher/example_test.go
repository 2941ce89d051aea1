package launcher_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher"
)

// A sandbox from a profile in the program itself. A program that does this
// calls launcher.Child first thing in main; here TestMain does.
func Example() {
	profile, err := config.Parse("example.toml", []byte(`
		version    = 1
		hostname   = "sandbox"
		command    = ["/bin/sh", "-c", "echo \"$(hostname): process $$\""]
		namespaces = { user = "new", uts = "new", pid = "new", mount = "new" }
	`), config.CallerVars())
	if err != nil {
		log.Fatal(err)
	}
	host, err := launcher.Probe(profile)
	if err != nil {
		log.Fatal(err)
	}
	plan, err := launcher.Compile(profile, host, nil)
	if err != nil {
		log.Fatal(err)
	}
	exit, err := launcher.Run(context.Background(), plan, launcher.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("exit status", exit.Status())
	// Output:
	// sandbox: process 2
	// exit status 0
}
