#!/bin/sh
# Checks docs/PORTING.md: each quote equals consecutive lines of its example; each fer_ and FER_
# name is in a public header; with a rustc, the Rust programs compile. A quote is a fenced block
# below a comment that names its file.
# usage: check_porting.sh ROOT [RUSTC]
set -eu
cd "$1"
rustc=${2:-}
page=docs/PORTING.md
[ -f "$page" ] || { echo "check_porting: there is no $page in $1" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# Writes each quote to NUMBER.c and the name of its file to NUMBER.from; the parts of a Rust program
# go into one file.
awk -v work="$work" '
/^```/ && quoting { quoting = 0; close(to); next }
/^```c(pp)?$/ && source ~ /\.([ch]|cpp)$/ {
    to = work "/" (++quotes) ".quote"
    print source >(work "/" quotes ".from")
    close(work "/" quotes ".from")
    quoting = 1
    next
}
/^```rust$/ && source ~ /\.rs$/ { to = work "/" source; quoting = 1; next }
/^```(c|cpp|rust)$/ { print FILENAME ":" FNR ": a block without the name of its file"; exit 1 }
quoting { print >>to; next }
{ source = "" }
/^<!-- [a-z_\/.]+ -->$/ { source = $2 }' "$page" || bad=1

# stands_in QUOTE FILE: succeeds if FILE contains the lines of QUOTE consecutively.
stands_in() {
    awk 'NR == FNR { want[++count] = $0; next }
         { at[FNR] = $0; last = FNR }
         END {
             for (start = 1; start + count - 1 <= last; start++) {
                 for (i = 1; i <= count && at[start + i - 1] == want[i]; i++) { }
                 if (i > count) exit 0
             }
             exit 1
         }' "$1" "$2"
}

count=0
for quote in "$work"/*.quote; do
    [ -s "$quote" ] || { echo "$page quotes nothing"; bad=1; break; }
    from=$(cat "${quote%.quote}.from")
    if [ ! -f "$from" ] || ! stands_in "$quote" "$from"; then
        echo "$page quotes what does not stand in $from:"
        sed 's/^/    | /' "$quote"
        bad=1
    fi
    count=$((count + 1))
done

# shellcheck disable=SC2046 # the list is words
cat $(find include -name '*.h') | tr -c 'A-Za-z0-9_' '\n' | LC_ALL=C sort -u >"$work/declared"
tr -c 'A-Za-z0-9_' '\n' <"$page" | grep -E '^(fer_[a-z0-9]|FER_[A-Z0-9])' | LC_ALL=C sort -u >"$work/named" || true
LC_ALL=C comm -23 "$work/named" "$work/declared" | sed "s|\$|: on $page, but in no public header|" >"$work/wrong"
[ ! -s "$work/wrong" ] || { cat "$work/wrong"; bad=1; }

for program in "$work"/*.rs; do
    [ -n "$rustc" ] && [ -f "$program" ] || continue
    "$rustc" --edition 2021 -D warnings --emit=metadata -o "$work/metadata" "$program" || { echo "$program does not compile"; bad=1; }
done

[ "$bad" -eq 0 ] || exit 1
echo "check_porting: $count quotes stand in their files"
