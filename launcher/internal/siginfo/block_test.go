package siginfo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nslaunch/nslaunch/internal/runtimehook"
	"golang.org/x/sys/unix"
)

// After block no other thread takes a signal: it waits for this one.
func TestBlock(t *testing.T) { testInProcess(t, 1, 4, 0) }

// Threads end while block looks for them. It finds all that stay nevertheless, and waits for no thread that has ended.
func TestBlockWhileThreadsEnd(t *testing.T) { testInProcess(t, 50, 24, 24) }

// testInProcess runs testBlock in processes of their own: a thread does not unblock its signals again.
func testInProcess(t *testing.T, processes, staying, ending int) {
	const variable = "SIGINFO_TEST_BLOCKS"
	if os.Getenv(variable) != "" {
		testBlock(t, staying, ending)
		return
	}
	failed := 0
	for range processes {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), variable+"=1", "GOMAXPROCS=4")
		output, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			failed++
			t.Logf("%v: %s", err, output)
		}
	}
	if failed > 0 {
		t.Errorf("%d of %d processes failed", failed, processes)
	}
}

// testBlock blocks the signals of all other threads. Some of them stay, and some end meanwhile.
func testBlock(t *testing.T, staying, ending int) {
	runtime.LockOSThread() // and never unlocked: the thread ends with its masks
	var end atomic.Bool
	started := make(chan int)
	for i := range staying + ending {
		ends := i%2 == 0 && i/2 < ending
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			if !ends {
				started <- unix.Gettid()
				select {}
			}
			started <- 0
			for !end.Load() {
				runtime.Gosched()
			}
		}()
	}
	var stay []int
	for range staying + ending {
		if tid := <-started; tid != 0 {
			stay = append(stay, tid)
		}
	}
	var all unix.Sigset_t
	all.Val[0] = ^uint64(0)
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, nil); err != nil {
		t.Fatal(err)
	}
	others, err := otherThreads()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(others.dir)
	end.Store(true)
	if runtimehook.Linked {
		runtimehook.BeforeExec()
	}
	call, errno := others.block()
	if runtimehook.Linked {
		runtimehook.AfterExec()
	}
	if errno != 0 {
		t.Fatalf("%s: %v", call, errno)
	}
	if len(stay) != staying {
		t.Fatalf("%d threads stay, want %d", len(stay), staying)
	}
	for _, tid := range stay {
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/status", tid))
		if err != nil || !strings.Contains(string(text), "SigBlk:\tfffffffffffbfeff\n") {
			t.Errorf("thread %d: %v, %s", tid, err, text)
		}
	}
}
