package units

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/placement"
)

// fake is a manager on a socket of its own, without a bus.
type fake struct {
	t       *testing.T
	address string
	answer  func(f *fake, method string, body []any) ([]any, error)

	mu    sync.Mutex
	conns []net.Conn
	asked []string // methods, with the first word of their arguments
}

// errSilent has the fake not answer.
var errSilent = errors.New("silent")

func newFake(t *testing.T, answer func(f *fake, method string, body []any) ([]any, error)) *fake {
	path := filepath.Join(t.TempDir(), "private")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, address: "unix:path=" + dbus.EscapeBusAddressValue(path), answer: answer}
	t.Cleanup(func() {
		l.Close()
		f.hangUp()
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns = append(f.conns, c)
			f.mu.Unlock()
			go f.serve(c)
		}
	}()
	return f
}

func (f *fake) hangUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

func (f *fake) serve(c net.Conn) {
	line := func() string {
		var text []byte
		for b := make([]byte, 1); !bytes.HasSuffix(text, []byte("\r\n")); text = append(text, b[0]) {
			if _, err := c.Read(b); err != nil {
				return ""
			}
		}
		return strings.Trim(string(text), "\x00\r\n")
	}
	for {
		switch words := line(); {
		case words == "AUTH":
			io.WriteString(c, "REJECTED EXTERNAL\r\n")
		case words == "AUTH EXTERNAL":
			io.WriteString(c, "DATA\r\n")
		case strings.HasPrefix(words, "DATA"):
			io.WriteString(c, "OK 0123456789abcdef0123456789abcdef\r\n")
		case words == "NEGOTIATE_UNIX_FD":
			io.WriteString(c, "AGREE_UNIX_FD\r\n")
		case words == "BEGIN":
			f.calls(c)
			return
		default:
			return
		}
	}
}

func (f *fake) calls(c net.Conn) {
	for {
		m, err := dbus.DecodeMessage(c)
		if err != nil {
			return
		}
		member, _ := m.Headers[dbus.FieldMember].Value().(string)
		f.mu.Lock()
		asked := member
		if len(m.Body) > 0 {
			if s, ok := m.Body[0].(string); ok {
				asked += " " + s
			}
		}
		f.asked = append(f.asked, asked)
		f.mu.Unlock()
		var body []any
		if member != "AddMatch" {
			body, err = f.answer(f, member, m.Body)
		}
		if err == errSilent {
			continue
		}
		reply := &dbus.Message{Type: dbus.TypeMethodReply, Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldReplySerial: dbus.MakeVariant(m.Serial())}, Body: body}
		if e, ok := err.(dbus.Error); ok {
			reply.Type, reply.Body = dbus.TypeError, e.Body
			reply.Headers[dbus.FieldErrorName] = dbus.MakeVariant(e.Name)
		}
		f.send(c, reply)
	}
}

func (f *fake) send(c net.Conn, m *dbus.Message) {
	if len(m.Body) > 0 {
		m.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(m.Body...))
	}
	var text bytes.Buffer
	if err := m.EncodeTo(&text, binary.LittleEndian); err != nil {
		f.t.Error(err)
		return
	}
	// The serial, which nobody sets for us and which may not be 0.
	binary.LittleEndian.PutUint32(text.Bytes()[8:], 1)
	c.Write(text.Bytes())
}

const job = dbus.ObjectPath("/org/freedesktop/systemd1/job/7")

// finish tells all of the end of the job.
func (f *fake) finish(result string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		f.send(c, &dbus.Message{Type: dbus.TypeSignal, Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath:      dbus.MakeVariant(dbus.ObjectPath("/org/freedesktop/systemd1")),
			dbus.FieldInterface: dbus.MakeVariant("org.freedesktop.systemd1.Manager"),
			dbus.FieldMember:    dbus.MakeVariant("JobRemoved"),
		}, Body: []any{uint32(7), job, "x.scope", result}})
	}
}

// usual answers all but StartTransientUnit as a manager without such a unit.
func usual(method string, body []any) ([]any, error) {
	switch method {
	case "GetUnit":
		return nil, dbus.Error{Name: errNoSuchUnit, Body: []any{"Unit x.scope not loaded."}}
	case "Get":
		switch body[1] {
		case "Version":
			return []any{dbus.MakeVariant("252.1-1")}, nil
		case "ControlGroup":
			return []any{dbus.MakeVariant("/system.slice/x.scope")}, nil
		}
		return []any{dbus.MakeVariant("")}, nil
	}
	return nil, nil
}

// waiting starts a process to place, and returns it and its pidfd.
func waiting(t *testing.T) (pid, pidfd int) {
	cmd := exec.Command("sleep", "infinity")
	cmd.SysProcAttr = &syscall.SysProcAttr{PidFD: &pidfd, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(pidfd), "pidfd")
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		file.Close()
	})
	return cmd.Process.Pid, pidfd
}

// place has a fake place a process.
func (f *fake) place(within time.Duration, edit func(*placement.Request)) *placement.Error {
	pid, pidfd := waiting(f.t)
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	r := placement.Request{Bus: config.BusSystem, Address: f.address, Private: true, PID: pid, Unit: "x.scope", Fixed: true}
	if edit != nil {
		edit(&r)
	}
	_, response := Place(ctx, r, pidfd)
	if response.Error == nil {
		f.t.Fatalf("placed: %+v", response)
	}
	f.t.Logf("%+v", *response.Error)
	return response.Error
}
