package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The commands of sandboxes are static programs of a few bytes, so that what is
// measured is the launch and not the command.
const (
	trueName = "nsbench-true" // ends at once, well
	idleName = "nsbench-idle" // never ends
)

// The code of both, for the processors that nslaunch is made for.
var (
	trueCode = map[string][]byte{
		"amd64": {
			0x31, 0xff, // xor edi, edi
			0xb8, 60, 0, 0, 0, // mov eax, SYS_exit
			0x0f, 0x05, // syscall
		},
		"arm64": words32(
			0xd2800000, // mov x0, #0
			0xd2800ba8, // mov x8, #93, exit
			0xd4000001, // svc #0
		),
		"riscv64": words32(
			0x00000513, // li a0, 0
			0x05d00893, // li a7, 93, exit
			0x00000073, // ecall
		),
	}
	idleCode = map[string][]byte{
		"amd64": {
			0xb8, 34, 0, 0, 0, // mov eax, SYS_pause
			0x0f, 0x05, // syscall
			0xeb, 0xf7, // again
		},
		"arm64": words32(
			0xd2800000, // mov x0, #0
			0xd2800001, // mov x1, #0
			0xd2800002, // mov x2, #0
			0xd2800003, // mov x3, #0
			0xd2800928, // mov x8, #73, ppoll
			0xd4000001, // svc #0
			0x17fffffa, // again
		),
		"riscv64": words32(
			0x00000513, // li a0, 0
			0x00000593, // li a1, 0
			0x00000613, // li a2, 0
			0x00000693, // li a3, 0
			0x04900893, // li a7, 73, ppoll
			0x00000073, // ecall
			0xfe9ff06f, // again
		),
	}
)

func words32(words ...uint32) []byte {
	var b []byte
	for _, word := range words {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	return b
}

// The layout of an executable, see elf(5).
const (
	elfBase   = 0x400000
	elfHeader = 64
	elfPhdr   = 56
)

// executable makes an ELF file of position-dependent code, in one segment.
func executable(arch string, code map[string][]byte) ([]byte, error) {
	text, ok := code[arch]
	if !ok {
		return nil, fmt.Errorf("the commands that are launched are not written for %s", arch)
	}
	machine := map[string]uint16{"amd64": 62, "arm64": 183, "riscv64": 243}[arch]
	size := uint64(elfHeader + 2*elfPhdr + len(text))
	var b bytes.Buffer
	for _, field := range []any{
		[16]byte{0x7f, 'E', 'L', 'F', 2, 1, 1},
		uint16(2), machine, uint32(1), // ET_EXEC
		uint64(elfBase + elfHeader + 2*elfPhdr), uint64(elfHeader), uint64(0),
		uint32(0), uint16(elfHeader), uint16(elfPhdr), uint16(2), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(5), uint64(0), uint64(elfBase), uint64(elfBase), size, size, uint64(0x10000), // PT_LOAD, R-X
		uint32(0x6474e551), uint32(6), [6]uint64{5: 16}, // PT_GNU_STACK, RW-
		text,
	} {
		if err := binary.Write(&b, binary.LittleEndian, field); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
