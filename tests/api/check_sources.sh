#!/bin/sh
# Checks that each source file is in a source list of CMake, one line for each file. A file that is
# in no list is not built. Checks that each file of the tree that a page names is there.
# usage: check_sources.sh ROOT
set -eu
cd "$1"

count=0
bad=0
# listed LISTS FOLDER FILE...: each file, named from FOLDER on, is a line of one of LISTS.
listed() {
    list=$1
    folder=$2
    shift 2
    for file in "$@"; do
        [ -e "$file" ] || continue
        count=$((count + 1))
        # shellcheck disable=SC2086 # a list may be several files
        if ! sed 's/^ *//; s/)$//' $list | grep -qxF "${file#"$folder"}"; then
            echo "$file: it is not in $list"
            bad=1
        fi
    done
}

listed cmake/FerruleSources.cmake '' core/*/*.c platform/common/*.c platform/posix/*.c platform/winsock/*.c platform/sim/*.c
if [ -d tests/unit ]; then
    listed "tests/CMakeLists.txt tests/sources.cmake tests/programs.cmake tests/pollers.cmake tests/sim.cmake" tests/ tests/unit/test_*.c tests/conformance/*.c tests/sim/test_*.c tests/support/*.c tests/kqueue/*.c
    listed tests/fidelity/CMakeLists.txt tests/fidelity/ tests/fidelity/*.c
    listed tests/interop/CMakeLists.txt tests/interop/ tests/interop/*.c
    listed tests/interleave/CMakeLists.txt tests/interleave/ tests/interleave/*.c
    listed tests/selftest/CMakeLists.txt tests/selftest/ tests/selftest/*.c
    listed examples/CMakeLists.txt examples/ examples/*.c
    listed "bench/CMakeLists.txt bench/FerrulePeers.cmake" bench/ bench/*.c bench/*.cpp
    listed fuzz/CMakeLists.txt fuzz/ fuzz/*/*.c
fi

# A word in capitals stands for a name.
for page in *.md */*.md; do
    [ -e "$page" ] || continue
    # shellcheck disable=SC2016 # the backquotes are Markdown's
    for path in $(grep -oE '`(core|platform|tests|fuzz|cmake|docs|ci|bench|examples|packaging)/[a-z0-9_./*-]+\.[a-z]+`' "$page" | tr -d '`'); do
        [ -e "$path" ] || { echo "$page: $path: no such file"; bad=1; }
    done
done

[ "$count" -gt 0 ] || { echo "check_sources: no source in $1" >&2; exit 1; }
[ "$bad" -eq 0 ] || exit 1
echo "check_sources: $count files, all in their lists"
