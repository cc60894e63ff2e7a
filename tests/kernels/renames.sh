#!/bin/sh
# Writes the names for compile.sh: every function of this system's C library becomes kernel_NAME.
# usage: renames.sh COMPILER OUTPUT KEPT...    the functions KEPT stay as they are
set -eu
library=$("$1" -print-file-name=libc.so.6)
output=$2
shift 2
nm -D --defined-only --without-symbol-versions "$library" |
    awk -v kept="$*" '
        BEGIN { count = split(kept, names, " "); for (i = 1; i <= count; i++) is_kept[names[i]] = 1 }
        NF == 3 && $2 ~ /^[TWVDBRi]$/ && !seen[$3]++ { print $3, ($3 in is_kept ? "" : "kernel_") $3 }' |
    LC_ALL=C sort >"$output.new"
[ -s "$output.new" ] || { echo "renames.sh: $library has no names" >&2; exit 1; }
# An unchanged file keeps its time.
cmp -s "$output.new" "$output" || cp "$output.new" "$output"
rm "$output.new"
