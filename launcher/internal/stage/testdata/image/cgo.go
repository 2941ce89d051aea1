//go:build cgo_main

package main

import "C" // so that the external linker is asked
