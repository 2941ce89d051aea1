package nsview

import (
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/internal/nslist"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// Row is a line of a table: a namespace, and what its place in a tree looks like.
type Row struct {
	branch string // "│ └─"
	*nslist.Namespace
}

// List returns a row for each namespace.
func List(all []*nslist.Namespace) []Row {
	var rows []Row
	for _, n := range all {
		rows = append(rows, Row{"", n})
	}
	return rows
}

// Tree returns a row for each namespace of trees, with branches as lsns(8) and tree(1) draw them.
func Tree(tops []*nslist.Node) []Row {
	var rows []Row
	for _, top := range tops {
		rows = append(rows, Row{"", top.Namespace})
		rows = addBelow(rows, "", top.Below)
	}
	return rows
}

func addBelow(rows []Row, indent string, below []*nslist.Node) []Row {
	for i, n := range below {
		branch, deeper := "├─", "│ "
		if i == len(below)-1 {
			branch, deeper = "└─", "  "
		}
		rows = append(rows, Row{indent + branch, n.Namespace})
		rows = addBelow(rows, indent+deeper, n.Below)
	}
	return rows
}

// Layout says how a table is written.
type Layout struct {
	NoHeadings bool
	Raw        bool // fields apart by one space, with blanks in a field as \x20
	Width      int  // at which lines are cut; 0 for no limit
}

// Table writes rows.
func Table(rows []Row, columns []Column, s Sandboxes, l Layout) string {
	tree := treeColumn(columns)
	var lines [][]string
	if !l.NoHeadings {
		var heads []string
		for _, c := range columns {
			heads = append(heads, c.Name)
		}
		lines = append(lines, heads)
	}
	for _, r := range rows {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = text(c.value(r.Namespace, s))
			if i == tree {
				cells[i] = r.branch + cells[i]
			}
		}
		lines = append(lines, cells)
	}
	if l.Raw {
		return raw(lines)
	}
	branched := false
	for _, r := range rows {
		branched = branched || r.branch != ""
	}
	right := make([]bool, len(columns))
	for i, c := range columns {
		right[i] = c.right && !(branched && i == tree)
	}
	return aligned(lines, right, l.Width)
}

// treeColumn is the column in which the branches are: that of the inode, else the first.
func treeColumn(columns []Column) int {
	for i, c := range columns {
		if c.Name == "NS" {
			return i
		}
	}
	return 0
}

// text returns a value for a table. Names that others chose cannot forge a line.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return "-"
	case string:
		return quote.Line(v)
	case []string:
		return quote.Words(v, ",")
	}
	return fmt.Sprint(value)
}

func raw(lines [][]string) string {
	var b strings.Builder
	for _, cells := range lines {
		for i, cell := range cells {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(strings.ReplaceAll(strings.ReplaceAll(cell, `\`, `\x5c`), " ", `\x20`))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func aligned(lines [][]string, right []bool, width int) string {
	widest := make([]int, len(right))
	for _, cells := range lines {
		for i, cell := range cells {
			widest[i] = max(widest[i], quote.Width(cell))
		}
	}
	var b strings.Builder
	for _, cells := range lines {
		var line strings.Builder
		for i, cell := range cells {
			if i > 0 {
				line.WriteString("  ")
			}
			gap := strings.Repeat(" ", widest[i]-quote.Width(cell))
			if right[i] {
				line.WriteString(gap + cell)
			} else {
				line.WriteString(cell + gap)
			}
		}
		text := strings.TrimRight(line.String(), " ")
		if width > 0 {
			text = quote.Cut(text, width)
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}
