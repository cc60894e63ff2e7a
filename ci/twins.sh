#!/bin/sh
# Runs the twins (tests/twins): sequences of events of a network and of calls, each call by ferrule
# and by the system. When: after a change of the handling of errors; .ci/run and ci/nightly.sh run
# it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/twins.sh [--family ipv4|ipv6|mapped]... [--seed S] [--count N] [--seconds T] [--jobs J]
                   [--no-setup]
       ci/twins.sh --planted [--jobs J] [--no-setup] [NAME]...

Builds the twins and runs the sequences of N seeds (default: 600) from S (default: 1) for
each family (default: all), and prints each sequence after which ferrule cannot do what the plain
twin can.
  --seconds T  no sequence begins after T seconds, for each family
  --jobs J     sequences that run at once, default: 6 for each processor; they wait more than they
               compute
  --planted    applies each planted bug of tests/twins/planted.txt, or those with these names, to a
               copy of the tree. 500 seeds must find it
  --no-setup   do not run ci/setup.sh
A machine that permits no such network is skipped with the reason, and in CI that is a failure.
The copy stays in build/twins-planted, for the next run. Logs: build/log/twins-NAME.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

families=
names=
seed=1
count=600
seconds=0
sequences=$((jobs * 6))
mode=seeds
setup=yes
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --planted) mode=planted ;;
        --family | --seed | --count | --seconds | --jobs)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            case $1 in
                --family) families="$families $2" ;;
                --seed) seed=$2 ;;
                --count) count=$2 ;;
                --seconds) seconds=$2 ;;
                --jobs) sequences=$2 ;;
            esac
            shift
            ;;
        -*) usage >&2; exit 2 ;;
        *) names="$names $1" ;;
    esac
    shift
done
[ "$setup" = no ] || "$root/ci/setup.sh" build twins

# as_owner COMMAND...: with the rights that a namespace of the network needs.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        run_nice "$@"
    else
        run_nice unshare -r "$@"
    fi
}

# build TREE
build() {
    [ -e "$1/build/twins/build.ninja" ] ||
        configure_in "$1" debug -B "$1/build/twins" -DFERRULE_NIGHTLY_TESTS=ON \
            -DFERRULE_BUILD_EXAMPLES=OFF -DFERRULE_BUILD_FUZZ=OFF -DFERRULE_BUILD_BENCH=OFF ||
        return 1
    run_nice cmake --build "$1/build/twins" --target twins -j "$jobs"
}

run_seeds() {
    logged twins-build build "$root"
    for family in ${families:-ipv4 ipv6 mapped}; do
        code=0
        as_owner "$root/build/twins/tests/twins/twins" --family "$family" --seed "$seed" \
            --count "$count" --seconds "$seconds" --jobs "$sequences" || code=$?
        case $code in
            0) passed=$((passed + 1)) ;;
            77) report_unavailable "twins over $family: this machine permits no such network" ;;
            *) failed=$((failed + 1)) ;;
        esac
    done
    say_totals
}

# try_plant NAME FAMILY: 500 seeds, up to the first difference.
try_plant() {
    log=$logs/twins-$1.log
    restore_copy "$copy" CMakeLists.txt CMakePresets.json cmake core platform include tests
    if ! build_planted "$copy" "$table" "$1" "$log" build "$copy"; then
        say "$(printf '%-28s %-7s cannot be applied or built' "$1" "$2")"
        tail -n 5 "$log" | sed 's/^/    | /'
        failed=$((failed + 1))
        return 0
    fi
    code=0
    as_owner "$copy/build/twins/tests/twins/twins" --family "$2" --count 500 --first \
        --jobs "$sequences" >>"$log" 2>&1 || code=$?
    say "$(printf '%-28s %-7s %s' "$1" "$2" "$(tail -n 1 "$log")")"
    case $code in
        1) passed=$((passed + 1)) ;;
        77) report_unavailable "this machine permits no such network" ;;
        *) failed=$((failed + 1)) ;;
    esac
}

run_planted() {
    table=$root/tests/twins/planted.txt
    copy=$root/build/twins-planted
    mkdir -p "$copy"
    python3 "$root/ci/plant.py" list "$table" >"$logs/twins-planted.txt"
    while read -r name family _; do
        case " $names " in '  ' | *" $name "*) try_plant "$name" "$family" </dev/null ;; esac
    done <"$logs/twins-planted.txt"
    say_totals
}

"run_$mode"
