#!/bin/sh
# Checks that each patch of fuzz/planted and tests/interleave/planted applies to the tree without
# fuzz.
# usage: check_planted.sh ROOT
set -eu
cd "$1"
bad=0
count=0
for plant in fuzz/planted/*.patch tests/interleave/planted/*.patch; do
    [ -f "$plant" ] || continue
    count=$((count + 1))
    patch --dry-run -f -s -F0 -p1 <"$plant" >/dev/null || { echo "$plant: does not apply"; bad=1; }
done
[ "$count" -gt 0 ] || { echo "check_planted: nothing to check in $1" >&2; exit 1; }
[ "$bad" -eq 0 ] || exit 1
echo "check_planted: $count apply"
