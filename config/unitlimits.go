package config

import (
	"math"
	"strconv"
)

// unitLimit reads a limit of the sandbox's control group: the unit's property
// of that name. It is nil for a bad one.
func (d *decoder) unitLimit(v value, name string, read func(v value, p *Property) bool) *Property {
	p := &Property{Name: name, Key: v.key}
	if !read(v, p) {
		return nil
	}
	return p
}

func (d *decoder) memoryLimit(v value, p *Property) bool { return d.limitSize(v, p, 1) }

func (d *decoder) swapLimit(v value, p *Property) bool { return d.limitSize(v, p, 0) }

// limitSize reads a size or share that is a limit.
func (d *decoder) limitSize(v value, p *Property, least uint64) bool {
	ok := d.size(v, p, least, `a size such as "512M" or a share such as "50%"`, false)
	if ok && p.Number == Infinity {
		d.problem(v, "want a limit, got %q (without this key there is none)", infinity)
		return false
	}
	return ok
}

func (d *decoder) tasksLimit(v value, p *Property) bool {
	if d.takes(v, whole(1, math.MaxInt64)) {
		return false
	}
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

// cpuLimit reads a number of processors: 1.5 is "150%".
func (d *decoder) cpuLimit(v value, p *Property) bool {
	const want = `a number of processors such as 1.5, or a percentage of one such as "150%"`
	if d.takes(v, between("number", 0.0001, maxQuota/hundredths), like(percentPattern)) {
		return false
	}
	var n float64
	switch raw := v.raw.(type) {
	case int64:
		n = float64(raw)
	case float64:
		n = raw
	case string:
		return d.quota(v, p, want)
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
