package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	parser "github.com/BurntSushi/toml"
	"github.com/nslaunch/nslaunch/config/internal/lang"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schema compiles the JSON Schema of profiles with a validator that is not ours.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(Schema(func(key string) Description { return Description{Text: "what " + key + " does"} }))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("nslaunch.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("nslaunch.json")
	if err != nil {
		t.Fatal(err)
	}
	if s.DraftVersion != 7 {
		t.Errorf("draft %d, want 7, which editors know", s.DraftVersion)
	}
	return s
}

// asJSON returns a TOML tree in the types of JSON, as an editor has it.
func asJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for k, e := range v {
			all[k] = asJSON(e)
		}
		return all
	case []map[string]any:
		all := []any{}
		for _, e := range v {
			all = append(all, asJSON(e))
		}
		return all
	case []any:
		all := []any{}
		for _, e := range v {
			all = append(all, asJSON(e))
		}
		return all
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "not a number of JSON"
		}
	case time.Time:
		return nil // of none of its types
	}
	return v
}

// beyondSchema are the bad profiles of the corpus that the schema takes, with the reason.
func beyondSchema() map[string]string {
	reasons := map[string]string{
		"how keys relate to each other": `
			dev-exec-alone dev-exec-host dev-host-no-mount dev-no-mount proc-links proc-masked-below proc-subset-paths restrict-kernel-mount root-options-mount domainname-no-uts hostname-joined-uts hostname-no-uts idmap-dotted-no-user
			idmap-gid-alone idmap-joined-user idmap-mode-and-lists idmap-no-user idmap-range-overlap-inline
			idmap-range-overlap idmap-setgroups-no-user idmap-too-many idmap-uid-alone limits-optional-alone
			mounts-below-file mounts-cgroup2-no-cgroup mounts-dev-host mounts-dev-minimal mounts-false mounts-idmap-joined-user
			mounts-idmap-no-user mounts-idmap-none mounts-joined-mount mounts-list-twice mounts-mqueue-no-ipc
			mounts-owner-no-ids mounts-owner-not-in-lists mounts-owner-not-mapped
			mounts-no-mount-dotted mounts-no-mount mounts-options-atime mounts-options-contradict mounts-proc-below
			mounts-proc-bind mounts-proc-list mounts-proc-no-pid mounts-proc-none mounts-proc-options
			idmap-overlap-no-user mounts-glob-mount mounts-glob-proc mounts-glob-twice mounts-proc-twice mounts-propagation-shared mounts-sys-new mounts-sysfs-no-net mounts-twice-lists
			mounts-twice-table mounts-twice-variable network-joined network-no-net proc-joined-mount
			proc-no-mount-no-pid proc-no-mount proc-no-pid proc-none-no-mount proc-options-default-host
			proc-options-host proc-paths-no-mount proc-paths-none process-groups-denied process-ids-unmapped-none
			process-ids-unmapped-root process-ids-unmapped process-init-no-pid propagation-joined-mount
			propagation-no-mount propagation-shared-user root-joined-mount root-no-mount-overlay root-no-mount-path
			root-no-mount-readonly root-no-mount-tmpfs root-overlay-tmpfs-root root-propagation-no-mount
			restrict-namespaces-add restrict-namespaces-joined restrict-namespaces-keep restrict-namespaces-resource restrict-namespaces-user
			root-propagation-shared root-propagation-twice-below root-propagation-twice scope-machine-name
			scope-machine-user scope-off-keys scope-off-limits-keys scope-off-limits-short scope-off-limits
			scope-off-machine scope-properties-limits scope-properties-stop scope_machine service-notify-joined-mount
			service-notify-no-mount-short service-notify-no-mount sys-no-mount sys-no-net-no-mount sys-no-net
			time-dotted-no-namespace time-no-namespace`,
		"what a variable stands for": `
			mounts-list-variable root-variable scope-properties-variable vars-case vars-empty vars-env-name
			vars-env-unset vars-in-array vars-later vars-unclosed vars-unknown-far vars-unknown`,
		"how large the sum of a text is": `
			command-empty-word idmap-range-end limits-cpu-percent limits-memory-share limits-memory-small-text limits-memory-small-unit limits-timeout-long
			limits-timeout-zero mounts-size-63 mounts-size-64 mounts-size-8e mounts-size-zero
			scope-properties-device-latency scope-properties-quota-large scope-properties-quota
			scope-properties-tasks-share time-too-long`,
		"a float without a fraction is an integer to JSON": "process-uid-float scope-properties-tasks-type version-float",
		"NUL, control characters":                          "command-nul mounts-list-nul mounts-target-nul scope-description-control scope-description-lines",
		"a word that is special among those of its form": `
			mounts-glob-stars mounts-glob-tmpfs mounts-list-root root-slash-dots root-slash scope-off-written scope-slice-dashes scope-slice-doubled
			scope-slice-instance scope-slice-leading scope-slice-trailing scope-unit-init scope-unit-template`,
		"what is there twice in another notation": "scope-properties-device-twice scope-properties-units-twice",
	}
	files := map[string]string{}
	for reason, names := range reasons {
		for _, name := range strings.Fields(names) {
			files[name+".toml"] = reason
		}
	}
	return files
}

// tree returns the tree of a profile; ok is false for what is no TOML.
func textTree(t *testing.T, file string) (tree map[string]any, ok bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Decode(string(text), &tree)
	return tree, err == nil
}

// The schema refuses what the decoder does, but for what it cannot know.
func TestSchemaBad(t *testing.T) {
	s, beyond := schema(t), beyondSchema()
	refused := 0
	for _, file := range profiles(t, "testdata/bad") {
		tree, ok := textTree(t, file)
		if !ok {
			continue // an editor has no tree either
		}
		taken := s.Validate(asJSON(tree)) == nil
		switch reason := beyond[file]; {
		case taken && reason == "":
			errs, _ := os.ReadFile(strings.TrimSuffix(file, ".toml") + ".err")
			t.Errorf("the schema takes %s", errs)
		case !taken && reason != "":
			t.Errorf("%s is refused, and listed as beyond the schema (%s)", file, reason)
		case !taken:
			refused++
		}
		delete(beyond, file)
	}
	for file := range beyond {
		t.Errorf("%s is listed as beyond the schema, and not there", file)
	}
	if refused < 250 {
		t.Errorf("%d bad profiles are refused, want 250 or more", refused)
	}
}

// The schema takes every profile that the decoder takes.
func TestSchemaGood(t *testing.T) {
	s := schema(t)
	for _, file := range append(profiles(t, "testdata/good"), examples(t)...) {
		tree, ok := textTree(t, file)
		if !ok {
			t.Errorf("%s: no TOML", file)
		}
		if err := s.Validate(asJSON(tree)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// examples are the profiles that come with nslaunch.
func examples(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, dir := range []string{"../../../examples", "../../presets"} {
		files, err := filepath.Glob(dir + "/*.toml")
		if err != nil || len(files) == 0 {
			t.Fatalf("no profiles in %s: %v", dir, err)
		}
		all = append(all, files...)
	}
	return all
}

// What one profile says over another depends on the other; how it is written does not.
func TestSchemaComposition(t *testing.T) {
	s := schema(t)
	for text, good := range map[string]bool{
		`extends = ["base.toml", "preset:dev", "base.toml"]`: true,
		`extends = []`:          true,
		`extends = "base.toml"`: false,
		`extends = [""]`:        false,
		`mounts.ro = { add = ["/a"], remove = ["-/b"] }`:       true,
		`mounts.ro.add = ["a"]`:                                false,
		`mounts.ro = {}`:                                       false,
		`mounts."/a" = false`:                                  true,
		`mounts."/a" = true`:                                   false,
		`env.inherit.remove = ["LC_*"]`:                        true,
		`env.inherit = { remove = ["LC_*"], only = [] }`:       false,
		`env.set.remove = ["LC_*"]`:                            false,
		`command.argv.add = ["-x", "-x"]`:                      true,
		`process.capabilities = { add = ["NET_ADMIN"] }`:       true,
		`process.capabilities.add = "NET_ADMIN"`:               false,
		`idmap.uid.add = [{ inside = 5, outside = 5 }]`:        true,
		`process.groups = { remove = ["5"] }`:                  false,
		`name = { base = "dev", taken = "number" }`:            true,
		`name = { base = "dev", taken = "never" }`:             false,
		`namespaces = { net = "sandbox:dev.2", user = "new" }`: true,
		`namespaces.net = "sandbox:2"`:                         false,
		`namespaces.net = "sandbox:"`:                          false,
	} {
		var tree map[string]any
		if _, err := parser.Decode("version = 1\n"+text, &tree); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(asJSON(tree)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// isTable reports whether a key is a section, or another table of which each key has a field.
func isTable(f lang.Field) bool {
	_, ok := f.Type.(lang.Table)
	return ok
}

// leaves calls visit for each key that has a type of its own, with the fields above it.
func leaves(path []string, fields []lang.Field, visit func(path []string, f lang.Field)) {
	for _, f := range fields {
		here := append(slices.Clone(path), f.Name)
		switch {
		case f.Free || isRanges(f):
		case isTable(f):
			leaves(here, f.Below(), visit)
		default:
			visit(here, f)
		}
	}
}

// values are all that the corpus has for values, of any key.
func values(t *testing.T) []any {
	var all []any
	seen := map[string]bool{}
	var add func(v any)
	add = func(v any) {
		if text := fmt.Sprintf("%T %v", v, v); !seen[text] {
			seen[text] = true
			all = append(all, v)
		}
		switch v := v.(type) {
		case map[string]any:
			for _, e := range v {
				add(e)
			}
		case []map[string]any:
			for _, e := range v {
				add(e)
			}
		case []any:
			for _, e := range v {
				add(e)
			}
		}
	}
	for _, dir := range []string{"bad", "good"} {
		files, _ := filepath.Glob("testdata/" + dir + "/*.toml")
		for _, file := range files {
			if tree, ok := textTree(t, file); ok {
				add(tree)
			}
		}
	}
	return all
}

// beyondShapes fits what the decoder says of values that the schema takes: of what they mean and not of
// how they look. Of a variable, nothing is known.
const beyondShapes = `too (long|large), want|want more than 0|want at least 1M, got|want .* above 0|want at most 100%|want 1ms to 1s|not empty|` +
	`NUL byte|control characters|got a float|is in the list twice|is there already|contradicts|the root has a key|write the host's root as|` +
	`single "-"|no instances|to the service manager|as a template|variable|\$\{|is not known here|is not in the list|no list to change|nothing to remove|goes beyond the highest id|above the hard limit|"\*\*" is not known|a "\*" is a pattern`

// For each key, the decoder and the schema agree on each value of the corpus.
func TestSchemaValues(t *testing.T) {
	s, all := schema(t), values(t)
	if len(all) < 500 {
		t.Errorf("%d values, want 500 or more", len(all))
	}
	beyond := regexp.MustCompile(beyondShapes)
	refused, keys := 0, 0
	leaves(nil, topFields(newProfile("")), func(path []string, f lang.Field) {
		keys++
		for _, raw := range all {
			d := newReading("x.toml", testVars())
			key := strings.Join(path, ".")
			d.Field(f, lang.Value{Key: key, Raw: raw})
			doc := asJSON(raw)
			for _, name := range slices.Backward(path) {
				doc = map[string]any{name: doc}
			}
			if key != "version" {
				doc.(map[string]any)["version"] = 1
			}
			switch err := s.Validate(doc); {
			case err != nil && d.Errs == nil:
				t.Errorf("%s = %#v: the schema refuses it: %v", key, raw, err)
			case strings.Contains(fmt.Sprint(raw), "${"): // nothing is known of what it stands for
			case err == nil && slices.ContainsFunc(d.Errs, func(e *Error) bool { return !beyond.MatchString(e.Msg) }):
				t.Errorf("%s = %#v: the schema takes it: %v", key, raw, d.Errs)
			case err != nil:
				refused++
			}
		}
	})
	if keys < 80 || refused < 50000 {
		t.Errorf("%d keys, %d values refused", keys, refused)
	}
}
