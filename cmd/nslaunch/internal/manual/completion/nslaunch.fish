# Completion of nslaunch for fish. nslaunch itself says what fits: a word a line, and what it is after a tab.
function __nslaunch_complete
	set -l words (commandline -opc)
	set -l word (commandline -ct)
	for line in ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
		if test "$line" = ":files"
			__fish_complete_path "$word"
		else
			echo $line
		end
	end
end
complete -c nslaunch -f -a "(__nslaunch_complete)"
