#!/bin/sh
# Runs examples/udp_echo: as a server against socat, and as a client against itself.
# usage: examples_udp_echo.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need socat

# serve NAME ADDRESS [LOST]: starts the server in the background, its output in NAME.out. Sets
# $port.
serve() {
    server=$1
    shift
    (example udp_echo serve "$@" </dev/null >"$work/$server.out" 2>"$work/$server.err") &
    keep
    find_line "$work/$server.out" 's/^Listening on .*:\([0-9][0-9]*\)$/\1/p'
    port=$line
}

# ask [ARGUMENT...]: runs the client; sets $code. Its output is in ask.out and ask.err.
ask() { run_example ask udp_echo ask "$@" </dev/null; }

serve plain 127.0.0.1:0
printf 'from socat' | socat -t 10 - "UDP4:127.0.0.1:$port,shut-none" >"$work/socat.out" &
keep
find_line "$work/plain.out" 's/^\(Answered 127.0.0.1:[0-9]*\)$/\1/p'
check "it answers socat" [ -n "$line" ]
ask "127.0.0.1:$port" 'is there anybody'
check "it is answered" [ "$code" -eq 0 ]
check "... with its own words" file_matches "$work/ask.out" 'Answer is there anybody, asked [1-5] times'
if knows_localhost; then
    ask "localhost:$port" 'by name'
    check "it finds the host by name" file_matches "$work/ask.out" 'Answer by name, asked [1-5] times'
else
    echo "$script: skipped, because localhost does not resolve here: it finds the host by name"
fi
check "socat got its own words back" wait_until grep -qx 'from socat' "$work/socat.out"

serve lossy 127.0.0.1:0 2
ask "127.0.0.1:$port" 'once more'
check "it asks again when an answer is missing" file_matches "$work/ask.out" 'Answer once more, asked [3-5] times'
check "... which the other side has seen twice before" [ "$(grep -c '^Lost one of 127.0.0.1:' "$work/lossy.out")" -eq 2 ]

serve deaf 127.0.0.1:0 100
ask "127.0.0.1:$port" 'hello'
check "it gives up after the fifth time" [ "$code" -eq 1 ]
check "... with the reason" file_has "$work/ask.err" "127.0.0.1:$port: timed out"
find_line "$work/deaf.out" '6s/^Lost one of .*$/&/p'
check "... having asked five times" [ "$(grep -c '^Lost one of' "$work/deaf.out")" -eq 5 ]

ask nonsense hello
check "no address is an error" file_has "$work/ask.err" 'nonsense: invalid input parameter'
ask
check "no argument is wrong usage" [ "$code" -eq 2 ]
finish
