#!/bin/sh
# Exchanges a file of 100 MB both ways at once between examples/fercat and nc, in both roles, and
# compares byte for byte.
# usage: exchange_100mb.sh FOLDER-OF-THE-EXAMPLES [EMULATOR [MEGABYTES]]     EMULATOR may be empty
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
megabytes=${3:-100}
need nc

head -c "${megabytes}000000" /dev/urandom >"$work/ours"
head -c "${megabytes}000000" /dev/urandom >"$work/theirs"

# compare FILE-FROM-NC FILE-FROM-FERCAT BEGAN
compare() {
    echo "      $megabytes MB each way in $(($(date +%s) - $3)) s"
    check "... every byte arrived there" cmp "$1" "$work/ours"
    check "... and every byte arrived here" cmp "$2" "$work/theirs"
    rm -f "$1" "$2"
}

# A listening nc exits at our end of file even if it has bytes to send. So our end of file comes
# after all of them arrived.
nc_listens nc 127.0.0.1 -N <"$work/theirs"
nc=$process
began=$(date +%s)
: >"$work/fercat.out"
hold "$work/ours" "$work/fercat.out" "${megabytes}000000" | (
    (example fercat -w 60 127.0.0.1 "$port" >>"$work/fercat.out") || echo "$?" >"$work/failed.txt"
)
await "$nc"
check "fercat connects" [ ! -e "$work/failed.txt" ]
compare "$work/nc.out" "$work/fercat.out" "$began"

# Here each side shuts down its write half after its last byte; the other continues to send.
example fercat -l -w 60 127.0.0.1 0 <"$work/ours" >"$work/fercat.out" 2>"$work/fercat.err" &
keep
find_line "$work/fercat.err" 's/^listening on //p'
began=$(date +%s)
nc -n -N 127.0.0.1 "${line##*:}" <"$work/theirs" >"$work/nc.out"
await "$process"
check "fercat listens" [ "$code" -eq 0 ]
compare "$work/nc.out" "$work/fercat.out" "$began"
finish
