#!/bin/sh
# Checks that a generated file equals the output of its generator.
# usage: check_generated.sh FILE GENERATOR [ARGUMENT...]
set -eu
file=$1
shift
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
"$@" >"$fresh"
[ -s "$fresh" ] || { echo "check_generated: $1 wrote nothing" >&2; exit 1; }
if ! diff -u "$file" "$fresh"; then
    echo "check_generated: $(basename "$file") is stale; write it again: $(basename "$1") >$(basename "$file")" >&2
    exit 1
fi
