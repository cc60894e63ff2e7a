#!/bin/sh
# Runs every test on both backends, with sanitizers, and prints one line of totals at the end.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/test.sh [--no-setup] [PRESET...]

Installs what is missing (ci/setup.sh), then builds and tests each preset: debug, release, asan, tsan and msan on this system, and
mingw, the Windows backend, under Wine. Four words more: fuzz is a short run of each fuzzing harness, the same each time; oss-fuzz
builds the harnesses as OSS-Fuzz does, two ways of seven; coverage asks how much of core/ the corpora reach;
prove is ci/prove.sh, what is proved of core.
Without arguments: all of them. The last line is `N passed, N failed, N skipped`; the exit code is 0 when nothing failed. Logs lie in
build/log. Where there is no Wine the Windows half is skipped with a
word about it; with CI=true that is a failure.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

passed=0
failed=0
skipped=0

# What failed is told twice: where it happened, and at the end, where a reader of a long log looks first.
failures=$logs/failures.txt
: >"$failures"
again() { tee -a "$failures"; }

fail() {
    say "    $*" | again
    failed=$((failed + 1))
}

# For what this machine cannot do: a skip for a person, a failure for CI.
cannot() {
    say ""
    say "**** $*"
    say ""
    if in_ci; then
        say "$*" >>"$failures"
        failed=$((failed + 1))
    else
        skipped=$((skipped + 1))
    fi
}

# Some kernels spread addresses further than the thread sanitizer can bear.
tsan_prefix() {
    probe=$root/build/cache/tsan-probe
    mkdir -p "$root/build/cache"
    echo 'int main(void) { return 0; }' >"$probe.c"
    clang -fsanitize=thread "$probe.c" -o "$probe" >/dev/null 2>&1 || return 0
    for _ in 1 2 3 4 5 6 7 8; do
        if ! "$probe" >/dev/null 2>&1; then
            command -v setarch >/dev/null 2>&1 && printf 'setarch -R'
            return 0
        fi
    done
}

# said_by_failed_tests CTEST-OUTPUT: the last lines of each, and how it ended; not of what went well inside.
said_by_failed_tests() {
    awk -v most=30 '
        function finish(i) { for (i = count > most ? count - most + 1 : 1; i <= count; i++) print lines[i]; count = 0 }
        / Test +#[0-9]+: / { finish(); failing = /\*\*\*/ && !/\*\*\*(Skipped|Not Run \(Disabled\))/; if (failing) print; next }
        /^[0-9]+% tests passed/ { finish(); failing = 0 }
        failing && NF && !/^\[ +(OK|RUN|SKIPPED|REASON|PASSED) +\]/ && !/^ *Start +[0-9]+: / { lines[++count] = $0 }
        END { finish() }' "$1" | head -n 150
}

# add_results PRESET CTEST-EXIT-CODE
add_results() {
    counts=$logs/$1-counts.txt
    awk -f "$root/ci/count_tests.awk" "$logs/$1-test.log" "$root/build/$1/Testing/Temporary/LastTest.log" >"$counts"
    read -r preset_passed preset_failed preset_skipped <"$counts"
    if [ "$preset_passed" -eq 0 ]; then
        say "    no test passed at all" | again
        preset_failed=$((preset_failed + 1))
    elif [ "$2" -ne 0 ] && [ "$preset_failed" -eq 0 ]; then
        say "    ctest ended with $2" | again
        preset_failed=1
    fi
    passed=$((passed + preset_passed))
    failed=$((failed + preset_failed))
    skipped=$((skipped + preset_skipped))
    say "    $preset_passed passed, $preset_failed failed, $preset_skipped skipped"
    grep -E '^skipped: ' "$counts" | sed 's/^/    /' || true
    if [ "$preset_failed" -ne 0 ]; then
        {
            say "    $1, from build/log/$1-test.log:"
            grep -E '^failed: ' "$counts" | sed 's/^/    /' || true
            said_by_failed_tests "$logs/$1-test.log" | sed 's/^/    | /'
        } | again
    fi
}

# The size is the release build's, stripped: 100 KB are a promise.
check_library() {
    library=$(find "$root/build/release" -maxdepth 1 -name 'libferrule.so.*.*.*' 2>/dev/null | head -n 1)
    [ -n "$library" ] || return 0
    strip -o "$root/build/release/libferrule.stripped" "$library"
    bytes=$(wc -c <"$root/build/release/libferrule.stripped")
    say "    the shared library: $bytes bytes stripped; needs$(
        objdump -p "$library" | awk '$1 == "NEEDED" { printf " %s", $2 }')"
    [ "$bytes" -lt 102400 ] || fail "the shared library has outgrown 100 KB"
}

# test_preset PRESET [COMMAND-PREFIX]
test_preset() {
    preset=$1
    prefix=${2:-}
    began=$(date +%s)
    say "== $preset: configure, build, test"
    logged "$preset-configure" configure_preset "$preset" || { fail "$preset cannot be configured"; return 0; }
    logged "$preset-build" build_preset "$preset" || {
        fail "$preset cannot be built"
        grep -E 'error:|warning:|undefined|FAILED' "$logs/$preset-build.log" | head -n 20 >>"$failures" || true
        return 0
    }
    code=0
    # shellcheck disable=SC2086 # the prefix is words
    (cd "$root/build/$preset" && $prefix ctest -j "$test_jobs" --output-on-failure) >"$logs/$preset-test.log" 2>&1 </dev/null || code=$?
    add_results "$preset" "$code"
    [ "$preset" != release ] || check_library
    used "$root/build/$preset"
    say "    took $(($(date +%s) - began)) s"
}

# run_script NAME COMMAND...: a script of ci/ whose last line is totals.
run_script() {
    name=$1
    shift
    began=$(date +%s)
    code=0
    "$@" --no-setup >"$logs/$name.log" 2>&1 </dev/null || code=$?
    sed '$d' "$logs/$name.log"
    if tail -n 1 "$logs/$name.log" | grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'; then
        # shellcheck disable=SC2046 # the line is words
        set -- $(tail -n 1 "$logs/$name.log" | tr -d ,)
        passed=$((passed + $1))
        failed=$((failed + $3))
        skipped=$((skipped + $5))
        [ "$code" -eq 0 ] || [ "$3" -ne 0 ] || fail "$name ended with $code"
        [ "$3" -eq 0 ] || { say "$name, the end of what it said:"; tail -n 30 "$logs/$name.log"; } >>"$failures"
    else
        fail "$name ended with $code and no totals"
        tail -n 15 "$logs/$name.log" >>"$failures"
    fi
    say "    took $(($(date +%s) - began)) s"
}

measure_coverage() {
    began=$(date +%s)
    code=0
    "$root/ci/coverage.sh" --gate --no-setup >"$logs/coverage.log" 2>&1 </dev/null || code=$?
    used "$root/build/coverage"
    say "== coverage: the table is in build/log/coverage.log"
    if [ "$code" -eq 0 ]; then
        passed=$((passed + 1))
        tail -n 2 "$logs/coverage.log" | sed 's/^/    /'
    else
        fail "ci/coverage.sh --gate ended with $code; the end of its log:"
        tail -n 8 "$logs/coverage.log" | sed 's/^/    | /' | again
    fi
    say "    took $(($(date +%s) - began)) s"
}

# needs_clang19 WHAT...: whether there is what the fuzzers, the memory sanitizer and coverage are built with.
needs_clang19() {
    if [ "$setup" = yes ] && ! "$root/ci/setup.sh" fuzz; then
        cannot "clang 19 or AFL++ could not be installed: $*"
    elif ! command -v clang-19 >/dev/null 2>&1; then
        cannot "There is no clang-19 here: $*"
    else
        return 0
    fi
    return 1
}

setup=yes
presets=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        debug | release | lto | asan | tsan | msan | mingw | fuzz | oss-fuzz | coverage | prove) presets="$presets $argument" ;;
        *) usage >&2; exit 2 ;;
    esac
done
[ -n "$presets" ] || presets="debug release asan tsan msan mingw fuzz oss-fuzz coverage prove"

trap 'stop_wine' EXIT
trap 'exit 130' INT TERM
if [ "$setup" = yes ]; then
    "$root/ci/setup.sh" build test
fi

for preset in $presets; do
    case $preset in
        tsan) test_preset tsan "$(tsan_prefix)" ;;
        mingw)
            if [ "$setup" = yes ] && ! "$root/ci/setup.sh" mingw; then
                cannot "Wine or the Windows compiler could not be installed: the Windows backend is NOT tested"
            elif ! "$root/ci/wine.sh" --available; then
                cannot "There is no Wine here: the Windows backend is NOT tested"
            else
                start_wine
                test_preset mingw
                stop_wine
                used "$root/build/wineprefix"
            fi
            ;;
        msan) ! needs_clang19 "the memory sanitizer is NOT run" || test_preset msan ;;
        fuzz)
            ! needs_clang19 "nothing is fuzzed" || run_script fuzz-smoke "$root/ci/fuzz.sh" --smoke
            used "$root/build/fuzz" "$root/build/fuzz-work"
            ;;
        oss-fuzz)
            ! needs_clang19 "the continuous engines' build is NOT tried" || run_script oss-fuzz "$root/ci/oss_fuzz_check.sh" --sample
            used "$root/build/oss-fuzz"
            ;;
        coverage) ! needs_clang19 "coverage is NOT measured" || measure_coverage ;;
        prove)
            if [ "$setup" = yes ] && ! "$root/ci/setup.sh" prove; then
                cannot "Frama-C could not be installed: nothing is proved"
            elif ! command -v frama-c >/dev/null 2>&1 || ! command -v z3 >/dev/null 2>&1 || ! command -v cvc4 >/dev/null 2>&1; then
                cannot "There is no Frama-C here, or no z3 or cvc4: nothing is proved"
            else
                run_script prove "$root/ci/prove.sh"
            fi
            ;;
        *) test_preset "$preset" ;;
    esac
done
if [ -s "$failures" ]; then
    say "== what failed, again:"
    cat "$failures"
fi
say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
