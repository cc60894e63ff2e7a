#!/bin/sh
# Runs the model checker for threads (docs/INTERLEAVING.md), and prints a line for each program or
# planted bug. When: after a change of code that threads share; ci/test.sh --all runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/interleave.sh [--deeper | --write] [--no-setup] [PROGRAM [SCHEDULE]]
       ci/interleave.sh --planted [--no-setup] [NAME]...

Builds the preset interleave and runs every schedule of all programs, or of PROGRAM, within each
program's limits. A program that takes 60 s of processor time is stopped: "not complete".
With SCHEDULE, which a failure prints, prints the steps of this schedule. A run of all programs
fails if the table in docs/INTERLEAVING.md has other schedules.
  --write     writes that table
  --deeper    with one preemption and one old value more than each program's limits, 4 minutes each
  --planted   applies each planted bug of tests/interleave/planted.txt, or those with these names,
              to a copy of the tree. The program of the bug must fail
  --no-setup  do not run ci/setup.sh
The copy stays in build/interleave-planted, for the next run. Logs: build/log/interleave-NAME.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

setup=yes
mode=programs
names=
seconds=60
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --planted) mode=planted ;;
        --deeper) mode=deeper ;;
        --write) mode="write" ;;
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

# run_plant NAME PROGRAM: the program in a copy with the bug. The log has the schedule that fails.
run_plant() {
    restore_copy "$tree" CMakeLists.txt CMakePresets.json cmake core include platform \
        tests/interleave
    build_planted "$tree" "$table" "$1" "$log" build "$tree" || return 2
    "$tree/build/interleave/tests/interleave/interleave" --seconds "$seconds" "$2" >>"$log" 2>&1
}

# plant NAME PROGRAM: prints the row of this planted bug.
plant() {
    log=$logs/interleave-$1.log
    code=0
    run_plant "$1" "$2" || code=$?
    steps=$(sed -n 's/^failed after \([0-9]*\) steps.*/\1/p' "$log")
    if [ "$code" -eq 1 ] && [ -n "$steps" ]; then
        run=$(sed -n 's/^failed after .*, in run \([0-9]*\);.*/\1/p' "$log")
        say "$(printf '%-28s %-30s %4s steps, run %6s  %.60s' "$1" "$2" "$steps" "$run" \
            "$(sed -n "s/^$2: //p" "$log" | head -n 1)")"
        passed=$((passed + 1))
    else
        say "$(printf '%-28s %-30s %s' "$1" "$2" "NOT FOUND, or not built; the end of the log:")"
        tail -n 5 "$log" | sed 's/^/    | /'
        failed=$((failed + 1))
    fi
}

run_plants() {
    passed=0
    failed=0
    python3 "$root/ci/plant.py" list "$table" >"$logs/interleave-plants.txt"
    while read -r plant program _ <&3; do
        case " $names " in '  ' | *" $plant "*) plant "$plant" "$program" ;; esac
    done 3<"$logs/interleave-plants.txt"
    say "$passed passed, $failed failed, 0 skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

case $mode in
    programs | write)
        if [ -z "$names" ]; then run_all; else run_programs --seconds "$seconds"; fi
        ;;
    deeper) run_programs --deeper 1 --seconds 240 ;;
    planted) run_plants ;;
esac
