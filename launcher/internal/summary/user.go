package summary

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/launcher/internal/plan"
	"github.com/nslaunch/nslaunch/launcher/internal/step"
)

// userOf says who the command will be.
func userOf(p *plan.Plan) User {
	t := plan.Target{RootUID: -1, RootGID: -1, UID: -1, GID: -1}
	u, keeps := User{Groups: []int64{}}, true
	var uids, gids []config.IDRange
	for _, s := range p.Steps {
		if a, ok := s.Action.(plan.Lasting); ok {
			a.Leave(&t)
		}
		switch a := s.Action.(type) {
		case step.StartStage:
			keeps = !a.NoGroups
		case step.SetGroups:
			keeps, u.Groups = false, []int64{}
			for _, g := range a.Groups {
				u.Groups = append(u.Groups, int64(g))
			}
		case step.WriteMap:
			if a.File == "uid_map" {
				uids = a.Ranges
			} else {
				gids = a.Ranges
			}
		}
	}
	own := p.Source.Namespaces[config.User]
	id := func(last, root int64, caller uint32, ranges []config.IDRange) (inside, outside *int64) {
		switch {
		case last >= 0:
			inside = &last
		case root >= 0:
			inside = &root
		case own.Mode == config.NamespaceHost:
			v := int64(caller)
			inside = &v
		}
		switch {
		case own.Mode == config.NamespaceHost:
			outside = inside
		case inside != nil:
			outside = outsideOf(*inside, ranges)
		case own.Mode == config.NamespaceNew: // nothing changes the id, so it is the caller's
			v := int64(caller)
			inside, outside = insideOf(v, ranges), &v
		}
		return inside, outside
	}
	u.UID, u.HostUID = id(t.UID, t.RootUID, p.Host.UID, uids)
	u.GID, u.HostGID = id(t.GID, t.RootGID, p.Host.GID, gids)
	if keeps {
		groups, _ := os.Getgroups()
		for _, g := range groups {
			u.keepGroup(int64(g), own.Mode == config.NamespaceHost, gids)
		}
	}
	u.NoNewPrivs = t.NoNewPrivs
	all := uint64(1)<<(p.Host.LastCap+1) - 1
	u.setCapabilities(commandCaps(p, &t, u.UID, all), all)
	u.over(own.Mode == config.NamespaceHost, p.Host.InitialUser())
	return u
}

// keepGroup adds a supplementary group of the caller, by its id outside. The group of the command itself is no other.
func (u *User) keepGroup(id int64, sameNamespace bool, ranges []config.IDRange) {
	inside := &id
	if !sameNamespace {
		inside = insideOf(id, ranges)
	}
	switch {
	case u.HostGID != nil && *u.HostGID == id:
	case inside == nil:
		u.KeepsGroups = true
	case !slices.Contains(u.Groups, *inside):
		u.Groups = append(u.Groups, *inside)
	}
}

// outsideOf returns the id outside of one inside, nil if the map has none.
func outsideOf(inside int64, ranges []config.IDRange) *int64 {
	return known64(config.OutsideID(ranges, uint32(inside)))
}

// insideOf returns the id inside of one outside, nil if the map has none.
func insideOf(outside int64, ranges []config.IDRange) *int64 {
	return known64(config.InsideID(ranges, uint32(outside)))
}

// known64 returns an id that is known, or else nil.
func known64(id uint32, ok bool) *int64 {
	if !ok {
		return nil
	}
	n := int64(id)
	return &n
}

// commandCaps are the capabilities that the command has after execve(2).
func commandCaps(p *plan.Plan, t *plan.Target, uid *int64, all uint64) uint64 {
	root := uid != nil && *uid == 0
	switch {
	case t.Capabilities != nil:
		return *t.Capabilities
	case p.Source.Namespaces[config.User].Mode == config.NamespaceHost:
		if t.UID > 0 && t.UID != int64(p.Host.UID) {
			return 0 // the change of user takes them away
		}
		return p.Host.Caps
	case root:
		return all // of the user namespace
	}
	return 0
}

func (u *User) setCapabilities(set, all uint64) {
	u.Capabilities = []string{}
	for i, name := range config.CapabilityNames() {
		if set>>i&1 == 1 {
			u.Capabilities = append(u.Capabilities, name)
		}
	}
	u.AllCapabilities = set&all == all
}

// over says what the capabilities hold over.
func (u *User) over(ofCaller, initial bool) {
	switch {
	case len(u.Capabilities) == 0:
	case !ofCaller:
		u.Over = OverSandbox
	case initial:
		u.Over = OverMachine
	default:
		u.Over = OverCaller
	}
}

// limitsOf says what bounds the sandbox.
func limitsOf(p *plan.Plan) Limits {
	var l Limits
	if d := p.Source.Limits.Timeout; d > 0 {
		l.Timeout = timeText(d)
	}
	for _, s := range p.Steps {
		switch a := s.Action.(type) {
		case step.PlaceInScope:
			l.ofUnit(a.Properties)
		case step.KeepUnit:
			l.ofUnit(a.Limits)
		case step.SetRlimit:
			if !a.Restore {
				l.add(a.Rlimit)
			}
		case step.RaiseRlimit:
			l.add(a.Rlimit)
		}
	}
	return l
}

// timeText is a time without parts that are zero: "5m", "1h30m", "10s".
func timeText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// ofUnit adds the limits of a unit of systemd.
func (l *Limits) ofUnit(properties []config.Property) {
	for _, p := range properties {
		if p.Number == config.Infinity && p.Words == nil {
			continue
		}
		switch p.Key {
		case "limits.memory":
			l.Memory = p.Text
		case "limits.swap":
			l.Swap = p.Text
		case "limits.tasks":
			l.Tasks = p.Text
		case "limits.cpu":
			l.CPU = p.Text
		}
	}
}

// add adds a resource limit. The later of two of one name counts.
func (l *Limits) add(r config.Rlimit) {
	l.Rlimits = slices.DeleteFunc(l.Rlimits, func(o Limit) bool { return o.Name == r.Name })
	l.Rlimits = append(l.Rlimits, Limit{r.Name, step.LimitWord(r.Soft), step.LimitWord(r.Hard)})
}
