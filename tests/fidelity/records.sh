#!/bin/sh
# The answers of systems to the programs of seeds 0 to 1999, kept in records.xz: compares the
# simulation of a system with them, without that system, or records them anew where it is.
# usage: records.sh compare SYSTEM SIM DIRECTORY    SYSTEM: linux, winsock, freebsd, netbsd, macos
#        records.sh differ SYSTEM SIM DIRECTORY     fails if SIM also gives another system's answers
#        records.sh record SYSTEM REAL [RUNNER]     REAL is fidelity_real of a build for SYSTEM
# A record belongs to the choices that main.c and the steps make of a seed. If these change, so do
# the programs: record every system anew, or leave a seed what it is.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
records=$here/records.xz
count=2000
systems="linux winsock freebsd netbsd macos"

# The name of a system for the programs.
name_of() {
    if [ "$1" = linux ]; then echo posix; else echo "$1"; fi
}

# answers_of SYSTEM: prints its record as its program did.
answers_of() {
    xz -dc "$records" | awk -v wanted="$1" '
        $1 == "seed" { is_wanted = $3 == wanted; if (is_wanted) print $1, $2; next }
        is_wanted'
}

# compare_with SYSTEM: compares the simulation's answers with a record.
compare_with() {
    answers_of "$1" >"$directory/$$-recorded.txt"
    awk -v one="$directory/$$-simulated.txt" -v other="$directory/$$-recorded.txt" -v one_name=simulated \
        -v other_name="recorded " -v again="$0 compare $1 $sim $directory" -f "$here/compare.awk"
}

# simulate SYSTEM SIM DIRECTORY
simulate() {
    sim=$2 directory=$3
    mkdir -p "$directory"
    trap 'rm -f "$directory/$$-recorded.txt" "$directory/$$-simulated.txt"' EXIT
    "$sim" "$(name_of "$1")" 0 "$count" >"$directory/$$-simulated.txt"
}

# record SYSTEM REAL [RUNNER]: replaces the answers of one system.
record() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    for system in $systems; do
        [ ! -f "$records" ] || answers_of "$system" >"$work/$system"
    done
    # shellcheck disable=SC2086 # there may be no runner
    ${3:-} "$2" "$(name_of "$1")" 0 "$count" </dev/null | tr -d '\r' |
        sed '/^Kernel RNG /d; /^cprng /d' >"$work/$1"
    # The answers of all systems to one seed are beside each other, because they are alike.
    awk -v work="$work" -v systems="$systems" -v count="$count" 'BEGIN {
        n = split(systems, names, " ")
        for (seed = 0; seed < count; seed++)
            for (i = 1; i <= n; i++) {
                file = work "/" names[i]
                while ((getline line < file) > 0) {
                    if (line ~ /^seed /) line = line " " names[i]
                    print line
                    if (line ~ /^end /) break
                }
            }
    }' | xz -9e >"$work/records.xz"
    mv "$work/records.xz" "$records"
}

case $1 in
    compare)
        simulate "$2" "$3" "$4"
        compare_with "$2"
        ;;
    differ)
        simulate "$2" "$3" "$4"
        for system in $systems; do
            if [ "$system" != "$2" ] && compare_with "$system" >/dev/null; then
                echo "the simulated $2 gives the answers of $system"
                exit 1
            fi
        done
        ;;
    record) record "$2" "$3" "${4:-}" ;;
    *)
        sed -n 's/^# //p' "$0" >&2
        exit 2
        ;;
esac
