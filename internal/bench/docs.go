package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Between these two lines of performance.md is what the bench wrote there.
const (
	blockBegin = "<!-- bench "
	blockEnd   = "<!-- /bench -->"
)

// writeDocs writes the plots of a run, and its tables into performance.md. What the run
// did not measure is left as it is, and named.
func writeDocs(r results, dir string, out io.Writer) error {
	path := filepath.Join(dir, "performance.md")
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	blocks, plots := render(r)
	text, left, err := replaceBlocks(string(page), blocks)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "plots"), 0o755); err != nil {
		return err
	}
	for name, svg := range plots {
		if err := os.WriteFile(filepath.Join(dir, "plots", name), []byte(svg), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	if left != nil {
		fmt.Fprintf(out, "%s: not measured and left as it is: %s\n", path, strings.Join(left, ", "))
	}
	return nil
}

// render makes the blocks by their names, and the plots by those of their files.
func render(r results) (blocks, plots map[string]string) {
	blocks, plots = map[string]string{"machine": machineBlock(r)}, map[string]string{}
	families := map[string][]result{}
	for _, one := range r.Results {
		name, n := family(one.Scenario)
		if n > 0 {
			families[name] = append(families[name], one)
			continue
		}
		file := strings.ReplaceAll(one.Scenario, "+", "-") + ".svg"
		plots[file] = dots(one)
		blocks[one.Scenario] = caption(r, []result{one}, one.Scenario, titleOf(one.Scenario)) +
			resultTable(one).markdown() + remarksOf(one) + picture(titleOf(one.Scenario), file)
	}
	for name, all := range families {
		file := name + ".svg"
		title := growthTitle(name)
		plots[file] = lines(all, title)
		blocks[name] = caption(r, all, name, title) + growthTable(all, name).markdown() + remarksOf(all[len(all)-1]) + picture(title, file)
	}
	return blocks, plots
}

func growthTitle(name string) string {
	if name == "mounts" {
		return "minimal, by the number of mounts on the machine"
	}
	return "a sandbox by the number of its bind mounts"
}

func caption(r results, all []result, name, title string) string {
	var rounds []string
	for _, one := range all {
		rounds = append(rounds, times(one.rounds()))
	}
	return fmt.Sprintf("`--only %s`: %s; in %s, %s, as %s.\n\n", strings.TrimSuffix(name, "-machine"), title,
		unitName(all[0].Unit), strings.Join(slices.Compact(rounds), ", "), r.User)
}

func remarksOf(r result) string {
	var b strings.Builder
	for _, line := range r.remarks() {
		b.WriteString("- " + line + "\n")
	}
	if b.Len() == 0 {
		return "\n"
	}
	return "\n" + b.String() + "\n"
}

func picture(title, file string) string { return fmt.Sprintf("![%s](plots/%s)\n", title, file) }

func machineBlock(r results) string {
	day, _, _ := strings.Cut(r.Date, "T")
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s. The programs:\n\n", day, r.where())
	for _, p := range r.Programs {
		fmt.Fprintf(&b, "- %s: %s\n", p.Name, p.Version)
	}
	for _, m := range r.Missing {
		fmt.Fprintf(&b, "- %s is missing: %s\n", m.Name, m.Why)
	}
	return b.String()
}

// replaceBlocks puts blocks into a page, each between its marks, and returns the names of
// those that were left. A block without a place in the page is an error: it would be lost.
func replaceBlocks(page string, blocks map[string]string) (text string, left []string, err error) {
	var b strings.Builder
	placed := map[string]bool{}
	rest := page
	for {
		before, after, ok := strings.Cut(rest, blockBegin)
		b.WriteString(before)
		if !ok {
			break
		}
		name, after, ok := strings.Cut(after, " -->\n")
		if !ok || strings.Contains(name, "\n") {
			return "", nil, errors.New("a bench mark without a name and an end")
		}
		old, after, ok := strings.Cut(after, blockEnd)
		if !ok || strings.Contains(old, blockBegin) {
			return "", nil, fmt.Errorf("bench mark %q: no %s", name, blockEnd)
		}
		if placed[name] {
			return "", nil, fmt.Errorf("bench mark %q: twice", name)
		}
		placed[name] = true
		block, measured := blocks[name]
		if !measured {
			block, left = old, append(left, name)
		}
		b.WriteString(blockBegin + name + " -->\n" + block + blockEnd)
		rest = after
	}
	for name := range blocks {
		if !placed[name] {
			err = errors.Join(err, fmt.Errorf("no bench mark %q", name))
		}
	}
	return b.String(), left, err
}
