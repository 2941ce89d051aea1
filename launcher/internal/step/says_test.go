package step

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A new step has to say all of itself. Each test here wants a method of every step, or its name among those that have nothing to say.

// What leaves nothing to who enters a sandbox: the namespaces and what is in them is there already.
const leaveNothing = `AwaitInit BeInit BindConsole BindMount BlockSignals ChangeHost ClearUmask CloneEarly CloneRoot Confine CoverProc
	CoverProcSettings DenySetgroups DieWithLauncher Enter ForbidNamespaces ForkCommand GiveTerminal HideProcess Join JoinCgroup KeepUnit
	LeaveOut LendProcess LendSocket LendTree LockLayer LoopbackUp MakeDir MakeLayerDir MakeScratch MakeSymlink MaskFiles MaskMount MountFS
	MountFile MountOverlay MountProc MoveIntoPID NewKeyring NewTime NotifyExec OpenLimits OpenNamespace OpenPTY OpenSelf OverlayRoot
	PassSockets Pivot PlaceInScope PlaceSocket Protect ReceiveSocket ReceiveTree RelayNotifications Release SealHost SealMounts SealRoot
	SetDomainname SetHostname SetMountPropagation SetPropagation SetSession SlaveFromAbove TmpfsRoot UnblockSignals Unshare
	WaitForLauncher WriteMap`

// What needs no capability in the sandbox's user namespace, or has it from elsewhere.
const unprivileged = `AwaitInit BeInit BlockSignals ChangeDir ClearUmask CloseFDs Confine DieWithLauncher Execute ForbidNamespaces ForkCommand GiveTerminal
	HideProcess JoinCgroup KeepUnit LeaveOut LendProcess LendSocket LendTree LockLayer MakeDir MakeLayerDir MakeSymlink MoveIntoPID NewKeyring
	NotifyExec OpenLimits OpenNamespace OpenPTY OpenSelf PassSockets PlaceInScope PlaceSocket RaiseRlimit ReceiveSocket ReceiveTree
	RelayNotifications Release SetNice SetNoNewPrivs SetOOMScoreAdj SetRlimit SetSession SetUmask UnblockSignals WaitForLauncher`

// What fails for no reason of its own: the causes that any step can have are looked for.
const undiagnosed = `AwaitInit BeInit BindConsole BlockSignals ChangeHost ClearUmask CloseFDs Confine CoverProcSettings DieWithLauncher
	DropBounding ForkCommand GiveTerminal HideProcess KeepUnit LeaveOut LendProcess LendSocket LendTree LoopbackUp MaskFiles NotifyExec
	OpenSelf PassSockets Pivot PlaceInScope ReceiveSocket ReceiveTree RelayNotifications Release SealHost SealMounts SealRoot
	SetDomainname SetHostname SetMountPropagation SetNoNewPrivs SetSession SetUmask SlaveFromAbove UnblockSignals
	WaitForLauncher`

func TestStepsSayAll(t *testing.T) {
	methods := stepMethods(t)
	if len(methods) < 70 {
		t.Fatalf("%d steps: too few", len(methods))
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		if has := methods[name]; !has["String"] {
			t.Errorf("%s has no words", name)
		}
	}
	says := func(method string) map[string]bool {
		all := map[string]bool{}
		for name, has := range methods {
			all[name] = has[method]
		}
		return all
	}
	wantSaid(t, "Leave", says("Leave"), leaveNothing)
	wantSaid(t, "Privileged", says("Privileged"), unprivileged)
	wantSaid(t, "case of package diagnose", diagnosed(t, methods), undiagnosed)
}

// wantSaid asserts that each step either says it or is listed, and that the list has no other.
func wantSaid(t *testing.T, what string, says map[string]bool, list string) {
	t.Helper()
	listed := map[string]bool{}
	for name := range strings.FieldsSeq(list) {
		if _, known := says[name]; !known {
			t.Errorf("%s: %s is listed and is no step", what, name)
		}
		listed[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(says)) {
		switch {
		case says[name] && listed[name]:
			t.Errorf("%s has a %s, and is listed as having none", name, what)
		case !says[name] && !listed[name]:
			t.Errorf("%s has no %s: write one, or list it here", name, what)
		}
	}
}

// stepMethods has the methods of each type that is done by a child or by the launcher.
func stepMethods(t *testing.T) map[string]map[string]bool {
	t.Helper()
	methods := map[string]map[string]bool{}
	for _, file := range parse(t, ".") {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			if name, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
				if methods[name.Name] == nil {
					methods[name.Name] = map[string]bool{}
				}
				methods[name.Name][f.Name.Name] = true
			}
		}
	}
	maps.DeleteFunc(methods, func(_ string, has map[string]bool) bool { return !has["Emit"] && !has["Apply"] })
	return methods
}

// diagnosed are the steps for which package diagnose has a case.
func diagnosed(t *testing.T, steps map[string]map[string]bool) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for name := range steps {
		found[name] = false
	}
	for _, file := range parse(t, "../diagnose") {
		ast.Inspect(file, func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok {
				for _, e := range c.List {
					if s, ok := e.(*ast.SelectorExpr); ok {
						if _, isStep := steps[s.Sel.Name]; isStep {
							found[s.Sel.Name] = true
						}
					}
				}
			}
			return true
		})
	}
	return found
}

func parse(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}
