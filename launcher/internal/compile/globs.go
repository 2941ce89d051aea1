package compile

import (
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

// checkMatches checks the entries that globs match in the same way as written ones.
func (c *compiler) checkMatches(p *config.Profile) {
	if errs, ok := config.Check(p).(config.Errors); ok {
		c.errs = append(c.errs, errs...)
	}
}

// globs says what the globs of the profile do not show: what matches nothing, and what is outside.
func (c *compiler) globs() {
	for _, g := range c.p.Globs {
		found := c.h.Matches[g.Entry.Key]
		none := len(found.Paths)+len(found.Outside)+len(found.Shown) == 0
		switch {
		case c.planted(g.Entry.Key, g.Dir(), found.Planted):
		case found.Problem != "":
			c.errorf(g.Entry.Key, "%s", found.Problem)
		case none && !g.Entry.Optional:
			c.errorf(g.Entry.Key, "%q matches nothing (a \"-\" in front makes it optional)", g.Pattern)
		case none:
			c.add(plan.ByLauncher, g.Entry.Key, step.LeaveOut{Target: g.Pattern, Why: "it matches nothing"})
		}
		for _, at := range found.Outside {
			c.add(plan.ByLauncher, g.Entry.Key, step.LeaveOut{Target: at, Why: "it is a link out of " + g.Dir()})
		}
		for _, link := range found.Shown {
			c.add(plan.ByLauncher, g.Entry.Key, step.LeaveOut{Target: link.Path, Why: "it is a link to " + link.Source + ", which is not hidden"})
		}
	}
}
