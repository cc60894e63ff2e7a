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

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

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
        fixed_layout timeout 60 "$wine" cmd /c exit </dev/null >/dev/null 2>&1
    else
        fixed_layout timeout 300 "$wine" wineboot -i </dev/null >/dev/null 2>&1
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
        # Debian's Wine has no preloader and lies at 0x7d000000: with a random layout its heap begins anywhere in the GiB after that, and
        # about one start in 7,000 ends without a word, for the page at 0x7ffe0000, which Windows shares with every program, is taken.
        set -- "$wine" "$@"
        ! can_fix_layout || set -- setarch -R "$@"
        # A program that ends before it said anything should at least have said with what.
        if [ -n "${FERRULE_WINE_TELLS_EXIT:-}" ]; then
            code=0
            "$@" || code=$?
            [ "$code" -eq 0 ] || echo "ci/wine.sh: it ended with $code" >&2
            exit "$code"
        fi
        exec "$@"
        ;;
esac
