//go:build linux

package nslist

import "slices"

// Node is a namespace in a tree, with those below it.
type Node struct {
	*Namespace
	Below []*Node
}

// ByOwner puts each namespace below the user namespace that owns it, so a user namespace below its parent.
func ByOwner(n *Namespace) uint64 { return n.Owner }

// ByParent puts user and pid namespaces below their parents. Those of other types do not nest.
func ByParent(n *Namespace) uint64 { return n.Parent }

// Tree returns the namespaces as trees, each below the one with the inode that above returns. One with none above it in
// the list begins a tree. They keep their order, but user namespaces come after those of other types, with what is below them.
func Tree(all []*Namespace, above func(*Namespace) uint64) []*Node {
	nodes := map[uint64]*Node{}
	for _, n := range all {
		nodes[n.Inode] = &Node{Namespace: n}
	}
	var tops []*Node
	for _, n := range all {
		if parent := nodes[above(n)]; parent != nil && parent.Namespace != n {
			parent.Below = append(parent.Below, nodes[n.Inode])
		} else {
			tops = append(tops, nodes[n.Inode])
		}
	}
	usersLast(tops)
	for _, n := range nodes {
		usersLast(n.Below)
	}
	return tops
}

func usersLast(nodes []*Node) {
	rank := func(n *Node) int {
		if n.Type == "user" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(nodes, func(a, b *Node) int { return rank(a) - rank(b) })
}
