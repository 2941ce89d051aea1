package step

import (
	"strings"
	"testing"
)

func TestScopeName(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, want := range map[string]string{
		"web":     "nslaunch-web-ID.scope",
		"a b/c@é": `nslaunch-a\x20b\x2fc\x40\xc3\xa9-ID.scope`,
		long:      "nslaunch-" + long[:255-len("nslaunch--ID.scope")] + "-ID.scope",
	} {
		if got := scopeName(name, "ID"); got != want {
			t.Errorf("%q: got %q; want %q", name, got, want)
		}
	}
}
