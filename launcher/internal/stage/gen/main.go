// Gen writes the text of the stage for each processor, from one source. It is run by go generate in the directory above.
//
// The source is Go: functions whose results are lists of instructions, in the order in which they lie in memory. They
// use some 30 portable instructions, of instruction.go. A file for each processor says what these are there, in the notation
// of Go's assembler. What lies in the frame, in a program or in a structure of the kernel is a field of a Go structure
// (layout.go), so that nobody counts bytes; numbers are those of Go's packages.
//
// What gen takes from Go's packages is of the processor that it runs on. So the source may only use what is the same on all of
// them: system calls are named by their symbols, and no flag of open(2) is used.
package main

import (
	"log"
	"os"
)

func main() {
	for name, text := range files() {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// files returns the files to write, by name.
func files() map[string][]byte {
	all := map[string][]byte{}
	for _, p := range processors() {
		all["stage_"+p.name()+".s"] = write(p, stage())
	}
	return all
}

func processors() []processor { return []processor{amd64{}, arm64{}, riscv64{}} }
