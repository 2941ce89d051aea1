package main

import (
	"slices"
	"strconv"
)

// summary is what is shown of samples. The fastest launch is the one that least else came
// between; the median is what one can expect on such a day.
type summary struct{ min, median int64 }

func summarize(samples []int64) summary {
	if len(samples) == 0 {
		return summary{}
	}
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	return summary{sorted[0], (sorted[(n-1)/2] + sorted[n/2]) / 2}
}

// ratio is a/b as it is printed. Memory that others gave back meanwhile can make a sample
// negative: there is no ratio then.
func ratio(a, b int64) string {
	if a < 0 || b <= 0 {
		return "–"
	}
	return strconv.FormatFloat(float64(a)/float64(b), 'f', 2, 64)
}

// inUnit is a sample as it is printed: milliseconds, or KiB.
func inUnit(sample int64, u unit) string {
	v := value(sample, u)
	switch {
	case u == bytesUsed:
		return strconv.FormatInt((sample+512)>>10, 10)
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func value(sample int64, u unit) float64 {
	if u == bytesUsed {
		return float64(sample) / 1024
	}
	return float64(sample) / 1e6
}

func unitName(u unit) string {
	if u == bytesUsed {
		return "KiB"
	}
	return "ms"
}

// times is a number of rounds in words.
func times(n int) string {
	if n == 1 {
		return "1 round"
	}
	return strconv.Itoa(n) + " rounds"
}
