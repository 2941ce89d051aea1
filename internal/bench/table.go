package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is rows below a head; the first column is of words, the others of numbers.
type table struct {
	head []string
	rows [][]string
}

// resultTable has the programs of a result, the fastest first, with each of ours in
// proportion to each.
func resultTable(r result) table {
	t := table{head: []string{"", "min", "median"}}
	all := slices.Clone(r.Series)
	slices.SortStableFunc(all, func(a, b series) int {
		return int(summarize(a.Samples).median - summarize(b.Samples).median)
	})
	for _, o := range r.ours() {
		t.head = append(t.head, o.Name+" / it, medians", "mins")
	}
	for _, s := range all {
		it := summarize(s.Samples)
		row := []string{s.Name, inUnit(it.min, r.Unit), inUnit(it.median, r.Unit)}
		for _, o := range r.ours() {
			our := summarize(o.Samples)
			row = append(row, ratio(our.median, it.median), ratio(our.min, it.min))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func (r result) ours() []series {
	return slices.DeleteFunc(slices.Clone(r.Series), func(s series) bool { return s.Kind != ours })
}

// growthTable has a family of results side by side: the median of each, the first of ours in
// proportion, and what one more costs, by the fastest of the last two.
func growthTable(all []result, what string) table {
	t := table{head: []string{""}}
	for _, r := range all {
		_, n := family(r.Scenario)
		first := "nslaunch"
		if o := r.ours(); len(o) > 0 {
			first = o[0].Name
		}
		t.head = append(t.head, fmt.Sprintf("%d %s", n, what), first+" / it")
	}
	t.head = append(t.head, "each more")
	for _, name := range namesIn(all) {
		row := []string{name}
		for _, r := range all {
			s, ok := r.find(name)
			if !ok || len(r.ours()) == 0 {
				row = append(row, "", "")
				continue
			}
			it := summarize(s.Samples)
			row = append(row, inUnit(it.median, r.Unit), ratio(summarize(r.ours()[0].Samples).median, it.median))
		}
		t.rows = append(t.rows, append(row, eachMore(all, name)))
	}
	return t
}

func eachMore(all []result, name string) string {
	if len(all) < 2 {
		return ""
	}
	a, b := all[len(all)-2], all[len(all)-1]
	sa, okA := a.find(name)
	sb, okB := b.find(name)
	_, na := family(a.Scenario)
	_, nb := family(b.Scenario)
	if !okA || !okB || nb <= na {
		return ""
	}
	each := float64(summarize(sb.Samples).min-summarize(sa.Samples).min) / float64(nb-na) / 1000
	if each < 10 {
		return fmt.Sprintf("%.1f µs", each)
	}
	return fmt.Sprintf("%.0f µs", each)
}

func (r result) find(name string) (series, bool) {
	for _, s := range r.Series {
		if s.Name == name {
			return s, true
		}
	}
	return series{}, false
}

// namesIn are the programs of all results, in the order of the last one that has them.
func namesIn(all []result) (names []string) {
	for _, r := range slices.Backward(all) {
		for _, row := range resultTable(r).rows {
			if !slices.Contains(names, row[0]) {
				names = append(names, row[0])
			}
		}
	}
	return names
}

// remarks are what has to be known beside the numbers.
func (r result) remarks() (lines []string) {
	for _, s := range r.Series {
		if len(s.Notes) > 0 {
			lines = append(lines, s.Name+": "+strings.Join(s.Notes, "; "))
		}
	}
	for _, l := range r.LeftOut {
		lines = append(lines, l.Name+" is left out: "+l.Why)
	}
	return lines
}

// rounds is how many samples there are of each.
func (r result) rounds() int {
	n := 0
	for _, s := range r.Series {
		n = max(n, len(s.Samples))
	}
	return n
}

// text is for a terminal.
func (t table) text() string {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + space)
			} else {
				b.WriteString("  " + space + cell)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// markdown is for the documentation.
func (t table) markdown() string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(t.head)
	b.WriteString("|---" + strings.Repeat("|---:", len(t.head)-1) + "|\n")
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

// resultText is a result for a terminal.
func resultText(r result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s; %s, %s, %d mounts outside\n", r.Scenario, titleOf(r.Scenario), unitName(r.Unit), times(r.rounds()), r.Mounts)
	b.WriteString(resultTable(r).text())
	for _, line := range r.remarks() {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// header says what is compared, and where.
func header(r results) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.where())
	for _, p := range r.Programs {
		fmt.Fprintf(&b, "  %s: %s\n", p.Name, p.Version)
	}
	for _, m := range r.Missing {
		fmt.Fprintf(&b, "  %s is missing: %s\n", m.Name, m.Why)
	}
	b.WriteString("\n")
	return b.String()
}

// where is the machine in one line.
func (r results) where() string {
	m := r.Machine
	return fmt.Sprintf("as %s, Linux %s %s, %d processors (%s), %d GiB, load %s before", r.User, m.Kernel, m.Arch, m.CPUs, m.Processor, (m.Memory+1<<29)>>30, m.Load)
}
