package config

import (
	"math"
	"strconv"
	"strings"
)

// notation is a way to write the value of a property.
type notation struct {
	// read tells whether the value is good, and has then filled in all but the name and the key.
	read   func(d *decoder, v value, p *Property) bool
	shapes func() []*Shape
}

// sizes is a size from least on, with a share of the machine's memory or infinity for one.
func sizes(least uint64) notation {
	return notation{
		func(d *decoder, v value, p *Property) bool {
			return readSize(d, v, p, least, `a size such as "512M", a share such as "50%" or "infinity"`, true)
		},
		func() []*Shape { return append(sizeShapes(least), oneWord(infinity)) },
	}
}

func sizeShapes(least uint64) []*Shape {
	return []*Shape{whole(int64(least), math.MaxInt64), like(sizePattern), like(percentPattern)}
}

// size reads a number of bytes from least on; hint tells whether infinity may have been meant.
func readSize(d *decoder, v value, p *Property, least uint64, want string, hint bool) bool {
	if n, ok := v.raw.(int64); ok {
		switch {
		case n < 0:
			d.problem(v, "want %s, got %d", want, n)
			return false
		case n < int64(least):
			d.problem(v, "want more than 0, got %d", n)
			return false
		}
		p.Number, p.Text = uint64(n), sizeText(uint64(n))
		return true
	}
	s, ok := d.filled(v, want)
	if !ok || p.limitless(s) {
		return ok
	}
	if strings.HasSuffix(s, "%") {
		return readShare(d, v, p, s, least)
	}
	n, err := parseSize(s)
	switch {
	case err == nil && n == Infinity:
		d.problem(v, "%q is too large, want less than 16E", s)
		return false
	case err != nil && hint && suggest(s, []string{infinity}) != "":
		d.problem(v, "want %s, got %q%s", want, s, didYouMean(s, []string{infinity}))
		return false
	case err != nil:
		d.problem(v, "%s", err)
		return false
	case n < least:
		d.problem(v, "want more than 0, got %q", s)
		return false
	}
	p.Number, p.Text = n, sizeText(n)
	return true
}

// limitless sets p to infinity where s says so.
func (p *Property) limitless(s string) bool {
	if s != infinity {
		return false
	}
	p.Number, p.Text = Infinity, infinity
	return true
}

// share reads a percentage of what there is.
func readShare(d *decoder, v value, p *Property, s string, least uint64) bool {
	n, err := parsePercent(s)
	switch {
	case err != nil:
		d.problem(v, "%s", err)
		return false
	case n < least:
		d.problem(v, "want more than 0, got %q", s)
		return false
	case n > hundredths:
		d.problem(v, "want at most 100%%, got %q", s)
		return false
	}
	p.Number, p.Text, p.Percent = n, percentText(n), true
	return true
}

// count is a number above 0, as an integer or in digits, a share or infinity.
func count() notation {
	return notation{readCount, func() []*Shape {
		return []*Shape{whole(1, math.MaxInt64), like(`^[1-9][0-9]*$`), like(percentPattern), oneWord(infinity)}
	}}
}

func readCount(d *decoder, v value, p *Property) bool {
	const want = `an integer above 0, a share such as "50%" or "infinity"`
	s := ""
	if _, isText := v.raw.(string); isText {
		var ok bool
		if s, ok = d.filled(v, want); !ok || p.limitless(s) {
			return ok
		}
		if strings.HasSuffix(s, "%") {
			return readShare(d, v, p, s, 1)
		}
	}
	return readNumber(d, v, p, s, 1, math.MaxInt64, want, infinity)
}

// number reads an integer, or its digits in the text s. word may stand for
// one, and has been looked for.
func readNumber(d *decoder, v value, p *Property, s string, low, high int64, want, word string) bool {
	n, ok := v.raw.(int64)
	if _, isText := v.raw.(string); isText {
		var err error
		n, err = strconv.ParseInt(s, 10, 64)
		ok = err == nil && s == strconv.FormatInt(n, 10)
	} else if !ok {
		d.wrongType(v, want)
		return false
	}
	if !ok || n < low || n > high {
		d.problem(v, "want %s, got %s%s", want, quoted(v.raw), didYouMean(s, []string{word}))
		return false
	}
	p.Number, p.Text = uint64(n), strconv.FormatInt(n, 10)
	return true
}

// weight is a share of what competes for the same thing, or the word, if there is one.
func weight(word string) notation {
	return notation{
		func(d *decoder, v value, p *Property) bool { return readWeight(d, v, p, word) },
		func() []*Shape {
			all := []*Shape{whole(1, 10000), like(`^([1-9][0-9]{0,3}|10000)$`)}
			if word != "" {
				all = append(all, oneWord(word))
			}
			return all
		},
	}
}

func readWeight(d *decoder, v value, p *Property, word string) bool {
	want := "1 to 10000"
	if word != "" {
		want += ` or "` + word + `"`
	}
	s := ""
	if _, isText := v.raw.(string); isText {
		var ok bool
		if s, ok = d.filled(v, want); !ok {
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
		func(d *decoder, v value, p *Property) bool {
			return readQuota(d, v, p, `percent of a processor such as "150%"`)
		},
		func() []*Shape { return []*Shape{like(percentPattern)} },
	}
}

func readQuota(d *decoder, v value, p *Property, want string) bool {
	s, ok := d.filled(v, want)
	if !ok {
		return false
	}
	n, err := parsePercent(s)
	switch {
	case !strings.HasSuffix(s, "%"):
		d.problem(v, "want %s, got %q", want, s)
		return false
	case err != nil:
		d.problem(v, "%s", err)
		return false
	case n == 0 || n > maxQuota:
		d.problem(v, "want more than 0%% and at most %s, got %q", percentText(maxQuota), s)
		return false
	}
	p.setQuota(n)
	return true
}

// quotaPeriod is the period of a quota, as far as the kernel takes one.
func quotaPeriod() notation { return notation{readQuotaPeriod, durationShapes} }

func readQuotaPeriod(d *decoder, v value, p *Property) bool {
	s, us, ok := readSpan(d, v)
	if ok && (us < 1e3 || us > 1e6) {
		d.problem(v, "want 1ms to 1s, got %q", s)
		return false
	}
	p.Number, p.Text = us, durationWords(us)
	return ok
}

// span reads a duration in microseconds.
func readSpan(d *decoder, v value) (s string, us uint64, ok bool) {
	s, t, ok := d.duration(v)
	return s, microseconds(t), ok
}

// timespan is a duration above 0, which may be infinite.
func timespan() notation {
	return notation{readTimespan, func() []*Shape { return append(durationShapes(), oneWord(infinity)) }}
}

func readTimespan(d *decoder, v value, p *Property) bool {
	if s, ok := v.raw.(string); ok && p.limitless(s) {
		return true
	}
	s, us, ok := readSpan(d, v)
	if ok && us == 0 {
		d.problem(v, "want a duration above 0, or %q for none, got %q", infinity, s)
		return false
	}
	p.Number, p.Text = us, durationWords(us)
	return ok
}

// yesOrNo is a boolean.
func yesOrNo() notation { return notation{readYesOrNo, booleanShapes} }

func readYesOrNo(d *decoder, v value, p *Property) bool {
	b, ok := v.raw.(bool)
	if !ok {
		switch v.raw {
		case "yes", "true", "on", "1":
			d.problem(v, "want a boolean, got %q (did you mean true?)", v.raw)
		case "no", "false", "off", "0":
			d.problem(v, "want a boolean, got %q (did you mean false?)", v.raw)
		default:
			d.wrongType(v, "a boolean")
		}
		return false
	}
	p.Text = "no"
	if b {
		p.Number, p.Text = 1, "yes"
	}
	return true
}

// wordOf is one of the words.
func wordOf(allowed ...string) notation {
	return notation{
		func(d *decoder, v value, p *Property) bool {
			p.Text = readEnum(d, v, allowed)
			return p.Text != ""
		},
		func() []*Shape { return []*Shape{oneWord(allowed...)} },
	}
}

// signal is a signal's name, with or without SIG.
func signal() notation {
	return notation{readAnySignal, func() []*Shape {
		names := signalNames()
		return []*Shape{oneWord(names...), like("^SIG(" + strings.Join(names, "|") + ")$"), like("^(SIG)?" + realtimeSignal)}
	}}
}

func readAnySignal(d *decoder, v value, p *Property) bool {
	s, ok := d.str(v)
	if !ok {
		return false
	}
	name := strings.TrimPrefix(s, "SIG")
	if !signalName(name) {
		d.problem(v, "unknown signal %q, want a name of signal(7) such as \"TERM\" or \"RTMIN+3\"%s", s, signalHint(s))
		return false
	}
	p.Number, p.Text = signalNumber(name), "SIG"+name
	return true
}

// wordsShapes are the ways to write what [readWords] reads, of which one is like this.
func wordsShapes(one ...*Shape) []*Shape {
	word := anyOf(one)
	return []*Shape{word, {Type: "array", Items: word, Fewest: 1}}
}

// words reads a string, or an array of strings, into p.Words; one reads one
// of them, and split tells that a string has several with blanks between them.
func readWords(d *decoder, v value, p *Property, split bool, one func(d *decoder, v value, s string) (string, bool)) bool {
	before, all := d.problems(), once[string]{all: p.Words}
	add := func(v value, s string) {
		if w, ok := one(d, v, s); ok && !all.add(w) {
			d.problem(v, "%q is there already", w)
		}
	}
	if _, ok := v.raw.(string); ok {
		s, ok := d.str(v)
		switch {
		case !ok:
		case split:
			for _, w := range strings.Fields(s) {
				add(v, w)
			}
		default:
			add(v, s)
		}
	} else if elements, ok := d.elements(v, "a string or an array of strings"); ok {
		for _, e := range elements {
			if s, ok := d.str(e); ok {
				add(e, s)
			}
		}
	}
	p.Words = all.all
	if len(p.Words) == 0 && d.problems() == before {
		d.problem(v, "want one at least")
	}
	if d.problems() > before {
		return false
	}
	p.Text = p.Words[0]
	return true
}

// unitNames is a list of units.
func unitNames() notation {
	return notation{
		func(d *decoder, v value, p *Property) bool { return readWords(d, v, p, true, readUnitName) },
		func() []*Shape { return wordsShapes(like(`^\s*` + unitPattern + `(\s+` + unitPattern + `)*\s*$`)) },
	}
}
