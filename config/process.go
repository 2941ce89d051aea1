package config

import (
	"slices"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/nslaunch/nslaunch/config/internal/systemd"
)

func processFields(p *Process) []lang.Field {
	return []lang.Field{
		{Name: "cwd", Type: lang.To(&p.Cwd, absolutePath())},
		{Name: "uid", Type: lang.Optional(&p.UID, id())},
		{Name: "gid", Type: lang.Optional(&p.GID, id())},
		{Name: "groups", Type: lang.SetOf(&p.Groups, "an array of integers", id()), Many: lang.AsSet},
		{Name: "capabilities", Type: capabilitiesType{&p.Capabilities}, Many: lang.AsSet,
			Initial: string(CapabilitiesKeep), None: string(CapabilitiesNone), Off: `"keep"`},
		{Name: "no_new_privs", Off: lang.AsRead, Type: lang.Bool(&p.NoNewPrivs)},
		{Name: "umask", Type: lang.Optional(&p.Umask, lang.Octal("022", 0o777))},
		{Name: "oom_score_adj", Type: lang.Optional(&p.OOMScoreAdj, lang.Int[int](-1000, 1000))},
		{Name: "nice", Type: lang.Optional(&p.Nice, lang.Int[int](-20, 19))},
		{Name: "init", Off: lang.AsRead, Type: lang.Bool(&p.Init)},
		{Name: "terminal", Off: `"inherit"`, Type: lang.Enum(&p.Terminal, TerminalInherit, TerminalPTY, TerminalNone)},
		{Name: "keep_fds", Type: keepFDsType(p), Many: lang.AsSet},
		{Name: "stop_signal", Type: lang.To(&p.StopSignal, lang.KindOf(readSignal, signalShapes))},
		{Name: "stop_timeout", Type: lang.To(&p.StopTimeout, lang.Duration())},
	}
}

// absolutePath is a path inside.
func absolutePath() lang.Kind[string] {
	return lang.KindOf(readAbsolutePath, func() []*Shape { return []*Shape{lang.Like(`^/`)} })
}

func readAbsolutePath(d *lang.Decoder, v lang.Value) (string, bool) {
	s, ok := d.FilledText(v)
	if ok && !strings.HasPrefix(s, "/") {
		hint := lang.PathHint[string](s)
		if strings.HasPrefix(s, ".") || strings.Contains(hint, `"./`) {
			hint = lang.DidYouMean("${cwd}", []string{"${cwd}"})
		}
		d.Problem(v, "want an absolute path, got %q%s", s, hint)
		return "", false
	}
	return s, ok
}

// maxFD is the highest that /proc/sys/fs/nr_open allows by default.
const maxFD = 1<<20 - 1

// keepFDsType is a set of descriptors.
func keepFDsType(p *Process) lang.Type {
	fds := lang.SetOf(&p.KeepFDs, "an array of integers", lang.Int[int](3, maxFD))
	return lang.By(func(d *lang.Decoder, v lang.Value) {
		fds.Read(d, v)
		slices.Sort(p.KeepFDs)
	}, fds.Shapes)
}

func readSignal(d *lang.Decoder, v lang.Value) (string, bool) {
	s, ok := d.FilledText(v)
	if ok && !systemd.SignalName(s) {
		d.Problem(v, "unknown signal %q, want a name of signal(7) without SIG such as \"TERM\" or \"RTMIN+3\"%s", s, systemd.SignalHint(s))
		return "", false
	}
	return s, ok
}

func signalShapes() []*Shape {
	return []*Shape{lang.OneWord(systemd.SignalNames()...), lang.Like(`^` + systemd.RealtimeSignal)}
}
