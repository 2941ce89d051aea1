# Completion of nslaunch for bash. nslaunch itself says what fits: a word a line.
_nslaunch() {
	local line=${COMP_LINE:0:COMP_POINT} word cut='' words
	# As the shell splits them, but for quotes; the x keeps the last word where it is empty.
	read -a words <<<"${line}x"
	word=${words[-1]%x}
	words[-1]=$word
	# Readline replaces what follows the last character that breaks words for it.
	[[ $word == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]] && cut=${word%"${word##*[=:]}"}
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		case $word in
		:files)
			compopt -o bashdefault -o default 2>/dev/null
			;;
		*)
			[[ $word == *[=/] ]] && compopt -o nospace 2>/dev/null
			word=${word#"$cut"}
			COMPREPLY+=("$(printf %q "$word")")
			;;
		esac
	done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -F _nslaunch nslaunch
