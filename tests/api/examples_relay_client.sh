#!/bin/sh
# Runs examples/relay_client against socat's echo, and against peers that do it wrong.
# usage: examples_relay_client.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc socat

# run_client [ARGUMENT...]: $code; what it says is in client.out and client.err.
run_client() {
    code=0
    (example relay_client "$@" </dev/null >"$work/client.out" 2>"$work/client.err") || code=$?
}

socat_listens echo PIPE
run_client "127.0.0.1:$port"
check "it ends well" [ "$code" -eq 0 ]
check "it says Hello!" file_has "$work/client.out" 'Got reply from host: Hello!'
check "... and how long that is" file_has "$work/client.out" 'Wrote 6 bytes'
check "... and where it is connected" file_has "$work/client.out" "Connected to 127.0.0.1:$port"
await "$process"
check "the host saw an orderly end" [ "$code" -eq 0 ]

socat_listens pieces PIPE -b1
host=127.0.0.1
! knows_localhost || host=localhost
run_client "$host:$port" 'a reply in many pieces' '' 'and a second one'
check "it finds the host (as $host), and puts replies together" file_has "$work/client.out" 'Got reply from host: a reply in many pieces'
check "it sends an empty message" file_has "$work/client.out" 'Got reply from host: '
check "it sends each message" file_has "$work/client.out" 'Got reply from host: and a second one'
check "... and ends well" [ "$code" -eq 0 ]

long=$(seq 1 4000 | tr '\n' ' ')
socat_listens long PIPE
run_client "127.0.0.1:$port" "$long"
tr -d '\r' <"$work/client.out" | sed -n 's/^Got reply from host: //p' | tr -d '\n' >"$work/long.got"
printf '%s' "$long" >"$work/long.sent"
check "a long message comes back whole" cmp "$work/long.got" "$work/long.sent"

printf 'Hel' >"$work/part.txt"
nc_listens early 127.0.0.1 -N <"$work/part.txt"
run_client "127.0.0.1:$port"
check "a host that ends too early is an error" [ "$code" -eq 1 ]
check "... with the reason" file_has "$work/client.err" "127.0.0.1:$port: unexpected end of file"

printf 'Hello!and more' >"$work/more.txt"
nc_listens more 127.0.0.1 -N <"$work/more.txt"
run_client "127.0.0.1:$port"
check "a host that sends too much is told of" file_has "$work/client.out" 'The host sent 8 bytes too many'

mkfifo "$work/silence"
exec 3<>"$work/silence"
nc_listens silent 127.0.0.1 <&3
began=$(date +%s)
run_client "127.0.0.1:$port"
took=$(($(date +%s) - began))
exec 3>&-
check "a host that is silent is given up" [ "$code" -eq 1 ]
check "... with the reason" file_has "$work/client.err" "127.0.0.1:$port: timed out"
check "... after five seconds (it took $took)" [ "$took" -ge 4 ]

run_client 127.0.0.1:1
check "a refused connection is an error" [ "$code" -eq 1 ]
check "... with the reason and the system's number" file_matches "$work/client.err" '127\.0\.0\.1:1: connection refused (os error [0-9]*)'
run_client nonsense
check "no address is an error" file_has "$work/client.err" 'nonsense: invalid input parameter'
run_client
check "no argument is wrong usage" [ "$code" -eq 2 ]

if has_ipv6; then
    nc_listens six ::1 -N <"$work/more.txt"
    run_client "[::1]:$port"
    check "it works over IPv6" file_has "$work/client.out" 'Got reply from host: Hello!'
else
    echo "$script: left out, for there is no ::1 here: it works over IPv6"
fi
finish
