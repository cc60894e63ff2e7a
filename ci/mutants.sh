#!/bin/sh
# Makes mutants of the library (tests/mutants), and reports which ones the tests detect. When: after
# a change of core or of its tests; ci/nightly.sh runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/mutants.sh [--no-setup] [FILE...]

Without a FILE: every mutant of core/ and of the maps from codes to kinds, for hours. FILE is a path
relative to the project's folder.
  --no-setup  do not run ci/setup.sh
Prints the mutants that no test detects, then a row for each file.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

setup=yes
files=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        -*) usage >&2; exit 2 ;;
        *) files="$files $argument" ;;
    esac
done
[ "$setup" = no ] || "$root/ci/setup.sh" build test
cd "$root"
# winsock/error.c is built only for Windows, and its code is like that of posix/error.c.
[ -n "$files" ] || files="$(echo core/*/*.[ch]) platform/posix/error.c platform/posix/errors_*.h
    platform/winsock/errors_winsock.h platform/sim/error.c"
# shellcheck disable=SC2086 # the list is words
exec python3 tests/mutants/mutate.py $files
