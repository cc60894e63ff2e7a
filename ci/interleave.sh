#!/bin/sh
# Runs the model checker for threads of core (docs/INTERLEAVING.md). Prints a line for each program,
# or for each planted bug, and the totals.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/interleave.sh [--deeper | --planted [NAME]...] [--no-setup] [PROGRAM [SCHEDULE]]

Builds the preset interleave and runs every schedule of all programs, or of PROGRAM, within each
program's limits. A program that takes 20 s of processor time is stopped: "not complete".
With SCHEDULE, which a failure prints, prints the steps of this schedule.
  --deeper    with one preemption and one old value more than each program's limits, 4 minutes each
  --planted   applies each planted bug of tests/interleave/planted, or those with these names, to a
              copy of the tree. The program that the patch's first line names must fail
  --no-setup  do not run ci/setup.sh
The copy stays in build/interleave-planted, for the next run. Logs: build/log/interleave-NAME.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

setup=yes
mode=programs
names=
seconds=20
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --planted) mode=planted ;;
        --deeper) mode=deeper ;;
        -*) usage >&2; exit 2 ;;
        *) names="$names ${1%.patch}" ;;
    esac
    shift
done
[ "$setup" = no ] || "$root/ci/setup.sh" build fuzz

# build TREE
build() {
    [ -e "$1/build/interleave/build.ninja" ] ||
        (cd "$1" && cmake --preset interleave) || return 1
    (cd "$1" && run_nice cmake --build build/interleave --target interleave -j "$jobs")
}

# run_programs [OPTION...]
run_programs() {
    logged interleave-build build "$root"
    # shellcheck disable=SC2086 # the list is words
    "$root/build/interleave/tests/interleave/interleave" "$@" $names
}

tree=$root/build/interleave-planted
restore_copy() {
    (cd "$root" && find CMakeLists.txt CMakePresets.json cmake core include platform \
        tests/interleave -type f) |
        while IFS= read -r file; do
            cmp -s "$root/$file" "$tree/$file" && continue
            mkdir -p "$(dirname "$tree/$file")"
            cp "$root/$file" "$tree/$file"
        done
}

# try_patch PATCH: prints the row of this planted bug.
try_patch() {
    name=$(basename "$1" .patch)
    program=$(sed -n '1s/:.*//p' "$1")
    log=$logs/interleave-$name.log
    restore_copy
    if ! (cd "$tree" && patch -p1 -s --no-backup-if-mismatch <"$1") >"$log" 2>&1 ||
        ! build "$tree" >>"$log" 2>&1; then
        say "$(printf '%-28s %-30s %s' "$name" "$program" 'cannot be applied or built')"
        tail -n 5 "$log" | sed 's/^/    | /'
        failed=$((failed + 1))
        return 0
    fi
    code=0
    "$tree/build/interleave/tests/interleave/interleave" --seconds "$seconds" "$program" \
        >>"$log" 2>&1 || code=$?
    steps=$(sed -n 's/^failed after \([0-9]*\) steps.*/\1/p' "$log")
    if [ "$code" -eq 1 ] && [ -n "$steps" ]; then
        found=$(sed -n "s/^$program: //p" "$log" | head -n 1)
        say "$(printf '%-28s %-30s %4s steps  %.60s' "$name" "$program" "$steps" "$found")"
        passed=$((passed + 1))
    else
        say "$(printf '%-28s %-30s %s' "$name" "$program" 'NOT FOUND')"
        failed=$((failed + 1))
    fi
}

run_planted() {
    passed=0
    failed=0
    for patch in "$root"/tests/interleave/planted/*.patch; do
        plant=$(basename "$patch" .patch)
        case " $names " in '  ' | *" $plant "* | *" ${plant#*-} "*) try_patch "$patch" ;; esac
    done
    say "$passed passed, $failed failed, 0 skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

case $mode in
    programs) run_programs --seconds "$seconds" ;;
    deeper) run_programs --deeper 1 --seconds 240 ;;
    planted) run_planted ;;
esac
