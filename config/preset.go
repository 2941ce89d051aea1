package config

import (
	"embed"
	"fmt"
	"strings"

	"github.com/nslaunch/nslaunch/config/internal/lang"
)

// presets are profiles to be extended that come with nslaunch.
//
//go:embed presets
var presets embed.FS

const presetPrefix = "preset:"

// presetNames returns the names of the presets.
func presetNames() []string {
	return []string{"base", "system", "dev", "npm", "agent", "build", "service"}
}

// Presets returns what extends may name besides files: "preset:base", ….
func Presets() []string {
	names := presetNames()
	for i, name := range names {
		names[i] = presetPrefix + name
	}
	return names
}

// IsPreset reports whether a word names a preset, such as "preset:dev", and no file.
func IsPreset(word string) bool { return strings.HasPrefix(word, presetPrefix) }

// preset returns the text of the preset of that name.
func preset(name string) ([]byte, bool) {
	text, err := presets.ReadFile("presets/" + name + ".toml")
	return text, err == nil
}

func noPreset(name string) string {
	return fmt.Sprintf("unknown preset %q, want %s%s", name, lang.Words(presetNames()), lang.DidYouMean(presetPrefix+name, Presets()))
}
