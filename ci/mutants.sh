#!/bin/sh
# Changes the library in small ways, one at a time (ci/mutate.py), and shows that the tests notice.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/mutants.sh [--sample] [--no-setup] [FILE...]

Without arguments every mutant of core/, of which 90 in 100 must be noticed in each file, and of the state tables and error maps, all
of which must. A file is named from the project's folder. What is left is named, with its reason, in ci/equivalents.txt.
  --sample  72 of them, the same each time
The last lines are a table, of each file. Log: build/log/mutants.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

sample=no
setup=yes
files=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --sample) sample=yes ;;
        --no-setup) setup=no ;;
        -*) usage >&2; exit 2 ;;
        *) files="$files $argument" ;;
    esac
done
[ "$setup" = no ] || "$root/ci/setup.sh" build test
cd "$root"

# mutate LOG ARGUMENT...: all of it goes to the log, and to whoever looks on.
mutate() {
    log=$logs/$1.log
    shift
    code=0
    python3 ci/mutate.py "$@" >"$log" 2>&1 </dev/null || code=$?
    cat "$log"
    return "$code"
}

# What must be noticed without exception: the tables of the state, and the maps from codes to kinds. winsock/error.c has no more of its
# own than posix/error.c; it is built for Windows only.
tables="core/handle/stream_state.c core/base/operation_error.c core/base/operation_error.h platform/posix/error.c platform/posix/errors_posix.h
    platform/posix/errors_linux.h platform/winsock/errors_winsock.h platform/sim/error.c"
bad=0
if [ -n "$files" ]; then
    # shellcheck disable=SC2086 # the list is words
    mutate mutants --min 90 $files || bad=1
elif [ "$sample" = yes ]; then
    # shellcheck disable=SC2086 # the list is words
    mutate mutants --total 72 --min 90 core/*/*.c $tables || bad=1
else
    # shellcheck disable=SC2086 # the list is words
    mutate mutants-tables --min 100 $tables || bad=1
    mutate mutants --min 90 core/*/*.c core/*/*.h || bad=1
fi
exit "$bad"
