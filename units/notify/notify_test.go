package notify

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

var sender = Sender{PID: 77, Now: 1500 * time.Millisecond}

func TestTranslate(t *testing.T) {
	for _, test := range []struct{ name, message, want string }{
		{"ready", "READY=1", "READY=1"},
		{"a newline at the end", "READY=1\n", "READY=1"},
		{"a NUL at the end", "READY=1\x00", "READY=1"},
		{"several, in order", "STATUS=a=b ü\nREADY=1\nX_MINE=yes", "STATUS=a=b ü\nREADY=1\nX_MINE=yes"},
		{"an empty status", "STATUS=", "STATUS="},
		{"the main process", "MAINPID=2\nREADY=1", "MAINPID=77\nREADY=1"},
		{"the clock", "RELOADING=1\nMONOTONIC_USEC=5", "RELOADING=1\nMONOTONIC_USEC=1500000"},
		{"the watchdog", "WATCHDOG=1", "WATCHDOG=1"},
		{"the watchdog goes off", "WATCHDOG=trigger", "WATCHDOG=trigger"},
		{"times", "WATCHDOG_USEC=20\nEXTEND_TIMEOUT_USEC=30", "WATCHDOG_USEC=20\nEXTEND_TIMEOUT_USEC=30"},
		{"the end", "STOPPING=1\nERRNO=2\nBUSERROR=a.b\nEXIT_STATUS=3", "STOPPING=1\nERRNO=2\nBUSERROR=a.b\nEXIT_STATUS=3"},
		{"descriptors", "FDSTORE=1\nFDNAME=a\nFDPOLL=0", ""},
		{"of descriptors no more", "FDSTOREREMOVE=1\nFDNAME=a\nREADY=1", "READY=1"},
		{"a descriptor of the process", "MAINPIDFDID=4\nMAINPIDFD=1", ""},
		{"who may speak", "NOTIFYACCESS=all", ""},
		{"a barrier among others", "BARRIER=1\nREADY=1", "READY=1"},
		{"unknown", "NEW=1\nREADY=1", "READY=1"},
		{"bad values", "READY=2\nWATCHDOG=2\nERRNO=-1\nERRNO=x\nWATCHDOG_USEC=\nSTOPPING=", ""},
		{"bad names", "X_=1\nX_a=1\nx_A=1\nREADY\n=1\n\n", ""},
		{"no text", "STATUS=\xff\nREADY=1", "READY=1"},
		{"a NUL inside", "STATUS=a\x00b\nREADY=1", ""},
		{"nothing", "", ""},
		{"as long as can be", "STATUS=" + strings.Repeat("x", MaxMessage-7), "STATUS=" + strings.Repeat("x", MaxMessage-7)},
		{"too long", "STATUS=" + strings.Repeat("x", MaxMessage-6), ""},
		{"too long once translated", strings.Repeat("MAINPID=\n", 450), ""},
	} {
		if got := string(Translate([]byte(test.message), sender)); got != test.want {
			t.Errorf("%s: %q; want %q", test.name, got, test.want)
		}
	}
}

func TestBarrier(t *testing.T) {
	for message, want := range map[string]bool{
		"BARRIER=1": true, "BARRIER=1\n": true, "BARRIER=1\x00": true, "BARRIER=0": false, "BARRIER=1\nREADY=1": false, "": false,
	} {
		if Barrier([]byte(message)) != want {
			t.Errorf("%q: %v", message, !want)
		}
	}
}

// What is passed on is text that the manager accepts, says nothing in the name of
// another process, and is passed on unchanged the second time.
func FuzzTranslate(f *testing.F) {
	for _, s := range []string{"READY=1", "MAINPID=2\nMONOTONIC_USEC=5", "STATUS=a\x00", "FDSTORE=1", "X_A=\xff", "MAINPID\n\n=\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		got := Translate(message, sender)
		if len(got) > MaxMessage || bytes.IndexByte(got, 0) >= 0 || !utf8.Valid(got) {
			t.Errorf("%q gave %q", message, got)
		}
		if again := Translate(got, sender); !bytes.Equal(got, again) {
			t.Errorf("%q gave %q, and that %q", message, got, again)
		}
		for line := range strings.SplitSeq(string(got), "\n") {
			name, value, _ := strings.Cut(line, "=")
			if name == "MAINPID" && value != "77" || strings.HasPrefix(name, "FD") || name == "NOTIFYACCESS" || name == "BARRIER" {
				t.Errorf("%q gave %q", message, got)
			}
		}
	})
}

func TestAddress(t *testing.T) {
	for address, want := range map[Address]string{
		"/run/systemd/notify":                   "",
		"@name":                                 "",
		"":                                      `"" is neither`,
		"/":                                     `"/" is neither`,
		"@":                                     `"@" is neither`,
		"run/notify":                            `"run/notify" is neither`,
		"vsock:2:1234":                          `"vsock:2:1234": a manager outside`,
		"vsock-stream:2:1234":                   `"vsock-stream:2:1234": a manager outside`,
		Address("/" + strings.Repeat("x", 106)): "",
		Address("/" + strings.Repeat("x", 107)): "is not the address",
	} {
		got := ""
		if err := address.Check(); err != nil {
			got = err.Error()
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q; want %q", address, got, want)
		}
	}
}

func listen(t *testing.T, a Address) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: string(a)}); err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestSend(t *testing.T) {
	for _, a := range []Address{Address(filepath.Join(t.TempDir(), "s")), Address("@nslaunch-test-" + strings.ReplaceAll(t.TempDir(), "/", "-"))} {
		fd := listen(t, a)
		null, err := os.Open("/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		if err := a.Send([]byte("BARRIER=1"), []int{int(null.Fd())}, time.Minute); err != nil {
			t.Fatal(err)
		}
		buf, oob := make([]byte, 100), make([]byte, unix.CmsgSpace(4))
		n, oobn, _, _, err := unix.Recvmsg(fd, buf, oob, unix.MSG_CMSG_CLOEXEC)
		if err != nil || string(buf[:n]) != "BARRIER=1" || oobn != len(oob)-4 && oobn != len(oob) {
			t.Errorf("%q, %d, %v", buf[:n], oobn, err)
		}
		messages, err := unix.ParseSocketControlMessage(oob[:oobn])
		if err != nil || len(messages) != 1 {
			t.Fatal(err, messages)
		}
		fds, err := unix.ParseUnixRights(&messages[0])
		if err != nil || len(fds) != 1 {
			t.Fatal(err, fds)
		}
		unix.Close(fds[0])
	}
}

// A manager that does not read is not waited for without an end.
func TestSendToFullSocket(t *testing.T) {
	a := Address(filepath.Join(t.TempDir(), "s"))
	listen(t, a)
	for range 10000 {
		if err := a.Send([]byte("READY=1"), nil, 0); err != nil {
			if err.(*os.SyscallError).Err != unix.EAGAIN {
				t.Error(err)
			}
			return
		}
	}
	t.Error("a socket without an end")
}

func TestSendToNobody(t *testing.T) {
	if err := Address(filepath.Join(t.TempDir(), "s")).Send([]byte("READY=1"), nil, time.Minute); err == nil {
		t.Error("no error")
	}
	if err := Address("vsock:2:1").Send([]byte("READY=1"), nil, time.Minute); err == nil {
		t.Error("no error")
	}
}
