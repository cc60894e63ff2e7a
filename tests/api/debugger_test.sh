#!/bin/sh
# Tests packaging/debug: gdb shows the handles of a program by name. Skipped without gdb (exit code
# 77).
# usage: debugger_test.sh ROOT CC LIBRARY
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v gdb >/dev/null || { echo "skipped: gdb is not installed"; exit 77; }
"$2" -std=c11 -g -O0 -Iinclude tests/api/debug_client.c "$3" -pthread -o "$work/client"
gdb -nx -batch -ex "source packaging/debug/ferrule_debug.py" -ex 'break stop_here' -ex run \
    -ex 'print stream->handle_' -ex up -ex 'print addrs' -ex 'print addrs[0].ip' -ex 'print durations' \
    -ex 'print token' -ex 'print poller' -ex 'print event.interest' \
    -ex continue -ex 'print stream->handle_' -ex continue \
    -ex 'print stream->handle_' -ex continue -ex 'print stream->handle_' "$work/client" \
    >"$work/output" 2>&1 </dev/null || true
sed -n 's/^\$[0-9]* = //p' "$work/output" | sed 's/raw = [0-9-]*/raw = N/; s/([0-9]*)/(N)/' >"$work/shown"
cat >"$work/expected" <<'TEXT'
{phase = NEW, ends = 0, saved error = FER_OK, raw = N}
{127.0.0.1:80, [fe80::1%2]:443}
127.0.0.1
{1.5 s, FER_DURATION_NONE}
{state = OPEN}
{state = OPEN, notified = 0}
READABLE | FAILED
{phase = OPEN, ends = 0, saved error = FER_OK, raw = N}
{phase = OPEN, ends = SHUT_WRITE, saved error = FER_CONNECTION_RESET (N), raw = N}
{phase = CLOSED, ends = 0, saved error = FER_OK, raw = N}
TEXT
if ! cmp -s "$work/shown" "$work/expected"; then
    echo "debugger_test: gdb shows other lines than expected:"
    diff "$work/expected" "$work/shown" || cat "$work/output"
    exit 1
fi
