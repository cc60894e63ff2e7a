#!/bin/sh
# Checks the comparison: equal runs pass, and each kind of difference is found and reported.
# usage: can_fail.sh DIRECTORY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1/can_fail-$$
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
failures=0

compare() {
    awk -v one="$work/one" -v other="$work/other" -v one_name=one -v other_name=other -v again="run SEED" -f "$here/compare.awk"
}

# is NAME CODE TEXT: the comparison of one and other ends with CODE and prints TEXT.
is() {
    code=0
    compare >"$work/output" || code=$?
    if [ "$code" -ne "$2" ] || ! grep -qF "$3" "$work/output"; then
        echo "$1: ended with $code, not $2, or did not say '$3':"
        sed 's/^/    /' "$work/output"
        failures=$((failures + 1))
    fi
}

printf 'seed 7\n0 read 3 Ok n 1\n1 read 3 ~mask ; Ok\nend well\nseed 8\n0 close 1\nend well\n' >"$work/one"
cp "$work/one" "$work/other"
is "two that are equal" 0 "2 sequences, 3 calls, all equal"
sed 's/; Ok/; BrokenPipe/' "$work/one" >"$work/other"
is "a difference behind a mask" 0 "masked as mask: 1 calls, of which 1 differed"
sed 's/n 1/n 2/' "$work/one" >"$work/other"
is "another count" 1 "again: run 7"
sed 's/~mask/Ok/' "$work/one" >"$work/other"
is "a kind that no mask hides" 1 "other: 1 read 3 Ok"
sed 's/0 close 1/0 close 2/' "$work/one" >"$work/other"
is "the second program" 1 "a difference in seed 8"
sed 's/ 3 / 4 /; s/close 1/close 2/' "$work/one" >"$work/other"
is "the second difference" 1 "again: run 8"
sed '$d' "$work/one" >"$work/other"
is "one that ended early" 1 "nothing more"
for contradiction in "Ok n 1 WRONG BYTES" "Deadlock" "Ok nobody was expected"; do
    printf 'seed 7\n0 step 3 %s\nend well\n' "$contradiction" | tee "$work/one" >"$work/other"
    is "two that contradict the tracker" 1 "other: 0 step 3 $contradiction"
done
: >"$work/one"
: >"$work/other"
is "two that are empty" 1 "nothing to compare"
[ "$failures" -eq 0 ] || exit 1
echo "can_fail: the comparison finds all"
