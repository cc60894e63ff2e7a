# Shared by the tests of the examples, which source it. Each is called as:
#   SCRIPT FOLDER-OF-THE-EXAMPLES [EMULATOR]
# The peer is nc or socat, never ferrule. The system chooses the
# ports. Nothing sleeps for a fixed time.
# shellcheck shell=sh
# shellcheck disable=SC2034 # code, port and their like are for the reader of this file

examples=$1
emulator=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/ferrule-examples.XXXXXX")
script=$(basename "$0" .sh)
processes=
bad=0
unset FERRULE_WINE_REPORTS_EXIT # a program must be the process that is signalled, not the child of a shell

clean_up() {
    for process in $processes; do
        kill "$process" 2>/dev/null || true
    done
    rm -rf "$work" || true # a process that has been ended may still be at it
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# need PROGRAM...: skips the test if one is missing.
need() {
    for program in "$@"; do
        if ! command -v "$program" >/dev/null 2>&1; then
            echo "$script: skipped: there is no $program here"
            exit 77
        fi
    done
}

# without PROGRAM PART: if PROGRAM is missing, reports that PART is skipped; fails if it is there.
without() {
    ! command -v "$1" >/dev/null 2>&1 || return 1
    echo "$script: left out, for there is no $1 here: $2"
}

# Without getent the name is assumed to resolve.
knows_localhost() { ! command -v getent >/dev/null 2>&1 || getent ahosts localhost >/dev/null 2>&1; }

has_ipv6() { grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6 || { ifconfig lo0 2>/dev/null | grep -q 'inet6 ::1 '; }; }

# example NAME [ARGUMENT...]: replaces the shell by that program; for a subshell or the background.
example() {
    program=$examples/$1
    shift
    [ -e "$program" ] || program=$program.exe
    if [ -n "$emulator" ]; then
        exec "$emulator" "$program" "$@"
    fi
    exec "$program" "$@"
}

# run_example OUTPUT NAME [ARGUMENT...]: runs that program with the caller's input; sets $code. Its
# output is in OUTPUT.out and OUTPUT.err.
run_example() {
    output=$1
    shift
    code=0
    (example "$@" >"$work/$output.out" 2>"$work/$output.err") || code=$?
}

# Records the last background process, which is ended with the test.
keep() {
    process=$!
    processes="$processes $process"
}

# await PROCESS: waits for its exit; sets $code. ctest's time limit bounds the wait.
await() {
    code=0
    wait "$1" || code=$?
}

# find_line FILE SED-EXPRESSION: waits up to a minute for a whole line that the expression prints;
# sets $line. Remove an old file of that name before its new writer starts.
find_line() {
    line=
    tries=0
    while [ -z "$line" ]; do
        if [ -s "$1" ] && [ -z "$(tail -c 1 "$1")" ]; then
            line=$(tr -d '\r' <"$1" | sed -n "$2" | head -n 1)
        fi
        tries=$((tries + 1))
        if [ "$tries" -gt 1200 ]; then
            echo "$script: '$2' did not come up in $(basename "$1"), which is:"
            sed 's/^/    | /' "$1"
            exit 1
        fi
        [ -n "$line" ] || sleep 0.05
    done
}

# start_listener EXAMPLE NAME [ARGUMENT...]: starts an example that prints its address. Its output
# is in NAME.out and NAME.err. Sets $server, $address, $host and $port.
start_listener() {
    server_example=$1
    server_name=$2
    shift 2
    rm -f "$work/$server_name.out"
    example "$server_example" "$@" </dev/null >"$work/$server_name.out" 2>"$work/$server_name.err" &
    keep
    server=$process
    find_line "$work/$server_name.out" 's/^listening on //p'
    address=$line
    port=${address##*:}
    host=${address%:*}
}

# wait_until COMMAND...: waits up to about a minute until COMMAND succeeds; fails if it does not.
wait_until() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -le 1200 ] || return 1
        sleep 0.05
    done
}

# holds_all FILE BYTES: succeeds if FILE has at least BYTES bytes.
holds_all() { [ "$(wc -c <"$1")" -ge "$2" ]; }

# hold FILE OTHER BYTES: prints FILE, and ends once OTHER has BYTES bytes: for a peer that exits at
# or after the end of its input.
hold() {
    cat "$1"
    wait_until holds_all "$2" "$3" || true
}

# listen_silently: a listener on 127.0.0.1 to which no connect succeeds or fails, until the end of
# the test. With a full accept queue of one, Linux answers no further SYN. Sets $port. Needs
# python3 and Linux.
listen_silently() {
    mkfifo "$work/silent"
    exec 8<>"$work/silent"
    python3 -c '
import select, socket, sys
listener = socket.create_server(("127.0.0.1", 0), backlog=0)
queued = socket.create_connection(listener.getsockname())
select.select([listener], [], [])
print(listener.getsockname()[1], flush=True)
sys.stdin.read()' <"$work/silent" >"$work/silent.out" 8>&- &
    keep
    find_line "$work/silent.out" 's/^[0-9][0-9]*$/&/p'
    port=$line
}

# has_handler PROCESS: succeeds once a program of Linux has installed its handler of SIGINT.
has_handler() {
    # Before it becomes the program, the process is a copy of this shell, with its handlers.
    [ "$(readlink "/proc/$1/exe")" != "$(readlink "/proc/$$/exe")" ] && grep -q '^SigCgt:.*[2367abef]$' "/proc/$1/status"
}

# interrupt PROCESS: sends SIGINT, as Ctrl-C does, and waits for the exit; sets $code.
interrupt() {
    kill -INT "$1"
    await "$1"
}

# check NAME COMMAND...: a sentence, and the command that proves it.
check() {
    sentence=$1
    shift
    if "$@" >"$work/check.txt" 2>&1; then
        echo "ok    $sentence"
    else
        echo "WRONG $sentence: $*"
        sed 's/^/    | /' "$work/check.txt"
        bad=$((bad + 1))
    fi
}

# file_has FILE LINE: succeeds if a line of FILE equals LINE, carriage returns aside. file_matches
# FILE PATTERN: the same for a basic regular expression.
file_has() { tr -d '\r' <"$1" | grep -qxF -e "$2" || { cat "$1"; false; }; }
file_matches() { tr -d '\r' <"$1" | grep -qx -e "$2" || { cat "$1"; false; }; }
is_empty() { [ ! -s "$1" ] || { cat "$1"; false; }; }

# nc_listens NAME HOST [ARGUMENT...]: starts nc in the background with the caller's input, its
# output in NAME.out. Sets $port and $process.
nc_listens() {
    listener=$1
    host=$2
    shift 2
    rm -f "$work/$listener.err"
    exec 9<&0 # a background process loses standard input, not this
    nc -v -n -l "$@" "$host" 0 <&9 9<&- >"$work/$listener.out" 2>"$work/$listener.err" &
    keep
    exec 9<&-
    find_line "$work/$listener.err" 's/^Listening on .* \([0-9][0-9]*\)$/\1/p'
    port=$line
}

# socat_listens NAME ADDRESS [SOCAT-OPTION...]: starts socat between a listening socket and ADDRESS.
# Sets $port and $process.
socat_listens() {
    listener=$1
    other=$2
    shift 2
    rm -f "$work/$listener.err"
    socat -d -d "$@" "TCP-LISTEN:0,bind=127.0.0.1" "$other" </dev/null 2>"$work/$listener.err" &
    keep
    find_line "$work/$listener.err" 's/^.* listening on AF=2 127.0.0.1:\([0-9][0-9]*\)$/\1/p'
    port=$line
}

finish() {
    if [ "$bad" -ne 0 ]; then
        echo "$script: $bad wrong"
        exit 1
    fi
    echo "$script: all as it should be"
}
