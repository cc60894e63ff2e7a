#!/bin/sh
# Checks the objects of the static library:
# - only the seam's memory functions use the heap;
# - only the resolver and lookups within limits use threads, so that other programs link none;
# - every global name begins with fer_, feri_ or ferp_;
# - core has no writable global, and calls only core, the seam and the <string.h> functions;
# - no two objects of core need each other.
# usage: check_archive.sh NM OBJECT...
set -eu
nm=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

core=0
for object in "$@"; do
    layer=other
    case $object in
        */core/*) layer=core; core=$((core + 1)) ;;
    esac
    "$nm" "$object" >"$work/one"
    sed "s|^|$layer $(basename "$object") |" "$work/one" >>"$work/symbols"
done
[ "$core" -gt 0 ] || { echo "check_archive: no object of core was given" >&2; exit 1; }

# nm prints `value letter name`, and `letter name` for what is undefined.
awk '
function complain(text) { printf "%s: %s\n", $2, text; bad = 1 }
{ letter = $(NF - 1); name = $NF }
$2 !~ /^memory\.c\.o(bj)?$/ && letter == "U" && name ~ /^(__imp_)?(malloc|calloc|realloc|free|reallocarray|aligned_alloc|strdup|alloca)$/ { complain("uses the heap: " name) }
$1 == "core" && $2 !~ /^(lookup_pool|resolver|connect_with|connector)\.c\.o(bj)?$/ && letter == "U" &&
    name ~ /^(ferp_(thread|mutex|cond)_|fer_(resolver|lookup)_(new|start|start_host|take_completed|wait|close)$|feri_lookup_(start|take|within)$)/ { complain("needs threads: " name) }
$1 == "core" && letter == "U" && name !~ /^(fer|feri|ferp)_/ &&
    name !~ /^(memcpy|memmove|memset|memcmp|memchr|strlen|strnlen|strchr|___chkstk_ms|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$/ { complain("core calls " name) }
$1 == "core" && letter ~ /^[BbCDdGgSs]$/ && name !~ /^\./ && name !~ /\.local$/ { complain("core has a writable global: " name) }
letter ~ /^[TDBRC]$/ && name !~ /^(fer|feri|ferp)_/ && name !~ /^(\.|__x86\.)/ { complain("a global name without our prefix: " name) }
END { exit bad }
' "$work/symbols"

# Each line: an object, and one whose function it calls. tsort reports the circles.
awk '
$1 != "core" { next }
{ letter = $(NF - 1); name = $NF }
letter == "T" { defined_in[name] = $2 }
letter == "U" { uses[$2 " " name] = 1 }
END {
    for (use in uses) {
        split(use, part, " ")
        if (part[2] in defined_in) print part[1], defined_in[part[2]]
    }
}' "$work/symbols" >"$work/calls"
if ! tsort "$work/calls" >/dev/null 2>"$work/circles"; then
    echo "objects of core need each other:"
    sed 's/^tsort: //' "$work/circles"
    exit 1
fi
echo "check_archive: $# objects, $core of core; the heap only in the seam, and no other global names"
