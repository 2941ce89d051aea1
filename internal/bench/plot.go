package main

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// The plots have colours that can be read on light and on dark pages.
const plotStyle = `<style>
text{font:12px system-ui,sans-serif;fill:#24292f}.small{font-size:11px;fill:#57606a}
.grid{stroke:#d0d7de}.ours{fill:#0969da;stroke:#0969da}.control{fill:#54aeff;stroke:#54aeff}
.peer{fill:#6e7781;stroke:#6e7781}.floor{fill:#1a7f37;stroke:#1a7f37}.line{fill:none;stroke-width:2}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#30363d}
.ours{fill:#4493f8;stroke:#4493f8}.control{fill:#79c0ff;stroke:#79c0ff}.peer{fill:#9198a1;stroke:#9198a1}
.floor{fill:#3fb950;stroke:#3fb950}.line{fill:none}}
</style>`

const (
	plotWidth = 720
	plotLeft  = 150 // of the axis
	plotRight = 600
	rowHeight = 24
)

// axis is a logarithmic one, from low to high, between two places.
type axis struct{ low, high, from, to float64 }

// newAxis has room for all values.
func newAxis(values []float64, from, to float64) axis {
	low, high := math.Inf(1), 0.0
	for _, v := range values {
		if v > 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	if high == 0 {
		low, high = 1, 1
	}
	return axis{low / 1.15, high * 1.15, from, to}
}

func (a axis) at(v float64) float64 {
	return a.from + (a.to-a.from)*math.Log(max(v, a.low)/a.low)/math.Log(a.high/a.low)
}

// marks are round numbers on it: 1, 2, 5, 10, …
func (a axis) marks() (all []float64) {
	for power := math.Floor(math.Log10(a.low)); power <= math.Log10(a.high); power++ {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * math.Pow(10, power); v >= a.low && v <= a.high {
				all = append(all, v)
			}
		}
	}
	return all
}

// drawing is the text of an SVG.
type drawing struct{ strings.Builder }

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func (d *drawing) text(x, y float64, class, anchor, text string) {
	d.add(`<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>`, x, y, class, anchor, html.EscapeString(text))
}

func (d *drawing) open(width, height int, title string) {
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`, width, height, width, height)
	d.add("<title>%s</title>\n%s", html.EscapeString(title), plotStyle)
}

// dots has a row for each program of a result: a dot at its median, a line from the
// fastest.
func dots(r result) string {
	all := slices.Clone(r.Series)
	slices.SortStableFunc(all, func(a, b series) int {
		return cmp.Compare(summarize(a.Samples).median, summarize(b.Samples).median)
	})
	var values []float64
	for _, s := range all {
		it := summarize(s.Samples)
		values = append(values, value(it.min, r.Unit), value(it.median, r.Unit))
	}
	x := newAxis(values, plotLeft, plotRight)
	bottom := rowHeight*len(all) + 8
	var d drawing
	d.open(plotWidth, bottom+44, r.Scenario+": "+titleOf(r.Scenario))
	for _, v := range x.marks() {
		d.add(`<line x1="%.1f" x2="%.1f" y1="4" y2="%d" class="grid"/>`, x.at(v), x.at(v), bottom)
		d.text(x.at(v), float64(bottom+16), "small", "middle", fmt.Sprintf("%g", v))
	}
	d.text(plotLeft, float64(bottom+34), "small", "start", unitName(r.Unit)+", logarithmic; the line begins at the fastest, the dot is the median")
	for i, s := range all {
		it := summarize(s.Samples)
		y := float64(rowHeight*i + rowHeight/2 + 4)
		d.text(plotLeft-10, y+4, "", "end", s.Name)
		low, mid := x.at(value(it.min, r.Unit)), x.at(value(it.median, r.Unit))
		d.add(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke-width="3" class="%s"/>`, low, mid, y, y, s.Kind)
		d.add(`<circle cx="%.1f" cy="%.1f" r="5" class="%s"/>`, mid, y, s.Kind)
		d.text(mid+10, y+4, "small", "start", inUnit(it.median, r.Unit))
	}
	d.add("</svg>")
	return d.String()
}

// lines has a curve for each program of a family of results, through its medians.
func lines(all []result, title string) string {
	const top, bottom = 10.0, 320.0
	var xs, ys []float64
	for _, r := range all {
		_, n := family(r.Scenario)
		xs = append(xs, float64(n))
		for _, s := range r.Series {
			ys = append(ys, value(summarize(s.Samples).median, r.Unit))
		}
	}
	x, y := newAxis(xs, 50, plotRight), newAxis(ys, bottom, top)
	var d drawing
	d.open(plotWidth, bottom+44, title)
	for _, v := range y.marks() {
		d.add(`<line x1="50" x2="%d" y1="%.1f" y2="%.1f" class="grid"/>`, plotRight, y.at(v), y.at(v))
		d.text(44, y.at(v)+4, "small", "end", fmt.Sprintf("%g", v))
	}
	for _, v := range xs {
		d.text(x.at(v), bottom+16, "small", "middle", fmt.Sprintf("%g", v))
	}
	d.text(50, bottom+34, "small", "start", title+"; medians, "+unitName(all[0].Unit)+", both axes logarithmic")
	var labels []label
	for _, name := range namesIn(all) {
		var points []string
		var end label
		for i, r := range all {
			s, ok := r.find(name)
			if !ok {
				continue
			}
			px, py := x.at(xs[i]), y.at(value(summarize(s.Samples).median, r.Unit))
			points = append(points, fmt.Sprintf("%.1f,%.1f", px, py))
			d.add(`<circle cx="%.1f" cy="%.1f" r="3" class="%s"/>`, px, py, s.Kind)
			end = label{py, name, s.Kind}
		}
		d.add(`<polyline points="%s" class="line %s" style="fill:none"/>`, strings.Join(points, " "), end.kind)
		labels = append(labels, end)
	}
	for _, l := range apart(labels, 14) {
		d.text(plotRight+8, l.y+4, "", "start", l.text)
	}
	d.add("</svg>")
	return d.String()
}

// label is a word beside the end of a curve.
type label struct {
	y    float64
	text string
	kind kind
}

// apart moves labels down until none covers another.
func apart(labels []label, height float64) []label {
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(a.y, b.y) })
	for i := 1; i < len(labels); i++ {
		labels[i].y = max(labels[i].y, labels[i-1].y+height)
	}
	return labels
}
