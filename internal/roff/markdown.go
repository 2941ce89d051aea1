package roff

import "strings"

// Markdown adds a document: headings of the second and third level, paragraphs, lists, tables, and code. It leaves out
// the document's title.
func (p *Page) Markdown(text string) {
	lines := strings.Split(text, "\n")
	below := false // a heading of the third level
	outdent := func() {
		if below {
			p.Outdent()
		}
		below = false
	}
	defer outdent()
	for i := 0; i < len(lines); {
		line := lines[i]
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "# "):
			i++
		case strings.HasPrefix(line, "## "):
			outdent()
			p.Subsection(strings.ReplaceAll(strings.TrimPrefix(line, "## "), "`", ""))
			i++
		case strings.HasPrefix(line, "### "):
			outdent()
			p.Text(bold(strings.TrimPrefix(line, "### ")))
			p.Indent()
			p.fresh, below = true, true
			i++
		case strings.HasPrefix(line, "```"):
			end := i + 1
			for end < len(lines) && !strings.HasPrefix(lines[end], "```") {
				end++
			}
			p.Example(strings.Join(lines[i+1:min(end, len(lines))], "\n"))
			i = end + 1
		case strings.HasPrefix(line, "|"):
			end := i
			for end < len(lines) && strings.HasPrefix(lines[end], "|") {
				end++
			}
			p.table(lines[i:end])
			i = end
		case strings.HasPrefix(line, "- "):
			end := i + 1
			for end < len(lines) && strings.HasPrefix(lines[end], "  ") {
				end++
			}
			first := i == 0 || !strings.HasPrefix(lines[i-1], "- ") && !strings.HasPrefix(lines[i-1], "  ")
			p.Bullet(strings.TrimPrefix(strings.Join(lines[i:end], " "), "- "), first)
			i = end
		default:
			end := i
			for end < len(lines) && lines[end] != "" && !strings.HasPrefix(lines[end], "```") {
				end++
			}
			p.Text(strings.Join(lines[i:end], " "))
			i = end
		}
	}
}

// table writes each row as a term, which is its first cell, and what the others say of it. Lines of a
// terminal are too short for columns of sentences.
func (p *Page) table(rows []string) {
	head := cells(rows[0])
	for _, row := range rows[min(2, len(rows)):] {
		row := cells(row)
		for at := 0; at < len(row); {
			end := at + 1
			for end < len(row) && (end >= len(head) || head[end] != head[at]) {
				end++
			}
			p.Tagged(bold(row[at]), facts(head, row, at+1, end))
			at = end
		}
	}
}

// bold makes a term bold that has no marks of its own.
func bold(term string) string {
	if term == "" || strings.ContainsAny(term, "`*") {
		return term
	}
	return "**" + term + "**"
}

// facts joins the cells of a row that say something, each but the first with the name of its column.
func facts(head, row []string, from, to int) string {
	var all []string
	for i := from; i < to; i++ {
		if row[i] == "" {
			continue
		}
		if i > from && i < len(head) && head[i] != "" {
			all = append(all, head[i]+": "+row[i])
		} else {
			all = append(all, row[i])
		}
	}
	if all == nil {
		return `\&`
	}
	return strings.Join(all, "; ")
}

func cells(row string) []string {
	all := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}
