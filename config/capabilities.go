package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// CapabilityNames are those of capabilities(7), without CAP_, at the index
// that is the kernel's number.
func CapabilityNames() []string {
	return []string{
		"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
		"SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
		"IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
		"SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
		"LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
		"WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
	}
}

// capabilitiesType is "keep", "none" or a list of names.
type capabilitiesType struct{ *Capabilities }

func (c capabilitiesType) Read(d *lang.Decoder, v lang.Value) {
	if s, ok := v.Raw.(string); ok {
		if s, ok = d.Expand(v, s); !ok {
			return
		}
		switch mode := CapabilityMode(s); mode {
		case CapabilitiesKeep, CapabilitiesNone:
			c.Mode = mode
		default:
			hint := lang.DidYouMean(s, []CapabilityMode{CapabilitiesKeep, CapabilitiesNone})
			if hint == "" {
				hint = d.MeantBy(v)
			}
			d.Problem(v, "unknown value %q, want keep, none or an array of capabilities%s", s, hint)
		}
		return
	}
	names := CapabilityNames()
	numbers, ok := lang.ReadSet(d, v, "a string or an array of strings", func(d *lang.Decoder, v lang.Value) (int, bool) { return readCapability(d, v, names) })
	if !ok {
		return
	}
	slices.Sort(numbers)
	c.Mode = CapabilitiesList
	for _, n := range numbers {
		c.List = append(c.List, names[n])
	}
}

// readCapability returns the number of the capability that is named.
func readCapability(d *lang.Decoder, v lang.Value, names []string) (int, bool) {
	s, ok := d.FilledText(v)
	if !ok {
		return 0, false
	}
	n := slices.Index(names, strings.TrimPrefix(s, "CAP_"))
	if n < 0 {
		hint := ""
		short := strings.TrimPrefix(strings.ToUpper(s), "CAP_")
		if meant := lang.Suggest(short, names); meant != "" {
			hint = " (did you mean " + strconv.Quote(meant) + "?)"
		}
		d.Problem(v, "unknown capability %q, want a name of capabilities(7) such as \"NET_ADMIN\"%s", s, hint)
	}
	return n, n >= 0
}

func (capabilitiesType) Shapes() []*Shape {
	names := CapabilityNames()
	return []*Shape{
		lang.OneWord(CapabilitiesKeep, CapabilitiesNone),
		lang.ArrayOf([]*Shape{lang.OneWord(names...), lang.Like("^CAP_(" + strings.Join(names, "|") + ")$")}, true),
	}
}
