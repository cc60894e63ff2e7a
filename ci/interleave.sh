#!/bin/sh
# Runs the model checker for threads (docs/INTERLEAVING.md), and prints a line for each program or
# planted bug. When: after a change of code that threads share; ci/test.sh --all runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/interleave.sh [--deeper | --write] [--no-setup] [PROGRAM [SCHEDULE]]
       ci/interleave.sh --planted | --compare [--minutes N] [--no-setup] [NAME]...

Builds the preset interleave and runs every schedule of all programs, or of PROGRAM, within each
program's limits. A program that takes 20 s of processor time is stopped: "not complete".
With SCHEDULE, which a failure prints, prints the steps of this schedule. A run of all programs
fails if the table in docs/INTERLEAVING.md has other schedules.
  --write     writes that table
  --deeper    with one preemption and one old value more than each program's limits, 4 minutes each
  --planted   applies each planted bug of tests/interleave/planted.txt, or those with these names,
              to a copy of the tree. The program of the bug must fail
  --compare   the same, and whether the thread sanitizer (preset tsan) and 100 runs of the stress
              tests (preset debug) find the bug. Each of the two runs the tests with threads that
              use the changed file, for at most N minutes (default: 5). Prints a table
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
minutes=5
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --planted) mode=planted ;;
        --compare) mode=compare ;;
        --deeper) mode=deeper ;;
        --write) mode="write" ;;
        --minutes)
            case ${2:-} in '' | 0 | *[!0-9]*) usage >&2; exit 2 ;; esac
            minutes=$2
            shift
            ;;
        -*) usage >&2; exit 2 ;;
        *) names="$names $1" ;;
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

# ---- The table of the programs. The seconds of a row differ from run to run.

page=$root/docs/INTERLEAVING.md
output=$logs/interleave.log

# print_rows: the rows of the output.
print_rows() {
    awk '/ schedules, / {
            name = $1; schedules = $2; steps = $6; seconds = $8
            limits = ""; orders = ""
            if (match($0, /at most [0-9]+ preemptions/))
                limits = substr($0, RSTART + 8, RLENGTH - 8)
            if (match($0, /at most [0-9]+ old/))
                limits = limits (limits == "" ? "" : ", ") substr($0, RSTART + 8, RLENGTH - 8) \
                    (substr($0, RSTART + 8, 2) == "1 " ? " value" : " values")
            if (match($0, /as all [0-9]+ orders/))
                orders = "; the same " substr($0, RSTART, RLENGTH)
            printf "| `%s` | %s | %s | %s | %s%s%s |\n", name, schedules, steps, seconds,
                limits == "" ? "all" : limits, orders, /not complete/ ? "; not complete" : ""
        }' "$output"
}

# rows_of_page: those of the page.
rows_of_page() { awk '/^## / { inside = $0 == "## The programs" } inside && /^\| `/' "$page"; }

without_seconds() { awk -F'|' '{ print $2 $3 $4 $6 }'; }

check_table() {
    print_rows | without_seconds >"$logs/interleave-rows.txt"
    rows_of_page | without_seconds | diff - "$logs/interleave-rows.txt"
}

write_table() {
    print_rows >"$logs/interleave-rows.txt"
    awk -v rows="$logs/interleave-rows.txt" '
        /^## / { inside = $0 == "## The programs" }
        !inside || !/^\| `/ { print }
        inside && /^\|---/ { while ((getline line <rows) > 0) print line }' "$page" >"$page.new"
    mv "$page.new" "$page"
}

# run_all: all programs, and their table.
run_all() {
    code=0
    run_programs --seconds "$seconds" >"$output" || code=$?
    sed '$d' "$output"
    # shellcheck disable=SC2046 # the last line is words
    set -- $(tail -n 1 "$output" | tr -d ,)
    [ "${4:-}" = failed ] || { tail -n 1 "$output"; return 1; }
    [ "$mode" != write ] || write_table
    if check_table; then
        say "$(($1 + 1)) passed, $3 failed, $5 skipped"
    else
        say "docs/INTERLEAVING.md has other rows: ci/interleave.sh --write"
        say "$1 passed, $(($3 + 1)) failed, $5 skipped"
        code=1
    fi
    return "$code"
}

# ---- Planted bugs

tree=$root/build/interleave-planted
table=$root/tests/interleave/planted.txt

# restore_tree [PART...]
restore_tree() {
    restore_copy "$tree" CMakeLists.txt CMakePresets.json cmake core include platform \
        tests/interleave "$@"
}

# try_plant NAME PROGRAM: sets $found to the failure of the program in the copy with the bug, or to
# nothing, $runs to the number of its schedule, and $steps. Returns 1 if the copy cannot be built.
try_plant() {
    name=$1
    program=$2
    log=$logs/interleave-$name.log
    restore_tree
    build_planted "$tree" "$table" "$name" "$log" build "$tree" || return 1
    code=0
    "$tree/build/interleave/tests/interleave/interleave" --seconds "$seconds" "$program" \
        >>"$log" 2>&1 || code=$?
    steps=$(sed -n 's/^failed after \([0-9]*\) steps.*/\1/p' "$log")
    runs=$(sed -n 's/^failed after .*, in run \([0-9]*\);.*/\1/p' "$log")
    found=
    if [ "$code" -eq 1 ] && [ -n "$steps" ]; then
        found=$(sed -n "s/^$program: //p" "$log" | head -n 1)
    fi
}

report_broken() {
    say "$(printf '%-28s %-30s %s' "$name" "$program" 'cannot be applied or built')"
    tail -n 5 "$log" | sed 's/^/    | /'
    failed=$((failed + 1))
}

# plant NAME PROGRAM: prints the row of this planted bug.
plant() {
    if ! try_plant "$1" "$2"; then
        report_broken
    elif [ -n "$found" ]; then
        say "$(printf '%-28s %-30s %4s steps, run %6s  %.60s' "$name" "$program" "$steps" \
            "$runs" "$found")"
        passed=$((passed + 1))
    else
        say "$(printf '%-28s %-30s %s' "$name" "$program" 'NOT FOUND')"
        failed=$((failed + 1))
    fi
}

# ---- The same bugs, with real threads

# The unit tests have programs of their own. The others are in conformance_tests and stress.
threaded="limits_threads modes_threads resolver_threads"

build_threaded() {
    targets="conformance_tests conformance_tests_poll unit_test_poller_list"
    targets="$targets stress_limits stress_relay relay_server"
    for word in $threaded; do targets="$targets unit_test_$word"; done
    [ -e "$tree/build/$1/build.ninja" ] ||
        (cd "$tree" && cmake --preset "$1" -DFERRULE_BUILD_FUZZ=OFF -DFERRULE_BUILD_BENCH=OFF \
            -DFERRULE_TEST_TIMEOUT=180) ||
        return 1
    # shellcheck disable=SC2086 # the list is words
    (cd "$tree/build/$1" && run_nice cmake --build . --target $targets -j "$jobs")
}

# tests_of FILE: the tests with threads that use the file.
tests_of() {
    case $1 in
        core/base/cancel_token.c) say conformance_limits_threads stress_limits ;;
        core/handle/limits.c)
            say unit_test_limits_threads conformance_limits_threads stress_limits
            ;;
        core/handle/modes.c | core/handle/ownership.c)
            say unit_test_modes_threads conformance_clones conformance_raw_and_clones \
                conformance_modes conformance_shutdown
            ;;
        core/names/*) say unit_test_resolver_threads conformance_resolving conformance_names ;;
        core/wait/poller.c) say conformance_poller_threads conformance_poller_stress stress_relay ;;
        core/wait/waiting.c)
            say unit_test_modes_threads conformance_shutdown conformance_wakeup \
                conformance_clones conformance_limits_threads
            ;;
        platform/posix/poll*) say unit_test_poller_list poll_poller_threads poll_poller_stress ;;
        *)
            say unit_test_limits_threads unit_test_modes_threads unit_test_resolver_threads \
                conformance_poller_threads conformance_poller_stress conformance_limits_threads \
                conformance_wakeup conformance_shutdown conformance_resolving conformance_clones \
                stress_relay
            ;;
    esac
}

# commands_of PRESET TEST...: a line for each test: its name, a tab, its command.
commands_of() {
    (cd "$tree/build/$1" && shift && ctest -N -V -R "^($(echo "$*" | tr ' ' '|'))\$") | awk '
        sub(/^[0-9]+: Test command: /, "") { command = $0 }
        /^ +Test +#[0-9]+: / { print $3 "\t" command }'
}

# Runs the test of one line (a run, its name and its command), unless the time is over. Adds the run
# to the file $1, or after a failure the run and the name. xargs starts no further test then.
# shellcheck disable=SC2016 # the variables are those of the command
run_one='[ "$(date +%s)" -lt "$2" ] || exit 0
    IFS="$3" read -r run name command <<LINE
$4
LINE
    code=0
    timeout 180 sh -c "$command" >"$1.$$" 2>&1 </dev/null || code=$?
    case $code in
        0 | 77) echo "$run" >>"$1" ;;
        *) cat "$1.$$" >>"$1.failed"; echo "$run $name" >>"$1" ;;
    esac
    rm "$1.$$"
    [ "$code" -eq 0 ] || [ "$code" -eq 77 ] || exit 255'

# run_threaded PRESET RUNS TEST...: runs the tests, several at the same time, until one fails, at
# most RUNS times, and starts none after $minutes minutes. Sets $result to the failure or to the
# number of runs. A test that hangs fails by its time limit.
run_threaded() {
    preset=$1
    most=$2
    shift 2
    result="not built"
    build_threaded "$preset" >>"$log" 2>&1 || return 0
    commands_of "$preset" "$@" >"$log.commands"
    [ "$(wc -l <"$log.commands")" -eq "$#" ] || return 0
    prefix=
    [ "$preset" != tsan ] || ! can_fix_layout || prefix="setarch -R"
    rm -f "$log.runs" "$log.runs.failed"
    : >"$log.runs"
    # shellcheck disable=SC2086 # the prefix is words
    awk -v most="$most" '{ lines[NR] = $0 }
        END { for (run = 1; run <= most; run++) for (i = 1; i <= NR; i++) print run "\t" lines[i] }' \
        "$log.commands" | TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 $prefix \
        xargs -d '\n' -n 1 -P "$((jobs * 4))" sh -c "$run_one" sh "$log.runs" \
        "$(($(date +%s) + minutes * 60))" "$(printf '\t')" >>"$log" 2>&1 || true
    result=$(awk 'NF > 1 { print "`" $2 "`, run " $1; exit }' "$log.runs")
    if [ -n "$result" ]; then
        cat "$log.runs.failed" >>"$log"
        ! grep -q 'WARNING: ThreadSanitizer' "$log.runs.failed" || result="$result: a report"
        return 0
    fi
    run=$(($(wc -l <"$log.runs") / $#))
    result="no"
    [ "$run" -eq "$most" ] || result="no, $run runs"
}

# Without a planted bug, every test must pass.
check_threaded() {
    name=none
    program=
    log=$logs/interleave-none.log
    restore_tree tests examples
    : >"$log"
    for preset in tsan debug; do
        # shellcheck disable=SC2046 # the list is words
        run_threaded "$preset" 1 $(tests_of "")
        [ "$result" = no ] || { say "without a planted bug: $preset: $result"; return 1; }
    done
}

# compare NAME PROGRAM: prints the row of the table.
compare() {
    if ! try_plant "$1" "$2"; then
        report_broken
        return 0
    fi
    file=$(head -n 1 "$log")
    # shellcheck disable=SC2046 # the list is words
    run_threaded tsan 1 $(tests_of "$file")
    sanitized=$result
    # shellcheck disable=SC2046
    run_threaded debug 100 $(tests_of "$file")
    say "| \`$name\` | ${found:+run }${runs:-not found} | $sanitized | $result |"
    case $sanitized$result in *"not built"*) found= ;; esac
    if [ -n "$found" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# for_each_plant FUNCTION
for_each_plant() {
    passed=0
    failed=0
    python3 "$root/ci/plant.py" list "$table" >"$logs/interleave-plants.txt"
    while read -r plant program _ <&3; do
        case " $names " in
            '  ' | *" $plant "* | *" ${plant#*-} "*) "$1" "$plant" "$program" ;;
        esac
    done 3<"$logs/interleave-plants.txt"
    say "$passed passed, $failed failed, 0 skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

case $mode in
    programs | write)
        if [ -z "$names" ]; then run_all; else run_programs --seconds "$seconds"; fi
        ;;
    deeper) run_programs --deeper 1 --seconds 240 ;;
    planted) for_each_plant plant ;;
    compare)
        check_threaded
        say "| planted bug | checker | thread sanitizer | 100 runs |"
        say "|---|---|---|---|"
        for_each_plant compare
        ;;
esac
