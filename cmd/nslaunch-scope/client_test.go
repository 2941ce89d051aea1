package main_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/nslaunch/nslaunch/internal/placement"
)

// clientVariable makes this binary a client: what nslaunch is to nslaunch-scope, on
// a machine whose systemd is asked.
const clientVariable = "NSLAUNCH_SCOPE_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(clientVariable) != "" {
		if err := client(); err != nil {
			fmt.Fprintln(os.Stderr, "client:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// client reads a request on its standard input and has nslaunch-scope place new processes, one for each
// time that is asked for; in the request's unit, "%d" is the number of the process. It prints the
// responses. At the end of its input it ends the processes.
func client() error {
	helper := flag.String("helper", "", "path of nslaunch-scope")
	count := flag.Int("count", 1, "processes")
	together := flag.Int("together", 1, "how many at once")
	hold := flag.Bool("hold", false, "end the processes at the end of standard input only")
	command := flag.String("command", "exec sleep infinity", "what the processes run, in a shell")
	flag.Parse()
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var request placement.Request
	if err := json.Unmarshal(line, &request); err != nil {
		return err
	}
	var mu sync.Mutex // of the output and the error
	var group sync.WaitGroup
	slots := make(chan bool, *together)
	unit := request.Unit
	for i := range *count {
		r := request
		if *count > 1 {
			r.Unit = fmt.Sprintf(unit, i)
		}
		slots <- true
		group.Go(func() {
			defer func() { <-slots }()
			response, end, failed := placeOne(*helper, *command, r)
			mu.Lock()
			if failed != nil {
				err = failed
			} else {
				fmt.Println(response)
			}
			mu.Unlock()
			if *hold {
				_, _ = io.Copy(io.Discard, in)
			}
			end()
		})
	}
	group.Wait()
	return err
}

// placeOne starts a process and has it placed.
func placeOne(helper, command string, r placement.Request) (response string, end func(), err error) {
	waiting := exec.Command("/bin/sh", "-c", command)
	pidfd := -1
	waiting.SysProcAttr = &syscall.SysProcAttr{PidFD: &pidfd, Pdeathsig: syscall.SIGKILL}
	if err := waiting.Start(); err != nil {
		return "", func() {}, err
	}
	end = func() {
		_ = waiting.Process.Kill()
		_ = waiting.Wait()
	}
	file := os.NewFile(uintptr(pidfd), "pidfd")
	defer file.Close()
	if r.PID == 0 {
		r.PID = waiting.Process.Pid
	}
	cmd := exec.Command(helper)
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{file}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", end, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", end, err
	}
	if err := cmd.Start(); err != nil {
		return "", end, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", end, err
	}
	if _, err := stdin.Write(append(text, '\n')); err != nil {
		return "", end, err
	}
	answer, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return "", end, fmt.Errorf("the helper's answer: %q, %w", answer, err)
	}
	kill := end
	end = func() {
		if !r.Watch {
			kill()
		}
		_ = stdin.Close()
		_ = cmd.Wait()
		kill()
	}
	return answer[:len(answer)-1], end, nil
}
