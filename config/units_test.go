package config

import (
	"testing"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

func TestDefaultName(t *testing.T) {
	for _, test := range []struct {
		file string
		argv []string
		want string
	}{
		{"dev.toml", nil, "dev"},
		{"/etc/nslaunch/my dev.toml", nil, "my-dev"},
		{"dir/profile", nil, "profile"},
		{"a.toml.toml", nil, "a.toml"},
		{"123.toml", nil, "nslaunch-123"},
		{".toml", nil, "nslaunch"},
		{"é.toml", nil, "nslaunch"},
		{"_-x.toml", nil, "x"},
		{"-", []string{"sleep"}, "stdin"},
		{"", []string{"/bin/sleep", "60"}, "sleep"},
		{"", nil, "nslaunch"},
		{"12345678901234567890123456789012345678901234567890123456789012345.toml", nil,
			"nslaunch-1234567890123456789012345678901234567890123456789012345"},
	} {
		got := defaultName(test.file, test.argv)
		if got != test.want {
			t.Errorf("defaultName(%q, %q) = %q; want %q", test.file, test.argv, got, test.want)
		}
		if lang.AllDigits(got) || len(got) > lang.MaxName || !lang.LetterOrDigit(got[0]) || !lang.AllBytes(got, lang.NameByte) {
			t.Errorf("defaultName(%q, %q) = %q, which is no name", test.file, test.argv, got)
		}
	}
}

func TestNamesAreInTheKernelsOrder(t *testing.T) {
	caps, limits := CapabilityNames(), RlimitNames()
	for i, name := range map[int]string{0: "CHOWN", 21: "SYS_ADMIN", 37: "AUDIT_READ", 40: "CHECKPOINT_RESTORE"} {
		if caps[i] != name {
			t.Errorf("capability %d is %s; want %s", i, caps[i], name)
		}
	}
	for i, name := range map[int]string{0: "cpu", 4: "core", 7: "nofile", 9: "as", 15: "rttime"} {
		if limits[i] != name {
			t.Errorf("limit %d is %s; want %s", i, limits[i], name)
		}
	}
	if len(caps) != 41 || len(limits) != 16 {
		t.Errorf("%d capabilities and %d limits; want 41 and 16", len(caps), len(limits))
	}
}
