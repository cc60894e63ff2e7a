#!/bin/sh
# Checks that the checkout stays small: at most 4000 files, of them at most 300 inputs in the corpus
# of a harness.
# usage: check_files.sh ROOT
set -eu
cd "$1"

if git rev-parse --is-inside-work-tree >/dev/null 2>&1 && [ -e .git ]; then
    # What is deleted and not yet committed stands in both lists.
    files=$({ git ls-files -co --exclude-standard && git ls-files -d; } | LC_ALL=C sort | uniq -u)
else
    files=$(find . -type f -not -path './.git/*' -not -path './build*' | sed 's,^\./,,')
fi
[ -n "$files" ] || { echo "check_files: nothing to check in $1" >&2; exit 1; }

printf '%s\n' "$files" | awk -F / '
$1 == "fuzz" && $2 == "corpus" && NF > 3 { inputs[$3]++ }
END {
    for (name in inputs) {
        if (inputs[name] > 300) { print "fuzz/corpus/" name ": " inputs[name] " inputs, more than 300; see ci/fuzz.sh --merge"; bad = 1 }
    }
    if (NR > 4000) { print "the checkout has " NR " files, more than 4000"; bad = 1 }
    if (!bad) print "check_files: " NR " files"
    exit bad
}'
