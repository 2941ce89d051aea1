package compile

import (
	"fmt"
	"path"
	"strings"

	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
)

// planted refuses a path that goes through a link that a sandbox may have made.
func (c *compiler) planted(key, name string, f tree.Planted) bool {
	switch {
	case f.Link == "":
		return false
	case f.Cwd != "":
		if !c.strayCwd { // once
			c.errorf(key, "the working directory is reached through %s, a symbolic link to %q, which a sandbox may have put into %s (if you made it: cd %s)", quote.Word(f.Link), f.To, quote.Word(f.Dir), quote.Word(f.Cwd))
		}
		c.strayCwd = true
		return true
	}
	to := f.To
	if !strings.HasPrefix(to, "/") {
		to = path.Join(path.Dir(f.Link), to)
	}
	c.errorf(key, "%q is not followed: %s is a symbolic link to %q, which a sandbox may have put into %s (if you made it, write %q in the profile, or put a directory in its place)",
		name, f.Link, f.To, f.Dir, to+strings.TrimPrefix(name, f.Link))
	return true
}

// nameless refuses to mount what no path of this mount namespace leads to.
func (c *compiler) nameless(key, name string, f tree.File) bool {
	if f.Nameless {
		c.errorf(key, "%q leads to a file that is open but has no path here, and only a path can be mounted (write the path of a file)", name)
	}
	return f.Nameless
}

// unkept refuses to launch where something that has to be read-only cannot be.
func (c *compiler) unkept() {
	for _, u := range c.h.Unkept {
		text := u.Why
		if u.File != "" {
			text = fmt.Sprintf("%q cannot be protected: %s", u.File, u.Why)
		}
		if u.Cure != "" {
			text += " (" + u.Cure + ")"
		}
		c.errorf(u.Key, "%s", text)
	}
}
