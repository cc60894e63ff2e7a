#!/bin/sh
# Builds and runs the tests on both backends, with sanitizers, and prints a line for each preset and
# the totals. When: before every commit; with --all before a merge.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/test.sh [--no-setup] [--without-windows] [--all | PRESET...]

Installs missing packages (ci/setup.sh; --no-setup installs nothing), then builds and tests presets
in parallel: debug, release, lto, asan, tsan and msan on this system; plain, the same system with
nothing beyond POSIX.1-2008; mingw, the Windows backend, under Wine; and msvc, the same built in
MSVC's dialect. Six further names are accepted as PRESET:
  fuzz        a short run of each fuzzing harness, the same each time
  oss-fuzz    two of the seven builds that OSS-Fuzz makes of the harnesses
  coverage    the coverage of core/ by the corpora
  prove       ci/prove.sh, the proofs of core
  interleave  ci/interleave.sh, the model checker for threads of core
  counts      bench/count_calls.sh --gates: the instructions and system calls of reads, writes and
              the poller, in the archive, the shared library and a link-time-optimized build
What runs:
  (nothing)   the quick check: debug, asan and mingw, with every unit and conformance test; over the
              simulated network as Linux, Windows and one of the BSD systems
  --all       every test, in each preset in which it can find a defect
  PRESET...   all tests of these presets
docs/TESTING.md has the table of the suites that run with each preset.
Prints a line for each preset with its tests and its time, and the number of skipped tests for each
reason; build/log/skipped.txt names each test. The last line is `N passed, N failed, N skipped`; the
exit code is 0 if nothing failed. If Wine, the Windows compiler or cmocka's source is missing, the
Windows half is a failure; with --without-windows it is not run and counts as skipped. Logs:
build/log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

# The files of each step: STEP.totals, STEP.failures, STEP.skipped, and STEP.doing while it runs.
steps=$logs/steps
rm -rf "$steps"
mkdir -p "$steps"

# On a terminal, a line that is overwritten shows the progress.
if [ -t 1 ]; then
    clear_line=$(printf '\r\033[K')
else
    clear_line=
fi

# report_step STEP BEGAN PASSED FAILED SKIPPED [REMARK]: prints the step's line.
report_step() {
    printf '%s%-10s %s passed, %s failed, %s skipped   %s s%s\n' "$clear_line" "$1" "$3" "$4" "$5" \
        "$(($(date +%s) - $2))" "${6:+   $6}"
    say "$3 $4 $5" >"$steps/$1.totals"
    rm -f "$steps/$1.doing"
    # Failures are printed twice: here, and at the end, where a reader of a long log looks first.
    if [ -s "$steps/$1.failures" ]; then
        sed 's/^/    /' "$steps/$1.failures"
    fi
}

# set_activity STEP ACTIVITY: for the progress line.
set_activity() { say "$2" >"$steps/$1.doing"; }

# fail STEP BEGAN TEXT [LOG [LINES]]: reports a step that ended without totals.
fail() {
    {
        say "$1: $3"
        [ -z "${4:-}" ] || tail -n "${5:-15}" "$4" | sed 's/^/| /'
    } >"$steps/$1.failures"
    report_step "$1" "$2" 0 1 0
}

# report_unavailable STEP TEXT: a step that this machine cannot run. It is a failure in CI and
# otherwise a skip. The Windows backend is skipped only on request.
report_unavailable() {
    say "$clear_line"
    say "**** $2"
    say ""
    if in_ci || [ "$1" = mingw ]; then
        say "$2" >"$steps/$1.failures"
        say "0 1 0" >"$steps/$1.totals"
    else
        say "0 0 1" >"$steps/$1.totals"
    fi
}

# Prints a command prefix if the thread sanitizer needs one: some kernels randomize addresses over a
# wider range than it supports.
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

# tests_of PRESET: the arguments of ctest. docs/TESTING.md has the reasons.
tests_of() {
    case $mode-$1 in
        quick-asan) echo "-LE thorough|examples|fidelity|fuzz -E ^sim_(posix|winsock)_lengths$" ;;
        quick-mingw) echo "-LE thorough|examples|fidelity|fuzz|stress -E ^sim_|^api_archive|^api_cxx" ;;
        quick-*) echo "-LE thorough|stress|sweep" ;;
        all-debug) echo "-E ^api_install_" ;;
        all-release) echo "-LE examples|fidelity|sandbox|stress -E _slowly$|kqueue" ;;
        all-asan) echo "-LE fuzz" ;;
        all-tsan) echo "-LE fuzz -E ^unit_(test_(ip_|socket_addr|host_port|text|error)|ipv4)" ;;
        all-mingw) echo "-E _slowly$|^api_install_child_FetchContent$" ;;
        *-plain) echo "-L unit|conformance|sim|stress|sweep|plain -LE fidelity" ;;
        *-msvc) echo "-L unit|conformance|cxx|amalgamated|examples" ;;
    esac
}

# targets_of PRESET: what its tests need, if not everything.
targets_of() {
    case $mode-$1 in
        quick-asan) echo tests/all ;;
        quick-mingw) echo tests/all ferrule_shared ;;
    esac
}

# The release build's shared library is smaller than 144 KiB. Its code and data are
# counted: the size of the stripped file grows by whole pages.
check_library() {
    library=$(find "$root/build/release" -maxdepth 1 -name 'libferrule.so.*.*.*' 2>/dev/null |
        head -n 1)
    [ -n "$library" ] || return 0
    bytes=$(size "$library" | awk 'NR == 2 { print $1 + $2 }')
    needed=$(objdump -p "$library" | awk '$1 == "NEEDED" { printf " %s", $2 }')
    remark="the shared library: $bytes bytes of code and data; needs$needed"
    [ "$bytes" -ge 147456 ] || return 0
    say "the shared library has 144 KiB or more" >>"$steps/release.failures"
    preset_failed=$((preset_failed + 1))
}

# add_results PRESET BEGAN CTEST-EXIT-CODE
add_results() {
    counts=$logs/$1-counts.txt
    remark=
    awk -f "$root/tests/count_tests.awk" "$logs/$1-test.log" \
        "$root/build/$1/Testing/Temporary/LastTest.log" >"$counts"
    read -r preset_passed preset_failed preset_skipped <"$counts"
    sed -n "s/^skipped: /$1: /p" "$counts" >"$steps/$1.skipped"
    if [ "$preset_failed" -ne 0 ]; then
        {
            say "$1, from build/log/$1-test.log:"
            grep -E '^failed: ' "$counts" || true
            output_of_failed_tests "$logs/$1-test.log" | sed 's/^/| /'
        } >"$steps/$1.failures"
    elif [ "$preset_passed" -eq 0 ]; then
        say "$1: no test passed" >"$steps/$1.failures"
        preset_failed=1
    elif [ "$3" -ne 0 ]; then
        say "$1: the exit code of ctest is $3" >"$steps/$1.failures"
        preset_failed=1
    fi
    [ "$1" != release ] || check_library
    report_step "$1" "$2" "$preset_passed" "$preset_failed" "$preset_skipped" "$remark"
}

# build_tests PRESET BEGAN
build_tests() {
    set_activity "$1" building
    logged "$1-configure" configure_preset "$1" >/dev/null || {
        fail "$1" "$2" "configuration failed; the end of build/log/$1-configure.log:" \
            "$logs/$1-configure.log"
        return 1
    }
    # shellcheck disable=SC2046 # the targets are words
    logged "$1-build" build_preset "$1" $(targets_of "$1") >/dev/null || {
        grep -E 'error:|warning:|undefined|FAILED' "$logs/$1-build.log" | grep -vE ' -c [^ ]+$' |
            head -n 20 >"$logs/$1-build.errors" || true
        fail "$1" "$2" "the build failed; from build/log/$1-build.log:" "$logs/$1-build.errors" 20
        return 1
    }
}

is_for_windows() { [ "$1" = mingw ] || [ "$1" = msvc ]; }

# prefix_of PRESET: Wine's prefix. That of mingw is the one of ci/wine.sh.
prefix_of() {
    if [ "$1" = mingw ]; then
        say "${WINEPREFIX:-$root/build/wineprefix}"
    else
        say "$root/build/wineprefix-$1"
    fi
}

# run_tests PRESET BEGAN
run_tests() {
    prefix=
    [ "$1" != tsan ] || prefix=$(tsan_prefix)
    code=0
    if is_for_windows "$1"; then
        # The two presets run side by side. This function is in a process of its own.
        WINEPREFIX=$(prefix_of "$1")
        export WINEPREFIX
        start_wine
        [ "$wine_started" = no ] || : >"$steps/$1.wine"
    fi
    # shellcheck disable=SC2046,SC2086 # the prefix and the arguments are words
    (cd "$root/build/$1" &&
        $prefix ctest -j "$((jobs * 8))" --output-on-failure $(tests_of "$1")) \
        >"$logs/$1-test.log" 2>&1 </dev/null || code=$?
    if is_for_windows "$1"; then
        stop_wine
        rm -f "$steps/$1.wine"
    fi
    add_results "$1" "$2" "$code"
    remove_in_ci "$root/build/$1"
    ! is_for_windows "$1" || remove_in_ci "$(prefix_of "$1")"
}

# Builds the presets one after another. Meanwhile the tests of the presets that are built run, of as
# many presets as there are processors, because most tests wait.
test_presets() {
    for preset in "$@"; do
        began=$(date +%s)
        build_tests "$preset" "$began" || continue
        set_activity "$preset" "waiting for its tests"
        while [ "$(grep -lx testing "$steps"/*.doing 2>/dev/null | wc -l)" -ge "$jobs" ]; do
            sleep 0.2
        done
        set_activity "$preset" testing
        run_tests "$preset" "$began" &
    done
    wait
}

# run_script STEP COMMAND...: runs a script of ci/ whose last line has the totals.
run_script() {
    name=$1
    shift
    began=$(date +%s)
    code=0
    set_activity "$name" running
    run_nice "$@" --no-setup >"$logs/$name.log" 2>&1 </dev/null || code=$?
    if tail -n 1 "$logs/$name.log" | grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'; then
        # shellcheck disable=SC2046 # the line is words
        set -- $(tail -n 1 "$logs/$name.log" | tr -d ,)
        if [ "$3" -ne 0 ] || [ "$code" -ne 0 ]; then
            {
                say "$name: exit code $code; the end of build/log/$name.log:"
                tail -n 30 "$logs/$name.log" | sed 's/^/| /'
            } >"$steps/$name.failures"
        fi
        if [ "$5" -ne 0 ]; then
            grep -iE 'skipped' "$logs/$name.log" |
                sed "\$d; s/^ */$name: /; s/\$/ (by $name itself)/" >"$steps/$name.skipped" || true
        fi
        report_step "$name" "$began" "$1" "$(($3 == 0 && code != 0 ? 1 : $3))" "$5"
    else
        fail "$name" "$began" "exit code $code without totals; the end of build/log/$name.log:" \
            "$logs/$name.log"
    fi
}

measure_coverage() {
    began=$(date +%s)
    code=0
    set_activity coverage running
    run_nice "$root/ci/coverage.sh" --corpora --no-setup \
        >"$logs/coverage.log" 2>&1 </dev/null || code=$?
    remove_in_ci "$root/build/coverage"
    if [ "$code" -eq 0 ]; then
        report_step coverage "$began" 1 0 0 "the table is in build/log/coverage.log"
    else
        fail coverage "$began" \
            "the exit code of ci/coverage.sh --corpora is $code; the end of its log:" \
            "$logs/coverage.log"
    fi
}

# The counts do not depend on the load of the machine.
count_calls() {
    began=$(date +%s)
    code=0
    set_activity counts running
    run_nice "$root/bench/count_calls.sh" --gates >"$logs/counts.log" 2>&1 </dev/null || code=$?
    remove_in_ci "$root/build/bench-counts"
    rows=$(grep -c ' gate ' "$logs/counts.log" || true)
    bad=$(grep -c ' MISSED$' "$logs/counts.log" || true)
    if [ "$code" -eq 0 ] && [ "$rows" -gt 0 ]; then
        report_step counts "$began" "$rows" 0 0 "the counts are in build/log/counts.log"
    elif [ "$bad" -gt 0 ]; then
        grep ' MISSED$' "$logs/counts.log" >"$steps/counts.failures"
        report_step counts "$began" "$((rows - bad))" "$bad" 0
    else
        fail counts "$began" "exit code $code; the end of build/log/counts.log:" "$logs/counts.log"
    fi
}

run_scripts() {
    for word in "$@"; do
        case $word in
            counts) count_calls ;;
            fuzz)
                run_script fuzz "$root/ci/fuzz.sh" --smoke
                remove_in_ci "$root/build/fuzz" "$root/build/fuzz-work"
                ;;
            oss-fuzz)
                run_script oss-fuzz "$root/fuzz/oss-fuzz/check.sh" --sample
                remove_in_ci "$root/build/oss-fuzz"
                ;;
            coverage) measure_coverage ;;
            prove) run_script prove "$root/ci/prove.sh" ;;
            interleave) run_script interleave "$root/ci/interleave.sh" ;;
        esac
    done
}

# ---- the arguments, and the steps that this machine can run

mode=quick
setup=yes
windows=yes
words=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --without-windows) windows=no ;;
        --all) mode=all ;;
        debug | release | lto | asan | plain | tsan | msan | mingw | msvc) words="$words $argument" ;;
        fuzz | oss-fuzz | coverage | prove | interleave | counts)
            words="$words $argument"
            ;;
        *) usage >&2; exit 2 ;;
    esac
done
case $mode-$words in
    all-) words="mingw asan debug msvc release plain tsan msan fuzz oss-fuzz coverage prove interleave counts" ;;
    all-*) usage >&2; exit 2 ;;
    quick-) words="mingw asan debug" ;;
    *) mode=named ;;
esac

needs() {
    case " $words " in *" $1 "*) return 0 ;; esac
    return 1
}

# The groups of packages that the steps need. One command for all of them is quicker, so it is tried
# first.
tools="test"
[ "$mode" != quick ] || tools="quick"
groups="build $tools"
! needs mingw || [ "$windows" = no ] || groups="$groups mingw"
! needs msvc || [ "$windows" = no ] || groups="$groups msvc"
for word in msan fuzz oss-fuzz coverage interleave; do
    case " $groups " in *" fuzz "*) ;; *) ! needs "$word" || groups="$groups fuzz" ;; esac
done
! needs prove || groups="$groups prove"
! needs counts || groups="$groups counts"
[ "$mode" != all ] || groups="$groups actionlint"
# shellcheck disable=SC2086 # the list is words
if [ "$setup" = yes ] && ! "$root/ci/setup.sh" $groups; then
    "$root/ci/setup.sh" build "$tools"
    for group in ${groups#build "$tools"}; do
        "$root/ci/setup.sh" "$group" || say "    continuing with the installed programs"
    done
fi

leave_out_windows() {
    say "$1: not run (--without-windows): the Windows backend is NOT tested"
    say "0 0 1" >"$steps/$1.totals"
}

presets=
scripts=
for word in $words; do
    case $word in
        mingw)
            if [ "$windows" = no ]; then
                leave_out_windows mingw
            elif "$root/ci/wine.sh" --available &&
                command -v x86_64-w64-mingw32-gcc >/dev/null 2>&1 &&
                [ -e "$root/build/cache/cmocka/src/cmocka.c" ]; then
                presets="$presets $word"
            else
                reason="Wine, the Windows compiler or cmocka's source is missing"
                reason="$reason (--without-windows leaves it out)"
                report_unavailable mingw "$reason: the Windows backend is NOT tested"
            fi
            ;;
        msvc)
            if [ "$windows" = no ]; then
                leave_out_windows msvc
            elif "$root/ci/wine.sh" --available && [ -e "$root/build/cache/msvc/state" ] &&
                [ -e "$root/build/cache/cmocka/src/cmocka.c" ]; then
                presets="$presets $word"
            else
                reason="Wine, cmake/msvc/sdk.sh's files or cmocka's source is missing"
                report_unavailable msvc "$reason: MSVC's dialect is NOT tested"
            fi
            ;;
        msan | fuzz | oss-fuzz | coverage | interleave)
            if ! command -v clang-19 >/dev/null 2>&1; then
                report_unavailable "$word" "clang-19 is missing: $word is NOT run"
            elif [ "$word" = msan ]; then
                presets="$presets $word"
            else
                scripts="$scripts $word"
            fi
            ;;
        counts)
            if [ "$(uname -sm)" = "Linux x86_64" ] && command -v valgrind >/dev/null 2>&1 &&
                command -v strace >/dev/null 2>&1 && command -v gcc >/dev/null 2>&1; then
                scripts="$scripts $word"
            else
                report_unavailable counts "gcc, valgrind or strace is missing: counts is NOT run"
            fi
            ;;
        prove)
            if command -v frama-c >/dev/null 2>&1 && command -v z3 >/dev/null 2>&1 &&
                command -v cvc4 >/dev/null 2>&1; then
                scripts="$scripts $word"
            else
                report_unavailable prove "Frama-C, z3 or cvc4 is missing: the proofs are NOT run"
            fi
            ;;
        *) presets="$presets $word" ;;
    esac
done

# ---- running the steps

show_progress() {
    while :; do
        line=
        for file in "$steps"/*.doing; do
            [ -f "$file" ] || continue
            step=${file##*/}
            step=${step%.doing}
            activity=$(cat "$file" 2>/dev/null) || continue
            case $activity in
                building)
                    count=$(tail -n 1 "$logs/$step-build.log" 2>/dev/null |
                        sed -n 's/^\[\([0-9]*\/[0-9]*\)\].*/ \1/p')
                    ;;
                testing)
                    count=$(tail -n 3 "$logs/$step-test.log" 2>/dev/null |
                        sed -n 's/^ *\([0-9]*\/[0-9]*\) Test .*/ \1/p' | tail -n 1)
                    ;;
                *) count= ;;
            esac
            line="$line${line:+; }$step: $activity$count"
        done
        printf '%s%.110s' "$clear_line" "$line"
        sleep 1
    done
}

background=
# start_background COMMAND...: starts it in its own process group, if the shell supports that, so
# that all its processes can be killed.
start_background() {
    set -m 2>/dev/null || true
    "$@" </dev/null &
    background="$background $!"
    set +m
}

stop_background() {
    for process in $background; do
        kill -- "-$process" 2>/dev/null || kill "$process" 2>/dev/null || true
    done
    for preset in mingw msvc; do
        [ ! -f "$steps/$preset.wine" ] ||
            WINEPREFIX=$(prefix_of "$preset") "$root/ci/wine.sh" --stop
    done
}

progress=
trap 'stop_background; [ -z "$progress" ] || kill "$progress" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
# shellcheck disable=SC2086 # the lists are words
if [ -n "$presets" ]; then
    start_background test_presets $presets
fi
# shellcheck disable=SC2086
if [ -n "$scripts" ]; then
    start_background run_scripts $scripts
fi
if [ -t 1 ]; then
    show_progress &
    progress=$!
fi
for process in $background; do
    wait "$process" || true
done
background=
[ -z "$progress" ] || kill "$progress" 2>/dev/null || true
progress=
printf '%s' "$clear_line"

# ---- the summary

for word in $words; do
    [ -f "$steps/$word.totals" ] || {
        say "$word: not finished" >"$steps/$word.failures"
        say "0 1 0" >"$steps/$word.totals"
    }
done
cat "$steps"/*.skipped >"$logs/skipped.txt" 2>/dev/null || true
sum_up_skipped() {
    awk '{
            reason = $0
            if (!sub(/^[^\t]*\t/, "", reason)) reason = "no reason is given"
            if (!(reason in count)) order[++reasons] = reason
            count[reason]++
        }
        END { for (i = 1; i <= reasons; i++) printf "%d\t%s\n", count[order[i]], order[i] }' \
        "$logs/skipped.txt" | sort -rn |
        awk -F '\t' -v most=9 '
            NR <= most { printf "%8d  %.110s\n", $1, $2; next }
            { others++; tests += $1 }
            END { if (others) printf "%8d  for %d other reasons\n", tests, others }'
}
if [ -s "$logs/skipped.txt" ]; then
    say "skipped tests by reason (each test: build/log/skipped.txt):"
    sum_up_skipped
fi
cat "$steps"/*.failures >"$logs/failures.txt" 2>/dev/null || true
if [ -s "$logs/failures.txt" ]; then
    say "== all failures:"
    sed 's/^/    /' "$logs/failures.txt"
fi
cat "$steps"/*.totals | awk '{ passed += $1; failed += $2; skipped += $3 }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed != 0 }'
