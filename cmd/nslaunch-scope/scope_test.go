package main_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/nstest"
	"github.com/nslaunch/nslaunch/internal/placement"
)

// station is a machine with what places processes on it.
type station struct {
	*nstest.Machine
	helper, client string
	user           nstest.User
	userEnv        []string
}

// onStation runs a test on a machine with a bus and a user's manager.
func onStation(t *testing.T, test func(t *testing.T, s *station)) {
	t.Helper()
	nstest.Require(t, nstest.Root(), nstest.Users())
	nstest.CheckNothingLeft(t)
	t.Run("on", func(t *testing.T) {
		s := &station{Machine: nstest.Systemd(t)}
		dir := nstest.TempDir(t)
		s.helper, s.client = filepath.Join(dir, "nslaunch-scope"), filepath.Join(dir, "client")
		build := exec.Command("go", "build", "-buildvcs=false", "-o", s.helper, "github.com/nslaunch/nslaunch/cmd/nslaunch-scope")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		self, err := os.ReadFile("/proc/self/exe")
		if err == nil {
			err = os.WriteFile(s.client, self, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.user = nstest.Ordinary(t)
		s.userEnv = s.User(t, s.user)
		test(t, s)
	})
}

// way is how a manager is reached.
type way struct {
	name    string
	user    nstest.User
	env     []string
	request placement.Request
}

func (s *station) ways(t *testing.T) []way {
	root := nstest.Superuser(t)
	run := strings.TrimPrefix(s.userEnv[0], "XDG_RUNTIME_DIR=")
	return []way{
		{"system bus", root, nil, placement.Request{Bus: config.BusSystem, Address: "unix:path=/run/dbus/system_bus_socket"}},
		{"system socket", root, nil, placement.Request{Bus: config.BusSystem, Address: "unix:path=/run/systemd/private", Private: true}},
		{"user bus", s.user, s.userEnv, placement.Request{Bus: config.BusUser, Address: "unix:path=" + run + "/bus"}},
		{"user socket", s.user, s.userEnv, placement.Request{Bus: config.BusUser, Address: "unix:path=" + run + "/systemd/private", Private: true}},
	}
}

// placed is a client that holds its processes.
type placed struct {
	placement.Response
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// place has one process placed, and held until the test ends or release is called.
func (s *station) place(t *testing.T, w way, args ...string) *placed {
	t.Helper()
	cmd := s.Command(t, w.user, append([]string{clientVariable + "=1"}, w.env...), s.client,
		append([]string{"-helper", s.helper, "-hold"}, args...)...)
	cmd.Stderr = os.Stderr
	p := &placed{cmd: cmd}
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.release() })
	text, err := json.Marshal(w.request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.stdin.Write(append(text, '\n')); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if err := json.Unmarshal([]byte(line), &p.Response); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return p
}

func (p *placed) release() {
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
}

// systemctl asks the manager of a way.
func (s *station) systemctl(t *testing.T, w way, args ...string) string {
	t.Helper()
	if w.request.Bus == config.BusUser {
		args = append([]string{"--user"}, args...)
	}
	return strings.TrimSpace(nstest.MustRun(t, s.Command(t, w.user, w.env, "systemctl", args...)))
}

// request is w with a unit of that name.
func (w way) unit(name string) way {
	w.request.Unit, w.request.Description = name, "Sandbox "+name
	return w
}

// gone waits until a manager has forgotten a unit.
func (s *station) gone(t *testing.T, w way, unit string) {
	t.Helper()
	nstest.Eventually(t, func() bool {
		return s.systemctl(t, w, "show", "--value", "-pLoadState", unit) == "not-found"
	}, func() string { return unit + " is still there" })
}

func TestScope(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		for _, w := range s.ways(t) {
			t.Run(w.name, func(t *testing.T) {
				w := w.unit("nslaunch-test-1.scope")
				p := s.place(t, w)
				if p.Error != nil {
					t.Fatalf("%+v", p.Error)
				}
				slice := "/system.slice/"
				if w.request.Bus == config.BusUser {
					slice = "/user.slice/user-20001.slice/user@20001.service/app.slice/"
				}
				want := placement.Response{Unit: w.request.Unit, ControlGroup: slice + w.request.Unit, Cgroup: "/sys/fs/cgroup" + slice + w.request.Unit}
				if !reflect.DeepEqual(p.Response, want) {
					t.Errorf("got %+v; want %+v", p.Response, want)
				}
				got := s.systemctl(t, w, "show", "-pActiveState", "-pDescription", "-pCollectMode", "-pTransient", w.request.Unit)
				if want := "Description=Sandbox nslaunch-test-1.scope\nActiveState=active\nTransient=yes\nCollectMode=inactive-or-failed"; got != want {
					t.Errorf("got %s; want %s", got, want)
				}
				if got := s.Run(t, "cat", p.Cgroup+"/cgroup.procs"); strings.Count(got, "\n") != 1 {
					t.Errorf("processes %q", got)
				}
				t.Run("taken", func(t *testing.T) {
					w.request.Fixed = true
					e := s.place(t, w).Error
					if e == nil || e.Setting != "unit" || !strings.HasSuffix(e.Name, ".UnitExists") || !strings.Contains(e.Cause, "active") {
						t.Errorf("%+v", e)
					}
				})
				p.release()
				s.gone(t, w, w.request.Unit)
			})
		}
	})
}

// refused are requests that a manager does not take.
func TestRefused(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		ways := s.ways(t)
		stranger := ways[0]
		stranger.user = s.user
		for _, test := range []struct {
			name string
			way  way
			edit func(r *placement.Request)
			want placement.Error // parts of it
		}{
			{"ordinary user", stranger, func(*placement.Request) {},
				placement.Error{Setting: "bus", Name: "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", Cure: `scope.bus = "user"`}},
			{"value", ways[1], property(config.Property{Name: "MemoryMax", Text: "0"}), placement.Error{Property: "MemoryMax"}},
			{"value without a name", ways[1], property(config.Property{Name: "KillMode", Text: "nonsense"}), placement.Error{Property: "KillMode"}},
			{"value of a user's", ways[2], property(config.Property{Name: "KillSignal", Text: "x", Number: 9999}), placement.Error{Property: "KillSignal"}},
			{"slice", ways[0], func(r *placement.Request) { r.Slice = "a/b.slice" }, placement.Error{Setting: "slice"}},
			{"no slice", ways[0], func(r *placement.Request) { r.Slice = "x.service" }, placement.Error{Setting: "slice"}},
			{"service", ways[0], func(r *placement.Request) { r.Service = "absent.service" }, placement.Error{Message: "absent.service", Cause: "absent.service"}},
			{"dependency", ways[0], property(config.Property{Name: "BindsTo", Words: []string{"absent.service"}}), placement.Error{Property: "BindsTo"}},
			{"unit", ways[0], func(r *placement.Request) { r.Unit = "a b" }, placement.Error{Setting: "unit"}},
			{"pid", ways[0], func(r *placement.Request) { r.PID = 1 }, placement.Error{Message: "pidfd"}},
			{"absent", ways[0], func(r *placement.Request) { r.Address = "unix:path=/run/nothing" }, placement.Error{Absent: true}},
			{"address", ways[0], func(r *placement.Request) { r.Address = "tcp:host=localhost,port=1" }, placement.Error{Setting: "bus"}},
			{"no manager", ways[2], func(r *placement.Request) { r.Address = "unix:path=/run/systemd/private"; r.Private = true }, placement.Error{Setting: "bus"}},
			{"memory limit", ways[0], limitOf(false), placement.Error{Property: "MemoryMax", Cause: "the memory controller is not available in ", Cure: "limits.optional = true"}},
			{"machine of a user", ways[2], func(r *placement.Request) { r.Machine = "m" }, placement.Error{Setting: "machine"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				w := test.way.unit("nslaunch-refused-1.scope")
				test.edit(&w.request)
				e := s.place(t, w).Error
				if e == nil {
					t.Fatal("placed")
				}
				t.Logf("%+v", *e)
				if e.Setting != test.want.Setting || e.Property != test.want.Property || e.Absent != test.want.Absent ||
					!strings.Contains(e.Name, test.want.Name) || !strings.Contains(e.Cause, test.want.Cause) || !strings.Contains(e.Cure, test.want.Cure) ||
					!strings.Contains(e.Message, test.want.Message) {
					t.Errorf("got %+v; want parts %+v", *e, test.want)
				}
				asked := test.way
				if asked.user.Name != ways[2].user.Name || asked.request.Bus == config.BusUser {
					if got := s.systemctl(t, asked, "list-units", "--all", "--no-legend", "nslaunch-*"); got != "" {
						t.Errorf("left: %s", got)
					}
				}
			})
		}
		if got := s.Run(t, "sh", "-c", "ls /run/systemd/transient 2>&1; ls /run/user/20001/systemd/transient 2>&1; true"); strings.Contains(got, "nslaunch") {
			t.Errorf("left: %s", got)
		}
	})
}

func property(p config.Property) func(*placement.Request) {
	return func(r *placement.Request) { r.Properties = []config.Property{p} }
}

func limitOf(optional bool) func(*placement.Request) {
	return func(r *placement.Request) {
		r.Properties = []config.Property{{Name: "MemoryMax", Text: "512M", Number: 512 << 20}}
		r.Limits, r.Optional = []string{"MemoryMax"}, optional
	}
}

// No controllers are in cgroup2 here: that a limit holds can't be shown.
func TestOptionalLimit(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		w := s.ways(t)[0].unit("optional.scope")
		limitOf(true)(&w.request)
		p := s.place(t, w)
		if p.Error != nil || len(p.Notes) != 1 || p.Notes[0].Property != "MemoryMax" {
			t.Errorf("%+v", p.Response)
		}
		if got := s.Show(t, "optional.scope", "MemoryMax"); got != "536870912" {
			t.Errorf("MemoryMax %s", got)
		}
	})
}

// What is left of a scope is ended at the end of the launcher, however that comes.
func TestWatch(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		for _, w := range s.ways(t) {
			t.Run(w.name, func(t *testing.T) {
				w := w.unit("watched.scope")
				w.request.Watch = true
				file := filepath.Join(s.Dir(t, w.user), "up")
				p := s.place(t, w, "-command", "trap '' TERM; sleep .3; for i in 1 2 3; do setsid sh -c 'trap \"\" TERM; sleep infinity; :' & done; : >"+file+"; wait")
				if p.Error != nil {
					t.Fatalf("%+v", p.Error)
				}
				nstest.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, func() string { return "not up" })
				if err := p.cmd.Process.Kill(); err != nil { // the wrapper's end kills the client
					t.Fatal(err)
				}
				s.gone(t, w, w.request.Unit)
			})
		}
	})
}

// A watch outlives the bus, and the manager's own restart.
func TestWatchAgain(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		// The user's first: without the system bus that it knows, a user's manager can't
		// have processes moved that are not in a control group of its own.
		for _, i := range []int{2, 3, 1, 0} {
			w := s.ways(t)[i].unit("again.scope")
			t.Run(w.name, func(t *testing.T) {
				w.request.Watch = true
				p := s.place(t, w)
				if p.Error != nil {
					t.Fatalf("%+v", p.Error)
				}
				switch i {
				case 0:
					s.KillBus(t)
				case 2:
					s.KillUserBus(t, s.user, s.userEnv)
				default:
					s.systemctl(t, w, "daemon-reexec")
				}
				p.release()
				s.gone(t, w, w.request.Unit)
			})
		}
	})
}

func TestMany(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		for _, w := range s.ways(t) {
			for _, args := range [][]string{{"-count", "100"}, {"-count", "20", "-together", "20"}} {
				w := w.unit("nslaunch-many-%d.scope")
				text, err := json.Marshal(w.request)
				if err != nil {
					t.Fatal(err)
				}
				cmd := s.Command(t, w.user, append([]string{clientVariable + "=1"}, w.env...), s.client, append([]string{"-helper", s.helper}, args...)...)
				cmd.Stdin = strings.NewReader(string(text) + "\n")
				start := time.Now()
				out := nstest.MustRun(t, cmd)
				t.Logf("%s %v: %v", w.name, args, time.Since(start))
				if strings.Count(out, `"control_group"`) != strings.Count(out, "\n") || strings.Contains(out, `"error"`) {
					t.Errorf("%s: %s", w.name, out)
				}
			}
			nstest.Eventually(t, func() bool {
				return s.systemctl(t, w, "list-units", "--all", "--no-legend", "nslaunch-many-*") == ""
			}, func() string { return "scopes are left" })
		}
	})
}

func TestMachine(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		for _, w := range s.ways(t)[:2] {
			t.Run(w.name, func(t *testing.T) {
				w := w.unit("machine.scope")
				w.request.Machine = "box"
				p := s.place(t, w)
				if p.Error != nil {
					t.Fatalf("%+v", p.Error)
				}
				if got := s.Run(t, "machinectl", "list", "--no-legend"); !strings.HasPrefix(got, "box container nslaunch") {
					t.Errorf("list: %s", got)
				}
				if got := s.Run(t, "machinectl", "status", "box"); !strings.Contains(got, "Unit: machine.scope") {
					t.Errorf("status: %s", got)
				}
				other := w.unit("other.scope")
				e := s.place(t, other).Error
				if e == nil || e.Setting != "machine" || !strings.Contains(e.Cause, "running") {
					t.Errorf("name taken: %+v", e)
				}
				s.gone(t, w, "other.scope")
				s.Run(t, "machinectl", "terminate", "box")
				s.gone(t, w, "machine.scope")
				if got := s.Run(t, "machinectl", "list", "--no-legend"); strings.Contains(got, "box") {
					t.Errorf("list: %s", got)
				}
			})
		}
	})
}

// A manager that takes pids is not asked from another pid namespace.
func TestOtherPIDNamespace(t *testing.T) {
	onStation(t, func(t *testing.T, s *station) {
		for _, w := range s.ways(t)[:2] {
			text, err := json.Marshal(w.unit("lost.scope").request)
			if err != nil {
				t.Fatal(err)
			}
			for _, flag := range []string{"--mount-proc", "--kill-child"} { // with a /proc of its own, and without
				cmd := s.Command(t, w.user, []string{clientVariable + "=1"}, "unshare", "--pid", "--fork", flag, s.client, "-helper", s.helper)
				cmd.Stdin = strings.NewReader(string(text) + "\n")
				got := nstest.Run(t, cmd)
				if !strings.Contains(got.Stdout, "nslaunch cannot name the process") && !strings.Contains(got.Stdout, "its pidfd is one of") {
					t.Errorf("%s %s: %+v", w.name, flag, got)
				}
			}
			s.gone(t, w, "lost.scope")
		}
	})
}
