#!/bin/sh
# Checks that packaging/debug shows handles by name: its names are those of the tables of core, and
# gdb prints them for a program. Without gdb the second half is skipped (exit code 77).
# usage: check_debugger.sh ROOT CC LIBRARY
set -eu
cd "$1"
printers=packaging/debug/ferrule_debug.py
natvis=packaging/debug/ferrule.natvis
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# names LIST FILE: the names of an X macro.
names() { sed -n "/^#define FERI_$1(X)/,/[^\\\\]\$/s/.*X(\\([A-Z0-9_]*\\).*/\\1/p" "$2"; }

# listed LIST: the names of a tuple of the printers.
listed() {
    awk -v start="$1 = (" 'index($0, start) == 1 { inside = 1 } inside; /\)$/ { inside = 0 }' \
        "$printers" | grep -o '"[A-Z0-9_]*"' | tr -d '"'
}

for list in PHASES READ_HALVES WRITE_HALVES FLAGS; do
    file=core/handle/stream_state.h
    [ "$list" != FLAGS ] || file=core/handle/handle.h
    names "$list" "$file" >"$work/names"
    listed "$list" >"$work/listed"
    if [ ! -s "$work/names" ] || ! cmp -s "$work/names" "$work/listed"; then
        echo "check_debugger: $printers: $list is not the list of $file"
        bad=1
    fi
    [ "$list" != FLAGS ] || continue
    while read -r name; do
        grep -q "[>{]${name}[,}<]" "$natvis" || { echo "check_debugger: $natvis has no $name"; bad=1; }
    done <"$work/names"
done
[ "$bad" -eq 0 ] || exit 1

command -v gdb >/dev/null || { echo "skipped: gdb is not installed"; exit 77; }
"$2" -std=c11 -g -O0 -Iinclude tests/api/debug_client.c "$3" -pthread -o "$work/client"
gdb -nx -batch -ex "source $printers" -ex 'break stop_here' -ex run \
    -ex 'print stream->handle_' -ex continue -ex 'print stream->handle_' -ex continue \
    -ex 'print stream->handle_' -ex continue -ex 'print stream->handle_' "$work/client" \
    >"$work/output" 2>&1 </dev/null || true
sed -n 's/^\$[0-9]* = //p' "$work/output" | sed 's/raw = [0-9-]*/raw = N/; s/([0-9]*)/(N)/' >"$work/shown"
cat >"$work/expected" <<'TEXT'
{phase = NEW, read = OPEN, write = OPEN, saved error = FER_OK, raw = N}
{phase = OPEN, read = OPEN, write = OPEN, saved error = FER_OK, raw = N}
{phase = OPEN, read = RESET, write = GONE, saved error = FER_CONNECTION_RESET (N), end seen, raw = N}
{phase = CLOSED, read = OPEN, write = OPEN, saved error = FER_OK, raw = N}
TEXT
if ! cmp -s "$work/shown" "$work/expected"; then
    echo "check_debugger: gdb shows other lines than expected:"
    diff "$work/expected" "$work/shown" || cat "$work/output"
    exit 1
fi
