package tree

// DeviceNames are the devices of a minimal /dev.
func DeviceNames() []string { return []string{"null", "zero", "full", "random", "urandom", "tty"} }

// DeviceLinks are the symbolic links there.
func DeviceLinks() [][2]string {
	return [][2]string{
		{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
		{"ptmx", "pts/ptmx"},
	}
}
