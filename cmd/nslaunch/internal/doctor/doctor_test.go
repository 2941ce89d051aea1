package doctor

import (
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/internal/quote"
)

func diagnosed() *Diagnosis {
	runs := false
	return &Diagnosis{Kernel: "6.1.0", UID: 1000, Profile: "a\x1b[2J.toml", Runs: &runs, Findings: []Finding{
		{Name: "user namespace", OK: true, NeededFor: "all"},
		{Name: "records of sandboxes", OK: true, NeededFor: "ps, exec", Detail: "/run/a\x1b[2J"},
		{Name: "overlay", Detail: "mount overlay: EPERM", Cause: "the kernel refuses it, for a reason that needs more than one line of a terminal", Cure: "sysctl kernel.x=1", NeededFor: "root.overlay"},
		{Name: "sealed image", Information: true, NeededFor: "fast launches", Cause: "the portable image is used instead"},
		{Name: "Landlock", Information: true, Detail: "ABI 7"},
	}}
}

// A row says what was found, why, what helps, and who needs it. Elsewhere than on a terminal each of these is one line.
func TestTable(t *testing.T) {
	const want = `Linux 6.1.0, as uid 1000
yes  user namespace        all
yes  records of sandboxes  ps, exec
                           /run/a\x1b[2J
no   overlay               mount overlay: EPERM
                           the kernel refuses it, for a reason that needs more than one line of a terminal
                           try: sysctl kernel.x=1
                           needed for: root.overlay
no   sealed image          the portable image is used instead
                           needed for: fast launches
-    Landlock              ABI 7

no   $'a\x1b[2J.toml' cannot run here
`
	if got := diagnosed().Table(false, 0); got != want {
		t.Errorf("got\n%s", got)
	}
}

// Lines fit into a terminal, and break only at blanks. Colours change nothing else.
func TestTableWidth(t *testing.T) {
	plain := diagnosed().Table(false, 60)
	for line := range strings.Lines(plain) {
		if quote.Width(strings.TrimSuffix(line, "\n")) > 60 {
			t.Errorf("too long: %s", line)
		}
	}
	if got, want := strings.Fields(plain), strings.Fields(diagnosed().Table(false, 0)); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got\n%s", plain)
	}
	painted := diagnosed().Table(true, 60)
	for _, code := range []string{"0", "1", "2", "1;31", "32", "33"} {
		painted = strings.ReplaceAll(painted, "\x1b["+code+"m", "")
	}
	if painted != plain {
		t.Errorf("with colours it is\n%s", painted)
	}
}
