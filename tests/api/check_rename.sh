#!/bin/sh
# Checks that packaging/rename.sh moves a program of API 0.2 to this one, so that it compiles.
# usage: check_rename.sh ROOT CC
set -eu
root=$1
cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() { "$cc" -std=c11 -Wall -Wextra -Werror -I"$root/include" -fsyntax-only "$work/program.c"; }

cp "$(dirname "$0")/program_0_2.c" "$work/program.c"
! compile 2>/dev/null || { echo "check_rename: the program compiles before it is moved"; exit 1; }
sh "$root/packaging/rename.sh" "$work/program.c" >/dev/null
compile
grep -o 'fer_[a-z0-9_]*' "$root/tests/api/program_0_2.c" | LC_ALL=C sort -u >"$work/names"
echo "check_rename: a program with $(wc -l <"$work/names" | tr -d ' ') names of 0.2 is moved"
