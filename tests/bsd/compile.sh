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
objcopy --redefine-syms="$renames" "$object"
