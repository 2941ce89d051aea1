package drawing

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var tones = []Tone{Plain, Faint, Inside, Kept, Thrown, Hidden, Warning}

// sample has everything that a picture can have.
func sample() string {
	d := New(680, "What a sandbox keeps apart", "A host with a sandbox in it, which sees a part of the host's files.")
	host := Rect{20, 20, 640, 330}
	d.Box(host, Plain)
	d.Text(40, 48, Title, Plain, "your machine")
	sandbox := Rect{280, 70, 360, 200}
	d.Box(sandbox, Inside)
	d.Text(300, 98, Heading, Inside, "the sandbox")
	y := d.Paragraph(300, 104, 320, Body, Plain, "It has processes, names and users of its own, and it sees only the files that its profile shows.")
	kept, thrown := Rect{300, y + 8, 150, 34}, Rect{470, y + 8, 150, 34}
	d.Box(kept, Kept)
	d.Text(kept.X+75, kept.Y+22, Code.At(Middle), Kept, "~/project")
	d.Dashed(thrown, Thrown)
	d.Text(thrown.X+75, thrown.Y+22, Code.At(Middle), Thrown, "/tmp <empty>")
	home := Rect{40, 90, 170, 44}
	d.Dashed(home, Hidden)
	d.Text(56, 116, Body, Hidden, "your home: hidden")
	files := Rect{40, 190, 170, 44}
	d.Box(files, Faint)
	d.Text(56, 216, Body, Plain, "/usr: read-only")
	d.Connect(files, sandbox, Plain)
	kernel := Rect{40, 296, 600, 36}
	d.Box(kernel, Warning)
	d.Text(340, 318, Body.At(Middle), Warning, "one kernel for both")
	d.Connect(files, kernel, Faint)
	d.Elbow(250, 234, 280, 250, Faint)
	d.Rule(40, 60, 640, 60, Faint)
	return d.String()
}

func TestSample(t *testing.T) {
	const golden = "testdata/sample.svg"
	got := sample()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("it differs from %s (%v):\n%s", golden, err, got)
	}
	if again := sample(); again != got {
		t.Error("the same calls give other bytes")
	}
}

// Whatever a name has in it, the picture is XML and the name is text in it.
func TestHostileText(t *testing.T) {
	const name = "</text><script>\"&'\n\x1b]8;;\x07\xff\u202e\x00"
	d := New(100, name, name)
	d.Text(0, 10, Body, Plain, name)
	d.Paragraph(0, 10, 60, Code, Plain, name)
	decoder := xml.NewDecoder(strings.NewReader(d.String()))
	var elements []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v:\n%s", err, d.String())
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements = append(elements, token.Name.Local)
		case xml.CharData:
			if strings.ContainsAny(string(token), "\x1b\x00\u202e") {
				t.Errorf("%q is not escaped", token)
			}
		}
	}
	if slices.Contains(elements, "script") || len(elements) < 6 {
		t.Errorf("it has the elements %v", elements)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width float64
		want  []string
	}{
		{"", 100, nil},
		{"a short text", 1000, []string{"a short text"}},
		{"a short  text", 60, []string{"a short", "text"}},
		{"/home/ann/a-long-name", 80, []string{"/home/ann/", "a-long-nam", "e"}},
		{"ab", 1, []string{"a", "b"}},
	} {
		if got := Code.Wrap(c.text, c.width); !slices.Equal(got, c.want) {
			t.Errorf("%q in %v: got %q; want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestRoute(t *testing.T) {
	at := Rect{100, 100, 50, 40}
	for _, c := range []struct {
		to   Rect
		want []float64
	}{
		{Rect{100, 200, 50, 40}, []float64{125, 140, 125, 200}},
		{Rect{100, 0, 50, 40}, []float64{125, 100, 125, 40}},
		{Rect{200, 100, 50, 40}, []float64{150, 120, 200, 120}},
		{Rect{0, 100, 50, 40}, []float64{100, 120, 50, 120}},
		{Rect{300, 200, 50, 40}, []float64{125, 140, 125, 170, 325, 170, 325, 200}},
		{Rect{200, 130, 50, 40}, []float64{150, 120, 175, 120, 175, 150, 200, 150}},
	} {
		if got := route(at, c.to); !slices.Equal(got, c.want) {
			t.Errorf("to %v: got %v; want %v", c.to, got, c.want)
		}
	}
}

// Text can be read on its page and in boxes, and borders can be seen: the contrast is what WCAG 2.1 asks for, except that of
// borders that only decorate.
func TestContrast(t *testing.T) {
	check := func(what, a, b string, least float64) {
		if got := contrast(t, a, b); got < least {
			t.Errorf("%s: %s on %s has a contrast of %.2f; want %.1f", what, a, b, got, least)
		}
	}
	for _, tone := range tones {
		fill, border, text := colourOf("f", tone), colourOf("s", tone), colourOf("t", tone)
		for _, under := range []colour{page, fill, colourOf("f", Plain), colourOf("f", Inside)} {
			check("light "+text.class, text.light, under.light, 4.5)
			check("dark "+text.class, text.dark, under.dark, 4.5)
		}
		if tone != Plain && tone != Faint {
			check("light "+border.class, border.light, page.light, 3)
			check("dark "+border.class, border.dark, page.dark, 3)
		}
	}
}

// contrast is that of WCAG 2.1, from 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) (sum float64) {
	t.Helper()
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
