package launcher

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/passwd"
)

// subordinateIDs reads the ranges that a file in the format of subuid(5)
// gives to a user, by name or by number. A file that is missing gives none.
func subordinateIDs(file, user string, uid uint32) (SubIDs, error) {
	ids := SubIDs{User: user, File: file}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return ids, nil
	}
	if err != nil {
		return ids, err
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	for n := 1; scan.Scan(); n++ {
		fields := strings.Split(scan.Text(), ":")
		if fields[0] != user && fields[0] != strconv.Itoa(int(uid)) {
			continue
		}
		r, ok := subRange(fields)
		if !ok {
			return ids, fmt.Errorf("%s:%d: want NAME:FIRST:COUNT, got %q", file, n, scan.Text())
		}
		if r.Count > 0 {
			ids.Ranges = append(ids.Ranges, r)
		}
	}
	return ids, scan.Err()
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

// userName returns a user's name, or its number where it has none.
func userName(uid uint32) string {
	return cmp.Or(passwd.ByID(int(uid)).Name, strconv.Itoa(int(uid)))
}
