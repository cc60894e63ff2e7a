#!/bin/sh
# Checks the text of every file: no left-over words, no path of one machine, no trailing white
# space, a final line end.
# usage: check_text.sh ROOT
set -eu
cd "$1"

if git rev-parse --is-inside-work-tree >/dev/null 2>&1 && [ -e .git ]; then
    files=$(git ls-files -co --exclude-standard | LC_ALL=C sort)
else
    files=$(find . -type f -not -path './.git/*' -not -path './build*' | sed 's,^\./,,' | LC_ALL=C sort)
fi
files=$(printf '%s\n' "$files" | grep -vE '^fuzz/corpus/|\.(png|svg|pdf)$' || true)
[ -n "$files" ] || { echo "check_text: nothing to check in $1" >&2; exit 1; }

bad=0
# report PATTERN MESSAGE: reports each line that matches.
report() {
    found=$(printf '%s\n' "$files" | tr '\n' '\0' | xargs -0 grep -nIE -e "$1" -- /dev/null 2>/dev/null || true)
    if [ -n "$found" ]; then
        printf '%s\n' "$found" | sed "s|\$|    <- $2|"
        bad=1
    fi
}

# The words and paths are split here, so that this file does not match itself.
left_over="TO""DO|FIX""ME|XX""X|HA""CK"
report "(^|[^A-Za-z0-9_])($left_over)([^A-Za-z0-9_]|\$)" "a left-over word"
report "(^|[^A-Za-z0-9_.\$}])/(ho""me|ro""ot|wo""rk(space)?|bu""ilds|Us""ers|s""rv)/[A-Za-z0-9_]" "a path of one machine"
# A path of one component, such as /name, may have another meaning.
case $PWD in
    /*/*) report "(^|[^A-Za-z0-9_./\$})])$(pwd | sed 's/[].[*^$()+?{|\\]/\\&/g')([^A-Za-z0-9_]|\$)" "a path of this machine" ;;
esac
report '[[:blank:]]$' "trailing white space"
report "$(printf '\r')\$" "a carriage return"

printf '%s\n' "$files" >"${TMPDIR:-/tmp}/check_text.$$"
while IFS= read -r file; do
    if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then
        echo "$file: no line end at the end"
        bad=1
    fi
done <"${TMPDIR:-/tmp}/check_text.$$"
rm -f "${TMPDIR:-/tmp}/check_text.$$"

[ "$bad" -eq 0 ] || exit 1
echo "check_text: $(printf '%s\n' "$files" | wc -l | tr -d ' ') files are clean"
