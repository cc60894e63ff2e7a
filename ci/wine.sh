#!/bin/sh
# Runs a Windows program under Wine, in the project's own prefix. When: for one program by hand;
# ctest calls it for each test of the mingw preset.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/wine.sh PROGRAM.exe [ARGUMENT...]   run the program and return its exit code
       ci/wine.sh --start                     create the prefix and start its server
       ci/wine.sh --stop                      stop the server
       ci/wine.sh --running                   exit with 0 if the server of the prefix runs
       ci/wine.sh --available                 exit with 0 if Wine is installed

The prefix is $WINEPREFIX, or build/wineprefix in the project's folder if that is not set.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

# first_program NAME...: prints the first of these programs that is installed.
first_program() {
    for candidate in "$@"; do
        if command -v "$candidate" 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

# Debian's wrapper wineserver forces the server to end immediately: the 64-bit binary is preferred.
wine=$(first_program /usr/lib/wine/wine64 wine64 wine) || wine=
server=$(first_program /usr/lib/wine/wineserver64 wineserver64 wineserver) || server=

WINEPREFIX=${WINEPREFIX:-$root/build/wineprefix}
WINEDEBUG=${WINEDEBUG:--all}
# With Wine's debugger, a crashing program sometimes exits with 0.
WINEDLLOVERRIDES=${WINEDLLOVERRIDES:-mscoree,mshtml,winedbg.exe=}
# Without it, Wine 10 prints an error of its Wayland driver into the output of a program.
XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp}
export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES XDG_RUNTIME_DIR
unset DISPLAY WAYLAND_DISPLAY

need_wine() {
    if [ -z "$wine" ] || [ -z "$server" ]; then
        echo "ci/wine.sh: Wine is not installed (Debian's package is wine64)" >&2
        exit 127
    fi
}

# The server, and the services that the first program starts, must not hold the pipes of a test: a
# reader of the test's output would wait for their end. Therefore this script starts the server and
# a first program.
#
# The server kills a process that takes more than 0.5 s to exit, as on a loaded machine, and its exit
# code is lost (137). Therefore the server runs with a kill that sends no SIGKILL.
start() {
    mkdir -p "$WINEPREFIX"
    cc -shared -fPIC -o "$WINEPREFIX/kill.so" -x c - <<'C' || echo "ci/wine.sh: kill.so is missing" >&2
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
int kill(pid_t pid, int sig) { return sig == SIGKILL ? 0 : (int)syscall(SYS_kill, pid, sig); }
C
    LD_PRELOAD=$WINEPREFIX/kill.so "$server" -p600 </dev/null >/dev/null 2>&1 || true
    if [ -f "$WINEPREFIX/ferrule-ready" ]; then
        fixed_layout timeout 60 "$wine" cmd /c exit </dev/null >/dev/null 2>&1
    else
        fixed_layout timeout 300 "$wine" wineboot -i </dev/null >/dev/null 2>&1
        : >"$WINEPREFIX/ferrule-ready"
    fi
}

# Creates the prefix once, even if several tests start at the same time.
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
    # `wineserver -w` waits until the server ends. If it still waits after 0.5 s, a server runs.
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
        # Debian's Wine has no preloader and is loaded at 0x7d000000. With a random layout its heap
        # begins anywhere in the GiB after that. About one start in 7,000 ends without a message,
        # because the page at 0x7ffe0000, which Windows shares with every program, is occupied.
        set -- "$wine" "$@"
        ! can_fix_layout || set -- setarch -R "$@"
        # Reports the exit code of a program that may have ended without any output.
        if [ -n "${FERRULE_WINE_REPORTS_EXIT:-}" ]; then
            code=0
            "$@" || code=$?
            [ "$code" -eq 0 ] || echo "ci/wine.sh: the program exited with $code" >&2
            exit "$code"
        fi
        exec "$@"
        ;;
esac
