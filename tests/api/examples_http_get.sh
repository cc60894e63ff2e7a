#!/bin/sh
# Runs examples/http_get against nc, which serves a file. The server that fails twice at first is in
# Python.
# usage: examples_http_get.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc

# get [ARGUMENT...]: runs http_get; sets $code. Its output is in get.out and get.err.
get() { run_example get http_get "$@" </dev/null; }

# serve NAME: nc answers one connection with NAME.http. Sets $port.
serve() {
    nc_listens "$1" 127.0.0.1 -N <"$work/$1.http"
}

seq 1 100000 >"$work/body.txt"
{ printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n' && cat "$work/body.txt"; } >"$work/page.http"
serve page
get -w 60 "127.0.0.1:$port" /a/page
check "it fetches a page" [ "$code" -eq 0 ]
check "... the whole of it, and nothing of the head" cmp "$work/get.out" "$work/body.txt"
check "... and says nothing else" is_empty "$work/get.err"
await "$process"
check "it asked for that page" file_has "$work/page.out" 'GET /a/page HTTP/1.0'
check "... of that host" file_has "$work/page.out" "Host: 127.0.0.1:$port"

printf 'HTTP/1.1 204 No Content\r\n\r\n' >"$work/nothing.http"
serve nothing
get -w 60 "127.0.0.1:$port"
check "a page may be empty" [ "$code" -eq 0 ]
check "... and then nothing is printed" is_empty "$work/get.out"
await "$process"
check "it asks for / by default" file_has "$work/nothing.out" 'GET / HTTP/1.0'

printf 'HTTP/1.0 404 Not Found\r\n\r\nno such page\n' >"$work/missing.http"
serve missing
get -w 60 "127.0.0.1:$port" /missing
check "a status that is not 2xx is an error" [ "$code" -eq 1 ]
check "... with the status" file_has "$work/get.err" "127.0.0.1:$port: status 404"
check "... and no body" is_empty "$work/get.out"

printf 'not HTTP at all\r\n\r\n' >"$work/alien.http"
serve alien
get -w 60 "127.0.0.1:$port"
check "what is no HTTP is an error" file_has "$work/get.err" "127.0.0.1:$port: status 0"

{ printf 'HTTP/1.0 200 OK\r\n\r\n' && head -c 1100000 /dev/zero; } >"$work/huge.http"
serve huge
get -w 60 "127.0.0.1:$port"
check "more than fits is an error" [ "$code" -eq 1 ]
check "... which it reports" file_has "$work/get.err" "127.0.0.1:$port: buffer too small"

if ! without python3 "what may pass is tried again"; then
    python3 -c '
import socket, struct
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
first = listener.accept()[0]
first.recv(1000)
first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
first.close()
second = listener.accept()[0]
third = listener.accept()[0]
third.recv(1000)
third.sendall(b"HTTP/1.0 200 OK\r\n\r\nat last\n")
third.close()' </dev/null >"$work/moody.out" 2>"$work/moody.err" &
    keep
    find_line "$work/moody.out" 's/^[0-9][0-9]*$/&/p'
    get -w 5 "127.0.0.1:$line" /
    check "a server that fails twice is asked three times" [ "$code" -eq 0 ]
    check "... and answers at last" file_has "$work/get.out" 'at last'
    check "... after a reset" file_matches "$work/get.err" 'trying again: connection reset (os error [0-9]*)'
    check "... and a silence" file_has "$work/get.err" 'trying again: timed out'
fi

get 127.0.0.1:1
check "a refused connection is an error" [ "$code" -eq 1 ]
check "... with the reason and the system's number" file_matches "$work/get.err" '127\.0\.0\.1:1: connection refused (os error [0-9]*)'
check "... after two more tries" [ "$(grep -c '^trying again: connection refused' "$work/get.err")" -eq 2 ]
get nonsense
check "no address is an error, and not tried again" file_has "$work/get.err" 'nonsense: invalid input parameter'
check "... once" [ "$(wc -l <"$work/get.err" | tr -d ' ')" -eq 1 ]
for arguments in '' '--help' '-w 0 127.0.0.1:1' '127.0.0.1:1 no-slash' '127.0.0.1:1 / more'; do
    # shellcheck disable=SC2086 # words
    get $arguments
    check "wrong usage: $arguments" [ "$code" -eq 2 ]
done
get 127.0.0.1:1 '/a page'
check "a path with a space is wrong usage" [ "$code" -eq 2 ]
finish
