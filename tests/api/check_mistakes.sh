#!/bin/sh
# Checks that compilers report the mistakes of mistakes.c with the warnings that it names, and
# nothing in the program without a mistake.
# usage: check_mistakes.sh ROOT GCC CLANG     An empty name leaves a compiler out.
set -eu
source=$(cd "$(dirname "$0")" && pwd)/mistakes.c
include=$1/include
bad=0

# warnings_of COMPILER NUMBER
warnings_of() {
    LC_ALL=C "$1" -std=c11 -O2 -Wall -Wextra -DMISTAKE="$2" -I"$include" -c "$source" -o /dev/null 2>&1 |
        sed -nE 's/.*(warning|error): .*\[(-W[a-z-]+).*/\2/p; s/.*(fatal )?error: .*[^]]$/error/p' | sort -u | tr '\n' ' '
}

# check COMPILER FIELD
check() {
    [ -n "$1" ] || return 0
    numbers=0
    found=$(warnings_of "$1" 0)
    [ -z "$found" ] || { echo "check_mistakes: $1 warns of a right program: $found"; bad=1; }
    for line in $(sed -nE 's/^#elif MISTAKE == ([0-9]+) \/\* (-[A-Za-z-]*) (-[A-Za-z-]*) : .*/\1:\2:\3/p' "$source"); do
        numbers=$((numbers + 1))
        number=${line%%:*}
        wanted=$(echo "$line" | cut -d: -f"$2")
        found=$(warnings_of "$1" "$number")
        [ "$wanted" != - ] || wanted=
        [ "${wanted:+$wanted }" = "$found" ] || {
            echo "check_mistakes: $1, mistake $number: ${wanted:-no warning} is expected, ${found:-no warning} came"
            bad=1
        }
    done
    [ "$numbers" -eq 12 ] || { echo "check_mistakes: $numbers mistakes in mistakes.c"; bad=1; }
    echo "check_mistakes: $1: $numbers mistakes"
}

[ -n "$2$3" ] || { echo "check_mistakes: neither gcc nor clang" >&2; exit 1; }
check "$2" 2
check "$3" 3
[ "$bad" -eq 0 ]
