#!/bin/sh
# Checks that each planted bug of fuzz/, tests/interleave/ and tests/twins/planted.txt applies to the
# sources, once, and that the names of the bugs differ.
# usage: check_planted.sh ROOT [PYTHON]
set -eu
plant=$(cd "$(dirname "$0")/../.." && pwd)/ci/plant.py
cd "$1"
bad=0
count=0
for table in fuzz/planted.txt tests/interleave/planted.txt tests/twins/planted.txt; do
    [ -f "$table" ] || continue
    count=$((count + 1))
    "${2:-python3}" "$plant" check "$table" . || bad=1
done
[ "$count" -gt 0 ] || { echo "check_planted: nothing to check in $1" >&2; exit 1; }
exit "$bad"
