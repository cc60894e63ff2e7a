#!/bin/sh
# Measures the coverage of core/ by tests and corpora: lines, branches and MC/DC. When: after a
# change of core; with --corpora it is a step of ci/test.sh --all. With --inputs it measures what each
# harness reaches of its own files.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/coverage.sh [--corpora | --inputs FOLDER] [--no-setup]

Builds with the source-based coverage of clang 19 (preset coverage). Runs the tests (unit,
conformance, the simulated network), then each corpus. Writes
build/coverage/report/{tests,corpora,both}/index.html.
Prints the lines that the corpora do not reach, the lines with a condition that decides alone
(MC/DC) in no test and no corpus, and a table with a row for each file of core/. All this is also in
build/coverage/report/table.txt.
Fails if the corpora alone reach less than 95 % of core's lines or 90 % of its branches.
  --corpora        run and show only the corpora
  --inputs FOLDER  for each harness NAME, runs the inputs of FOLDER/NAME. Prints the table of
                   docs/FUZZING.md that has the files of each harness, and the lines of these files
                   that no harness reaches
  --no-setup       do not run ci/setup.sh
Assertions are off, so a branch that must never be taken is not reported. Logs: build/log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

build=$root/build/coverage
report=$build/report
sets="tests corpora both"
tests=ON
setup=yes
inputs=
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --corpora) sets=corpora tests=OFF ;;
        --inputs)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            inputs=$(cd "$2" && pwd)
            tests=OFF
            shift
            ;;
        --no-setup) setup=no ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
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

# Prints llvm-cov's arguments for the objects of core. The objects of backends are left out: each
# backend defines functions of the same names.
core_objects() {
    set --
    for source in "$root"/core/*/*.c; do
        set -- "$@" -object "$build/CMakeFiles/ferrule_static.dir/${source#"$root/"}.o"
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

# measure_harness NAME: what its inputs reach of what it is linked with.
measure_harness() {
    program=$build/fuzz/replay_$1
    (
        LLVM_PROFILE_FILE=$report/$1.profraw
        export LLVM_PROFILE_FILE
        logged "coverage-$1" "$program" "$inputs/$1"
    ) && logged "coverage-$1-merge" llvm-profdata-19 merge -sparse "$report/$1.profraw" \
        -o "$report/$1.profdata" &&
        for format in text lcov; do
            llvm-cov-19 export "$program" "-instr-profile=$report/$1.profdata" -format="$format" \
                -skip-functions "$root/core" "$root/platform" >"$report/$1.$format" || return 1
        done
}

[ "$setup" = no ] || "$root/ci/setup.sh" build test fuzz
rm -rf "$report"
mkdir -p "$report"

say "== coverage: configure, build, run"
logged coverage-configure configure_preset coverage "-DFERRULE_BUILD_TESTS=$tests"
logged coverage-build build_preset coverage
if [ -n "$inputs" ]; then
    for folder in "$inputs"/*/; do
        measure_harness "$(basename "$folder")"
    done
    exec python3 "$root/tests/coverage/harnesses.py" "$root" "$report"
fi
[ "$sets" = corpora ] || collect tests -LE 'api|examples|fuzz'
collect corpora -R '^fuzz_replay_'
[ "$sets" = corpora ] ||
    logged coverage-both-merge llvm-profdata-19 merge -sparse "$report/tests.profdata" \
        "$report/corpora.profdata" -o "$report/both.profdata"
# shellcheck disable=SC2046 # one word a line
for set_name in $sets; do
    show_set "$set_name" $(core_objects)
done
say "    build/coverage/report/*/index.html"
code=0
# shellcheck disable=SC2086 # the list is words
python3 "$root/tests/coverage/table.py" "$root/core" "$report" $sets >"$report/table.txt" || code=$?
cat "$report/table.txt"
exit "$code"
