# Shared by the tests of the examples, which source it. Each file is called as:
#   FILE FOLDER-OF-THE-EXAMPLES EMULATOR-OR-EMPTY TEST [ARGUMENT]
# and runs its function test_TEST. The peer is nc, socat, openssl, redis-server or a scene of
# examples_peers.py, never ferrule. The system chooses the ports. Nothing sleeps for a fixed time.
# shellcheck shell=sh
# shellcheck disable=SC2034 # code, port and their like are for the reader of this file

examples=$1
emulator=$2
test_name=$3
peers=$(dirname "$0")/examples_peers.py
work=$(mktemp -d "${TMPDIR:-/tmp}/ferrule-examples.XXXXXX")
refused='connection refused (os error [0-9]*)'
reset='connection reset (os error [0-9]*)'
client='127\.0\.0\.1:[0-9]*'
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
        command -v "$program" >/dev/null 2>&1 || skip "there is no $program here"
    done
}

skip() {
    [ "$bad" -eq 0 ] || finish
    echo "$test_name: skipped: $1"
    exit 77
}

# left_out PART: for a part of the test that this system cannot run.
left_out() { echo "$test_name: left out on this system: $1"; }

# has PROGRAM PART, has_ipv6 PART, has_localhost PART: fails and reports the part if this system
# lacks the program, ::1 or an address of localhost. Without getent the name is assumed to resolve.
has() { command -v "$1" >/dev/null 2>&1 || { left_out "$2"; return 1; }; }
has_ipv6() {
    grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6 ||
        { ifconfig lo0 2>/dev/null | grep -q 'inet6 ::1 '; } || { left_out "$1"; return 1; }
}
has_localhost() {
    ! command -v getent >/dev/null 2>&1 || getent ahosts localhost >/dev/null 2>&1 || { left_out "$1"; return 1; }
}
is_linux() { [ "$(uname -s)" = Linux ]; }
is_native_linux() { is_linux && [ -z "$emulator" ]; }

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

# run_with INPUT NAME [ARGUMENT...]: runs that example with the file INPUT; sets $code, and $took in
# seconds. Its output is in the files out and err. run NAME [ARGUMENT...]: the same without input.
run_with() {
    input=$1
    shift
    code=0
    took=$(date +%s)
    (example "$@" <"$input" >"$work/out" 2>"$work/err") || code=$?
    took=$(($(date +%s) - took))
}
run() { run_with /dev/null "$@"; }

# start NAME INPUT EXAMPLE [ARGUMENT...]: starts an example with the file INPUT in the background.
# Its output is in NAME.out and NAME.err. Sets $process.
start() {
    started=$1
    input=$2
    shift 2
    rm -f "$work/$started.out" "$work/$started.err"
    example "$@" <"$input" >"$work/$started.out" 2>"$work/$started.err" &
    keep
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

# wait_until COMMAND...: waits up to about a minute until COMMAND succeeds; fails if it does not.
wait_until() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -le 1200 ] || return 1
        sleep 0.05
    done
}

has_line() {
    [ -s "$1" ] && [ -z "$(tail -c 1 "$1")" ] && line=$(tr -d '\r' <"$1" | sed -n "$2" | head -n 1) && [ -n "$line" ]
}

# find_line FILE SED-EXPRESSION: waits for a whole line that the expression prints; sets $line. The
# file may be written anew only after it was removed.
find_line() {
    wait_until has_line "$work/$1" "$2" || {
        echo "$test_name: '$2' did not come up in $1, which is:"
        sed 's/^/    | /' "$work/$1"
        exit 1
    }
}

# start_listener NAME EXAMPLE [ARGUMENT...]: starts an example that prints its address. Sets $server,
# $address, $host and $port.
start_listener() {
    server_name=$1
    shift
    start "$server_name" /dev/null "$@"
    server=$process
    find_line "$server_name.out" 's/^[Ll]istening on //p'
    address=$line
    port=${address##*:}
    host=${address%:*}
}

# is_long FILE BYTES: succeeds if FILE has at least BYTES bytes.
is_long() { [ "$(wc -c <"$1")" -ge "$2" ]; }

# hold FILE OTHER BYTES: prints FILE, and ends once OTHER has BYTES bytes: for a peer that exits at
# or after the end of its input.
hold() {
    cat "$1"
    wait_until is_long "$2" "$3" || true
}

# has_handler PROCESS: succeeds once a program of Linux has installed its handler of SIGINT.
has_handler() {
    # Before it becomes the program, the process is a copy of this shell, with its handlers.
    [ "$(readlink "/proc/$1/exe")" != "$(readlink "/proc/$$/exe")" ] && grep -q '^SigCgt:.*[2367abef]$' "/proc/$1/status"
}

# interrupt PROCESS [SIGNAL]: sends SIGINT, as Ctrl-C does, and waits for the exit; sets $code.
interrupt() {
    kill "-${2:-INT}" "$1"
    await "$1"
}

# check SENTENCE COMMAND...: a sentence, and the command that proves it.
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

# says FILE CONDITION: the content of FILE, carriage returns aside. The conditions:
#   =LINE    a line equals LINE          ~PATTERN  a line is matched by the basic regular expression
#   @OTHER   the bytes are those of the file OTHER         -  it is empty
#   N*PATTERN  N lines contain a match   :TEXT  the lines, each with a space after it, are TEXT
says() {
    case $2 in
        =*) tr -d '\r' <"$1" | grep -qxF -e "${2#?}" ;;
        '~'*) tr -d '\r' <"$1" | grep -qx -e "${2#?}" ;;
        @*) cmp "$1" "$work/${2#?}" ;;
        -) [ ! -s "$1" ] ;;
        :*) [ "$(tr -d '\r' <"$1" | tr '\n' ' ')" = "${2#?}" ] ;;
        *) [ "$(tr -d '\r' <"$1" | grep -c -e "${2#*\*}")" -eq "${2%%\**}" ] ;;
    esac || { cat "$1"; false; }
}

# expect SENTENCE CODE [NAME CONDITION]...: the exit code of the last example or process, and what
# the files NAME of the test say.
expect() {
    check "$1" [ "$code" -eq "$2" ]
    shift 2
    while [ $# -gt 0 ]; do
        check "... $1 $2" says "$work/$1" "$2"
        shift 2
    done
}

# wrong_usage PROGRAM ARGUMENTS...: a run with each of these lists of words exits with 2.
wrong_usage() {
    wrong=$1
    shift
    for arguments in "$@"; do
        # shellcheck disable=SC2086 # words
        run "$wrong" $arguments
        expect "wrong usage: $wrong $arguments" 2
    done
}

# nc_listens NAME HOST INPUT [ARGUMENT...]: starts nc in the background with the file INPUT, its
# output in NAME.out. Sets $port and $process.
nc_listens() {
    listener=$1
    host=$2
    input=$3
    shift 3
    rm -f "$work/$listener.err"
    nc -v -n -l "$@" "$host" 0 <"$input" >"$work/$listener.out" 2>"$work/$listener.err" &
    keep
    find_line "$listener.err" 's/^Listening on .* \([0-9][0-9]*\)$/\1/p'
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
    find_line "$listener.err" 's/^.* listening on AF=2 127.0.0.1:\([0-9][0-9]*\)$/\1/p'
    port=$line
}

# peer_listens NAME SCENE [ARGUMENT...]: starts a scene of examples_peers.py in the background, its
# output in NAME.out, until the end of the test. Sets $port and $process.
peer_listens() {
    listener=$1
    shift
    rm -f "$work/$listener.out"
    python3 "$peers" "$@" </dev/null >"$work/$listener.out" 2>"$work/$listener.err" &
    keep
    find_line "$listener.out" 's/^[0-9][0-9]*$/&/p'
    port=$line
}

# play SENTENCE SCENE PORT [ARGUMENT...]: runs a scene that connects to the port; its output is in
# SCENE.out.
play() {
    code=0
    scene=$2
    sentence=$1
    shift
    python3 "$peers" "$@" >"$work/$scene.out" 2>&1 || code=$?
    [ "$code" -eq 0 ] || cat "$work/$scene.out"
    expect "$sentence" 0
}

finish() {
    if [ "$bad" -ne 0 ]; then
        echo "$test_name: $bad wrong"
        exit 1
    fi
    echo "$test_name: all as it should be"
    exit 0
}
