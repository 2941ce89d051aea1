package manual

import _ "embed"

// The scripts ask nslaunch itself what fits, so they are the same for every version.
var (
	//go:embed completion/nslaunch.bash
	bashCompletion string
	//go:embed completion/nslaunch.zsh
	zshCompletion string
	//go:embed completion/nslaunch.fish
	fishCompletion string
)

// Script returns the completion script of a shell: bash, zsh or fish.
func Script(shell string) (text string, ok bool) {
	switch shell {
	case "bash":
		return bashCompletion, true
	case "zsh":
		return zshCompletion, true
	case "fish":
		return fishCompletion, true
	}
	return "", false
}
