package systemd

import (
	"math"
	"strconv"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// MemoryLimit is a size of at least 1M, or a share.
func MemoryLimit(dst **Property) lang.Type { return limit{dst, "MemoryMax", limitSize(leastMemory)} }

// leastMemory is 1M. With less no command starts, and a number without a unit is bytes.
const leastMemory = 1 << 20

// SwapLimit is a size or share.
func SwapLimit(dst **Property) lang.Type { return limit{dst, "MemorySwapMax", limitSize(0)} }

// limitSize is a size or share that is a limit.
func limitSize(least uint64) notation {
	read := func(d *lang.Decoder, v lang.Value, p *Property) bool {
		ok := readSize(d, v, p, min(least, 1), `a size such as "512M" or a share such as "50%"`, false)
		if ok && p.Number == Infinity {
			d.Problem(v, "want a limit, got %q (without this key there is none)", lang.Infinity)
			return false
		}
		if ok && !p.Percent && p.Number < least {
			tooSmall(d, v, least)
			return false
		}
		return ok
	}
	return notation{read, func() []*lang.Shape { return sizeShapes(least) }}
}

// tooSmall refuses a size. A number that has no unit most likely lacks an M.
func tooSmall(d *lang.Decoder, v lang.Value, least uint64) {
	switch raw := v.Raw.(type) {
	case int64:
		d.Problem(v, "want at least %s, and %d without a unit is bytes (write \"%[2]dM\")", SizeText(least), raw)
	case string:
		meant := raw + "M"
		if _, err := strconv.ParseUint(raw, 10, 32); err != nil {
			meant = SizeText(least)
		}
		d.Problem(v, "want at least %s, got %q (did you mean %q?)", SizeText(least), raw, meant)
	}
}

// TasksLimit is a number above 0.
func TasksLimit(dst **Property) lang.Type {
	return limit{dst, "TasksMax", notation{readTasksLimit, func() []*lang.Shape { return []*lang.Shape{lang.Whole(1, math.MaxInt64)} }}}
}

func readTasksLimit(d *lang.Decoder, v lang.Value, p *Property) bool {
	n, ok := v.Raw.(int64)
	switch {
	case !ok:
		d.WrongType(v, "an integer")
		return false
	case n < 1:
		d.Problem(v, "want more than 0, got %d", n)
		return false
	}
	p.Number, p.Text = uint64(n), strconv.FormatInt(n, 10)
	return true
}

// CPULimit is a number of processors: 1.5 is "150%".
func CPULimit(dst **Property) lang.Type {
	return limit{dst, "CPUQuota", notation{readCPULimit, func() []*lang.Shape {
		return []*lang.Shape{lang.Between("number", 0.0001, maxQuota/hundredths), lang.Like(percentPattern)}
	}}}
}

// mostlyPercent is from where on a number in a string is hardly one of processors.
const mostlyPercent = 100

func readCPULimit(d *lang.Decoder, v lang.Value, p *Property) bool {
	const want = `a number of processors such as 1.5, or a percentage of one such as "150%"`
	var n float64
	switch raw := v.Raw.(type) {
	case int64:
		n = float64(raw)
	case float64:
		n = raw
	case string:
		if n, err := strconv.ParseFloat(raw, 64); err == nil && n > 0 {
			write := raw
			if n >= mostlyPercent {
				write = strconv.Quote(raw + "%")
			}
			d.Problem(v, "want %s, got %q (write %s)", want, raw, write)
			return false
		}
		return readQuota(d, v, p, want)
	default:
		d.WrongType(v, want)
		return false
	}
	if !(n >= 0.0001 && n <= maxQuota/hundredths) { // false for NaN, too
		d.Problem(v, "want 0.0001 to %d processors, got %v", maxQuota/hundredths, v.Raw)
		return false
	}
	p.setQuota(uint64(math.Round(n * hundredths)))
	return true
}

// hundredths of a percent are what shares are counted in.
const hundredths = 10000

// maxQuota is the highest quota, in hundredths of a percent of a processor (INT_MAX in systemd, rounded).
const maxQuota = 200000 * hundredths

// setQuota sets a quota of processor time, in hundredths of a percent of one processor.
func (p *Property) setQuota(share uint64) {
	p.Number, p.Text = share*100, percentText(share)
}
