#!/bin/sh
# Runs examples/happy against nc, and against a listener that does not answer.
# usage: examples_happy.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc

# connect [ARGUMENT...]: runs happy; sets $code. Its output is in happy.out and happy.err.
connect() { run_example happy happy "$@" </dev/null; }

nc_listens v4 127.0.0.1 </dev/null
connect "127.0.0.1:$port"
check "it connects to an address" [ "$code" -eq 0 ]
check "... which it prints" file_matches "$work/happy.out" "127\\.0\\.0\\.1:$port: connected from 127\\.0\\.0\\.1:[0-9]*, [0-9]* ms after the start"
check "... without a failure" [ "$(wc -l <"$work/happy.out")" -eq 1 ]

if knows_localhost; then
    nc_listens name 127.0.0.1 </dev/null
    connect "localhost:$port"
    check "it connects to a name, whichever of its addresses answers" [ "$code" -eq 0 ]
    connect localhost:1
    check "a refusal by all addresses is a failure" [ "$code" -eq 1 ]
    check "... with each address, its time and its failure" file_matches "$work/happy.out" '127\.0\.0\.1:1: failed after [0-9]* ms: connection refused (os error [0-9]*)'
    check "... and the reason" file_matches "$work/happy.err" 'localhost:1: connection refused (os error [0-9]*)'
fi

connect no-host.invalid:80
check "a name without an address is a failure" [ "$code" -eq 1 ]
check "... before any attempt" is_empty "$work/happy.out"
for arguments in '' '--help' '-w 0 127.0.0.1:1' '-x 1 127.0.0.1:1' '127.0.0.1:1 more' '-w'; do
    # shellcheck disable=SC2086 # words
    connect $arguments
    check "wrong usage: $arguments" [ "$code" -eq 2 ]
done

if ! without python3 "the limits, and Ctrl-C" && [ "$(uname)" = Linux ]; then
    listen_silently
    connect -w 1 "127.0.0.1:$port"
    check "-w limits everything together" [ "$code" -eq 1 ]
    check "... with the reason" file_has "$work/happy.err" "127.0.0.1:$port: timed out"
    connect -t 200 "127.0.0.1:$port"
    check "-t limits an attempt" [ "$code" -eq 1 ]
    check "... and reports it" file_matches "$work/happy.out" "127\\.0\\.0\\.1:$port: failed after [0-9]* ms: timed out"
    if [ -n "$emulator" ]; then
        finish
        exit 0
    fi
    example happy -w 600 "127.0.0.1:$port" </dev/null >"$work/happy.out" 2>"$work/happy.err" &
    keep
    happy=$process
    check "Ctrl-C ends it" wait_until has_handler "$happy"
    interrupt "$happy"
    check "... as a failure" [ "$code" -eq 1 ]
    check "... with the reason" file_has "$work/happy.err" "127.0.0.1:$port: cancelled"
fi
finish
