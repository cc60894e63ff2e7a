#!/bin/sh
# Checks the exit codes and the messages of examples/fercat. A peer that resets or does not answer
# is in Python.
# usage: examples_fercat_errors.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"

# fails CODE PATTERN ARGUMENT...: checks that fercat exits with CODE, prints nothing, and its first
# message matches.
fails() {
    expected=$1
    pattern=$2
    shift 2
    run_example fercat fercat "$@" </dev/null
    check "fercat $*: exit code $expected" [ "$code" -eq "$expected" ]
    check "... with a reason" file_matches "$work/fercat.err" "$pattern"
    check "... on standard error alone" is_empty "$work/fercat.out"
}

fails 1 'fercat: connect to 127\.0\.0\.1:1: ConnectionRefused (os error [0-9]*)' 127.0.0.1 1
if knows_localhost; then
    fails 1 'fercat: connect to localhost:1: ConnectionRefused (os error [0-9]*)' -w 10 localhost:1
fi
if has_ipv6; then
    fails 1 'fercat: connect to \[::1\]:1: ConnectionRefused (os error [0-9]*)' ::1 1
fi
# Without a name server the lookup fails temporarily.
fails 1 'fercat: connect to no-such-host\.invalid:80: \(HostNotFound\|ResolveTryAgain\) (os error -\{0,1\}[0-9]*)' no-such-host.invalid 80
fails 1 'fercat: listen on 192\.0\.2\.1:0: AddrNotAvailable (os error [0-9]*)' -l 192.0.2.1 0
fails 2 'fercat: connect to 127\.0\.0\.1:99999: InvalidInput' 127.0.0.1:99999
fails 2 'fercat: connect to 127\.0\.0\.1:http: InvalidInput' 127.0.0.1 http
fails 2 'fercat: connect to :80: InvalidInput' :80
fails 2 'fercat: HOST PORT or HOST:PORT is needed'
fails 2 'fercat: HOST PORT or HOST:PORT is needed' 80
fails 2 'fercat: HOST PORT or HOST:PORT is needed' one two three
fails 2 'fercat: -k needs -l' -k 127.0.0.1 80
fails 2 'fercat: an unknown option.*' -x 127.0.0.1 80
for seconds in 0 -1 x 1x 99999999999999999999; do
    fails 2 'fercat: an unknown option, or -w without a number of seconds' -w "$seconds" 127.0.0.1 80
done
fails 2 'fercat: an unknown option, or -w without a number of seconds' -w

run_example fercat fercat -h </dev/null
check "-h is no failure" [ "$code" -eq 0 ]
check "... and prints the exit codes" file_matches "$work/fercat.out" 'exit code: 0 .*'
check "... on standard output" is_empty "$work/fercat.err"

if ! without python3 "a reset is a failure"; then
    python3 -c '
import socket, struct
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
stream = listener.accept()[0]
stream.recv(1) # it has connected, and ended its half
stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
stream.close()' </dev/null >"$work/reset.out" &
    keep
    find_line "$work/reset.out" 's/^[0-9][0-9]*$/&/p'
    fails 1 "fercat: [a-z]* [a-z]* 127\\.0\\.0\\.1:$line: ConnectionReset (os error [0-9]*)" 127.0.0.1 "$line"
fi
if ! without python3 "-w ends a connect that gets no answer" && [ "$(uname)" = Linux ]; then
    listen_silently
    fails 3 "fercat: connect to 127\\.0\\.0\\.1:$port: TimedOut" -w 1 127.0.0.1 "$port"
    if [ -n "$emulator" ]; then
        finish
        exit 0
    fi
    example fercat -v 127.0.0.1 "$port" </dev/null >/dev/null 2>"$work/cancelled.err" &
    keep
    fercat=$process
    # It connects, or is about to: the cancel ends both.
    check "Ctrl-C ends a connect" wait_until has_handler "$fercat"
    interrupt "$fercat"
    check "... with the exit code of a signal" [ "$code" -eq 130 ]
    check "... and the reason" file_matches "$work/cancelled.err" "fercat: connect to 127\\.0\\.0\\.1:$port: Cancelled"
fi
finish
