#!/bin/sh
# Measures the coverage of core/ by tests and corpora: lines, branches and MC/DC. When: after a
# change of core; with --gate it is a step of ci/test.sh --all.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/coverage.sh [--gate | --corpora] [--no-setup]

Builds with the source-based coverage of clang 19 (preset coverage). Runs the tests (unit,
conformance, the simulated network), then each corpus. Writes
build/coverage/report/{tests,corpora,both}/index.html.
Prints a table with a row for each file of core/, and the lines that the corpora do not reach. The
table is also in build/coverage/report/table.txt. At the end come the conditions that do not decide
alone (MC/DC) in any test or corpus, except those of tests/coverage/undecided.txt.
  --gate      run only the tests of single files and over the simulated network, which cover the
              same each time. Fail if the corpora alone reach less than 95 % of core's lines or
              90 % of its branches, if a condition does not decide alone, if a line of
              tests/coverage/undecided.txt is not needed, or if clang could not measure a decision
  --corpora   run and show only the corpora
  --no-setup  do not run ci/setup.sh
Assertions are off, so a branch that must never be taken is not reported. Logs: build/log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

build=$root/build/coverage
report=$build/report
gate=
sets="tests corpora both"
tests=ON
selected="-LE api|examples|fuzz"
setup=yes
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --gate) gate=--gate selected="-L unit|sim -LE thorough" ;;
        --corpora) sets=corpora tests=OFF ;;
        --no-setup) setup=no ;;
        *) usage >&2; exit 2 ;;
    esac
done

# collect SET CTEST-ARGUMENT...: runs those tests. Each process writes its own profile, and
# SET.profdata is their sum.
collect() {
    set_name=$1
    shift
    mkdir -p "$report/$set_name.raw"
    (
        LLVM_PROFILE_FILE=$report/$set_name.raw/%p-%m.profraw
        export LLVM_PROFILE_FILE
        cd "$build" && ctest -j "$test_jobs" --output-on-failure --no-tests=error "$@"
    ) >"$logs/coverage-$set_name.log" 2>&1 </dev/null || {
        tail -n 30 "$logs/coverage-$set_name.log" | sed 's/^/    | /'
        say "    $set_name: tests fail (build/log/coverage-$set_name.log)"
        return 1
    }
    # There are thousands of files, too many for an argument list.
    find "$report/$set_name.raw" -name '*.profraw' >"$report/$set_name.list"
    logged "coverage-$set_name-merge" llvm-profdata-19 merge -sparse -f "$report/$set_name.list" \
        -o "$report/$set_name.profdata"
}

# programs_of CTEST-ARGUMENT...: the programs of those tests, as targets of the build. ctest also
# names a program that is not yet built.
programs_of() {
    (cd "$build" && ctest -N -V "$@") | sed -nE \
        "s,^(Could not find executable|[0-9]+: Test command:) \"?$build/([^ \"]*).*,\\2,p" | sort -u
}

# Prints llvm-cov's arguments for the objects of core. The objects of backends are left out: each
# backend defines functions of the same names.
core_objects() {
    set --
    for object in "$build"/CMakeFiles/ferrule_static.dir/core/*/*.o; do
        set -- "$@" -object "$object"
    done
    shift
    printf '%s\n' "$@"
}

# show_set SET OBJECT...: writes the HTML pages, and the data of the table.
show_set() {
    set_name=$1
    shift
    profile=-instr-profile=$report/$set_name.profdata
    logged "coverage-$set_name-html" llvm-cov-19 show "$@" "$profile" -format=html \
        -o "$report/$set_name" --show-mcdc --show-branches=count \
        --project-title="ferrule: $set_name" "$root/core" &&
        llvm-cov-19 export "$@" "$profile" -format=text -skip-functions "$root/core" \
            >"$report/$set_name.json" &&
        llvm-cov-19 export "$@" "$profile" -format=lcov "$root/core" >"$report/$set_name.lcov"
}

[ "$setup" = no ] || "$root/ci/setup.sh" build test fuzz
rm -rf "$report"
mkdir -p "$report"

say "== coverage: configure, build, run"
logged coverage-configure configure_preset coverage "-DFERRULE_BUILD_TESTS=$tests"
# Compiled each time, because clang reports the decisions that it cannot measure only then.
rm -f "$build"/CMakeFiles/ferrule_static.dir/core/*/*.o
if [ -n "$gate" ]; then
    # shellcheck disable=SC2046,SC2086 # the lists are words
    logged coverage-build run_nice cmake --build "$build" -j "$jobs" \
        --target ferrule_static $(programs_of $selected) $(programs_of -R '^fuzz_replay_')
else
    logged coverage-build build_preset coverage
fi
bad=0
if grep -A 3 '^[^ ]*/core/.*unsupported MC/DC' "$logs/coverage-build.log"; then
    say "clang cannot measure the decisions above; write them without a nested !, or split them"
    [ -z "$gate" ] || bad=1
fi
# shellcheck disable=SC2086 # the list is words
[ "$sets" = corpora ] || collect tests $selected
collect corpora -R '^fuzz_replay_'
[ "$sets" = corpora ] ||
    logged coverage-both-merge llvm-profdata-19 merge -sparse "$report/tests.profdata" \
        "$report/corpora.profdata" -o "$report/both.profdata"
# shellcheck disable=SC2046 # one word a line
for set_name in $sets; do
    show_set "$set_name" $(core_objects)
done
say "    build/coverage/report/*/index.html"
# shellcheck disable=SC2086 # the list is words
python3 "$root/tests/coverage/table.py" $gate "$root/core" "$report" $sets \
    >"$report/table.txt" || bad=1
if [ "$sets" != corpora ]; then
    python3 "$root/tests/coverage/conditions.py" "$root/core" "$report/both.json" \
        "$root/tests/coverage/undecided.txt" >>"$report/table.txt" || [ -z "$gate" ] || bad=1
fi
cat "$report/table.txt"
exit "$bad"
