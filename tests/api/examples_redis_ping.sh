#!/bin/sh
# Runs examples/redis_ping against scripted answers, and against redis-server if it is installed.
# usage: examples_redis_ping.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
# shellcheck disable=SC2016 # a length of RESP begins with $
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need nc

# ping [ARGUMENT...]: runs redis_ping; sets $code. Its output is in ping.out and ping.err.
ping() { run_example ping redis_ping "$@" </dev/null; }

# ask NAME ANSWER [ARGUMENT...]: redis_ping talks to nc, which sends ANSWER, a format of printf.
ask() {
    name=$1
    # shellcheck disable=SC2059 # the answer is a format
    printf -- "$2" >"$work/$name.answer"
    shift 2
    nc_listens "$name" 127.0.0.1 -N <"$work/$name.answer"
    ping -w 60 "127.0.0.1:$port" "$@"
}

# start_redis: sets $port. redis-server cannot let the system choose a port. It listens on one that
# nc chose and released; if another process has taken that one, on another.
start_redis() {
    line=taken
    while [ "$line" = taken ]; do
        nc_listens unused 127.0.0.1 </dev/null
        kill "$process"
        await "$process"
        rm -f "$work/redis.out"
        redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" \
            >"$work/redis.out" 2>&1 &
        keep
        find_line "$work/redis.out" \
            's/.*Ready to accept connections.*/ready/p; s/.*Address already in use.*/taken/p'
    done
}

# refuses NAME ANSWER WORDS: an answer that ends in this error.
refuses() {
    ask "$1" "$2"
    check "$1 is an error" [ "$code" -eq 1 ]
    check "... with its reason" file_has "$work/ping.err" "127.0.0.1:$port: $3"
    check "... and prints nothing" is_empty "$work/ping.out"
}

ask simple '+PONG\r\n'
check "a simple answer is printed" file_has "$work/ping.out" PONG
check "... as a success" [ "$code" -eq 0 ]
await "$process"
printf '*1\r\n$4\r\nPING\r\n' >"$work/wanted"
check "the command is PING" cmp "$work/simple.out" "$work/wanted"
ask string '$5\r\na\r\nbc\r\n' ECHO 'a b'
printf 'a\r\nbc\n' >"$work/wanted"
check "a string may have line ends" cmp "$work/ping.out" "$work/wanted"
await "$process"
printf '*2\r\n$4\r\nECHO\r\n$3\r\na b\r\n' >"$work/wanted"
check "arguments are sent with their lengths" cmp "$work/string.out" "$work/wanted"
ask failure '-ERR no\r\n'
check "an error of the server is printed" file_has "$work/ping.out" 'ERR no'
check "... as a failure" [ "$code" -eq 1 ]

refuses early '+PO' 'unexpected end of file'
refuses half '$5\r\nab' 'unexpected end of file'
refuses long '$4095\r\nab' 'buffer too small'
refuses huge '$99999999999999999999999999\r\nab' 'buffer too small'
refuses negative '$-2\r\n' 'invalid data'
refuses none '$-1\r\n' 'entity not found'
refuses empty '$\r\n' 'invalid data'
refuses unended '$2\r\nabcd' 'invalid data'
refuses bare '+PONG\n' 'invalid data'
refuses alien 'HTTP/1.1 400\r\n' 'invalid data'
refuses array '*1\r\n' 'unsupported'
refuses endless "+$(head -c 5000 /dev/zero | tr '\0' a)" 'buffer too small'

ping
check "no address is wrong usage" [ "$code" -eq 2 ]
ping -w 0 127.0.0.1:1
check "no time is wrong usage" [ "$code" -eq 2 ]

if ! without redis-server "a real server"; then
    start_redis
    ping -w 60 "127.0.0.1:$port"
    check "redis-server answers" file_has "$work/ping.out" PONG
    ping -w 60 "127.0.0.1:$port" SET key 'a word'
    check "... to SET" file_has "$work/ping.out" OK
    ping -w 60 "127.0.0.1:$port" GET key
    check "... to GET" file_has "$work/ping.out" 'a word'
    ping -w 60 "127.0.0.1:$port" GET other
    check "... without a value" file_has "$work/ping.err" "127.0.0.1:$port: entity not found"
    ping -w 60 "127.0.0.1:$port" INCR key
    check "... with an error" [ "$code" -eq 1 ]
fi
if [ "$(uname)" = Linux ] && [ -z "$emulator" ]; then
    mkfifo "$work/open"
    exec 7<>"$work/open"
    nc_listens silent 127.0.0.1 <"$work/open"
    "$examples/redis_ping" -w 60 "127.0.0.1:$port" </dev/null 2>"$work/cancelled.err" &
    keep
    asking=$process
    check "it has a handler of Ctrl-C" wait_until has_handler "$asking"
    interrupt "$asking"
    check "Ctrl-C ends it" [ "$code" -eq 1 ]
    check "... with its reason" file_has "$work/cancelled.err" "127.0.0.1:$port: cancelled"
    ping -w 1 "127.0.0.1:1"
    check "a refused connection is an error" [ "$code" -eq 1 ]
fi
finish
