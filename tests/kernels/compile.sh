#!/bin/sh
# Compiles a file and gives the C library's functions that it calls other names. CMake calls it
# instead of the compiler.
# usage: compile.sh RENAMES COMPILER ARGUMENT...    RENAMES is a file for objcopy
set -eu
renames=$1
shift
"$@"
object=
previous=
for argument in "$@"; do
    [ "$previous" != -o ] || object=$argument
    previous=$argument
done
# Darwin's headers name some functions _NAME$VARIANT.
nm -u "$object" | awk 'NR == FNR { known[$1] = 1; next }
    { name = substr($2, 2); sub(/\$.*/, "", name); if ($2 ~ /^_/ && name in known) print $2, name }' \
    "$renames" - >"$object.names"
objcopy --redefine-syms="$object.names" "$object"
objcopy --redefine-syms="$renames" "$object"
rm "$object.names"
