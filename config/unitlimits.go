package config

import (
	"math"
	"strconv"
)

// memoryLimit is a size or share above 0.
func memoryLimit() notation { return limitSize(1) }

// swapLimit is a size or share.
func swapLimit() notation { return limitSize(0) }

// limitSize is a size or share that is a limit.
func limitSize(least uint64) notation {
	read := func(d *decoder, v value, p *Property) bool {
		ok := readSize(d, v, p, least, `a size such as "512M" or a share such as "50%"`, false)
		if ok && p.Number == Infinity {
			d.problem(v, "want a limit, got %q (without this key there is none)", infinity)
			return false
		}
		return ok
	}
	return notation{read, func() []*Shape { return sizeShapes(least) }}
}

// tasksLimit is a number above 0.
func tasksLimit() notation {
	return notation{readTasksLimit, func() []*Shape { return []*Shape{whole(1, math.MaxInt64)} }}
}

func readTasksLimit(d *decoder, v value, p *Property) bool {
	n, ok := v.raw.(int64)
	switch {
	case !ok:
		d.wrongType(v, "an integer")
		return false
	case n < 1:
		d.problem(v, "want more than 0, got %d", n)
		return false
	}
	p.Number, p.Text = uint64(n), strconv.FormatInt(n, 10)
	return true
}

// cpuLimit is a number of processors: 1.5 is "150%".
func cpuLimit() notation {
	return notation{readCPULimit, func() []*Shape {
		return []*Shape{between("number", 0.0001, maxQuota/hundredths), like(percentPattern)}
	}}
}

func readCPULimit(d *decoder, v value, p *Property) bool {
	const want = `a number of processors such as 1.5, or a percentage of one such as "150%"`
	var n float64
	switch raw := v.raw.(type) {
	case int64:
		n = float64(raw)
	case float64:
		n = raw
	case string:
		return readQuota(d, v, p, want)
	default:
		d.wrongType(v, want)
		return false
	}
	if !(n >= 0.0001 && n <= maxQuota/hundredths) { // nor is NaN
		d.problem(v, "want 0.0001 to %d processors, got %v", maxQuota/hundredths, v.raw)
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
