//go:build linux

package mountprop

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		p    Propagation
		want []uintptr
	}{
		{Private, []uintptr{unix.MS_PRIVATE}},
		{Slave, []uintptr{unix.MS_SLAVE}},
		{Shared, []uintptr{unix.MS_SHARED}},
		{SlaveShared, []uintptr{unix.MS_SLAVE, unix.MS_SHARED}},
		{Unbindable, []uintptr{unix.MS_UNBINDABLE}},
		{"", nil},
		{"other", nil},
	} {
		if got := test.p.Flags(false); !slices.Equal(got, test.want) {
			t.Errorf("%q.Flags(false) = %#x; want %#x", test.p, got, test.want)
		}
		var values []uint64
		for i, flag := range test.want {
			values = append(values, uint64(flag))
			test.want[i] |= unix.MS_REC
		}
		if got := test.p.Flags(true); !slices.Equal(got, test.want) {
			t.Errorf("%q.Flags(true) = %#x; want %#x", test.p, got, test.want)
		}
		if got := test.p.SetattrValues(); !slices.Equal(got, values) {
			t.Errorf("%q.SetattrValues() = %#x; want %#x", test.p, got, values)
		}
	}
}
