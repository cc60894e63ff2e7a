#!/bin/sh
# Runs examples/fercat as the listening end, against nc.
# usage: examples_fercat_listen.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc

# start_fercat [ARGUMENT...]: starts fercat in the background with the caller's input. Sets $fercat
# and $port.
start_fercat() {
    rm -f "$work/fercat.err"
    exec 9<&0
    example fercat "$@" <&9 9<&- >"$work/fercat.out" 2>"$work/fercat.err" &
    keep
    exec 9<&-
    fercat=$process
    find_line "$work/fercat.err" 's/^listening on //p'
    address=$line
    port=${line##*:}
}

seq 1 2000 >"$work/ours.txt"
seq 5000 8000 >"$work/theirs.txt"

# After the peer's end of file fercat reads standard input for one more second. So nc shuts down its
# write half after it has all bytes.
# exchange NAME HOST-FOR-NC FERCAT-ARGUMENT...
exchange() {
    name=$1
    host=$2
    shift 2
    start_fercat "$@" <"$work/ours.txt"
    : >"$work/nc.out"
    hold "$work/theirs.txt" "$work/nc.out" "$(wc -c <"$work/ours.txt")" | nc -n -N "$host" "$port" >>"$work/nc.out"
    await "$fercat"
    check "$name" [ "$code" -eq 0 ]
    check "... our bytes arrived" cmp "$work/nc.out" "$work/ours.txt"
    check "... and theirs did" cmp "$work/fercat.out" "$work/theirs.txt"
}

exchange "it listens on HOST PORT" 127.0.0.1 -l 127.0.0.1 0
exchange "it listens on HOST:PORT" 127.0.0.1 -l 127.0.0.1:0
exchange "it listens on every address, for IPv4" 127.0.0.1 -l 0
if has_ipv6; then
    exchange "it listens on every address, for IPv6" ::1 -l 0
    exchange "it listens on an IPv6 address" ::1 -l ::1 0
    exchange "it listens on [v6]:PORT" ::1 -l '[::1]:0'
else
    echo "$script: left out, for there is no ::1 here: it listens on IPv6"
fi

start_fercat -lv -w 20 127.0.0.1 0 </dev/null
nc -n -N 127.0.0.1 "$port" <"$work/theirs.txt" >"$work/nc.out"
await "$fercat"
check "-v reports the connection" file_matches "$work/fercat.err" 'connection from 127\.0\.0\.1:[0-9]*'

mkfifo "$work/open_input"
exec 3<>"$work/open_input"
start_fercat -l 127.0.0.1 0 <&3
nc -n -N 127.0.0.1 "$port" <"$work/theirs.txt" >"$work/nc.out"
await "$fercat"
check "it ends after the peer's end, though standard input is open" [ "$code" -eq 0 ]
check "... with all that the peer sent" cmp "$work/fercat.out" "$work/theirs.txt"

start_fercat -l -w 1 127.0.0.1 0 </dev/null
nc -n 127.0.0.1 "$port" <&3 >"$work/nc.out" 3>&- &
keep
await "$fercat"
check "-w ends an idle connection" [ "$code" -eq 3 ]
check "... with the reason" file_matches "$work/fercat.err" 'fercat: receive from 127\.0\.0\.1:[0-9]*: TimedOut'

start_fercat -l 127.0.0.1 0 </dev/null
interrupt "$fercat"
check "Ctrl-C ends an accept" [ "$code" -eq 130 ]
check "... with the reason" file_matches "$work/fercat.err" 'fercat: listen on 127\.0\.0\.1:0: Cancelled'
start_fercat -lv 127.0.0.1 0 <&3
nc -n 127.0.0.1 "$port" <&3 >"$work/nc.out" 3>&- &
keep
find_line "$work/fercat.err" 's/^connection from /&/p'
interrupt "$fercat"
check "Ctrl-C ends a read" [ "$code" -eq 130 ]
check "... with the reason" file_matches "$work/fercat.err" 'fercat: receive from 127\.0\.0\.1:[0-9]*: Cancelled'
exec 3>&-

start_fercat -lk 127.0.0.1 0 <"$work/ours.txt"
for connection in 1 2 3; do
    echo "connection $connection" >"$work/line.txt"
    : >"$work/nc.$connection"
    wanted=0
    [ "$connection" -ne 1 ] || wanted=$(wc -c <"$work/ours.txt")
    hold "$work/line.txt" "$work/nc.$connection" "$wanted" | nc -n -N 127.0.0.1 "$port" >>"$work/nc.$connection"
done
check "-k: the first connection gets standard input" cmp "$work/nc.1" "$work/ours.txt"
check "-k: a later one gets the end" is_empty "$work/nc.3"
find_line "$work/fercat.out" 's/^connection 3$/&/p'
check "-k: each connection is received from" [ "$(tr -d '\r' <"$work/fercat.out" | grep -c '^connection [123]$')" -eq 3 ]
run_example second fercat -l "$address" </dev/null
check "an address in use is a failure" [ "$code" -eq 1 ]
check "... that is named" file_matches "$work/second.err" "fercat: listen on $address: AddrInUse (os error [0-9]*)"
check "-k: it still listens" kill "$fercat"
finish
