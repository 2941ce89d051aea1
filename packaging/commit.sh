#!/bin/bash
# commit.sh prints the commit of this tree, and its time in seconds since 1970. It adds "-modified" to the commit if the
# tree has changes. In an archive made by git the file "commit" says which commit it is. If neither is known, as where
# git refuses another user's clone, it prints nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

read -r archived <packaging/commit
if [ "${archived#\$}" = "$archived" ]; then
	echo "$archived"
elif [ -e .git ] && commit=$(git log -1 --format='%H %ct' 2>/dev/null); then
	modified=
	[ -z "$(git status --porcelain)" ] || modified=-modified
	echo "${commit% *}$modified ${commit#* }"
fi
