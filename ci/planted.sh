#!/bin/sh
# Checks that the fuzzers find bugs: applies each planted bug of fuzz/planted.txt to a copy of the
# tree and runs its harness. When: after a change of fuzz/; .ci/run runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/planted.sh [--engine libfuzzer|afl] [--plant NAME]... [--no-setup]
       ci/planted.sh --times [--plant NAME]... [--no-setup]

For each entry of fuzz/planted.txt, builds a copy with the bug and runs the harness of the entry,
with the committed corpus and dictionary. Prints one line for each: what found the bug (an input of
the corpus, or fuzzing), the number of runs, and the seconds. NAME is the name of an entry.
libFuzzer has a fixed seed and a fixed number of runs; a bug that it does not find is a failure.
AFL++ has 120 seconds for each bug, or FERRULE_PLANT_SECONDS; a bug that it does not find is
reported and is not a failure.
  --times     the time to find: libFuzzer runs three times from an empty folder. Prints the
              processor time until the report, their median first; inf: none in 60 s
  --no-setup  do not run ci/setup.sh
The copies stay in build/planted, for the next run. Logs: build/log/planted-ENGINE-NAME.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

engine=libfuzzer
wanted=
times=no
setup=yes
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --times) times=yes ;;
        --no-setup) setup=no ;;
        --engine | --plant)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            case $1 in
                --engine) engine=$2 ;;
                --plant) wanted="$wanted $2" ;;
            esac
            shift
            ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
case $engine in libfuzzer) preset=fuzz ;; afl) preset=fuzz-afl ;; *) usage >&2; exit 2 ;; esac
[ "$times" = no ] || engine=libfuzzer preset=fuzz
max_seconds=${FERRULE_PLANT_SECONDS:-120}
most_processor_seconds=60

tree=$root/build/planted/$engine
fuzzers=$tree/build/$preset/fuzz
found_dir=$root/build/planted/found-$engine
table=$root/fuzz/planted.txt

# runs_of HARNESS: the bound of a run that finds nothing, about the time that CI can spend on it.
runs_of() {
    case $1 in addr_parse) echo 1000000 ;; *) echo 100000 ;; esac
}

restore_harnesses() {
    restore_copy "$tree" CMakeLists.txt CMakePresets.json cmake core platform include fuzz tests/support
}

build_harness() {
    { [ -f "$tree/build/$preset/build.ninja" ] || configure_in "$tree" "$preset"; } &&
        run_nice cmake --build "$tree/build/$preset" --target "fuzz_$1" -j "$jobs"
}

# prepare_inputs HARNESS: sets $inputs to the initial inputs, and $dictionary.
prepare_inputs() {
    inputs=$root/fuzz/corpus/$1
    dictionary=$root/fuzz/dict/$1.dict
    [ -f "$dictionary" ] || dictionary=
    rm -rf "$found_dir"
    mkdir -p "$found_dir"
}

# run_ENGINE HARNESS: sets found (no, corpus, fuzzing or broken) and runs.
run_libfuzzer() {
    code=0
    # shellcheck disable=SC2046 # the options are words
    fixed_layout "$fuzzers/fuzz_$1" $(libfuzzer_options_of "$1") -seed=7 -rss_limit_mb=0 \
        -timeout=10 -runs="$(runs_of "$1")" -print_final_stats=1 \
        ${dictionary:+-dict="$dictionary"} \
        -artifact_prefix="$found_dir/" "$found_dir" "$inputs" >>"$log" 2>&1 </dev/null || code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    found=no
    for input in "$found_dir"/crash-* "$found_dir"/timeout-* "$found_dir"/leak-*; do
        [ ! -f "$input" ] || found=fuzzing
    done
    if [ "$found" = no ] && [ "$code" -ne 0 ]; then
        found=broken
    elif [ "$found" = fuzzing ] && ! grep -q INITED "$log"; then
        found=corpus
    fi
}

# afl-fuzz skips initial inputs that crash and continues with the others. Therefore the inputs run
# without it first.
run_afl() {
    found=corpus
    if timeout 120 "$fuzzers/fuzz_$1" "$inputs"/* >>"$log" 2>&1 </dev/null; then
        fuzz_with_afl "$1"
    else
        runs=-
    fi
}

fuzz_with_afl() {
    code=0
    prepare_afl "$1" "$fuzzers"
    # shellcheck disable=SC2086 # the options are words
    AFL_BENCH_UNTIL_CRASH=1 afl-fuzz -i "$inputs" -o "$found_dir" -V "$max_seconds" $afl_options \
        ${dictionary:+-x "$dictionary"} -- "$fuzzers/fuzz_$1" >>"$log" 2>&1 </dev/null || code=$?
    stats=$found_dir/default/fuzzer_stats
    runs=0
    found=broken
    [ ! -f "$stats" ] ||
        { found=no && runs=$(awk -F ' *: *' '$1 == "execs_done" { print $2 }' "$stats"); }
    for input in "$found_dir"/default/crashes/id:* "$found_dir"/default/hangs/id:*; do
        [ ! -f "$input" ] || found=fuzzing
    done
}

# time_to_find HARNESS SEED: prints the processor time until the first report, user and system, or
# inf if there is none. A call that does not end is reported after ten seconds: on a loaded machine
# a run may take some.
# shellcheck disable=SC3045 # dash and bash have these limits
time_to_find() {
    rm -rf "$found_dir"
    mkdir -p "$found_dir/inputs"
    # shellcheck disable=SC2046 # the options are words
    (
        ulimit -c 0
        ulimit -St "$most_processor_seconds"
        ASAN_OPTIONS=symbolize=0 fixed_layout "$fuzzers/fuzz_$1" $(libfuzzer_options_of "$1") \
            -timeout=10 -seed="$2" -rss_limit_mb=0 ${dictionary:+-dict="$dictionary"} \
            -artifact_prefix="$found_dir/" "$found_dir/inputs" >>"$log" 2>&1 </dev/null || true
        times
    ) >"$found_dir/times"
    if find "$found_dir" -maxdepth 1 -name '*-*' | grep -q .; then
        awk 'NR == 2 { gsub(/[ms]/, " "); printf "%.1f\n", 60 * ($1 + $3) + $2 + $4 }' \
            "$found_dir/times"
    else
        say inf
    fi
}

# time_plant NAME HARNESS: prints the row of its times.
time_plant() {
    for seed in 1 2 3; do time_to_find "$2" "$seed"; done >"$logs/planted-times"
    median=$(sort -g "$logs/planted-times" | sed -n 2p)
    say "$(printf '%-30s %-13s %6s  ' "$1" "$2" "$median")" "$(paste -sd ' ' "$logs/planted-times")"
}

# try_plant NAME HARNESS: prints the row of the table for this planted bug.
try_plant() {
    name=$1
    harness=$2
    log=$logs/planted-$engine-$name.log
    restore_harnesses
    if ! build_planted "$tree" "$table" "$name" "$log" build_harness "$harness"; then
        say "$(printf '%-30s %-13s %s' "$name" "$harness" 'cannot be applied or built')"
        tail -n 5 "$log" | sed 's/^/    | /'
        broken=$((broken + 1))
        return 0
    fi
    prepare_inputs "$harness"
    if [ "$times" = yes ]; then
        time_plant "$name" "$harness"
        return 0
    fi
    began=$(date +%s)
    "run_$engine" "$harness"
    took=$(($(date +%s) - began))
    say "$(printf '%-30s %-13s %-8s %9s %7s' "$name" "$harness" "$found" "$runs" "$took")"
    if [ "$found" = broken ]; then
        broken=$((broken + 1))
        tail -n 5 "$log" | sed 's/^/    | /'
    elif [ "$found" = no ]; then
        missed=$((missed + 1))
    else
        caught=$((caught + 1))
    fi
}

# try_unplanted HARNESS: without a planted bug the harness must pass on its corpus, otherwise the
# table proves nothing.
try_unplanted() {
    log=$logs/planted-$engine-none.log
    restore_harnesses
    build_harness "$1" >"$log" 2>&1 || { tail -n 5 "$log"; broken=$((broken + 1)); return 0; }
    if ! "$fuzzers/fuzz_$1" "$root/fuzz/corpus/$1"/* >>"$log" 2>&1 </dev/null; then
        say "$1 fails on its corpus without a planted bug"
        broken=$((broken + 1))
    fi
}

chosen() {
    case " $wanted " in '  ' | *" $1 "*) return 0 ;; esac
    return 1
}

[ "$setup" = no ] || "$root/ci/setup.sh" build fuzz
mkdir -p "$tree"
trap 'restore_harnesses' EXIT
trap 'exit 130' INT TERM
caught=0
missed=0
broken=0
plants=
harnesses=
python3 "$root/ci/plant.py" list "$table" >"$logs/planted.txt"
while read -r name harness _; do
    chosen "$name" || continue
    case " $harnesses " in *" $harness "*) ;; *) harnesses="$harnesses $harness" ;; esac
    plants="$plants $name $harness"
done <"$logs/planted.txt"
[ -n "$plants" ] || { echo "ci/planted.sh: no planted bug has this name" >&2; exit 2; }
for harness in $harnesses; do
    try_unplanted "$harness"
done
if [ "$times" = yes ]; then
    say "$(printf '%-30s %-13s %6s   %s' 'planted bug' harness median 'processor seconds')"
else
    say "$(printf '%-30s %-13s %-8s %9s %7s' 'planted bug' harness 'found by' runs seconds)"
fi
# shellcheck disable=SC2086 # the list is words
set -- $plants
while [ $# -gt 0 ]; do
    try_plant "$1" "$2"
    shift 2
done
[ "$times" = yes ] || say "$caught found, $missed not found, $broken broken"
[ "$broken" -eq 0 ]
[ "$missed" -eq 0 ] || [ "$engine" = afl ]
