package systemd

import (
	"path"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// ranges of processors or memory nodes, as "0-3,5" or [0, "2-3"].
func ranges() notation {
	return notation{readRanges, func() []*lang.Shape { return wordsShapes(lang.Whole(0, 8191), lang.Like(`^[0-9,\s-]+$`)) }}
}

func readRanges(d *lang.Decoder, v lang.Value, p *Property) bool {
	const want = `want numbers from 0 to 8191 or ranges of them, such as "0-3,5"`
	v.Raw = inDigits(v.Raw)
	if list, ok := v.Raw.([]any); ok {
		all := make([]any, len(list))
		for i, e := range list {
			all[i] = inDigits(e)
		}
		v.Raw = all
	}
	ok := readWords(d, v, p, true, func(d *lang.Decoder, v lang.Value, s string) (string, bool) {
		var all []string
		for part := range strings.SplitSeq(s, ",") {
			r, ok := parseRange(part)
			if !ok {
				d.Problem(v, "%s, got %q", want, s)
				return "", false
			}
			all = append(all, r)
		}
		return strings.Join(all, " "), true
	})
	if ok {
		p.Text = strings.Join(p.Words, " ")
		p.Words = strings.Fields(p.Text)
	}
	return ok
}

// inDigits returns an integer as a string.
func inDigits(raw any) any {
	if n, ok := raw.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	return raw
}

// perDevice is a list of "PATH VALUE"; one reads a value and
// returns it as a plain number.
func perDevice(want string, one func(s string) (string, bool)) notation {
	read := func(d *lang.Decoder, v lang.Value, p *Property) bool {
		return readWords(d, v, p, false, func(d *lang.Decoder, v lang.Value, s string) (string, bool) {
			file, rest := s, ""
			if at := strings.IndexAny(s, " \t"); at >= 0 {
				file, rest = s[:at], strings.Trim(s[at:], " \t")
			}
			text, ok := one(rest)
			if !ok || !cleanAbsolute(file) {
				d.Problem(v, "want \"PATH VALUE\", an absolute path without \"..\" and %s, got %q", want, s)
				return "", false
			}
			return file + " " + text, true
		})
	}
	return notation{read, func() []*lang.Shape { return wordsShapes(lang.Like(`^(` + lang.Component + `)+[ \t]+\S`)) }}
}

// cleanAbsolute reports whether s is a path that systemd takes for normalized.
func cleanAbsolute(s string) bool {
	return path.IsAbs(s) && path.Clean(s) == s
}

func deviceWeight(s string) (string, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	return strconv.FormatUint(n, 10), err == nil && n >= 1 && n <= 10000
}

func deviceRate(s string) (string, bool) {
	if s == lang.Infinity {
		return s, true
	}
	n, ok := parseDecimal(s)
	return strconv.FormatUint(n, 10), ok && n > 0
}

func deviceLatency(s string) (string, bool) {
	t, err := lang.ParseDuration(s)
	return strconv.FormatUint(Microseconds(t), 10) + "us", err == nil && t > 0
}

// devices is a list of what may be done with which devices.
func devices() notation {
	return notation{readDevices, func() []*lang.Shape {
		return wordsShapes(lang.Like(`^\s*(/dev(` + lang.Component + `)+|(char|block)-\S*)(\s+[rwm]{1,3})?\s*$`))
	}}
}

func readDevices(d *lang.Decoder, v lang.Value, p *Property) bool {
	return readWords(d, v, p, false, func(d *lang.Decoder, v lang.Value, s string) (string, bool) {
		fields := strings.Fields(s)
		const example = `such as "/dev/null rw" or "char-pts rw"`
		switch {
		case len(fields) == 1:
			fields = append(fields, "rwm")
		case len(fields) != 2:
			d.Problem(v, "want a device and its access, %s, got %q", example, s)
			return "", false
		}
		device, access := fields[0], fields[1]
		group := strings.HasPrefix(device, "char-") || strings.HasPrefix(device, "block-")
		if file := strings.HasPrefix(device, "/dev/") && cleanAbsolute(device); !file && !group {
			d.Problem(v, "want a path below /dev, or char- or block- and a name of /proc/devices, %s, got %q", example, s)
			return "", false
		}
		for i, c := range access {
			if !strings.ContainsRune("rwm", c) || strings.ContainsRune(access[:i], c) {
				d.Problem(v, "want r, w and m, each once, after the device, got %q", s)
				return "", false
			}
		}
		return device + " " + access, true
	})
}
