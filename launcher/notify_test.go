package launcher

import (
	"testing"
)

// What ended at once because it was asked to is said to have been asked, whichever of the two is seen first.
func TestSpeakOfStopping(t *testing.T) {
	for range 100 {
		var told []string
		n := notifier{tell: func(message []byte, _ []int) { told = append(told, string(message)) }, stopping: make(chan struct{}, 1)}
		n.stop()
		n.start()
		n.finish()
		if len(told) != 2 || told[1] != "STOPPING=1" {
			t.Fatalf("%q", told)
		}
	}
}
