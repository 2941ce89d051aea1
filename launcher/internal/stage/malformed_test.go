package stage

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nslaunch/nslaunch/launcher/internal/program"
)

// What is no valid program is refused before anything of it runs, by a message
// and without a crash, and no process is left.
func TestMalformedPrograms(t *testing.T) { eachImage(t, testMalformedPrograms) }

func testMalformedPrograms(t *testing.T, run runner) {
	programs := 200
	if testing.Short() {
		programs = 20
	}
	refused := 0
	for i := range programs {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		text := malform(r, randomProgram(t, r).Encode())
		_, err := program.Decode(slices.Clone(text))
		if err == nil {
			continue // it may do anything now
		}
		refused++
		checkRefused(t, run, text, err.Error())
	}
	if refused < programs/2 {
		t.Errorf("%d of %d programs were refused: too few for a test", refused, programs)
	}
}

// checkRefused runs what is no program. Only the portable image says why it is none.
func checkRefused(t *testing.T, r runner, text []byte, why string) {
	t.Helper()
	want := "nslaunch: child: " + why + "\n"
	if r.image != portable {
		want = words
	}
	got := r.runEncoded(text, 0)
	if got.status.ExitStatus() != exitSetup || got.stderr != want || len(got.sync)+len(got.control)+len(got.statuses) != 0 {
		t.Errorf("got %+v; want exit status %d and %q", got, exitSetup, want)
	}
}

// malform changes an encoded program: cut short, bits flipped in the header,
// the ops or the relocations.
func malform(r *rand.Rand, text []byte) []byte {
	h, err := program.DecodeHeader(text)
	if err != nil {
		panic(err)
	}
	switch r.IntN(4) {
	case 0:
		return text[:r.IntN(len(text))]
	case 1:
		text[r.IntN(36)] ^= 1 << r.IntN(8)
	case 2:
		for range 1 + r.IntN(3) {
			at := h.OpsAt() + program.OpSize*r.IntN(int(h.Ops))
			text[at+[]int{4, 6, 7, 16 + 7, 24 + 3, 1}[r.IntN(6)]] ^= byte(1 + r.IntN(255))
		}
	default: // more data or scratch memory than there may be
		text[28+4*r.IntN(2)+2+r.IntN(2)] ^= byte(1 + r.IntN(255))
	}
	return text
}

func TestMalformedFiles(t *testing.T) {
	for name, text := range map[string][]byte{
		"empty":    {},
		"short":    []byte("NLP1"),
		"zeros":    make([]byte, 8192),
		"text":     []byte(strings.Repeat("version = 1\n", 100)),
		"a header": append([]byte("NLP1"), make([]byte, program.HeaderSize-4)...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := program.Decode(text)
			why := "mmap: invalid argument"
			if len(text) > 0 {
				why = err.Error()
			}
			eachImage(t, func(t *testing.T, r runner) { checkRefused(t, r, text, why) })
		})
	}
}
