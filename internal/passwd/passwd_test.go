package passwd

import "testing"

func TestFind(t *testing.T) {
	const text = "root:x:0:0:root:/root:/bin/bash\n" +
		"broken:x:7\n" +
		"ann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n" +
		"other:x:1000:1000::/nowhere:/bin/sh\n" +
		"last:x:1001:1001::/home/last:/bin/sh"
	for uid, want := range map[int]User{
		0:    {"root", "/root", "/bin/bash"},
		1000: {"ann", "/home/ann", "/bin/sh"},
		1001: {"last", "/home/last", "/bin/sh"},
		7:    {},
		1002: {},
	} {
		if got := find(text, uid); got != want {
			t.Errorf("find(%d) = %v; want %v", uid, got, want)
		}
	}
}

func TestByIDRoot(t *testing.T) {
	if u := ByID(0); u.Name != "root" {
		t.Errorf("ByID(0) = %v; want root", u)
	}
}
