#!/bin/sh
# Compiles a program and ferrule.c with one command, as a user does who has only ferrule.c and
# ferrule.h, with each of the compilers and without a warning, and runs the program.
# usage: amalgamated_program.sh ROOT CMAKE EMULATOR FLAGS LINK-FLAGS COMPILER...
# EMULATOR is empty on this system, and `none` if nothing can run the program.
set -eu
root=$1
cmake=$2
emulator=$3
flags=$4
link_flags=$5
shift 5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" -D "ROOT=$root" -D "OUT=$work" -P "$root/cmake/amalgamate.cmake"
sed 's,<ferrule\.h>,"ferrule.h",' "$root/tests/api/consumer/consumer.c" >"$work/app.c"
cd "$work"
[ $# -gt 0 ] || { echo "amalgamated_program: no compiler was given" >&2; exit 1; }
for compiler in "$@"; do
    rm -f app.exe
    case $(basename "$compiler" .exe) in
        cl | clang-cl)
            # shellcheck disable=SC2086 # the flags are words
            "$compiler" $flags /nologo /std:c11 /W4 /WX app.c ferrule.c /Feapp.exe /link $link_flags
            ;;
        *)
            # shellcheck disable=SC2086
            "$compiler" $flags -std=c11 -Wall -Wextra -Werror -pedantic app.c ferrule.c -o app.exe \
                $link_flags
            ;;
    esac
    [ -f app.exe ] || { echo "amalgamated_program: $compiler made no program" >&2; exit 1; }
    if [ "$emulator" != none ]; then
        # shellcheck disable=SC2086 # an empty emulator is no word
        $emulator "$work/app.exe" >output || { cat output >&2; exit 1; }
        tr -d '\r' <output | grep -x 'ferrule .*: ok' || { cat output >&2; exit 1; }
    fi
    echo "amalgamated_program: $compiler${flags:+ $flags}"
done
