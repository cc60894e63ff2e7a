#!/bin/sh
# Checks that ferrule_selftest has a probe for each fact (each member of struct ferp_traits).
# usage: check_probes.sh ROOT
set -eu
cd "$1"

facts=$(awk '/^struct ferp_traits \{/ { inside = 1; next } /^\};/ { inside = 0 }
    inside && /^    [a-z0-9_]+ [a-z0-9_]+;/ { sub(/;.*/, "", $2); print $2 }' platform/platform.h 2>/dev/null || true)
[ -n "$facts" ] || { echo "check_probes: no fact was found in $1" >&2; exit 1; }

bad=0
for fact in $facts; do
    if ! grep -q "^PROBE($fact, " tests/selftest/probes_*.c; then
        echo "platform/platform.h: the fact $fact has no probe in tests/selftest/probes_traits.c"
        bad=1
    fi
done
[ "$bad" -eq 0 ] || exit 1
echo "check_probes: $(printf '%s\n' "$facts" | wc -l | tr -d ' ') facts, each with its probe"
