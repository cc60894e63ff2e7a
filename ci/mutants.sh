#!/bin/sh
# Makes mutants of the library (tests/mutants) and checks that the tests detect them. When: after a
# change of core or of its tests; .ci/run runs a sample.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/mutants.sh [--sample] [--no-setup] [FILE...]

Without arguments: every mutant of the state tables and error maps, which the tests must all detect,
and of core/, of which they must detect 90 % in each file. FILE is a path relative to the project's
folder. tests/mutants/equivalents.txt lists the mutants that no test can detect, with the reasons.
  --sample    72 mutants, the same each time; the tests must detect 90 % of them
  --no-setup  do not run ci/setup.sh
The last lines are a table with a row for each file. Log: build/log/mutants.log
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

# mutate LOG ARGUMENT...: writes the output of mutate.py to the log, then prints it.
mutate() {
    log=$logs/$1.log
    shift
    code=0
    python3 tests/mutants/mutate.py "$@" >"$log" 2>&1 </dev/null || code=$?
    cat "$log"
    return "$code"
}

# The files whose mutants must all be detected: the state tables, and the maps from codes to kinds.
# winsock/error.c is not in the list: it is built only for Windows, and its code is like that of
# posix/error.c.
tables="core/handle/stream_state.c core/open/connect_schedule.c
    core/base/error.h
    platform/posix/error.c platform/posix/errors_posix.h platform/posix/errors_linux.h
    platform/posix/errors_bsd.h platform/winsock/errors_winsock.h platform/sim/error.c"
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
