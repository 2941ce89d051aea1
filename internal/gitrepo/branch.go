package gitrepo

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Branch returns the name of the branch that is checked out, without refs/heads/,
// or the first twelve digits of the commit if none is. It is a name that git
// itself would allow: as a path it leads nowhere but down.
func (r Repo) Branch() (string, error) {
	file := filepath.Join(r.Dir, "HEAD")
	head, err := line(file)
	if err != nil {
		return "", err
	}
	if ref, ok := strings.CutPrefix(head, "ref:"); ok {
		branch, ok := strings.CutPrefix(strings.TrimSpace(ref), "refs/heads/")
		switch {
		case ok && branch == ".invalid":
			return "", fmt.Errorf("%s has its branches in a reftable, which only git can read", r.CommonDir)
		case !ok || !branchName(branch):
			return "", fmt.Errorf("%s names no branch: %q", file, head)
		}
		return branch, nil
	}
	if len(head) != 40 && len(head) != 64 || strings.Trim(head, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%s names neither a branch nor a commit: %q", file, head)
	}
	return head[:12], nil
}

// branchName reports whether git allows a branch of that name; see git-check-ref-format(1).
func branchName(s string) bool {
	if len(s) > 255 || strings.Contains(s, "..") || strings.Contains(s, "@{") || strings.HasSuffix(s, ".") || strings.HasPrefix(s, "-") ||
		strings.ContainsAny(s, " ~^:?*[\\\x7f") || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return s != "@"
}
