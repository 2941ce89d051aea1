package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/passwd"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// subordinateIDs reads the ranges that a file in the format of subuid(5)
// gives to a user, by name or by number, in the order of its lines. An id that several lines give is in one range. A
// file that is missing gives none.
func subordinateIDs(file, user string, uid uint32) (SubIDs, error) {
	ids := SubIDs{User: user, File: file}
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ids, err
	}
	var all []config.IDRange // of anybody
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		r, ok := subRange(fields)
		if ok {
			all = append(all, r)
		}
		if fields[0] != user && fields[0] != strconv.Itoa(int(uid)) {
			continue
		}
		if !ok {
			return ids, fmt.Errorf("%s:%d: want NAME:FIRST:COUNT with ids below 4294967295, got %q", quote.Word(file), n, strings.TrimSuffix(line, "\n"))
		}
		for _, part := range Outside([]config.IDRange{r}, ids.Ranges) {
			ids.Ranges, ids.Lines = append(ids.Ranges, part), append(ids.Lines, n)
		}
	}
	if len(ids.Ranges) == 0 {
		ids.Free = freeRange(append(all, ownIDs(file)...))
	}
	return ids, nil
}

func subRange(fields []string) (config.IDRange, bool) {
	if len(fields) != 3 {
		return config.IDRange{}, false
	}
	first, err1 := strconv.ParseUint(fields[1], 10, 32)
	count, err2 := strconv.ParseUint(fields[2], 10, 32)
	ok := err1 == nil && err2 == nil && first+count <= 1<<32-1
	return config.IDRange{Outside: uint32(first), Count: uint32(count)}, ok
}

// Outside returns what of ranges is in none of taken; only Outside and Count count.
func Outside(ranges, taken []config.IDRange) []config.IDRange {
	for _, t := range taken {
		var left []config.IDRange
		low, high := uint64(t.Outside), uint64(t.Outside)+uint64(t.Count)
		for _, r := range ranges {
			first, end := uint64(r.Outside), uint64(r.Outside)+uint64(r.Count)
			if before := min(end, low); before > first {
				left = append(left, config.IDRange{Outside: uint32(first), Count: uint32(before - first)})
			}
			if after := max(first, high); end > after {
				left = append(left, config.IDRange{Outside: uint32(after), Count: uint32(end - after)})
			}
		}
		ranges = left
	}
	return slices.DeleteFunc(ranges, func(r config.IDRange) bool { return r.Count == 0 })
}

const SubCount = 65536 // ids that useradd(8) gives to a user

// freeRange returns the first of [subCount] ids that nobody has, from where useradd(8) begins; 0 if there are none.
func freeRange(taken []config.IDRange) uint32 {
	const first = 100000
	free := Outside([]config.IDRange{{Outside: first, Count: 1<<32 - 1 - first}}, taken)
	for _, r := range free {
		if r.Count >= SubCount {
			return r.Outside
		}
	}
	return 0
}

// ownIDs are the ids of the users, or of the groups, of this machine.
func ownIDs(file string) []config.IDRange {
	list := "/etc/passwd"
	if strings.HasSuffix(file, "subgid") {
		list = "/etc/group"
	}
	text, _ := os.ReadFile(list) // without it there are none
	var all []config.IDRange
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(line, ":"); len(f) > 2 {
			if id, err := strconv.ParseUint(strings.TrimSpace(f[2]), 10, 32); err == nil {
				all = append(all, config.IDRange{Outside: uint32(id), Count: 1})
			}
		}
	}
	return all
}

// Where names the line that gives an id.
func (s SubIDs) Where(id uint32) string {
	for i, r := range s.Ranges {
		if id >= r.Outside && id-r.Outside < r.Count {
			return fmt.Sprintf("%s:%d", quote.Word(s.File), s.Lines[i])
		}
	}
	return quote.Word(s.File)
}

// userName returns a user's name, or its number where it has none.
func userName(uid uint32) string {
	return cmp.Or(passwd.ByID(int(uid)).Name, strconv.Itoa(int(uid)))
}
