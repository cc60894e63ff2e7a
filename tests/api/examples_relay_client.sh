#!/bin/sh
# Runs examples/relay_client against socat's echo, against faulty peers, and against a relay_server
# that exits and restarts.
# usage: examples_relay_client.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc socat

# run_client [ARGUMENT...]: runs the client with the caller's input; sets $code. Its output is in
# client.out and client.err.
run_client() { run_example client relay_client "$@"; }

# output_is FILE: checks the client's output byte for byte.
output_is() { cmp "$work/client.out" "$1"; }

printf 'Hello!' >"$work/hello.txt"
socat_listens echo PIPE
run_client "127.0.0.1:$port" <"$work/hello.txt"
check "it ends well" [ "$code" -eq 0 ]
check "what it sent comes back" output_is "$work/hello.txt"
check "it prints the peer's address" file_has "$work/client.err" "Connected to 127.0.0.1:$port"
await "$process"
check "the host saw an orderly end" [ "$code" -eq 0 ]

printf 'a message\n\nand another one\n' >"$work/messages.txt"
socat_listens pieces PIPE -b1
host=127.0.0.1
! knows_localhost || host=localhost
run_client "$host:$port" 'a message' '' 'and another one' </dev/null
check "it finds the host (as $host), and sends each message as a line" output_is "$work/messages.txt"
check "... and ends well" [ "$code" -eq 0 ]

seq 1 40000 >"$work/long.txt"
socat_listens long PIPE
run_client "127.0.0.1:$port" <"$work/long.txt"
check "much input comes back whole" output_is "$work/long.txt"
socat_listens argument PIPE
run_client "127.0.0.1:$port" "$(head -n 5000 "$work/long.txt")" </dev/null
head -n 5000 "$work/long.txt" >"$work/argument.txt"
check "a long message does, too" output_is "$work/argument.txt"

printf 'a word of the host' >"$work/word.txt"
# The host ends after the client: a host that ends before it reads end of file counts as a lost
# connection.
nc_listens word 127.0.0.1 <"$work/word.txt"
run_client "127.0.0.1:$port" </dev/null
check "without input it writes what the host says" output_is "$work/word.txt"
check "... and ends well" [ "$code" -eq 0 ]

nc_listens silent 127.0.0.1 </dev/null
kill -STOP "$process" # the system accepts the client, and no program serves it
began=$(date +%s)
run_client "127.0.0.1:$port" <"$work/hello.txt"
took=$(($(date +%s) - began))
kill -CONT "$process"
check "a host that is silent is given up" [ "$code" -eq 1 ]
check "... with the reason" file_has "$work/client.err" "127.0.0.1:$port: timed out"
check "... after five seconds (it took $took)" [ "$took" -ge 4 ]

run_client --attempts 3 127.0.0.1:1 </dev/null
check "a refused connection is an error" [ "$code" -eq 1 ]
check "... with the reason and the system's number" file_matches "$work/client.err" '127\.0\.0\.1:1: connection refused (os error [0-9]*)'
check "... after so many attempts" [ "$(grep -c 'connection refused' "$work/client.err")" -eq 3 ]
check "... with pauses between them" [ "$(grep -c '^again in [0-9]* ms' "$work/client.err")" -eq 2 ]
run_client nonsense </dev/null
check "no address is an error" file_has "$work/client.err" 'nonsense: invalid input parameter'
check "... at once" [ "$(wc -l <"$work/client.err")" -eq 1 ]
for arguments in '' '--attempts' '--attempts 3' '--attempts x 127.0.0.1:1' '--other 127.0.0.1:1'; do
    # shellcheck disable=SC2086 # words
    run_client $arguments </dev/null
    check "wrong usage: $arguments" [ "$code" -eq 2 ]
done

# An address that no other program uses, if the loopback has several: the port is free for a moment,
# and must not be taken.
own=127.0.0.1
[ "$(uname -s)" != Linux ] || own=127.77.$(($$ / 250 % 250)).$(($$ % 250 + 1))
mkfifo "$work/input"
start_listener relay_server server "$own:0" 3>&-
exec 3<>"$work/input" # held open: the client's input ends when this is closed, too
example relay_client --attempts 0 "$address" <"$work/input" >"$work/back.out" 2>"$work/back.err" 3>&- &
keep
client=$process
echo 'before' >&3
find_line "$work/back.out" 's/^before$/&/p'
kill -INT "$server"
await "$server"
check "the relay ends" [ "$code" -eq 0 ]
find_line "$work/back.err" 's/^again in [0-9]* ms$/&/p'
start_listener relay_server server "$address" 3>&-
echo 'after' >&3
find_line "$work/back.out" 's/^after$/&/p'
check "a client comes back to a relay that comes back" [ "$line" = after ]
exec 3>&-
await "$client"
check "... and ends well with its input" [ "$code" -eq 0 ]
check "... connected twice" [ "$(grep -c '^Connected to' "$work/back.err")" -eq 2 ]

if has_ipv6; then
    nc_listens six ::1 <"$work/word.txt"
    run_client "[::1]:$port" </dev/null
    check "it works over IPv6" output_is "$work/word.txt"
else
    echo "$script: left out, for there is no ::1 here: it works over IPv6"
fi
finish
