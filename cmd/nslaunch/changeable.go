package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/internal/passwd"
	"github.com/nslaunch/nslaunch/internal/quote"
)

// loose is a file or directory that a user other than root can change.
type loose struct {
	path, why string
	owner     uint32 // 0 if it is root's, and others can write to it
}

// looseOf looks for what can be changed on the way to a file, at the directories, symbolic links and the file itself, the topmost first. It
// returns nil if there is nothing, or if the file is not there.
func looseOf(file string) (*loose, error) {
	at, left := "/", strings.Split(strings.Trim(file, "/"), "/")
	for links := 0; ; {
		info, err := os.Lstat(at)
		if err != nil {
			return nil, err
		}
		if why := whoChanges(info); why != "" {
			return &loose{at, why, ownerOf(info)}, nil
		}
		if info.Mode()&os.ModeSymlink != 0 {
			to, err := os.Readlink(at)
			if links++; err != nil || links > 40 {
				return nil, errors.Join(err, syscall.ELOOP)
			}
			if at = filepath.Dir(at); filepath.IsAbs(to) {
				at = "/"
			}
			left = append(strings.Split(strings.Trim(to, "/"), "/"), left...)
		}
		for len(left) > 0 && (left[0] == "" || left[0] == ".") {
			left = left[1:]
		}
		if len(left) == 0 {
			return nil, nil
		}
		at, left = filepath.Join(at, left[0]), left[1:] // links are followed before a ".."
	}
}

// whoChanges says which users besides root can change a file, or what a directory has; "" if none can. In a directory with the sticky bit each can
// only change what is their own.
func whoChanges(info os.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	free := info.Mode()&os.ModeSymlink == 0 && !(info.IsDir() && info.Mode()&os.ModeSticky != 0)
	switch perm := info.Mode().Perm(); {
	case st.Uid != 0:
		name := passwd.ByID(int(st.Uid)).Name
		if name == "" {
			name = fmt.Sprintf("uid %d", st.Uid)
		}
		return "belongs to " + quote.Word(name)
	case free && perm&0o002 != 0:
		return "can be written by every user"
	case free && perm&0o020 != 0 && st.Gid != 0:
		return fmt.Sprintf("can be written by the group %d", st.Gid)
	}
	return ""
}

// ownerOf is the user that a file belongs to, root if that is not known.
func ownerOf(info os.FileInfo) uint32 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Uid
	}
	return 0
}

// hostUser returns the id on the host that the profile of a service names for its command, 0 if it names none. With ids of its own the
// command is that user by its map.
func hostUser(p *config.Profile) uint32 {
	switch id := p.Process.UID; {
	case id == nil:
		return 0
	case p.Namespaces.New(config.User):
		outside, _ := config.OutsideID(p.IDMap.UID, *id)
		return outside
	default:
		return *id
	}
}

// looseFiles returns a sentence for each file or directory by which an ordinary user can change one of the files that root runs or reads,
// or that the command executes. The user that the command runs as may own the latter.
func looseFiles(files, executed []string, user uint32) []string {
	var found []loose
	of := map[loose][]string{}
	for i, file := range slices.Concat(files, executed) {
		at, err := looseOf(file)
		if err != nil || at == nil {
			continue // a file that is not there is an error when the unit starts
		}
		if i >= len(files) && user != 0 && at.owner == user {
			continue
		}
		if !slices.Contains(found, *at) {
			found = append(found, *at)
		}
		of[*at] = append(of[*at], file)
	}
	var texts []string
	for _, one := range found {
		them := "it"
		if len(of[one]) > 1 {
			them = "them"
		}
		texts = append(texts, fmt.Sprintf("root runs this unit, and another user can change %s: %s %s (copy %s to a directory that only root can write to)",
			quote.Words(of[one], ", "), quote.Word(one.path), one.why, them))
	}
	return texts
}
