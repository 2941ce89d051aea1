package compile

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/host"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/tree"
	"golang.org/x/sys/unix"
)

func (c *compiler) notef(key, format string, args ...any) {
	c.notes = append(c.notes, plan.Note{Origin: c.p.Origin(key), Text: fmt.Sprintf(format, args...)})
}

// noteWritable notes that the sandbox could create what is left out.
func (c *compiler) noteWritable(m config.MountEntry, as string) {
	l := c.lies[m.Target]
	var writable string
	switch e := l.Entry; {
	case l.Ours || l.Closed:
		return
	case e != nil && e.Type == config.MountBind && !e.Readonly:
		writable = e.Target
	case l.At == "/" && !c.p.Root.Readonly:
		writable = "the root"
	default:
		return
	}
	c.notef(m.Key, "%s does not exist, so it is not %s: the sandbox could create it, because %s is writable (create it before the launch)", m.Target, as, writable)
}

// noteDevice notes that a device is bound where none can be opened.
func (c *compiler) noteDevice(m config.MountEntry, f tree.File, a tree.Attributes) {
	device := f.Type == unix.S_IFCHR || f.Type == unix.S_IFBLK
	if !device || a.Set&unix.MOUNT_ATTR_NODEV == 0 || m.Key == host.OverlayKey {
		return
	}
	kind := "rw"
	if m.Readonly {
		kind = "ro"
	}
	entry := map[string]any{kind: m.Source, "options": []string{"dev"}}
	if m.Optional {
		entry["optional"] = true
	}
	c.notef(m.Key, "%s is a device and is bound nodev, so it cannot be opened (write %s)", m.Source, c.say("mounts."+strconv.Quote(m.Target), entry))
}

// hiddenMounts notes the mounts below a directory that are not shown with it.
func (c *compiler) hiddenMounts() {
	note := func(key, dir, what string) {
		if mounts := c.found(dir).Mounts; len(mounts) > 0 {
			c.notef(key, "%s of %s does not show what is mounted on %s", what, dir, plan.Few(mounts))
		}
	}
	if r := c.p.Root; r.Mode == config.RootPath && r.Overlay.Mode != config.OverlayNone {
		note("root.overlay", r.Path, "an overlay")
	}
	c.noteParts()
	for _, m := range c.p.Mounts {
		switch {
		case m.Type == config.MountBind && !m.Recursive:
			note(m.Key, m.Source, "a bind that is not recursive")
		case m.Type == config.MountOverlay:
			for _, dir := range m.Lower {
				note(m.Key, dir, "an overlay")
			}
		}
	}
}

// noteInherit notes which variables an env.inherit takes away. A reader may expect it to add to the list, as those of mounts do.
func (c *compiler) noteInherit() {
	if at, text, ok := c.p.LostInherit(); ok {
		c.notes = append(c.notes, plan.Note{Origin: at, Text: text})
	}
}

// sortNotes puts the notes into source order.
func (c *compiler) sortNotes() {
	slices.SortStableFunc(c.notes, func(a, b plan.Note) int {
		return cmp.Or(cmp.Compare(a.Origin.Pos.Line, b.Origin.Pos.Line), cmp.Compare(a.Origin.Pos.Col, b.Origin.Pos.Col))
	})
}

// hidden refuses a mount that another one would hide because of a symbolic
// link in a target: order in the file means nothing, so neither can be meant to win.
func (c *compiler) hidden() {
	// What was mounted so far at each path or below it.
	placed := make(map[string]string, 8+len(c.p.Mounts))
	place := func(target string) {
		for dir := c.h.Real(target); dir != "/"; dir = path.Dir(dir) {
			if _, ok := placed[dir]; !ok {
				placed[dir] = target
			}
		}
	}
	for _, own := range ownTargets(c.p) {
		if c.h.Real(own) == own { // else it is an error of its own
			place(own)
		}
	}
	for _, m := range c.p.Mounts {
		if c.h.LeftOut(m) || !host.IsMount(m) {
			continue
		}
		real := c.h.Real(m.Target)
		switch before, ok := placed[real]; {
		case real == "/":
			c.errorf(m.Key, "%s leads to / inside, and the root has its own key: root", m.Target)
		case !ok:
		case real != m.Target:
			c.errorf(m.Key, "%s leads to %s inside, and would hide %s", m.Target, real, before)
		case c.h.Real(before) != before:
			c.errorf(m.Key, "%s would hide %s, which leads to %s inside", m.Target, before, c.h.Real(before))
		}
		place(m.Target)
	}
}

// noteParts notes what an overlay of the host's tree does not cover.
func (c *compiler) noteParts() {
	var fixed, open []string
	for _, m := range c.p.Mounts {
		switch {
		case m.Key != host.OverlayKey || m.Type != config.MountBind:
		case m.Readonly:
			fixed = append(fixed, m.Target)
		default:
			open = append(open, m.Target)
		}
	}
	if len(fixed) > 0 {
		c.notef(host.OverlayKey, "the overlay does not include directories with mounts on or below them, and they are read-only: %s", strings.Join(fixed, ", "))
	}
	if len(open) > 0 {
		c.notef(host.OverlayKey, "the overlay does not include the host's own %s", strings.Join(open, ", "))
	}
}
