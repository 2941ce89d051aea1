package notice

import (
	"testing"
)

// What ended at once because it was asked to is said to have been asked, whichever of the two is seen first.
func TestSpeakOfStopping(t *testing.T) {
	for range 100 {
		var told []string
		var n Notifier
		n.Prepare(0, func(message []byte, _ []int) { told = append(told, string(message)) })
		n.Stopping()
		n.Start()
		n.Finish()
		if len(told) != 2 || told[1] != "STOPPING=1" {
			t.Fatalf("%q", told)
		}
	}
}
