package systemd

import (
	"math"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// notation is a way to write the value of a property.
type notation struct {
	// read reports whether the value is good, and has then filled in all but the name and the key.
	read   func(d *lang.Decoder, v lang.Value, p *Property) bool
	shapes func() []*lang.Shape
}

// sizes is a size from least on, with a share of the machine's memory or infinity for one.
func sizes(least uint64) notation {
	return notation{
		func(d *lang.Decoder, v lang.Value, p *Property) bool {
			return readSize(d, v, p, least, `a size such as "512M", a share such as "50%" or "infinity"`, true)
		},
		func() []*lang.Shape { return append(sizeShapes(least), lang.OneWord(lang.Infinity)) },
	}
}

func sizeShapes(least uint64) []*lang.Shape {
	return []*lang.Shape{lang.Whole(int64(least), math.MaxInt64), lang.Like(lang.SizePattern), lang.Like(percentPattern)}
}

// readSize reads a number of bytes from least on; hint reports whether infinity may have been meant.
func readSize(d *lang.Decoder, v lang.Value, p *Property, least uint64, want string, hint bool) bool {
	if n, ok := v.Raw.(int64); ok {
		switch {
		case n < 0:
			d.Problem(v, "want %s, got %d", want, n)
			return false
		case n < int64(least):
			d.Problem(v, "want more than 0, got %d", n)
			return false
		}
		p.Number, p.Text = uint64(n), SizeText(uint64(n))
		return true
	}
	s, ok := d.Filled(v, want)
	if !ok || p.limitless(s) {
		return ok
	}
	if strings.HasSuffix(s, "%") {
		return readShare(d, v, p, s, least)
	}
	n, err := lang.ParseSize(s)
	switch {
	case err == nil && n == Infinity:
		d.Problem(v, "%q is too large, want less than 16E", s)
		return false
	case err != nil && hint && lang.Suggest(s, []string{lang.Infinity}) != "":
		d.Problem(v, "want %s, got %q%s", want, s, lang.DidYouMean(s, []string{lang.Infinity}))
		return false
	case err != nil:
		d.Problem(v, "%s", err)
		return false
	case n < least:
		d.Problem(v, "want more than 0, got %q", s)
		return false
	}
	p.Number, p.Text = n, SizeText(n)
	return true
}

// limitless sets p to infinity where s says so.
func (p *Property) limitless(s string) bool {
	if s != lang.Infinity {
		return false
	}
	p.Number, p.Text = Infinity, lang.Infinity
	return true
}

// readShare reads a percentage of what there is.
func readShare(d *lang.Decoder, v lang.Value, p *Property, s string, least uint64) bool {
	n, err := parsePercent(s)
	switch {
	case err != nil:
		d.Problem(v, "%s", err)
		return false
	case n < least:
		d.Problem(v, "want more than 0, got %q", s)
		return false
	case n > hundredths:
		d.Problem(v, "want at most 100%%, got %q", s)
		return false
	}
	p.Number, p.Text, p.Percent = n, percentText(n), true
	return true
}

// count is a number above 0, as an integer or in digits, a share or infinity.
func count() notation {
	return notation{readCount, func() []*lang.Shape {
		return []*lang.Shape{lang.Whole(1, math.MaxInt64), lang.Like(`^[1-9][0-9]*$`), lang.Like(percentPattern), lang.OneWord(lang.Infinity)}
	}}
}

func readCount(d *lang.Decoder, v lang.Value, p *Property) bool {
	const want = `an integer above 0, a share such as "50%" or "infinity"`
	s := ""
	if _, isText := v.Raw.(string); isText {
		var ok bool
		if s, ok = d.Filled(v, want); !ok || p.limitless(s) {
			return ok
		}
		if strings.HasSuffix(s, "%") {
			return readShare(d, v, p, s, 1)
		}
	}
	return readNumber(d, v, p, s, 1, math.MaxInt64, want, lang.Infinity)
}

// readNumber reads an integer, or its digits in the text s. word may replace
// one, and has been looked for.
func readNumber(d *lang.Decoder, v lang.Value, p *Property, s string, low, high int64, want, word string) bool {
	n, ok := v.Raw.(int64)
	if _, isText := v.Raw.(string); isText {
		var err error
		n, err = strconv.ParseInt(s, 10, 64)
		ok = err == nil && s == strconv.FormatInt(n, 10)
	} else if !ok {
		d.WrongType(v, want)
		return false
	}
	if !ok || n < low || n > high {
		d.Problem(v, "want %s, got %s%s", want, lang.Quoted(v.Raw), lang.DidYouMean(s, []string{word}))
		return false
	}
	p.Number, p.Text = uint64(n), strconv.FormatInt(n, 10)
	return true
}

// weight is a share of what competes for the same thing, or the word, if there is one.
func weight(word string) notation {
	return notation{
		func(d *lang.Decoder, v lang.Value, p *Property) bool { return readWeight(d, v, p, word) },
		func() []*lang.Shape {
			all := []*lang.Shape{lang.Whole(1, 10000), lang.Like(`^([1-9][0-9]{0,3}|10000)$`)}
			if word != "" {
				all = append(all, lang.OneWord(word))
			}
			return all
		},
	}
}

func readWeight(d *lang.Decoder, v lang.Value, p *Property, word string) bool {
	want := "1 to 10000"
	if word != "" {
		want += ` or "` + word + `"`
	}
	s := ""
	if _, isText := v.Raw.(string); isText {
		var ok bool
		if s, ok = d.Filled(v, want); !ok {
			return false
		}
		if s == word {
			p.Number, p.Text = 0, word
			return true
		}
	}
	return readNumber(d, v, p, s, 1, 10000, want, word)
}

// quota is processor time in percent of one processor.
func quota() notation {
	return notation{
		func(d *lang.Decoder, v lang.Value, p *Property) bool {
			return readQuota(d, v, p, `percent of a processor such as "150%"`)
		},
		func() []*lang.Shape { return []*lang.Shape{lang.Like(percentPattern)} },
	}
}

func readQuota(d *lang.Decoder, v lang.Value, p *Property, want string) bool {
	s, ok := d.Filled(v, want)
	if !ok {
		return false
	}
	n, err := parsePercent(s)
	switch {
	case !strings.HasSuffix(s, "%"):
		d.Problem(v, "want %s, got %q", want, s)
		return false
	case err != nil:
		d.Problem(v, "%s", err)
		return false
	case n == 0 || n > maxQuota:
		d.Problem(v, "want more than 0%% and at most %s, got %q", percentText(maxQuota), s)
		return false
	}
	p.setQuota(n)
	return true
}

// quotaPeriod is the period of a quota, as far as the kernel takes one.
func quotaPeriod() notation { return notation{readQuotaPeriod, lang.DurationShapes} }

func readQuotaPeriod(d *lang.Decoder, v lang.Value, p *Property) bool {
	s, us, ok := readSpan(d, v)
	if ok && (us < 1e3 || us > 1e6) {
		d.Problem(v, "want 1ms to 1s, got %q", s)
		return false
	}
	p.Number, p.Text = us, DurationWords(us)
	return ok
}

// readSpan reads a duration in microseconds.
func readSpan(d *lang.Decoder, v lang.Value) (s string, us uint64, ok bool) {
	s, t, ok := d.Duration(v)
	return s, Microseconds(t), ok
}

// timespan is a duration above 0, which may be infinite.
func timespan() notation {
	return notation{readTimespan, func() []*lang.Shape { return append(lang.DurationShapes(), lang.OneWord(lang.Infinity)) }}
}

func readTimespan(d *lang.Decoder, v lang.Value, p *Property) bool {
	if s, ok := v.Raw.(string); ok && p.limitless(s) {
		return true
	}
	s, us, ok := readSpan(d, v)
	if ok && us == 0 {
		d.Problem(v, "want a duration above 0, or %q for none, got %q", lang.Infinity, s)
		return false
	}
	p.Number, p.Text = us, DurationWords(us)
	return ok
}

// yesOrNo is a boolean.
func yesOrNo() notation { return notation{readYesOrNo, lang.BooleanShapes} }

func readYesOrNo(d *lang.Decoder, v lang.Value, p *Property) bool {
	b, ok := v.Raw.(bool)
	if !ok {
		switch v.Raw {
		case "yes", "true", "on", "1":
			d.Problem(v, "want a boolean, got %q (did you mean true?)", v.Raw)
		case "no", "false", "off", "0":
			d.Problem(v, "want a boolean, got %q (did you mean false?)", v.Raw)
		default:
			d.WrongType(v, "a boolean")
		}
		return false
	}
	p.Text = "no"
	if b {
		p.Number, p.Text = 1, "yes"
	}
	return true
}

// wordOf is one of these strings.
func wordOf(allowed ...string) notation {
	return notation{
		func(d *lang.Decoder, v lang.Value, p *Property) bool {
			p.Text = lang.ReadEnum(d, v, allowed)
			return p.Text != ""
		},
		func() []*lang.Shape { return []*lang.Shape{lang.OneWord(allowed...)} },
	}
}

// signal is a signal's name, with or without SIG.
func signal() notation {
	return notation{readAnySignal, func() []*lang.Shape {
		names := SignalNames()
		return []*lang.Shape{lang.OneWord(names...), lang.Like("^SIG(" + strings.Join(names, "|") + ")$"), lang.Like("^(SIG)?" + RealtimeSignal)}
	}}
}

func readAnySignal(d *lang.Decoder, v lang.Value, p *Property) bool {
	s, ok := d.FilledText(v)
	if !ok {
		return false
	}
	name := strings.TrimPrefix(s, "SIG")
	if !SignalName(name) {
		d.Problem(v, "unknown signal %q, want a name of signal(7) such as \"TERM\" or \"RTMIN+3\"%s", s, SignalHint(s))
		return false
	}
	p.Number, p.Text = SignalNumber(name), "SIG"+name
	return true
}

// wordsShapes are the ways to write what [readWords] reads, of which one is like this.
func wordsShapes(one ...*lang.Shape) []*lang.Shape {
	word := lang.AnyOf(one)
	return []*lang.Shape{word, {Type: "array", Items: word, Fewest: 1}}
}

// readWords reads a string, or an array of strings, into p.Words; one reads one
// of them, and split says that a string has several with blanks between them.
func readWords(d *lang.Decoder, v lang.Value, p *Property, split bool, one func(d *lang.Decoder, v lang.Value, s string) (string, bool)) bool {
	before, all := d.Problems(), lang.Once[string]{All: p.Words}
	add := func(v lang.Value, s string) {
		if w, ok := one(d, v, s); ok && !all.Add(w) {
			d.Problem(v, "%q is in the list twice", w)
		}
	}
	if _, ok := v.Raw.(string); ok {
		s, ok := d.FilledText(v)
		switch {
		case !ok:
		case split:
			for _, w := range strings.Fields(s) {
				add(v, w)
			}
		default:
			add(v, s)
		}
	} else if elements, ok := d.Elements(v, "a string or an array of strings"); ok {
		for _, e := range elements {
			if s, ok := d.FilledText(e); ok {
				add(e, s)
			}
		}
	}
	p.Words = all.All
	if len(p.Words) == 0 && d.Problems() == before {
		d.Problem(v, "want at least one")
	}
	if d.Problems() > before {
		return false
	}
	p.Text = p.Words[0]
	return true
}

// unitNames is a list of units.
func unitNames() notation {
	return notation{
		func(d *lang.Decoder, v lang.Value, p *Property) bool { return readWords(d, v, p, true, readUnitName) },
		func() []*lang.Shape {
			return wordsShapes(lang.Like(`^\s*` + unitPattern + `(\s+` + unitPattern + `)*\s*$`))
		},
	}
}
