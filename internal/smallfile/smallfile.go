// Package smallfile reads small files, such as those of /proc. Package os would prepare its poller for the first one,
// which takes longer than to read them all.
package smallfile

import "syscall"

// room is what most files fit into, with a byte to spare, so that their end is seen without more.
const room = 2048

// Read returns what is in a file, but no more than most bytes. Its error is a [syscall.Errno].
func Read(path string, most int) ([]byte, error) {
	fd, err := uninterrupted(func() (int, error) { return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	return fill(most, func(buf []byte, _ int) (int, error) { return syscall.Read(fd, buf) })
}

// fill returns what read gives until its end, but no more than most bytes; at is how many came before.
func fill(most int, read func(buf []byte, at int) (int, error)) ([]byte, error) {
	text := make([]byte, 0, min(room, most))
	for len(text) < most {
		if len(text) == cap(text) {
			text = append(make([]byte, 0, min(2*cap(text), most)), text...)
		}
		n, err := uninterrupted(func() (int, error) { return read(text[len(text):cap(text)], len(text)) })
		if n <= 0 || err != nil {
			return text, err
		}
		text = text[:len(text)+n]
	}
	return text, nil
}

func uninterrupted(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}
