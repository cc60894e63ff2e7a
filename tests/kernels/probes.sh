#!/bin/sh
# Runs each probe of the self-test in a process of its own, and prints the results as cmocka does. A
# probe fails if the system is not as the library believes, or if the probe does not end.
# usage: probes.sh SELFTEST
set -eu
output=$(mktemp)
trap 'rm -f "$output"' EXIT
failures=0
count=0

for probe in $("$1" --probes); do
    count=$((count + 1))
    printf '[ RUN      ] %s\n' "$probe"
    code=0
    timeout -s KILL 60 "$1" --probe "$probe" >"$output" 2>&1 </dev/null || code=$?
    if [ "$code" -ne 0 ] || grep -q '^=differs' "$output" || ! grep -q '^=' "$output"; then
        sed 's/^=//' "$output"
        printf 'exit code %s\n[  FAILED  ] %s\n' "$code" "$probe"
        failures=$((failures + 1))
    elif grep -q '^=absent' "$output"; then
        sed -n 's/^=seen /[  REASON  ] /p' "$output" | tail -n 1
        printf '[  SKIPPED ] %s\n' "$probe"
    else
        printf '[       OK ] %s\n' "$probe"
    fi
done
[ "$count" -gt 0 ] || { echo "probes.sh: $1 has no probe" >&2; exit 1; }
[ "$failures" -eq 0 ]
