#!/bin/sh
# Tests the programs of README.md, docs/ and the headers: each block of C is compiled as a part of a
# program of tests/api/blocks, which runs on the simulated network; the blocks of docs/PORTING.md
# are quotes of examples, or are compiled by rustc, if it is installed; the programs of consoles
# print what the page states; the scripts, options, presets and tests of commands exist.
# install_test.sh tests the blocks of CMake.
# usage: examples_blocks.sh ROOT PYTHON CC SIMULATION-LIBRARY FOLDER-OF-THE-EXAMPLES BUILD CTEST
set -eu
cd "$1"
python=$2
cc=$3
library=$4
examples=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

count=$("$python" docs/generate/blocks.py . "$work") || { echo "$count"; exit 1; }
for program in "$work"/*.c; do
    name=$(basename "$program" .c)
    if ! "$cc" -std=c11 -Wall -Wextra -Werror -Iinclude -Itests/api/blocks "$program" "$library" -pthread -o "$work/$name"; then
        echo "examples_blocks: tests/api/blocks/$name.c does not compile"
        bad=1
    elif ! "$work/$name" >"$work/$name.output" || ! cmp -s "$work/$name.output" "$work/$name.expected"; then
        echo "examples_blocks: tests/api/blocks/$name.c fails; its output:"
        sed 's/^/    | /' "$work/$name.output"
        bad=1
    fi
done

for program in "$work"/*.rs; do
    ! command -v rustc >/dev/null 2>&1 ||
        rustc --edition 2021 -D warnings --emit=metadata -o "$work/metadata" "$program" || bad=1
done

# A console has commands behind a $, and the lines that they print; one … is any number of lines.
for page in README.md docs/*.md; do
    awk -v page="$page" '/^```console$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$page" >"$work/console"
    sed -n 's/^\$ //p' "$work/console" >"$work/commands"
    while read -r program arguments; do
        # shellcheck disable=SC2086 # the arguments are words
        "$examples/$program" $arguments >"$work/printed" 2>&1 || true
        awk -v command="$program${arguments:+ $arguments}" '/^\$ / { inside = $0 == "$ " command; next } inside' \
            "$work/console" >"$work/stated"
        if [ "$(head -n 1 "$work/stated")" = … ]; then
            sed -i.old 1d "$work/stated"
            tail -n "$(($(wc -l <"$work/stated")))" "$work/printed" >"$work/end"
            mv "$work/end" "$work/printed"
        fi
        if ! diff "$work/stated" "$work/printed" >"$work/diff"; then
            echo "examples_blocks: $page: the output of $program $arguments: < the page, > the program:"
            cat "$work/diff"
            bad=1
        fi
    done <"$work/commands"
done

commands=$("$python" docs/generate/commands.py . "$6" "$7") || { echo "$commands"; bad=1; }

[ "$bad" -eq 0 ] || exit 1
echo "examples_blocks: $count blocks of C, $commands commands"
