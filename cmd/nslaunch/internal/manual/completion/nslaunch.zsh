#compdef nslaunch
# Completion of nslaunch for zsh. nslaunch itself says what fits: a word a line, and what it is after a tab.
_nslaunch() {
	local line word
	local -a whole wholeSays begun begunSays
	for line in "${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
		word=${line%%$'\t'*}
		case $word in
		'') ;;
		:files) _files ;;
		*[=/]) begun+=("$word") begunSays+=("${line/$'\t'/  -- }") ;;
		*) whole+=("$word") wholeSays+=("${line/$'\t'/  -- }") ;;
		esac
	done
	(( $#begun )) && compadd -S '' -l -d begunSays -a begun
	(( $#whole )) && compadd -l -d wholeSays -a whole
}
if [[ $funcstack[1] == _nslaunch ]]; then
	_nslaunch "$@"
else
	compdef _nslaunch nslaunch
fi
