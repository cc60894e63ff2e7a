#!/bin/sh
# Checks the benchmarks: each program prints lines that ci/bench.sh can judge, the plots are XML, and
# the tables of README.md and docs/BENCH.md have each row with values. The check of the tables must
# fail on a table without a row, without a value, or without a number.
# usage: check_bench.sh ROOT PYTHON FOLDER-OF-THE-PROGRAMS
set -eu
root=$(cd "$1" && pwd)
python=$2
programs=$(cd "$3" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

complain() {
    echo "check_bench: $*"
    bad=1
}

# usage: run NAME CONTENDER... : one round of each of its cases; each contender prints lines.
run() {
    name=$1
    shift
    if ! "$programs/bench_$name" --rounds 1 ${case:+--case "$case"} >"$work/results/$name.txt"; then
        complain "bench_$name fails"
    fi
    for contender in "$@"; do
        grep -q "^bench=$name case=[a-z_0-9]* impl=$contender ops=[1-9][0-9]* runs=1 ns_op=[0-9.]* ratio=" "$work/results/$name.txt" ||
            complain "bench_$name prints no line of $contender"
    done
}

mkdir -p "$work/results" "$work/tree/docs"
case=
run address_text libc libc-again ferrule
run limits ferrule ferrule-again token deadline
run ping_pong raw raw-again ferrule
run resolver raw raw-again ferrule ferrule-resolver
run simulation ferrule ferrule-again
run udp raw raw-again ferrule
if [ -x "$programs/bench_poller" ]; then
    run connect raw raw-again ferrule
    case=copy_unix
    run copy buffer buffer-again ferrule splice haproxy
    case=
    run poller raw raw-again ferrule
    run udp_batches raw raw-again ferrule
    case=echo_turn_1 # not those with thousands of connections
    run echo_turn raw raw-again ferrule
fi

# One round cannot judge: the exit code is 1 or 3.
code=0
"$python" "$root/bench/bench_table.py" "$work/results" >"$work/table" || code=$?
case $code in
    1 | 3) ;;
    *) complain "bench/bench_table.py ends with $code" ;;
esac
grep -q '^[0-9]* gates held, [0-9]* at the floor, [0-9]* missed, [0-9]* could not be judged$' "$work/table" ||
    complain "bench/bench_table.py prints no total"
for plot in address sockets batches; do
    "$python" -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1]).getElementsByTagName("rect")[1]' "$work/results/$plot.svg" ||
        complain "$plot.svg is no plot"
done

"$python" "$root/bench/bench_docs.py" check "$root" || complain "a table of the pages is wrong"

# copy: the pages, for a change
copy() {
    cp "$root/README.md" "$work/tree/README.md"
    cp "$root/docs/BENCH.md" "$work/tree/docs/BENCH.md"
}
# must_fail WHAT
must_fail() {
    ! "$python" "$root/bench/bench_docs.py" check "$work/tree" >"$work/found" || complain "$1 is not found"
}
copy
sed -i.old '/^| wake a poller |/d' "$work/tree/README.md"
must_fail "a table without a row"
copy
sed -i.old '/^| wake a poller |/s/[0-9][0-9.]*/fast/' "$work/tree/docs/BENCH.md"
must_fail "a cell that is not a number"
copy
sed -i.old '/^| wake a poller |/s/[0-9][0-9.]*/not measured/g' "$work/tree/README.md"
must_fail "a row in which nothing was measured"
copy
sed -i.old '/bench: growth/d' "$work/tree/docs/BENCH.md"
must_fail "a page without a table"

[ "$bad" -eq 0 ] || exit 1
echo "check_bench: the programs, the plots and the tables are right"
