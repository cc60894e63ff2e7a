#!/bin/sh
# Fuzzes the harnesses of fuzz/ with libFuzzer or AFL++. When: for minutes, after a change of code
# that reads input; with --smoke it is a step of ci/test.sh --all.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/fuzz.sh [--engine libfuzzer|afl] [--harness NAME]... [--minutes N]
       ci/fuzz.sh --from-nothing [--harness NAME]... [--minutes N]
       ci/fuzz.sh --smoke [--harness NAME]...
       ci/fuzz.sh --merge [--harness NAME]...

Fuzzes each harness, or each named one, for N minutes (default: 1). The inputs found stay in
build/fuzz-work, and the next run starts from them. A crash is minimized and saved in
build/fuzz-crashes, the commands that reproduce it are printed, and the exit code is 1.
  --from-nothing
              libFuzzer, N minutes of processor time from an empty folder,
              build/fuzz-work/nothing/NAME (ci/coverage.sh --inputs build/fuzz-work/nothing)
  --smoke     a few seconds of libFuzzer for each harness, with a fixed seed and number of runs. The
              last line is `N passed, N failed, N skipped`
  --merge     choose the inputs of fuzz/corpus again: a few inputs with the coverage of all, from
              fuzz/corpus and build/fuzz-work (fuzz/choose_inputs.py). An input whose name is not a
              hash stays
  --no-setup  do not run ci/setup.sh
Logs: build/log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

engine=libfuzzer
harnesses=
minutes=1
mode=fuzz
setup=yes
from_nothing=no
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --from-nothing) from_nothing=yes ;;
        --smoke) mode=smoke ;;
        --merge) mode=merge ;;
        --no-setup) setup=no ;;
        --engine | --harness | --minutes)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            case $1 in
                --engine) engine=$2 ;;
                --harness) harnesses="$harnesses $2" ;;
                --minutes) minutes=$2 ;;
            esac
            shift
            ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
case $engine in libfuzzer) preset=fuzz ;; afl) preset=fuzz-afl ;; *) usage >&2; exit 2 ;; esac
case $minutes in '' | 0 | *[!0-9]*) usage >&2; exit 2 ;; esac
[ "$mode-$from_nothing" = fuzz-no ] || { engine=libfuzzer; preset=fuzz; }
# addr_vs_rust is no target without a rustc
case " $harnesses " in '  ' | *" addr_vs_rust "*) targets=fuzzers ;; *)
    targets=
    for name in $harnesses; do targets="$targets fuzz_$name"; done
    ;;
esac
if [ -z "$harnesses" ]; then
    for source in "$root"/fuzz/harnesses/fuzz_*.c; do
        name=${source##*/fuzz_}
        harnesses="$harnesses ${name%.c}"
    done
fi
for name in $harnesses; do
    [ -f "$root/fuzz/harnesses/fuzz_$name.c" ] ||
        { echo "ci/fuzz.sh: no harness $name" >&2; exit 2; }
done

fuzzers=$root/build/$preset/fuzz
crashes=$root/build/fuzz-crashes
pid=
trap 'exit 130' INT TERM
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true' EXIT

smoke_runs_of() {
    case $1 in
        addr_vs_rust) echo 500000 ;;
        addr_parse) echo 300000 ;;
        addr_format | control | error_map | resolve_text) echo 20000 ;;
        api_misuse | copy) echo 1000 ;; # the slowest
        *) echo 4000 ;;
    esac
}

# prepare HARNESS: sets the files that both engines use.
prepare() {
    corpus=$root/fuzz/corpus/$1
    work=$root/build/fuzz-work/$engine/$1
    seconds_most=$((minutes * 60))
    if [ "$mode-$from_nothing" = fuzz-yes ]; then
        work=$root/build/fuzz-work/nothing/$1
        rm -rf "$work"
        corpus=
        seconds_most=0 # of any time but the processor's
    fi
    log=$logs/fuzz-$engine-$1.log
    dictionary=$root/fuzz/dict/$1.dict
    [ -f "$dictionary" ] || dictionary=
    mkdir -p "$work" "$crashes"
}

# show_progress NAME TEXT: on a terminal, one line that is overwritten; otherwise a line every 15 s.
shown=0
show_progress() {
    if [ -t 1 ]; then
        printf '\r%-100s' "   $1: $2"
    elif [ $((seconds % 15)) -eq 0 ] && [ "$shown" -ne "$seconds" ]; then
        say "   $1: $2"
        shown=$seconds
    fi
}

libfuzzer_state() {
    sed -n 's/^#\([0-9]*\).* cov: \([0-9]*\) .*exec\/s: \([0-9]*\).*/\1 runs, \3\/s, \2 edges/p' \
        "$log" | tail -n 1
}

afl_state() {
    [ -f "$work/default/fuzzer_stats" ] || return 0
    awk -F ' *: *' '{ value[$1] = $2 }
        END { if (value["run_time"] > 0) printf "%d runs, %d/s, %d edges, %d crashes",
            value["execs_done"], value["execs_done"] / value["run_time"], value["edges_found"],
            value["saved_crashes"] }' \
        "$work/default/fuzzer_stats"
}

# Waits for the fuzzer, shows its progress, and sets $code to its exit code.
watch_fuzzer() {
    seconds=0
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
        show_progress "$1" "$seconds s; $("${engine}_state")"
    done
    code=0
    wait "$pid" || code=$?
    pid=
    [ ! -t 1 ] || printf '\r'
    say "   $1: $("${engine}_state")"
}

# report_crash NAME INPUT: minimizes the input and prints the next steps.
report_crash() {
    small=$crashes/$1-$(cksum <"$2" | cut -d ' ' -f 1)
    cp "$2" "$small"
    if [ "$engine" = libfuzzer ]; then
        timeout 120 "$fuzzers/fuzz_$1" -minimize_crash=1 -runs=100000 \
            -exact_artifact_path="$small.min" "$2" >"$log.minimize" 2>&1 || true
    else
        timeout 120 afl-tmin -i "$2" -o "$small.min" -- "$fuzzers/fuzz_$1" \
            >"$log.minimize" 2>&1 || true
    fi
    [ ! -s "$small.min" ] || mv "$small.min" "$small"
    say ""
    say "   $1 FAILED on $(wc -c <"$small" | tr -d ' ') bytes: ${small#"$root"/}"
    grep -E 'does not hold|ERROR: |runtime error' "$log" | head -n 3 | sed 's/^/   | /' || true
    grep -E '^ +#[0-9]+ .*/(core|platform|fuzz)/' "$log" | head -n 12 |
        sed 's/(BuildId.*//; s/^/   | /' || true
    say "   the input:     echo '$(base64 -w 0 <"$small")' | base64 -d"
    say "   reproduce:     build/$preset/fuzz/fuzz_$1 ${small#"$root"/}"
    say "   with gcc:      cmake --preset debug && cmake --build build/debug --target replay_$1" \
        "&& build/debug/fuzz/replay_$1 ${small#"$root"/}"
    say "   after the fix: mv ${small#"$root"/} fuzz/corpus/$1/"
    say ""
}

# shellcheck disable=SC3045 # dash and bash have this limit
fuzz_libfuzzer() {
    rm -f "$work"/../"$1".found-*
    (
        [ "$from_nothing" = no ] || ulimit -St $((minutes * 60))
        # shellcheck disable=SC2046 # the options are words
        exec "$fuzzers/fuzz_$1" -max_total_time="$seconds_most" $(libfuzzer_options_of "$1") \
            ${dictionary:+-dict="$dictionary"} -artifact_prefix="$work/../$1.found-" "$work" \
            ${corpus:+"$corpus"} >"$log" 2>&1 </dev/null
    ) &
    pid=$!
    watch_fuzzer "$1"
    # SIGXCPU
    [ "$from_nothing-$code" != yes-152 ] || code=0
    [ "$code" -ne 0 ] || return 0
    bad=1
    for input in "$work"/../"$1".found-*; do
        [ ! -f "$input" ] || report_crash "$1" "$input"
    done
    tail -n 3 "$log" | sed 's/^/   | /'
}

# afl-fuzz returns 0 even if it saved crashes, so its files are checked.
fuzz_afl() {
    prepare_afl "$1" "$fuzzers"
    export AFL_QUIET=1 AFL_AUTORESUME=1
    core=
    ! command -v taskset >/dev/null 2>&1 || core="taskset -c ${FERRULE_FUZZ_CORE:-0}"
    # shellcheck disable=SC2086 # the options are words
    $core afl-fuzz -i "$corpus" -o "$work" -V $((minutes * 60)) $afl_options \
        ${dictionary:+-x "$dictionary"} -- "$fuzzers/fuzz_$1" >"$log" 2>&1 </dev/null &
    pid=$!
    watch_fuzzer "$1"
    found=no
    for input in "$work"/default/crashes/id:* "$work"/default/hangs/id:*; do
        [ -f "$input" ] || continue
        [ "$found" = yes ] || report_crash "$1" "$input"
        found=yes
    done
    if [ "$found" = yes ] || [ "$code" -ne 0 ] || [ ! -f "$work/default/fuzzer_stats" ]; then
        bad=1
        tail -n 5 "$log" | sed 's/^/   | /'
    fi
}

smoke() {
    found=$root/build/fuzz-work/smoke/$1
    rm -rf "$found" "$work"/../"$1".found-*
    mkdir -p "$found"
    # shellcheck disable=SC2046 # the options are words
    if fixed_layout "$fuzzers/fuzz_$1" -seed=7 -rss_limit_mb=0 -runs="$(smoke_runs_of "$1")" \
        $(libfuzzer_options_of "$1") ${dictionary:+-dict="$dictionary"} \
        -artifact_prefix="$work/../$1.found-" "$found" "$corpus" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        say "   $1: $(libfuzzer_state)"
    else
        failed=$((failed + 1))
        bad=1
        tail -n 5 "$log" | sed 's/^/   | /'
        for input in "$work"/../"$1".found-*; do
            [ ! -f "$input" ] || report_crash "$1" "$input"
        done
    fi
}

merge() {
    control=$root/build/fuzz-work/$1.features
    unused=$root/build/fuzz-work/merged
    rm -rf "$control" "$unused"
    from_libfuzzer=$root/build/fuzz-work/libfuzzer/$1
    from_afl=$root/build/fuzz-work/afl/$1/default/queue
    mkdir -p "$unused" "$corpus" "$from_libfuzzer" "$from_afl"
    before=$(find "$corpus" -type f | wc -l)
    if fixed_layout "$fuzzers/fuzz_$1" -set_cover_merge=1 -rss_limit_mb=0 \
        -merge_control_file="$control" "$unused" "$corpus" "$from_libfuzzer" "$from_afl" \
        >"$log" 2>&1 </dev/null &&
        python3 "$root/fuzz/choose_inputs.py" "$control" "$corpus" "$(max_len_of "$1")" \
            >>"$log" 2>&1; then
        say "   $1: $((before)) inputs before, $(find "$corpus" -type f | wc -l) now"
    else
        bad=1
        tail -n 3 "$log" | sed 's/^/   | /'
    fi
}

# One harness needs rustc. If it is not built, the output of CMake has the reason.
has_harness() {
    [ "$1" = addr_vs_rust ] || return 0
    sed -n 's/^-- fuzz: \(.*with Rust.*\)/   addr_vs_rust: \1/p' "$logs/$preset-configure.log"
    if grep -q '^-- fuzz: comparison with Rust' "$logs/$preset-configure.log"; then
        return 0
    fi
    say "   $1 is SKIPPED"
    skipped=$((skipped + 1))
    return 1
}

bad=0
[ "$setup" = no ] || "$root/ci/setup.sh" build fuzz
say "== fuzz ($engine): configure, build"
# shellcheck disable=SC2086 # the list is words
if ! logged "$preset-configure" configure_preset "$preset" ||
    ! logged "$preset-build" build_preset "$preset" $targets; then
    [ "$mode" != smoke ] || say "0 passed, 1 failed, 0 skipped"
    exit 1
fi
for name in $harnesses; do
    has_harness "$name" || continue
    prepare "$name"
    case $mode in
        smoke) smoke "$name" ;;
        merge) merge "$name" ;;
        *) "fuzz_$engine" "$name" ;;
    esac
done
[ "$mode" != smoke ] || say "$passed passed, $failed failed, $skipped skipped"
exit "$bad"
