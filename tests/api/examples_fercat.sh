#!/bin/sh
# Tests examples/fercat at either end of a connection (examples_common.sh).
# usage: examples_fercat.sh FOLDER-OF-THE-EXAMPLES EMULATOR-OR-EMPTY TEST [MEGABYTES]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
seq 1 2000 >"$work/ours"
seq 5000 8000 >"$work/theirs"
mkfifo "$work/open" # an input without an end
exec 3<>"$work/open"

# connects_to SENTENCE HOST ARGUMENT...: nc listens on the host; fercat connects with the arguments,
# in which %P is the port. A listening nc exits at our end of file even if it has bytes to send:
# they must fit its buffer of 16 KiB. Without -N it does not exit earlier: after the peer's end of
# file fercat reads standard input for one more second.
connects_to() {
    sentence=$1
    nc_listens peer "$2" "$work/theirs"
    shift 2
    # shellcheck disable=SC2046 # words
    run_with "$work/ours" fercat $(echo "$*" | sed "s/%P/$port/g")
    expect "$sentence" 0 out @theirs err -
    await "$process"
    check "... our bytes arrived" cmp "$work/peer.out" "$work/ours"
}

test_fercat_connect() {
    need nc
    connects_to "it connects to HOST PORT" 127.0.0.1 127.0.0.1 %P
    connects_to "it connects to HOST:PORT" 127.0.0.1 127.0.0.1:%P
    ! has_localhost "it connects to a name" ||
        connects_to "it connects to a name, whichever of its addresses answers" 127.0.0.1 -w 30 localhost %P
    if has_ipv6 "it connects to an IPv6 address"; then
        connects_to "it connects to an IPv6 address" ::1 ::1 %P
        connects_to "it connects to [v6]:PORT" ::1 -w30 '[::1]:%P'
    fi
    printf 'a\nb\r\nc\000\032\377' >"$work/binary"
    nc_listens binary 127.0.0.1 "$work/binary"
    run_with "$work/binary" fercat 127.0.0.1 "$port"
    await "$process"
    check "no byte is translated on the way out" cmp "$work/binary.out" "$work/binary"
    check "... nor on the way in" cmp "$work/out" "$work/binary"
    nc_listens verbose 127.0.0.1 /dev/null -N
    run fercat -v 127.0.0.1 "$port"
    check "-v reports the connection" says "$work/err" "=connected to 127.0.0.1:$port"
    nc_listens ends 127.0.0.1 "$work/theirs" -N
    run_with "$work/open" fercat 127.0.0.1 "$port"
    expect "it ends after the peer's end, though standard input is open, with all that the peer sent" 0 out @theirs
    nc_listens silent 127.0.0.1 "$work/open"
    run_with "$work/open" fercat -w 1 127.0.0.1 "$port"
    expect "-w ends an idle connection" 3 err "=fercat: receive from 127.0.0.1:$port: TimedOut"
    check "... in its time (it took $took)" [ "$took" -lt 30 ]

    # The pauses are the test: slow input, one line after each pause. Nothing waits for a condition
    # by sleeping.
    nc_listens slow 127.0.0.1 "$work/open"
    began=$(date +%s)
    for line in 1 2 3 4 5 6 7 8 9; do
        echo "$line"
        sleep 0.8
    done | run_with /dev/stdin fercat -w 6 127.0.0.1 "$port"
    took=$(($(date +%s) - began))
    check "-w leaves a connection alone that moves in one direction" [ "$took" -ge 6 ]
    await "$process"
    check "... to its end" says "$work/slow.out" =9
    check "... without a message" says "$work/err" -

    if has socat "half-close"; then
        printf 'six b\n' >"$work/six"
        socat_listens half_close 'SYSTEM:cat >/dev/null; echo it ended' -t 30
        run_with "$work/six" fercat 127.0.0.1 "$port"
        expect "the end of standard input ends the sending half alone, and is no failure" 0 out '=it ended'
        socat_listens echo PIPE
        run_with "$work/ours" fercat 127.0.0.1 "$port"
        expect "it exchanges bytes with socat" 0 out @ours
        socat_listens silent_end "SYSTEM:exec 3<&-; exec cat $work/open" -t 30
        run_with "$work/ours" fercat -w 1 127.0.0.1 "$port"
        expect "-w ends an idle connection after the end of standard input too" 3
    fi
}

# listens INPUT ARGUMENT...: starts fercat with the file INPUT; its output is in fercat.out and
# fercat.err. Sets $fercat, $address and $port.
listens() {
    input=$1
    shift
    start fercat "$input" fercat "$@"
    fercat=$process
    find_line fercat.err 's/^listening on //p'
    address=$line
    port=${line##*:}
}

# listens_for SENTENCE HOST-FOR-NC ARGUMENT...: after the peer's end of file fercat reads standard
# input for one more second. So nc shuts down its write half after it has all bytes.
listens_for() {
    sentence=$1
    host=$2
    shift 2
    listens "$work/ours" "$@"
    : >"$work/nc.out"
    hold "$work/theirs" "$work/nc.out" "$(wc -c <"$work/ours")" | nc -n -N "$host" "$port" >>"$work/nc.out"
    await "$fercat"
    expect "$sentence" 0 nc.out @ours fercat.out @theirs
}

# An input that stays open, at the end of an idle peer.
idle_peer() {
    nc -n 127.0.0.1 "$port" <"$work/open" >"$work/nc.out" 3>&- &
    keep
}

test_fercat_listen() {
    need nc
    listens_for "it listens on HOST PORT" 127.0.0.1 -l 127.0.0.1 0
    listens_for "it listens on HOST:PORT" 127.0.0.1 -l 127.0.0.1:0
    listens_for "it listens on every address, for IPv4" 127.0.0.1 -l 0
    if has_ipv6 "it listens on IPv6"; then
        listens_for "it listens on every address, for IPv6" ::1 -l 0
        listens_for "it listens on an IPv6 address" ::1 -l ::1 0
        listens_for "it listens on [v6]:PORT" ::1 -l '[::1]:0'
    fi
    listens /dev/null -lv -w 20 127.0.0.1 0
    nc -n -N 127.0.0.1 "$port" <"$work/theirs" >"$work/nc.out"
    await "$fercat"
    check "-v reports the connection" says "$work/fercat.err" "~connection from $client"
    listens "$work/open" -l 127.0.0.1 0
    nc -n -N 127.0.0.1 "$port" <"$work/theirs" >"$work/nc.out"
    await "$fercat"
    expect "it ends after the peer's end, though standard input is open, with all that the peer sent" 0 fercat.out @theirs
    listens /dev/null -l -w 1 127.0.0.1 0
    idle_peer
    await "$fercat"
    expect "-w ends an idle connection" 3 fercat.err "~fercat: receive from $client: TimedOut"
    listens /dev/null -l 127.0.0.1 0
    interrupt "$fercat"
    expect "Ctrl-C ends an accept" 130 fercat.err '~fercat: listen on 127\.0\.0\.1:0: Cancelled'
    listens "$work/open" -lv 127.0.0.1 0
    idle_peer
    find_line fercat.err 's/^connection from /&/p'
    interrupt "$fercat"
    expect "Ctrl-C ends a read" 130 fercat.err "~fercat: receive from $client: Cancelled"

    listens "$work/ours" -lk 127.0.0.1 0
    for connection in 1 2 3; do
        echo "connection $connection" >"$work/line"
        : >"$work/nc.$connection"
        wanted=0
        [ "$connection" -ne 1 ] || wanted=$(wc -c <"$work/ours")
        hold "$work/line" "$work/nc.$connection" "$wanted" | nc -n -N 127.0.0.1 "$port" >>"$work/nc.$connection"
    done
    check "-k: the first connection gets standard input" cmp "$work/nc.1" "$work/ours"
    check "-k: a later one gets the end" says "$work/nc.3" -
    find_line fercat.out 's/^connection 3$/&/p'
    check "-k: each connection is received from" says "$work/fercat.out" '3*^connection [123]$'
    run fercat -l "$address"
    expect "an address in use is a failure" 1 err "~fercat: listen on $address: AddrInUse (os error [0-9]*)"
    check "-k: it still listens" kill "$fercat"
}

# fails CODE MESSAGE ARGUMENT...: fercat exits with CODE, and prints nothing but a line that the
# pattern MESSAGE matches, after its own name.
fails() {
    expected=$1
    pattern=$2
    shift 2
    run fercat "$@"
    expect "fercat $*" "$expected" err "~fercat: $pattern" out -
}

test_fercat_errors() {
    refused='ConnectionRefused (os error [0-9]*)'
    fails 1 "connect to 127\\.0\\.0\\.1:1: $refused" 127.0.0.1 1
    ! has_localhost "a refusal by name" || fails 1 "connect to localhost:1: $refused" -w 10 localhost:1
    ! has_ipv6 "a refusal by ::1" || fails 1 "connect to \\[::1\\]:1: $refused" ::1 1
    # Without a name server the lookup fails temporarily.
    fails 1 'connect to no-such-host\.invalid:80: \(HostNotFound\|ResolveTryAgain\) (os error -\{0,1\}[0-9]*)' no-such-host.invalid 80
    fails 1 'listen on 192\.0\.2\.1:0: AddrNotAvailable (os error [0-9]*)' -l 192.0.2.1 0
    unknown='an unknown option, or -w without a number of seconds'
    while IFS='|' read -r message arguments; do
        # shellcheck disable=SC2086 # words
        fails 2 "$message" $arguments
    done <<TABLE
connect to 127\\.0\\.0\\.1:99999: InvalidInput|127.0.0.1:99999
connect to 127\\.0\\.0\\.1:http: InvalidInput|127.0.0.1 http
connect to :80: InvalidInput|:80
HOST PORT or HOST:PORT is needed|
HOST PORT or HOST:PORT is needed|80
HOST PORT or HOST:PORT is needed|one two three
-k needs -l|-k 127.0.0.1 80
an unknown option.*|-x 127.0.0.1 80
$unknown|-w 0 127.0.0.1 80
$unknown|-w -1 127.0.0.1 80
$unknown|-w x 127.0.0.1 80
$unknown|-w 1x 127.0.0.1 80
$unknown|-w 99999999999999999999 127.0.0.1 80
$unknown|-w
TABLE
    run fercat -h
    expect "-h is no failure" 0 out '~exit code: 0 .*' err -

    has python3 "a reset, and a connect without an answer" || return 0
    peer_listens reset reset_listener
    fails 1 "[a-z]* [a-z]* 127\\.0\\.0\\.1:$port: ConnectionReset (os error [0-9]*)" 127.0.0.1 "$port"
    is_linux || return 0
    peer_listens silent silent
    fails 3 "connect to 127\\.0\\.0\\.1:$port: TimedOut" -w 1 127.0.0.1 "$port"
    is_native_linux || return 0
    # It connects, or is about to: the cancel ends both.
    start cancelled /dev/null fercat -v 127.0.0.1 "$port"
    fercat=$process
    check "it has a handler of Ctrl-C" wait_until has_handler "$fercat"
    interrupt "$fercat"
    expect "Ctrl-C ends a connect" 130 cancelled.err "~fercat: connect to 127\\.0\\.0\\.1:$port: Cancelled"
}

# Both ways at once, in both roles, byte for byte.
test_exchange() {
    need nc
    head -c "${1}000000" /dev/urandom >"$work/ours"
    head -c "${1}000000" /dev/urandom >"$work/theirs"
    # A listening nc exits at our end of file even if it has bytes to send. So our end of file comes
    # after all of them arrived.
    nc_listens nc 127.0.0.1 "$work/theirs" -N
    : >"$work/fercat.out"
    hold "$work/ours" "$work/fercat.out" "${1}000000" | (
        (example fercat -w 60 127.0.0.1 "$port" >>"$work/fercat.out") || echo "$?" >"$work/failed"
    )
    await "$process"
    check "fercat connects" [ ! -e "$work/failed" ]
    check "... every byte arrived there" cmp "$work/nc.out" "$work/ours"
    check "... and every byte arrived here" cmp "$work/fercat.out" "$work/theirs"

    # Here each side shuts down its write half after its last byte; the other continues to send.
    listens "$work/ours" -l -w 60 127.0.0.1 0
    nc -n -N 127.0.0.1 "$port" <"$work/theirs" >"$work/nc.out"
    await "$fercat"
    expect "fercat listens" 0 nc.out @ours fercat.out @theirs
}

shift 3
"test_$test_name" "$@"
finish
