package config

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/config/internal/systemd"
)

// property parses one property of a scope.
func property(t *testing.T, setting string) Property {
	t.Helper()
	p, err := Parse("p.toml", []byte("version = 1\nscope.mode = \"auto\"\nscope.properties."+setting), testVars())
	if err != nil {
		t.Errorf("%s: %v", setting, err)
		return Property{}
	}
	return p.Scope.Properties[0]
}

func TestPropertyValues(t *testing.T) {
	for setting, want := range map[string]Property{
		`MemoryMax = 1`:                  {Text: "1", Number: 1},
		`MemoryMax = 1048576`:            {Text: "1M", Number: 1 << 20},
		`MemoryMax = "512M"`:             {Text: "512M", Number: 512 << 20},
		`MemoryMax = "1.5G"`:             {Text: "1536M", Number: 1536 << 20},
		`MemoryMax = "15E"`:              {Text: "15E", Number: 15 << 60},
		`MemoryMax = "100%"`:             {Text: "100%", Number: 10000, Percent: true},
		`MemoryMax = "0.01%"`:            {Text: "0.01%", Number: 1, Percent: true},
		`MemoryMax = "infinity"`:         {Text: "infinity", Number: Infinity},
		`MemoryMax = "${uid}K"`:          {Text: "1000K", Number: 1000 << 10},
		`MemoryMin = 0`:                  {Text: "0", Number: 0},
		`MemoryMin = "0%"`:               {Text: "0%", Number: 0, Percent: true},
		`MemorySwapMax = "0"`:            {Text: "0", Number: 0},
		`TasksMax = 9223372036854775807`: {Text: "9223372036854775807", Number: math.MaxInt64},
		`TasksMax = "10"`:                {Text: "10", Number: 10},
		`TasksMax = "12.50%"`:            {Text: "12.5%", Number: 1250, Percent: true},
		`TasksMax = "infinity"`:          {Text: "infinity", Number: Infinity},
		`CPUWeight = "idle"`:             {Text: "idle", Number: 0},
		`CPUWeight = 1`:                  {Text: "1", Number: 1},
		`IOWeight = "10000"`:             {Text: "10000", Number: 10000},
		`CPUQuota = "150%"`:              {Text: "150%", Number: 1500000},
		`CPUQuota = "0.01%"`:             {Text: "0.01%", Number: 100},
		`CPUQuota = "20000000%"`:         {Text: "20000000%", Number: 200000000000},
		`CPUQuotaPeriodSec = "1s"`:       {Text: "1s", Number: 1000000},
		`CPUQuotaPeriodSec = "1ms"`:      {Text: "1ms", Number: 1000},
		`RuntimeMaxSec = "1h 30min"`:     {Text: "1h 30min", Number: 5400e6},
		`RuntimeMaxSec = "1d"`:           {Text: "24h", Number: 86400e6},
		`RuntimeMaxSec = "0.1us"`:        {Text: "1us", Number: 1},
		`RuntimeMaxSec = "infinity"`:     {Text: "infinity", Number: Infinity},
		`KillSignal = "TERM"`:            {Text: "SIGTERM", Number: 15},
		`KillSignal = "SIGTERM"`:         {Text: "SIGTERM", Number: 15},
		`FinalKillSignal = "SIGRTMAX-1"`: {Text: "SIGRTMAX-1", Number: 63},
		`SendSIGHUP = true`:              {Text: "yes", Number: 1},
		`SendSIGKILL = false`:            {Text: "no", Number: 0},
		`KillMode = "control-group"`:     {Text: "control-group"},
		`AllowedCPUs = "0-3,5"`:          {Text: "0-3 5", Words: []string{"0-3", "5"}},
		`AllowedCPUs = "0,1 2-2"`:        {Text: "0 1 2", Words: []string{"0", "1", "2"}},
		`AllowedCPUs = [0, "2-3,7"]`:     {Text: "0 2-3 7", Words: []string{"0", "2-3", "7"}},
		`AllowedMemoryNodes = 5`:         {Text: "5", Words: []string{"5"}},
		`DeviceAllow = "/dev/null"`:      {Text: "/dev/null rwm", Words: []string{"/dev/null rwm"}},
		`DeviceAllow = ["char-pts rw", "/dev/x  m"]`: {
			Text: "char-pts rw", Words: []string{"char-pts rw", "/dev/x m"}},
		`IOReadBandwidthMax = "/srv 1.5M"`:           {Text: "/srv 1500000", Words: []string{"/srv 1500000"}},
		`IOWriteIOPSMax = ["/a 2K", "/b\tinfinity"]`: {Text: "/a 2000", Words: []string{"/a 2000", "/b infinity"}},
		`IODeviceWeight = "/dev/sda 10000"`:          {Text: "/dev/sda 10000", Words: []string{"/dev/sda 10000"}},
		`IODeviceLatencyTargetSec = "/dev/sda 1s 5ms"`: {
			Text: "/dev/sda 1005000us", Words: []string{"/dev/sda 1005000us"}},
		`After = " a.service  b@x.socket "`:  {Text: "a.service", Words: []string{"a.service", "b@x.socket"}},
		`BindsTo = ["dev-sda.device"]`:       {Text: "dev-sda.device", Words: []string{"dev-sda.device"}},
		`Conflicts = 'a\x2db:c_d.automount'`: {Text: `a\x2db:c_d.automount`, Words: []string{`a\x2db:c_d.automount`}},
	} {
		want.Name, _, _ = strings.Cut(setting, " ")
		want.Key = "scope.properties." + want.Name
		if got := property(t, setting); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v; want %+v", setting, got, want)
		}
	}
}

// Limits are properties of the unit, by their names in unit files.
func TestUnitLimits(t *testing.T) {
	for setting, want := range map[string]Property{
		`memory = "512M"`:   {Name: "MemoryMax", Text: "512M", Number: 512 << 20},
		`memory = 1048576`:  {Name: "MemoryMax", Text: "1M", Number: 1 << 20},
		`memory = "50%"`:    {Name: "MemoryMax", Text: "50%", Number: 5000, Percent: true},
		`swap = "0"`:        {Name: "MemorySwapMax", Text: "0"},
		`swap = 0`:          {Name: "MemorySwapMax", Text: "0"},
		`swap = "0%"`:       {Name: "MemorySwapMax", Text: "0%", Percent: true},
		`tasks = 512`:       {Name: "TasksMax", Text: "512", Number: 512},
		`cpu = 2`:           {Name: "CPUQuota", Text: "200%", Number: 2000000},
		`cpu = 1.5`:         {Name: "CPUQuota", Text: "150%", Number: 1500000},
		`cpu = 0.3333333`:   {Name: "CPUQuota", Text: "33.33%", Number: 333300},
		`cpu = 0.0001`:      {Name: "CPUQuota", Text: "0.01%", Number: 100},
		`cpu = 1e-1`:        {Name: "CPUQuota", Text: "10%", Number: 100000},
		`cpu = "12.5%"`:     {Name: "CPUQuota", Text: "12.5%", Number: 125000},
		`cpu = "20000000%"`: {Name: "CPUQuota", Text: "20000000%", Number: 200000000000},
	} {
		key, _, _ := strings.Cut(setting, " ")
		want.Key = "limits." + key
		p, err := Parse("p.toml", []byte("version = 1\nlimits."+setting), testVars())
		if err != nil {
			t.Errorf("%s: %v", setting, err)
			continue
		}
		if got := p.UnitLimits(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s is %+v; want %+v", setting, got, want)
		}
		if p.Scope.Mode != ScopeImplied {
			t.Errorf("%s: scope.mode is %q", setting, p.Scope.Mode)
		}
	}
}

func TestScopeMode(t *testing.T) {
	for text, want := range map[string]ScopeMode{
		``:                                 ScopeOff,
		`scope = "off"`:                    ScopeOff,
		`scope = "auto"`:                   ScopeAuto,
		`scope = "required"`:               ScopeRequired,
		`limits.timeout = "1s"`:            ScopeOff,
		`limits.tasks = 5`:                 ScopeImplied,
		"scope = 'auto'\nlimits.cpu = 1":   ScopeImplied,
		"scope = 'required'\nlimits.cpu=1": ScopeRequired,
		"limits.swap = 0\n[scope]\nslice = 'a.slice'\ndelegate = true": ScopeImplied,
	} {
		p, err := Parse("p.toml", []byte("version = 1\n"+text), testVars())
		if err != nil || p.Scope.Mode != want {
			t.Errorf("%q: %v, %v; want %q", text, p, err, want)
		}
	}
}

// Flags say the same as a file.
func TestScopeFlags(t *testing.T) {
	p, err := New([]Setting{
		{"scope.properties.CPUWeight", 50, "--set"},
		{"scope", "required", "--scope"},
		{"limits.cpu", 1.5, "--set"},
		{"service.notify", "exec", "--set"},
	}, testVars())
	if err != nil {
		t.Fatal(err)
	}
	if p.Scope.Mode != ScopeRequired || p.Scope.Properties[0].Number != 50 || p.UnitLimits()[0].Text != "150%" || p.Service.Notify != NotifyExec {
		t.Errorf("New = %+v, %+v, %+v", p.Scope, p.UnitLimits(), p.Service)
	}
	_, err = New([]Setting{{"scope.properties.CPUWieght", 50, "--set"}}, testVars())
	if want := `--set scope.properties.CPUWieght: unknown key "CPUWieght" in [scope.properties] (did you mean "CPUWeight"?)`; err == nil || err.Error() != want {
		t.Errorf("New: %v; want %s", err, want)
	}
}

// All that the unit has comes in one sorted list; each tells its key.
func TestScopeProperties(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{``, "KillSignal=SIGTERM (process.stop_signal) TimeoutStopSec=10s (process.stop_timeout)"},
		{"process = { stop_signal = 'RTMIN+3', stop_timeout = '1m 500ms' }",
			"KillSignal=SIGRTMIN+3 (process.stop_signal) TimeoutStopSec=1min 500ms (process.stop_timeout)"},
		{"process.stop_timeout = '0s'", "KillSignal=SIGTERM (process.stop_signal) TimeoutStopSec=1us (process.stop_timeout)"},
		{"process.stop_signal = 'INT'\nscope = { mode = 'auto', properties = { TimeoutStopSec = '3s', CPUWeight = 5 } }\nlimits = { tasks = 9, memory = '1G' }",
			"CPUWeight=5 (scope.properties.CPUWeight) KillSignal=SIGINT (process.stop_signal) MemoryMax=1G (limits.memory) " +
				"TasksMax=9 (limits.tasks) TimeoutStopSec=3s (scope.properties.TimeoutStopSec)"},
		{"scope = { mode = 'auto', properties = { KillSignal = 'HUP' } }\nlimits = { cpu = 1, swap = 0 }",
			"CPUQuota=100% (limits.cpu) KillSignal=SIGHUP (scope.properties.KillSignal) MemorySwapMax=0 (limits.swap) TimeoutStopSec=10s (process.stop_timeout)"},
	} {
		p, err := Parse("p.toml", []byte("version = 1\n"+test.text), testVars())
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		var got []string
		for _, o := range p.ScopeProperties() {
			got = append(got, o.Name+"="+o.Text+" ("+o.Key+")")
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s\nhas %s\nwant %s", test.text, s, test.want)
		}
	}
	if us := systemd.Microseconds(time.Duration(math.MaxInt64)); us != 9223372036854776 {
		t.Errorf("the longest duration has %d µs", us)
	}
}

// What another key stands for is a key.
func TestPropertyKeys(t *testing.T) {
	known := documented("", topFields(newProfile("")))
	all := strings.Fields("Slice Description Delegate ExecStart Type Sockets LoadCredential User Group SupplementaryGroups " +
		"WorkingDirectory UMask Nice OOMScoreAdjust NoNewPrivileges AmbientCapabilities TTYPath Environment PassEnvironment " +
		"RootDirectory ProtectSystem MountFlags BindReadOnlyPaths BindPaths PrivateTmp ProtectHome PrivateDevices ProtectProc " +
		"ProcSubset ProtectKernelTunables PrivateNetwork PrivateIPC PrivateUsers PrivateMounts PrivatePIDs ProtectHostname " +
		"LimitNOFILE CPUQuotaPerSecUSec RuntimeMaxUSec TasksMaxScale")
	for _, name := range all {
		_, err := Parse("p.toml", []byte("version = 1\nscope.mode = \"auto\"\nscope.properties."+name+" = 1"), testVars())
		if err == nil {
			t.Errorf("%s is a property", name)
			continue
		}
		_, key, ok := strings.Cut(err.Error(), ", want ")
		if !ok || !slices.Contains(known, key) && !slices.Contains(known, "scope.properties."+key) {
			t.Errorf("%s is to be %q, which is no key: %v", name, key, err)
		}
	}
}
