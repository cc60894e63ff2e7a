#!/bin/sh
# Checks that the checkout has at most 4,000 files, and the text of every file: no left-over words,
# no path of one machine, no trailing white space, a final line end, no test name with a word of the
# glossary's right column or an indefinite person.
# usage: check_text.sh ROOT
set -eu
cd "$1"

if git rev-parse --is-inside-work-tree >/dev/null 2>&1 && [ -e .git ]; then
    files=$(git ls-files -co --exclude-standard | LC_ALL=C sort)
else
    files=$(find . -type f -not -path './.git/*' -not -path './build*' | sed 's,^\./,,' | LC_ALL=C sort)
fi
bad=0
# git also lists files that are deleted and not yet committed.
count=$(printf '%s\n' "$files" | while IFS= read -r file; do [ ! -e "$file" ] || echo "$file"; done | wc -l)
[ "$count" -le 4000 ] || { echo "the checkout has $count files, more than 4000"; bad=1; }
files=$(printf '%s\n' "$files" | grep -vE '^fuzz/corpus/|\.(png|svg|pdf)$' || true)
[ -n "$files" ] || { echo "check_text: nothing to check in $1" >&2; exit 1; }

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

# The names of tests: the arguments of the macros ..._TEST(...), without strings, up to the body.
test_sources=$(printf '%s\n' "$files" | grep -E '^(tests|fuzz)/.*\.(c|h|cpp)$' || true)
found=$(printf '%s' "$test_sources" | tr '\n' '\0' | xargs -0 awk '
    BEGIN {
        banned = "_(room|at_once|seen|goes|go|passes|under_way|turn|turns|turned|turning|known|" \
            "knows|look|looks|looked|told|lives|in_line|ask|asks|asked|who|nobody|somebody|anybody|" \
            "everybody|elsewhere|says|sees|saw|obeys|harms|judged|chosen)_"
    }
    FNR == 1 || /^($|[{}#])/ || /;$/ { is_name = 0 }
    /^[A-Z0-9_]*TEST[A-Z0-9_]*\(/ { is_name = 1 }
    is_name {
        gsub(/"[^"]*"/, "")
        count = split($0, names, /[^A-Za-z0-9_]+/)
        for (i = 1; i <= count; i++) {
            words = "_" names[i] "_"
            gsub(/_look(s|ed)?_up_/, "_", words)
            if (names[i] ~ /_/ && match(words, banned))
                print FILENAME ":" FNR ": " names[i] "    <- a test name with \"" \
                    substr(words, RSTART + 1, RLENGTH - 2) "\", see the glossary of docs/STYLE.md"
        }
    }' /dev/null)
[ -z "$found" ] || { printf '%s\n' "$found"; bad=1; }

printf '%s\n' "$files" >"${TMPDIR:-/tmp}/check_text.$$"
while IFS= read -r file; do
    case "$file" in *.xz) continue ;; esac
    if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then
        echo "$file: no line end at the end"
        bad=1
    fi
done <"${TMPDIR:-/tmp}/check_text.$$"
rm -f "${TMPDIR:-/tmp}/check_text.$$"

[ "$bad" -eq 0 ] || exit 1
echo "check_text: $(printf '%s\n' "$files" | wc -l | tr -d ' ') files are clean"
