#!/bin/sh
# Runs everything that ci/test.sh only samples, for hours, and prints a line for each part. When:
# each night, and before a release.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/nightly.sh [--minutes N] [--runs N] [--no-setup] [PART...]

Runs the named parts, or all parts in this order:
  tests             the tests that take minutes (FERRULE_NIGHTLY_TESTS)
  sweep             every run of the sweeps (tests/sweep), with the sanitizers of asan and under Wine
  stress            tests/stress/run.sh: 10000 clients on this system, 1000 under Wine
  flake             each test of debug, asan and mingw N times (--runs, default: 10)
  kernels           ci/kernels.sh: the tests over kernels in the process, N runs (--runs)
  twins             ci/twins.sh: 10000 seeds of each family, then --planted
  ports             ports/run.sh: the tests of the programs that were ported
  coverage          ci/coverage.sh
  prove             ci/prove.sh
  oss-fuzz          fuzz/oss-fuzz/check.sh: every engine, sanitizer and architecture
  interleave        ci/interleave.sh --deeper, then --planted
  planted-afl       ci/planted.sh with AFL++
  mutants           ci/mutants.sh: the share of mutants that the tests detect; a report
  fuzz              ci/fuzz.sh with libFuzzer, N minutes for each harness (--minutes, default: 10)
  fuzz-afl          the same with AFL++
--no-setup installs nothing.
If a part fails, the end of its log (build/log/nightly-PART.log) is printed and the next part runs.
The exit code is 0 if all parts passed. The inputs that the fuzzers found stay in build/fuzz-work;
ci/fuzz.sh --merge adds them to the corpora.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

all_parts="tests sweep stress flake kernels twins ports coverage prove oss-fuzz interleave planted-afl mutants fuzz fuzz-afl"
minutes=10
runs=10
setup=yes
parts=
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --minutes | --runs)
            case ${2:-} in '' | 0 | *[!0-9]*) usage >&2; exit 2 ;; esac
            [ "$1" = --runs ] || minutes=$2
            [ "$1" = --minutes ] || runs=$2
            shift
            ;;
        *)
            case " $all_parts " in *" $1 "*) parts="$parts $1" ;; *) usage >&2; exit 2 ;; esac
            ;;
    esac
    shift
done

# These tests have a separate build tree. In another tree an ordinary ctest would take hours.
run_tests() {
    nightly=$root/build/nightly
    (cd "$root" && cmake --preset release -B "$nightly" -DFERRULE_NIGHTLY_TESTS=ON) &&
        cmake --build "$nightly" -j "$jobs" &&
        (cd "$nightly" && ctest -j "$jobs" -L 'nightly|slow' --no-tests=error --output-on-failure)
}

run_sweep() {
    (cd "$root" && cmake --preset asan && cmake --build build/asan -j "$jobs" --target sweep sweep_sim) &&
        python3 "$root/tests/sweep/check.py" "$root" --planted "$root/build/asan/tests/sweep_sim" &&
        python3 "$root/tests/sweep/check.py" "$root" --planted "$root/build/asan/tests/sweep" &&
        (cd "$root" && cmake --preset mingw && cmake --build build/mingw -j "$jobs" --target sweep) &&
        python3 "$root/tests/sweep/check.py" "$root" --planted 20 \
            "$root/ci/wine.sh" "$root/build/mingw/tests/sweep.exe"
}

run_flake() {
    bad_presets=
    for preset in debug asan mingw; do
        [ "$preset" != mingw ] || start_wine
        { configure_preset "$preset" && build_preset "$preset" && (cd "$root/build/$preset" &&
            ctest -j "$test_jobs" --repeat "until-fail:$runs" --output-on-failure); } ||
            bad_presets="$bad_presets $preset"
    done
    stop_wine
    say "$runs runs each of debug, asan and mingw${bad_presets:+, failures in$bad_presets}"
    [ -z "$bad_presets" ]
}

run_stress() {
    "$root/tests/stress/run.sh" release && "$root/tests/stress/run.sh" mingw
}

run_kernels() {
    bad_runs=0
    for _ in $(seq "$runs"); do
        "$root/ci/kernels.sh" --no-setup || bad_runs=$((bad_runs + 1))
    done
    say "$runs runs over kernels, $bad_runs with failures"
    [ "$bad_runs" -eq 0 ]
}

run_twins() {
    "$root/ci/twins.sh" --no-setup --count 10000 && "$root/ci/twins.sh" --no-setup --planted
}

run_interleave() {
    "$root/ci/interleave.sh" --no-setup --deeper && "$root/ci/interleave.sh" --no-setup --planted
}

# run_fuzz ENGINE
run_fuzz() {
    "$root/ci/fuzz.sh" --no-setup --engine "$1" --minutes "$minutes" || return 1
    say "no crash in $minutes minutes of each harness"
}

run_part() {
    case $1 in
        tests) run_tests ;;
        sweep) run_sweep ;;
        stress) run_stress ;;
        flake) run_flake ;;
        kernels) run_kernels ;;
        twins) run_twins ;;
        ports) "$root/ports/run.sh" --no-setup ;;
        coverage) "$root/ci/coverage.sh" --no-setup ;;
        prove) "$root/ci/prove.sh" --no-setup ;;
        oss-fuzz) "$root/fuzz/oss-fuzz/check.sh" --no-setup ;;
        interleave) run_interleave ;;
        planted-afl) "$root/ci/planted.sh" --no-setup --engine afl ;;
        mutants) "$root/ci/mutants.sh" --no-setup ;;
        fuzz) run_fuzz libfuzzer ;;
        fuzz-afl) run_fuzz afl ;;
    esac
}

[ -n "$parts" ] || parts=$all_parts
if [ "$setup" = yes ]; then
    for group in build test mingw fuzz fuzz32 twins ports; do
        "$root/ci/setup.sh" "$group" || say "    continuing with the installed programs"
    done
fi

passed=0
failed=0
for part in $parts; do
    part_log=$logs/nightly-$part.log
    began=$(date +%s)
    code=0
    run_part "$part" >"$part_log" 2>&1 </dev/null || code=$?
    took=$(($(date +%s) - began))
    if [ "$code" -eq 0 ]; then
        passed=$((passed + 1))
        printf '%-8s %-12s %6d s  %s\n' ok "$part" "$took" "$(tail -n 1 "$part_log" | cut -c 1-120)"
    else
        failed=$((failed + 1))
        printf '%-8s %-12s %6d s  exit code %s; the end of build/log/%s:\n' FAILED "$part" "$took" \
            "$code" "${part_log##*/}"
        tail -n 20 "$part_log" | sed 's/^/         | /'
    fi
done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
