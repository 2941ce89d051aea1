package meant

import "testing"

func TestCommand(t *testing.T) {
	known := []string{"run", "check", "ps", "stop", "exec"}
	for word, want := range map[string]string{
		"chekc": ` (did you mean "check"?)`,
		"Check": ` (did you mean "check"?)`,
		"list":  ` (did you mean "ps"?)`,
		"kill":  ` (did you mean "stop"?)`,
		"docs":  "", // man is not among them
		"frob":  "",
		"":      "",
	} {
		if got := Command(word, known); got != want {
			t.Errorf("Command(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestFlag(t *testing.T) {
	known := []string{"set", "detach", "new", "hostname", "n", "bind", "json"}
	for _, test := range []struct{ name, value, want string }{
		{"detatch", "", " (did you mean --detach?)"},
		{"hostnam", "x", " (did you mean --hostname?)"},
		{"v", "/a:/b", " (write --bind /a:/b)"},
		{"e", "A=b", ""}, // --setenv is not among them
		{"net", "host", " (write --set namespaces.net=host)"},
		{"net", "none", " (write --new net)"},
		{"unshare-user-try", "", " (write --new user)"},
		{"user", "1000", " (write --set process.uid=1000)"},
		{"user", "", " (write --new user)"},
		{"rm", "", " (leave it out: nothing of a sandbox is left when it ends)"},
		{"z", "", ""},
	} {
		if got := Flag(test.name, test.value, known); got != test.want {
			t.Errorf("Flag(%q, %q) = %q, want %q", test.name, test.value, got, test.want)
		}
	}
	if got := Flag("rm", "", []string{"json"}); got != "" {
		t.Errorf("a command without sandboxes: %q", got)
	}
}
