#!/bin/sh
# Runs a Windows program under Wine, in a prefix of the project's own. The mingw preset's tests run through it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/wine.sh PROGRAM.exe [ARGUMENT...]   run it, with its exit code
       ci/wine.sh --start                     make the prefix and start its server
       ci/wine.sh --stop                      end the server
       ci/wine.sh --running                   exit code 0 when the prefix's server runs
       ci/wine.sh --available                 exit code 0 when there is a Wine

The prefix is $WINEPREFIX, else build/wineprefix beside the sources.
TEXT
}

root=$(cd "$(dirname "$0")/.." && pwd)

# Prints the first of the arguments that is a program.
first_program() {
    for candidate in "$@"; do
        if command -v "$candidate" 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

# Debian's wrapper called wineserver forces the server to end at once: the 64-bit binary comes first.
wine=$(first_program /usr/lib/wine/wine64 wine64 wine) || wine=
server=$(first_program /usr/lib/wine/wineserver64 wineserver64 wineserver) || server=

WINEPREFIX=${WINEPREFIX:-$root/build/wineprefix}
WINEDEBUG=${WINEDEBUG:--all}
# With its debugger on, a crashing program sometimes exits with 0.
WINEDLLOVERRIDES=${WINEDLLOVERRIDES:-mscoree,mshtml,winedbg.exe=}
export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
unset DISPLAY

need_wine() {
    if [ -z "$wine" ] || [ -z "$server" ]; then
        echo "ci/wine.sh: there is no Wine here (Debian's package is wine64)" >&2
        exit 127
    fi
}

# The server, and the services that the first program brings up, must hold none of our pipes: a reader of our output would wait
# until they end. So that first program is one of our own.
start() {
    mkdir -p "$WINEPREFIX"
    "$server" -p600 </dev/null >/dev/null 2>&1 || true
    if [ -f "$WINEPREFIX/ferrule-ready" ]; then
        timeout 60 "$wine" cmd /c exit </dev/null >/dev/null 2>&1
    else
        timeout 300 "$wine" wineboot -i </dev/null >/dev/null 2>&1
        : >"$WINEPREFIX/ferrule-ready"
    fi
}

# Makes the prefix once, also when several tests start at the same time.
start_once() {
    mkdir -p "$(dirname "$WINEPREFIX")"
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$WINEPREFIX.lock"
        flock 9
        start 9>&-
        exec 9>&-
    else
        start
    fi
}

case "${1:---help}" in
    --help) usage ;;
    --available) [ -n "$wine" ] && [ -n "$server" ] ;;
    --start) need_wine; start_once ;;
    # It waits for the server's end: still waiting after a moment means that there is one.
    --running)
        need_wine
        [ -d "$WINEPREFIX" ] || exit 1
        code=0
        timeout 0.5 "$server" -w </dev/null >/dev/null 2>&1 || code=$?
        [ "$code" -eq 124 ]
        ;;
    --stop) need_wine; "$server" -k </dev/null >/dev/null 2>&1 || true ;;
    *)
        need_wine
        [ -f "$WINEPREFIX/ferrule-ready" ] || start_once
        exec "$wine" "$@"
        ;;
esac
