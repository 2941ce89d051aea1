package main

import (
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/internal/vmtest/report"
)

// stageTests runs the tests of the stage: those that an emulator of the processor alone cannot do, too. Each
// is reported as a check of its own.
func stageTests(t *tester) {
	t.limit = 15 * time.Minute
	// Those left out look at the source with the Go toolchain, or run a great many programs, which is done elsewhere.
	without := "TestCallsAreRefused|TestRandomPrograms|TestMalformed.*"
	if t.is("6.1") {
		without += "|TestStoreADescriptor" // a tmpfs maps ids since Linux 6.3
	}
	r := t.run(tests+"/stage.test", "-test.v", "-test.short", "-test.timeout=6m", "-test.skip=^("+without+")$")
	passed := 0
	for line := range strings.Lines(r.stdout) {
		for _, outcome := range []string{"PASS", "FAIL", "SKIP"} {
			name, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "--- "+outcome+": ")
			if !ok || outcome == "PASS" && strings.HasPrefix(line, " ") {
				continue // subtests that pass are many
			}
			name, _, _ = strings.Cut(name, " ")
			if outcome == "PASS" {
				passed++
			}
			t.report(report.Line{Check: "root/stage/" + name, OK: outcome == "PASS", Text: outcome})
		}
	}
	if r.status != 0 || passed < 15 {
		t.errorf("%d tests passed: %v", passed, r)
	}
}
