package units

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/placement"
	"golang.org/x/sys/unix"
)

// managerName is the manager's name on a bus.
const managerName = "org.freedesktop.systemd1"

// manager is a connection to one of systemd's managers.
type manager struct {
	*systemd.Conn
	calls   *dbus.Conn // the one of Conn's two on which it makes its calls
	signals *dbus.Conn // the other, on which it hears of jobs
	// Where it is.
	bus     config.Bus
	address string
	private bool
}

// connect reaches a manager by its address alone: neither the environment nor
// dbus-launch is asked. ctx bounds the connecting; the connection outlives it.
func connect(ctx context.Context, r placement.Request) (*manager, error) {
	m := &manager{bus: r.Bus, address: r.Address, private: r.Private}
	// Neither a greeting nor NewConnection's own call knows a context.
	dialling, connected := context.WithCancel(context.Background())
	defer connected()
	var conns []*dbus.Conn
	conn, err := systemd.NewConnection(func() (*dbus.Conn, error) {
		c, err := dial(ctx, r.Address)
		if err != nil {
			return nil, err
		}
		go func() {
			select {
			case <-ctx.Done():
				c.Close()
			case <-dialling.Done():
			}
		}()
		if err := greet(c, !r.Private); err != nil {
			c.Close()
			return nil, err
		}
		conns = append(conns, c)
		return c, nil
	})
	if err != nil {
		return nil, m.explainConnect(timely(ctx, err))
	}
	m.Conn, m.calls, m.signals = conn, conns[0], conns[1]
	if !m.private {
		err = m.awaitManager(ctx)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		m.Close()
		return nil, m.explainConnect(timely(ctx, err))
	}
	return m, nil
}

// awaitManager finds the manager on its bus. A bus that was started by this
// very connection is there before the manager: such a bus waits for it, and another one
// has no manager and says so at once.
func (m *manager) awaitManager(ctx context.Context) error {
	const patience = 5 * time.Second
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var started uint32
	err := m.calls.BusObject().CallWithContext(soon, "org.freedesktop.DBus.StartServiceByName", 0, managerName, uint32(0)).Store(&started)
	if ctx.Err() == nil && soon.Err() != nil {
		return dbus.Error{Name: errNoOwner, Body: []any{fmt.Sprintf("%s did not come within %s", managerName, patience)}}
	}
	return err
}

func dial(ctx context.Context, address string) (*dbus.Conn, error) {
	address, err := local(address)
	if err != nil {
		return nil, err
	}
	for {
		c, err := dbus.Dial(address)
		if !errors.Is(err, unix.EAGAIN) {
			return c, err
		}
		select { // the queue of those who want to connect is full
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// greet says who we are. At a manager's own socket nobody answers a Hello.
func greet(c *dbus.Conn, hello bool) error {
	// The other side takes the uid that the kernel reports: what a user namespace has for
	// one does not matter.
	if err := c.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Getuid()))}); err != nil || !hello {
		return err
	}
	return c.Hello()
}

// local keeps of an address the parts that are Unix sockets: others cannot carry
// descriptors.
func local(address string) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(address, ";") {
		if strings.HasPrefix(part, "unix:") {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "", &placement.Error{
			Message: fmt.Sprintf("there is no socket of a manager at %q", address), Setting: "bus",
			Cause: "only Unix sockets are supported: \"unix:path=…\" or \"unix:abstract=…\"",
			Cure:  "correct DBUS_SYSTEM_BUS_ADDRESS or DBUS_SESSION_BUS_ADDRESS",
		}
	}
	return strings.Join(parts, ";"), nil
}

// timely is err, or that of ctx if that is why a connection was closed.
func timely(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.As(err, new(dbus.Error)) {
		return ctx.Err()
	}
	return err
}

// errGone is the end of a connection.
var errGone = errors.New("the connection to the manager ended")

// wait waits for the result of a job.
func (m *manager) wait(ctx context.Context, job <-chan string) (string, error) {
	var gone error
	select {
	case result := <-job:
		return result, nil
	case <-m.calls.Context().Done():
		gone = errGone
	case <-m.signals.Context().Done():
		gone = errGone
	case <-ctx.Done():
		gone = ctx.Err()
	}
	select { // what came with the end counts
	case result := <-job:
		return result, nil
	default:
		return "", gone
	}
}

// alive reports whether the manager is still connected.
func (m *manager) alive() bool {
	return m.calls.Connected() && m.signals.Connected()
}

// property reads a property of a unit, of the interface of its type: "Scope", or "Unit".
func (m *manager) property(ctx context.Context, unit, kind, name string) (any, error) {
	p, err := m.GetUnitTypePropertyContext(ctx, unit, kind, name)
	if err != nil {
		return nil, timely(ctx, err)
	}
	return p.Value.Value(), nil
}

// text reads a property that is a string; "" if it can't be read.
func (m *manager) text(ctx context.Context, unit, kind, name string) string {
	v, err := m.property(ctx, unit, kind, name)
	s, ok := v.(string)
	if err != nil || !ok {
		return ""
	}
	return s
}

// version is the manager's, "systemd 252"; "this systemd" if it doesn't say.
func (m *manager) version() string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var v dbus.Variant
	call := m.calls.Object(managerName, "/org/freedesktop/systemd1").CallWithContext(ctx,
		"org.freedesktop.DBus.Properties.Get", 0, managerName+".Manager", "Version")
	if call.Store(&v) != nil {
		return "this systemd"
	}
	if text, ok := v.Value().(string); ok {
		text, _, _ = strings.Cut(text, " ")
		text, _, _ = strings.Cut(text, ".")
		return "systemd " + text
	}
	return "this systemd"
}

// called names the manager.
func (m *manager) called() string {
	if m.bus == config.BusUser {
		return "the user's manager"
	}
	return "the system's manager"
}

// systemctl is the command that speaks to the manager.
func (m *manager) systemctl() string {
	if m.bus == config.BusUser {
		return "systemctl --user"
	}
	return "systemctl"
}
