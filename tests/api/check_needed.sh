#!/bin/sh
# Checks that the shared library links only the C library and the system's sockets.
# usage: check_needed.sh LIBRARY OBJDUMP
set -eu
needed=$("$2" -p "$1" | awk '$1 == "NEEDED" { print $2 } /DLL Name:/ { print $3 }')
[ -n "$needed" ] || { echo "check_needed: $1 needs nothing: was it read at all?" >&2; exit 1; }
others=$(printf '%s\n' "$needed" | grep -viE '^(libc\.so(\.[0-9]+)?|ld-linux.*|kernel32\.dll|msvcrt\.dll|ucrtbase\.dll|api-ms-win-crt-.*\.dll|ws2_32\.dll|ntdll\.dll)$' || true)
[ -z "$others" ] || { echo "check_needed: it also needs: $others" >&2; exit 1; }
echo "check_needed: it needs $(printf '%s\n' "$needed" | tr '\n' ' ')"
