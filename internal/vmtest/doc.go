// Package vmtest boots whole machines and runs nslaunch on them: Debian's own
// kernels, emulated by QEMU, so that no KVM is needed. There it is real root,
// has pure cgroup2, and may change what is global to a machine.
//
// A machine is a kernel and an initramfs made here: programs of Debian's packages,
// nslaunch, tests of its packages, and the agent, which is process 1 there or a
// service of systemd. The agent runs the checks and reports on a second serial
// port. Packages come from the sources that the apt of this machine has, for other
// releases and processors too; the machine's own lists stay as they are. They are
// kept in the user's cache directory: remove nslaunch-vm there to have newer ones.
//
// The machines run with `make vm`, or with
//
//	go test -tags vm -v -timeout 60m ./internal/vmtest -run TestMachines/amd64-6.1
//
// With NSLAUNCH_VM_ONLY=root/hello a machine runs only the checks whose names that regular expression fits.
package vmtest
