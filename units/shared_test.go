package units

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// interrupted calls f in a thread that gets signals all the time, as the Go runtime sends them to its threads.
func interrupted(f func()) {
	tid, done, ended := make(chan int), make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		thread := <-tid
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				_ = unix.Tgkill(os.Getpid(), thread, unix.SIGURG)
			}
		}
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tid <- unix.Gettid()
	f()
	close(done)
	<-ended
}

// Who asks who serves a socket gets the answer, whatever signals come meanwhile.
func TestServedByInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = c.Read(make([]byte, 64))
				time.Sleep(50 * time.Millisecond)
				_, _ = c.Write([]byte("REJECTED EXTERNAL\r\n"))
				_, _ = c.Read(make([]byte, 1)) // until the other end is closed
			}()
		}
	}()
	interrupted(func() {
		for range 5 {
			if pid, err := servedBy("unix:path=" + path); err != nil || pid != os.Getpid() {
				t.Errorf("%d, %v; want %d", pid, err, os.Getpid())
			}
		}
	})
	t.Run("without", func(t *testing.T) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(pair[0])
		defer unix.Close(pair[1])
		if err := unix.SetsockoptTimeval(pair[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
			t.Fatal(err)
		}
		interrupted(func() {
			if _, _, _, _, err := unix.Recvmsg(pair[0], make([]byte, 1), nil, 0); err != unix.EINTR {
				t.Errorf("%v; want EINTR", err)
			}
		})
	})
}
