#!/bin/sh
# Checks the interface of the shared library: it exports exactly the public functions, on ELF all
# with the version FERRULE_x of its soname, and needs only the C library and the system's sockets.
# usage: check_exports.sh ROOT LIBRARY NM OBJDUMP
set -eu
root=$1
library=$2
nm=$3
objdump=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $library in
    *.dll)
        "$objdump" -p "$library" |
            awk '/^\[Ordinal\/Name Pointer\] Table/ { on = 1; next } on && /^$/ { on = 0 } on && /^[ \t]*\[/ { print $NF }' |
            LC_ALL=C sort >"$work/shown"
        ;;
    *)
        "$nm" -D --defined-only "$library" >"$work/symbols"
        awk '$NF !~ /^FERRULE_/ { sub(/@.*/, "", $NF); print $NF }' "$work/symbols" | LC_ALL=C sort >"$work/shown"
        ;;
esac
[ -s "$work/shown" ] || { echo "check_exports: $library shows nothing at all" >&2; exit 1; }

bad=0
if grep -v '^fer_[a-z0-9_]*$' "$work/shown" >"$work/alien"; then
    sed 's/$/ is shown, and is not fer_/' "$work/alien"
    bad=1
fi
case $library in *.so*) is_elf=yes ;; *) is_elf= ;; esac
if [ -n "$is_elf" ] && [ -f "$root/include/ferrule/version.h" ]; then
    soversion=$(sed -nE 's/^#define FER_VERSION_TEXT "([0-9]+\.[0-9]+).*/\1/p' "$root/include/ferrule/version.h")
    awk -v version="FERRULE_$soversion" '
        $NF !~ /^FERRULE_/ && $NF !~ "@@" version "$" { print $NF " does not have the version " version; bad = 1 }
        END { exit bad }' "$work/symbols" || bad=1
fi
sh "$(dirname "$0")/check_docs.sh" "$root" --names | LC_ALL=C sort >"$work/public"
LC_ALL=C comm -23 "$work/public" "$work/shown" | sed 's/$/ is declared, but the library does not show it/' >"$work/missing"
LC_ALL=C comm -13 "$work/public" "$work/shown" | sed 's/$/ is shown, but no public header declares it/' >"$work/extra"
if [ -s "$work/missing" ] || [ -s "$work/extra" ]; then
    cat "$work/missing" "$work/extra"
    bad=1
fi
needed=$("$objdump" -p "$library" | awk '$1 == "NEEDED" { print $2 } /DLL Name:/ { print $3 }')
[ -n "$needed" ] || { echo "check_exports: $library needs no library" >&2; exit 1; }
others=$(printf '%s\n' "$needed" | grep -viE '^(libc\.so(\.[0-9]+)?|ld-linux.*|kernel32\.dll|msvcrt\.dll|ucrtbase\.dll|api-ms-win-crt-.*\.dll|ws2_32\.dll|ntdll\.dll)$' || true)
[ -z "$others" ] || { echo "check_exports: it also needs: $others"; bad=1; }
[ "$bad" -eq 0 ] || exit 1
echo "check_exports: $(wc -l <"$work/shown" | tr -d ' ') symbols, all fer_ and all declared; it needs $(printf '%s\n' "$needed" | tr '\n' ' ')"
