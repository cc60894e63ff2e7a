#!/bin/sh
# Runs an example against a peer that is not ferrule: nc or socat.
# usage: examples_test.sh EXAMPLE PROGRAM [EMULATOR]
# Exit code 77: the peer is not installed.
set -eu
example=$1
program=$2
emulator=${3:-}
work=$(mktemp -d)
pids=

clean_up() {
    # shellcheck disable=SC2086 # one word a process
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

complain() {
    echo "examples_test: $*" >&2
    for file in "$work"/*.txt; do
        echo "-- $(basename "$file"):" >&2
        head -c 2000 "$file" >&2
    done
    exit 1
}

need() {
    command -v "$1" >/dev/null 2>&1 || { echo "there is no $1 here"; exit 77; }
}

# The example, under the emulator where it is one of another system's. Never for ever.
run() { timeout 50 ${emulator:+"$emulator"} "$program" "$@"; }

# wait_for FILE PATTERN: prints what is behind the pattern in a whole line of the file.
wait_for() {
    tries=0
    while [ "$tries" -lt 300 ]; do
        found=$(tr -d '\r' <"$1" | while IFS= read -r line; do printf '%s\n' "$line"; done | sed -n "s/^.*$2//p" | head -n 1)
        [ -z "$found" ] || { printf '%s\n' "$found"; return 0; }
        tries=$((tries + 1))
        sleep 0.1
    done
    complain "no line with '$2' came"
}

# start_socat ARGUMENT...: starts it and sets port to the one that it listens on.
start_socat() {
    socat -d -d "$@" 2>"$work/socat.txt" &
    pids="$pids $!"
    port=$(wait_for "$work/socat.txt" 'listening on AF=2 127\.0\.0\.1:')
}

# nc sends a text and must get the same back; twice, for the server goes on after a client.
test_relay_server() {
    need nc
    : >"$work/server.txt"
    run --clients 2 127.0.0.1:0 >"$work/server.txt" 2>&1 </dev/null &
    server=$!
    pids="$pids $server"
    address=$(wait_for "$work/server.txt" 'listening on ')
    awk 'BEGIN { for (i = 0; i < 20000; i++) print "line " i }' >"$work/sent.data"
    printf 'short' >"$work/short.data"
    for sent in "$work/sent.data" "$work/short.data"; do
        timeout 40 nc -N "${address%:*}" "${address##*:}" <"$sent" >"$work/got.data" || complain "nc failed"
        cmp "$sent" "$work/got.data" || complain "the relay sent back something else"
    done
    wait "$server" || complain "the server ended with $?"
    [ "$(grep -c 'Client disconnected' "$work/server.txt")" -eq 2 ] || complain "the server did not see both clients leave"
}

# socat echoes; the client must get its words back.
test_relay_client() {
    need socat
    start_socat TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat
    run "127.0.0.1:$port" "a message" "another one" >"$work/client.txt" 2>&1 </dev/null || complain "the client ended with $?"
    for words in "a message" "another one"; do
        grep -q "Got reply from host: $words" "$work/client.txt" || complain "no reply to: $words"
    done
    # Nobody listens there any more: an error with its kind's words, and exit code 1.
    code=0
    run "127.0.0.1:$port" >"$work/refused.txt" 2>&1 </dev/null || code=$?
    [ "$code" -eq 1 ] || complain "without a server the client ended with $code"
    grep -q 'connection refused (os error [0-9]*)' "$work/refused.txt" || complain "without a server: what does it say?"
}

case $example in
    relay_server) test_relay_server ;;
    relay_client) test_relay_client ;;
    *) echo "examples_test: $example?" >&2; exit 2 ;;
esac
echo "examples_test: $example does what it should"
