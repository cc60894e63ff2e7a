#!/bin/sh
# Runs examples/fercat as the connecting end, against nc and socat.
# usage: examples_fercat_connect.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc

# run_fercat [ARGUMENT...]: runs fercat with the caller's input; sets $code and $took. Its output is
# in fercat.out and fercat.err.
run_fercat() {
    began=$(date +%s)
    run_example fercat fercat "$@"
    took=$(($(date +%s) - began))
}

# A listening nc exits at our end of file even if it has bytes to send: they must fit its buffer of
# 16 KiB. Without -N it does not exit earlier: after the peer's end of file fercat reads standard
# input for one more second.
seq 1 2000 >"$work/ours.txt"
seq 5000 8000 >"$work/theirs.txt"

# exchange NAME HOST-OF-THE-LISTENER: nc listens on the host; fercat connects with the arguments in
# $arguments (%P is the port).
exchange() {
    nc_listens peer "$2" <"$work/theirs.txt"
    # shellcheck disable=SC2046 # words
    run_fercat $(printf '%s' "$arguments" | sed "s/%P/$port/g") <"$work/ours.txt"
    check "$1" [ "$code" -eq 0 ]
    await "$process"
    check "... our bytes arrived" cmp "$work/peer.out" "$work/ours.txt"
    check "... and theirs did" cmp "$work/fercat.out" "$work/theirs.txt"
    check "... without a word on standard error" is_empty "$work/fercat.err"
}

arguments='127.0.0.1 %P' && exchange "it connects to HOST PORT" 127.0.0.1
arguments='127.0.0.1:%P' && exchange "it connects to HOST:PORT" 127.0.0.1
if knows_localhost; then
    arguments='-w 30 localhost %P' && exchange "it connects to a name, whichever of its addresses answers" 127.0.0.1
else
    echo "$script: left out, for localhost is unknown here: it connects to a name"
fi
if has_ipv6; then
    arguments='::1 %P' && exchange "it connects to an IPv6 address" ::1
    arguments='-w30 [::1]:%P' && exchange "it connects to [v6]:PORT" ::1
else
    echo "$script: left out, for there is no ::1 here: it connects to an IPv6 address"
fi

printf 'a\nb\r\nc\000\032\377' >"$work/binary.txt"
nc_listens binary 127.0.0.1 <"$work/binary.txt"
run_fercat 127.0.0.1 "$port" <"$work/binary.txt"
await "$process"
check "no byte is translated on the way out" cmp "$work/binary.out" "$work/binary.txt"
check "... nor on the way in" cmp "$work/fercat.out" "$work/binary.txt"

nc_listens verbose 127.0.0.1 -N </dev/null
run_fercat -v 127.0.0.1 "$port" </dev/null
check "-v reports the connection" file_has "$work/fercat.err" "connected to 127.0.0.1:$port"

mkfifo "$work/open_input"
exec 3<>"$work/open_input"
nc_listens ends 127.0.0.1 -N <"$work/theirs.txt"
run_fercat 127.0.0.1 "$port" <&3
check "it ends after the peer's end, though standard input is open" [ "$code" -eq 0 ]
check "... with all that the peer sent" cmp "$work/fercat.out" "$work/theirs.txt"

nc_listens silent 127.0.0.1 <&3
run_fercat -w 1 127.0.0.1 "$port" <&3
check "-w ends an idle connection" [ "$code" -eq 3 ]
check "... with the reason" file_has "$work/fercat.err" "fercat: receive from 127.0.0.1:$port: TimedOut"
check "... in its time (it took $took)" [ "$took" -lt 30 ]

# The pauses are the test: slow input, one line after each pause. Nothing waits for a condition by
# sleeping.
nc_listens slow 127.0.0.1 <&3
began=$(date +%s)
for line in 1 2 3 4 5 6 7 8 9; do
    echo "$line"
    sleep 0.8
done | run_fercat -w 6 127.0.0.1 "$port"
took=$(($(date +%s) - began))
check "-w leaves a connection alone that moves in one direction" [ "$took" -ge 6 ]
await "$process"
check "... to its end" file_has "$work/slow.out" 9
check "... without a word" is_empty "$work/fercat.err"

if ! without socat "half-close"; then
    printf 'six b\n' >"$work/six.txt"
    socat_listens half_close 'SYSTEM:cat >/dev/null; echo it ended' -t 30
    run_fercat 127.0.0.1 "$port" <"$work/six.txt"
    check "the end of standard input ends the sending half alone" file_has "$work/fercat.out" 'it ended'
    check "... and is no failure" [ "$code" -eq 0 ]

    socat_listens echo PIPE
    run_fercat 127.0.0.1 "$port" <"$work/ours.txt"
    check "it exchanges bytes with socat" cmp "$work/fercat.out" "$work/ours.txt"

    socat_listens silent_end "SYSTEM:exec 3<&-; exec cat $work/open_input" -t 30
    run_fercat -w 1 127.0.0.1 "$port" <"$work/ours.txt"
    check "-w ends an idle connection after the end of standard input too" [ "$code" -eq 3 ]
fi
exec 3>&-
finish
