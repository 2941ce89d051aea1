package systest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/nstest"
	"golang.org/x/sys/unix"
)

// Activated starts a command as a service manager does that passes it
// sockets: the variables in cmd's environment name the process itself.
func Activated(cmd *exec.Cmd, env ...string) *exec.Cmd {
	cmd.Args = append([]string{"sh", "-c", `LISTEN_PID=$$; export LISTEN_PID; exec "$0" "$@"`}, cmd.Args...)
	cmd.Path = "/bin/sh"
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// Listener is a service manager as far as it listens.
type Listener struct {
	Address string
	conn    *net.UnixConn
}

// NewListener listens where u's commands can reach it.
func NewListener(t *testing.T, u nstest.User) *Listener {
	t.Helper()
	return ListenAt(t, filepath.Join(u.TempDir(t), "notify"))
}

// ListenAt listens at an address, which is a path or, with "@" in front, an abstract name.
func ListenAt(t *testing.T, address string) *Listener {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if address[0] == '/' {
		if err := os.Chmod(address, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return &Listener{address, conn}
}

// Told is a message, who sent it, and how many descriptors came with it.
type Told struct {
	Text string
	PID  int
	FDs  int
}

// Next waits for a message; it has no text if none comes.
func (m *Listener) Next(t *testing.T, wait time.Duration) Told {
	t.Helper()
	buf, oob := make([]byte, 8192), make([]byte, 256)
	if err := m.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	n, oobn, _, _, err := m.conn.ReadMsgUnix(buf, oob)
	if err != nil {
		return Told{}
	}
	got := Told{Text: string(buf[:n])}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		t.Fatal(err)
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			got.PID = int(cred.Pid)
		}
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil {
			got.FDs += len(fds)
			for _, fd := range fds {
				unix.Close(fd)
			}
		}
	}
	return got
}

// All are the messages of a command that has ended.
func (m *Listener) All(t *testing.T) []string {
	t.Helper()
	var list []string
	for {
		got := m.Next(t, 10*time.Millisecond)
		if got.Text == "" {
			return list
		}
		if got.FDs > 0 {
			got.Text += fmt.Sprintf(" with %d", got.FDs)
		}
		list = append(list, got.Text)
	}
}
