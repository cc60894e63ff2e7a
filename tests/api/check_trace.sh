#!/bin/sh
# Checks the trace of the seam (cmake/FerruleTrace.cmake): every function that a header in platform/
# declares is traced, or is in ferrule_untraced because it makes no system
# call; every name there is declared; and the given objects of core, which were compiled for the
# trace, call no traced function directly.
# usage: check_trace.sh ROOT CMAKE [NM OBJECT...]
set -eu
root=$1
cmake=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -n '/^static /d; s/^[a-z][^(]*[ *]\(ferp_[a-z0-9_]*\)(.*/\1/p' "$root"/platform/*.h | LC_ALL=C sort >"$work/declared"
[ -s "$work/declared" ] || { echo "check_trace: no function is declared in $root/platform" >&2; exit 1; }

"$cmake" -D "OUT=$work" -P "$root/cmake/FerruleTrace.cmake"
sed -n 's/^#define \(ferp_[a-z0-9_]*\)(.*/\1/p' "$work/trace_names.h" | LC_ALL=C sort >"$work/traced"
sed -n '/^set(ferrule_untraced/,/)/p' "$root/cmake/FerruleTrace.cmake" | tr ' ()' '\n\n\n' |
    sed -n '/^set$/d; /^ferrule_untraced$/d; s/^[a-z0-9_][a-z0-9_]*$/ferp_&/p' | LC_ALL=C sort >"$work/untraced"
LC_ALL=C sort "$work/traced" "$work/untraced" >"$work/known"

bad=0
# complain FILE TEXT: prints TEXT with each line of FILE.
complain() {
    while read -r name; do
        echo "$name: $2"
        bad=1
    done <"$1"
}
LC_ALL=C comm -23 "$work/declared" "$work/known" >"$work/one"
complain "$work/one" "it is neither traced nor in ferrule_untraced"
LC_ALL=C comm -13 "$work/declared" "$work/known" >"$work/one"
complain "$work/one" "cmake/FerruleTrace.cmake has it, and the seam does not declare it"
LC_ALL=C comm -12 "$work/traced" "$work/untraced" >"$work/one"
complain "$work/one" "it is traced and in ferrule_untraced"

if [ $# -gt 0 ]; then
    nm=$1
    shift
    "$nm" "$@" | sed -n 's/^ *U _*\(ferp_[a-z0-9_]*\)$/\1/p' | LC_ALL=C sort -u >"$work/called"
    LC_ALL=C comm -12 "$work/called" "$work/traced" >"$work/one"
    complain "$work/one" "core calls it without a trace"
    grep -q '^ferp_trace_' "$work/called" || { echo "check_trace: no object calls a traced function" >&2; exit 1; }
fi
[ "$bad" -eq 0 ] || exit 1
echo "check_trace: $(wc -l <"$work/traced") functions are traced"
