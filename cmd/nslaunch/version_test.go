package main

import (
	"runtime/debug"
	"testing"
)

func TestBuiltFrom(t *testing.T) {
	const hash = "65485e1c0ffee0123456789abcdef0123456789a"
	build := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: hash}
	for _, test := range []struct {
		name   string
		commit string
		info   *debug.BuildInfo
		want   source
		text   string
	}{
		{"nothing is known", "", nil, source{}, ""},
		{"a release", hash, build("(devel)"), source{hash, false}, " (65485e1c0ffe)"},
		{"a modified tree", hash + "-modified", build("(devel)"), source{hash, true}, " (65485e1c0ffe, modified)"},
		{"go build in a clone", "", build("v0.2.1-0.20261130125000-65485e1c0ffe", revision, debug.BuildSetting{Key: "vcs.modified", Value: "false"}), source{hash, false}, " (65485e1c0ffe)"},
		{"go build in a modified clone", "", build("(devel)", revision, debug.BuildSetting{Key: "vcs.modified", Value: "true"}), source{hash, true}, " (65485e1c0ffe, modified)"},
		{"go install of a commit", "", build("v0.2.1-0.20261130125000-65485e1c0ffe"), source{"65485e1c0ffe", false}, " (65485e1c0ffe)"},
		{"go install of a release", "", build("v0.2.0"), source{}, ""},
		{"go install of a candidate", "", build("v0.2.0-rc.1"), source{}, ""},
		{"a short commit", "abc", nil, source{"abc", false}, " (abc)"},
	} {
		got := builtFrom(test.commit, test.info)
		if got != test.want || got.String() != test.text {
			t.Errorf("%s: %+v, %q, want %+v, %q", test.name, got, got, test.want, test.text)
		}
	}
}
