package mountprop

import "testing"

func TestAt(t *testing.T) {
	plain := []Mount{
		{ID: 1, Parent: 0, Target: "/"},
		{ID: 2, Parent: 1, Target: "/proc"},
		{ID: 3, Parent: 1, Target: "/a"},
		{ID: 4, Parent: 3, Target: "/a/b/c"},
		{ID: 5, Parent: 1, Target: "/ab"},
	}
	for _, test := range []struct {
		name   string
		mounts []Mount
		target string
		want   int // ID, 0 for none
	}{
		{"root", plain, "/", 1},
		{"child", plain, "/proc", 2},
		{"deep", plain, "/a/b/c", 4},
		{"unclean", plain, "/a//b/./c/", 4},
		{"no mount point", plain, "/a/b", 0},
		{"below the last", plain, "/proc/1", 0},
		{"prefix of a name", plain, "/abc", 0},
		{"stacked", append(plain, Mount{ID: 6, Parent: 2, Target: "/proc"}, Mount{ID: 7, Parent: 6, Target: "/proc"}),
			"/proc", 7},
		// The kernel lists by ID or by tree: the order tells nothing.
		{"stacked, listed upside down", []Mount{
			{ID: 7, Parent: 2, Target: "/proc"}, {ID: 2, Parent: 9, Target: "/proc"}, {ID: 9, Parent: 0, Target: "/"},
		}, "/proc", 7},
		{"hidden", append(plain, Mount{ID: 6, Parent: 3, Target: "/a"}), "/a/b/c", 0},
		{"hidden and mounted again",
			append(plain, Mount{ID: 6, Parent: 3, Target: "/a"}, Mount{ID: 8, Parent: 6, Target: "/a/b/c"}), "/a/b/c", 8},
		{"covered root", append(plain, Mount{ID: 6, Parent: 1, Target: "/"}), "/", 6},
		{"below a covered root", append(plain, Mount{ID: 6, Parent: 1, Target: "/"}), "/proc", 0},
		{"root its own parent", []Mount{{ID: 1, Parent: 1, Target: "/"}, {ID: 2, Parent: 1, Target: "/a"}}, "/a", 2},
		{"chroot without a mount at /", []Mount{{ID: 2, Parent: 1, Target: "/a"}, {ID: 3, Parent: 2, Target: "/a/b"}}, "/a/b", 3},
		{"chroot, its root", []Mount{{ID: 2, Parent: 1, Target: "/a"}}, "/", 0},
		{"circle", []Mount{{ID: 1, Parent: 0, Target: "/"}, {ID: 2, Parent: 1, Target: "/"}, {ID: 1, Parent: 2, Target: "/"}}, "/x", 0},
		{"none", nil, "/", 0},
	} {
		got, ok := At(test.mounts, test.target)
		if ok != (test.want != 0) || ok && got.ID != test.want {
			t.Errorf("%s: At(%q) = %d, %v; want %d", test.name, test.target, got.ID, ok, test.want)
		}
	}
}

func TestHasOption(t *testing.T) {
	m := Mount{Options: "rw,nosuid,relatime"}
	for option, want := range map[string]bool{"rw": true, "nosuid": true, "suid": false, "no": false, "": false} {
		if got := m.HasOption(option); got != want {
			t.Errorf("HasOption(%q) = %v; want %v", option, got, want)
		}
	}
}
