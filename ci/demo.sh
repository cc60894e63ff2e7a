#!/bin/sh
# Runs the relay server and client of examples/, on Linux and as Windows programs under Wine, in
# all four pairs. When: to see the library work.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/demo.sh [--no-setup] [--without-windows]

Installs missing packages (ci/setup.sh; --no-setup installs nothing). Builds the examples for this
system and for Windows. Starts the Linux relay server and connects the Linux client and, under
Wine, the Windows client. Then does the same with the Windows server. With --without-windows only
the Linux programs run. The exit code is 0 if each client received its messages and each server
exited with 0. If Wine or the Windows compiler is missing, it is not 0 without --without-windows.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

work=$root/build/demo
linux=$root/build/demo-linux
windows=$root/build/demo-windows
server_pid=
bad=0

stop_server() {
    if [ -n "$server_pid" ]; then
        kill "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
        server_pid=
    fi
}

clean_up() {
    stop_server
    stop_wine
}

# build_examples FOLDER [CMAKE-ARGUMENT...]
build_examples() {
    folder=$1
    shift
    name=$(basename "$folder")
    logged "$name-configure" cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DFERRULE_BUILD_EXAMPLES=ON "$@"
    logged "$name-build" cmake --build "$folder" -j "$jobs"
}

# run_example SYSTEM PROGRAM [ARGUMENT...]: runs a program of that system's build, for at most two
# minutes.
run_example() {
    system=$1
    program=$2
    shift 2
    case $system in
        Linux) exec timeout 120 "$linux/examples/$program" "$@" ;;
        Windows) exec timeout 120 "$root/ci/wine.sh" "$windows/examples/$program.exe" "$@" ;;
    esac
}

# Prints the address in the server's output, if the line is complete.
listening_address() {
    tr -d '\r' <"$work/server.txt" | while IFS= read -r line; do
        case $line in
            "listening on "*) echo "${line#listening on }" ;;
        esac
    done
}

# start_server SYSTEM CLIENTS: sets address and server_pid.
start_server() {
    : >"$work/server.txt"
    (run_example "$1" relay_server --clients "$2" 127.0.0.1:0) >"$work/server.txt" 2>&1 </dev/null &
    server_pid=$!
    tries=0
    address=
    while [ -z "$address" ]; do
        address=$(listening_address)
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ]; then
            say "    the $1 server did not start:"
            sed 's/^/    | /' "$work/server.txt"
            return 1
        fi
        [ -n "$address" ] || sleep 0.1
    done
}

# run_client CLIENT-SYSTEM SERVER-SYSTEM
run_client() {
    say "== $1 client -> $2 server at $address"
    code=0
    (run_example "$1" relay_client "$address" "hello from $1" "a second message") \
        >"$work/client.txt" 2>&1 </dev/null || code=$?
    tr -d '\r' <"$work/client.txt" | sed 's/^/    client: /'
    if [ "$code" -ne 0 ] || ! grep -q "hello from $1" "$work/client.txt" ||
        ! grep -q "a second message" "$work/client.txt"; then
        say "    FAILED (the client's exit code is $code)"
        bad=$((bad + 1))
    fi
}

# The server exits by itself after its last client. If a client failed, it is killed.
finish_server() {
    code=0
    [ "$bad" -eq 0 ] || kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" || code=$?
    server_pid=
    tr -d '\r' <"$work/server.txt" | sed 's/^/    server: /'
    if [ "$code" -ne 0 ]; then
        say "    FAILED (the server's exit code is $code)"
        bad=$((bad + 1))
    fi
}

setup=yes
with_windows=yes
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --without-windows) with_windows=no ;;
        *) usage >&2; exit 2 ;;
    esac
done
trap clean_up EXIT
trap 'exit 130' INT TERM
mkdir -p "$work"

[ "$setup" = no ] || "$root/ci/setup.sh" build
say "== building the examples for Linux"
build_examples "$linux"

clients=Linux
if [ "$with_windows" = no ]; then
    say "== without Windows: only the Linux programs run"
elif { [ "$setup" = no ] || "$root/ci/setup.sh" wine; } && "$root/ci/wine.sh" --available &&
    command -v x86_64-w64-mingw32-gcc >/dev/null 2>&1; then
    clients="Linux Windows"
    say "== building the examples for Windows"
    build_examples "$windows" "-DCMAKE_TOOLCHAIN_FILE=$root/cmake/mingw-w64-x86_64.cmake"
    say "== starting Wine"
    start_wine
else
    say ""
    say "**** Wine or the Windows compiler is missing: the Windows programs do NOT run"
    say "     (--without-windows leaves them out)"
    say ""
    with_windows=missing
fi

for server in $clients; do
    # shellcheck disable=SC2086 # one word a client
    set -- $clients
    start_server "$server" $# || exit 1
    for client in $clients; do
        run_client "$client" "$server"
    done
    finish_server
done

if [ "$bad" -ne 0 ]; then
    say "$bad failures"
    exit 1
fi
if [ "$with_windows" = missing ]; then
    say "the Linux conversations succeeded; the Windows programs did not run"
    exit 1
fi
say "all conversations succeeded"
