package manual

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/nslaunch/nslaunch/cmd/nslaunch/internal/cli"
	"github.com/nslaunch/nslaunch/config"
	"github.com/nslaunch/nslaunch/docs"
	"github.com/nslaunch/nslaunch/internal/nslist"
	"github.com/nslaunch/nslaunch/internal/quote"
	"github.com/nslaunch/nslaunch/internal/records"
)

// flagValues are the offers for the value of a flag: the flag's own, or those for the placeholder of
// the value in its usage.
func flagValues(f *flag.Flag, word string) []Offer {
	if v, ok := f.Value.(*cli.Value); ok {
		all := wordOffers(v.Words...)
		if v.Key != "" {
			all = valueOffers(v.Key)
		}
		if all != nil {
			return fitting(word, all)
		}
	}
	value, _ := flag.UnquoteUsage(f)
	switch strings.ToUpper(value) {
	case "LIST":
		return listOffers(word, append(kindOffers(""), Offer{"all", ""}))
	case "TYPES":
		return listOffers(word, kindOffers(""))
	case "TYPES=WHERE":
		types, where, ok := strings.Cut(word, "=")
		switch {
		case !ok:
			return listOffers(word, append(kindOffers("="), Offer{"all=", ""}))
		case strings.ContainsRune(where, '/'):
			return files()
		}
		return fitting(word, append([]Offer{{types + "=pid:", ""}}, sandboxOffers(types+"=", false)...))
	case "KEY=VALUE":
		if key, _, ok := strings.Cut(word, "="); ok {
			all := valueOffers(key)
			for i := range all {
				all[i].Word = key + "=" + all[i].Word
			}
			return fitting(word, all)
		}
		return fitting(word, keyOffers("="))
	case "DIRECTORY", "FILE", "PATH":
		return files()
	}
	return nil
}

func wordOffers(words ...string) []Offer {
	var all []Offer
	for _, w := range words {
		all = append(all, Offer{Word: w})
	}
	return all
}

// kindOffers are the kinds of namespaces.
func kindOffers(suffix string) []Offer {
	var all []Offer
	for _, k := range config.Kinds() {
		all = append(all, Offer{string(k) + suffix, ""})
	}
	return all
}

// namespaceOffers are the inode numbers of the namespaces of this machine.
func namespaceOffers() []Offer {
	listing, _ := nslist.List()
	var all []Offer
	for _, n := range listing.Namespaces {
		all = append(all, Offer{strconv.FormatUint(n.Inode, 10), n.Type})
	}
	return all
}

// listOffers are those of all that may go on a list with commas.
func listOffers(word string, offers []Offer) []Offer {
	had := ""
	if at := strings.LastIndexByte(word, ','); at >= 0 {
		had = word[:at+1]
	}
	var all []Offer
	for _, o := range offers {
		if !slices.Contains(strings.Split(had, ","), strings.TrimSuffix(o.Word, "=")) {
			all = append(all, Offer{had + o.Word, ""})
		}
	}
	return fitting(word, all)
}

// Schema returns the JSON Schema of profiles, with the descriptions of the reference page.
func Schema() *config.Shape {
	describe := docs.Describe()
	return config.Schema(func(key string) config.Description { return config.Description(describe(key)) })
}

// eachKey calls visit for every key of the profile language, once.
func eachKey(visit func(path string, s *config.Shape)) {
	seen := map[string]bool{}
	Schema().Each("", func(path string, s *config.Shape) {
		if !seen[path] {
			seen[path] = true
			visit(path, s)
		}
	})
}

// keyOffers are the keys of the profile language.
func keyOffers(suffix string) []Offer {
	var all []Offer
	eachKey(func(path string, s *config.Shape) {
		says, _, _ := strings.Cut(s.Description, "\n")
		all = append(all, Offer{path + suffix, says})
	})
	return all
}

// valueOffers are the words that a key takes.
func valueOffers(key string) []Offer {
	var all []Offer
	eachKey(func(path string, s *config.Shape) {
		if path == key {
			all = wordOffers(s.Words()...)
		}
	})
	return all
}

// profileOffers are files whose name is one of a profile's, the directories on the way to more, and presets.
func profileOffers(word string) []Offer {
	dir, base := filepath.Split(word)
	look := dir
	if rest, ok := strings.CutPrefix(look, "~/"); ok {
		look = os.Getenv("HOME") + "/" + rest
	}
	if look == "" {
		look = "."
	}
	entries, _ := os.ReadDir(look)
	var all []Offer
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") && !strings.HasPrefix(base, ".") || quote.Line(name) != name {
			continue
		}
		info, err := os.Stat(filepath.Join(look, name)) // of a link, what it leads to
		switch {
		case err != nil:
		case info.IsDir():
			all = append(all, Offer{dir + name + "/", ""})
		case strings.HasSuffix(name, ".toml"):
			all = append(all, Offer{dir + name, ""})
		}
	}
	if word != "" { // they are not what most look for
		all = append(all, wordOffers(config.Presets()...)...)
	}
	return fitting(word, all)
}

// sandboxOffers are the sandboxes that run, or also those that have ended, with something before each name.
func sandboxOffers(prefix string, ended bool) []Offer {
	found, _ := records.List()
	var all []Offer
	for _, f := range found {
		if ended || f.State != records.Ended {
			all = append(all, Offer{prefix + f.Name, quote.Word(cli.ShortPath(f.Profile))})
		}
	}
	return all
}
