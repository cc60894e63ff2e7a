#!/bin/sh
# Runs examples/unix_chat: with socat at either end, and with itself; if the system has no Unix
# sockets, checks the message.
# usage: examples_unix_chat.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"

# The path must fit the address, which excludes some folders.
meeting=$(mktemp -d /tmp/ferrule-chat.XXXXXX)
trap 'rm -rf "$meeting"; clean_up' EXIT
path=$meeting/path

# chat NAME: starts unix_chat in the background with NAME.in as input and its output in NAME.out.
# Sets $process.
chat() {
    rm -f "$work/$1.out" "$work/$1.err"
    (example unix_chat "$path" <"$work/$1.in" >"$work/$1.out" 2>"$work/$1.err") &
    keep
}

printf 'one\ntwo\n' >"$work/first.in"
seq 1 5000 >"$work/second.in"

run_example usage unix_chat
check "no argument is wrong usage" [ "$code" -eq 2 ]

if [ -n "$emulator" ]; then
    chat first
    await "$process"
    if file_has "$work/first.err" 'unix_chat: this system has no Unix sockets' >/dev/null; then
        check "it says that there are no Unix sockets, and fails" [ "$code" -eq 1 ]
        finish
        exit 0
    fi
fi

chat first
first=$process
find_line "$work/first.err" 's/^\(No peer is connected yet\)$/\1/p'
chat second
second=$process
await "$first"
check "the first ends well" [ "$code" -eq 0 ]
await "$second"
check "so does the second" [ "$code" -eq 0 ]
check "the first's words arrived" cmp "$work/second.out" "$work/first.in"
check "the second's words arrived" cmp "$work/first.out" "$work/second.in"
check "the path is gone" [ ! -e "$path" ]
check "the second found the first" [ "$(grep -c 'No peer is connected yet' "$work/second.err")" -eq 0 ]

if ! without socat "a chat with a peer that is not ferrule"; then
    chat first
    first=$process
    find_line "$work/first.err" 's/^\(No peer is connected yet\)$/\1/p'
    socat -t 10 - "UNIX-CONNECT:$path" <"$work/second.in" >"$work/socat.out"
    await "$first"
    check "it talks with socat, which came later" cmp "$work/socat.out" "$work/first.in"
    check "... and hears it" cmp "$work/first.out" "$work/second.in"

    socat -t 10 -d -d "UNIX-LISTEN:$path,unlink-close=0" "OPEN:$work/second.in,rdonly!!CREATE:$work/socat.out" 2>"$work/socat.err" &
    keep
    find_line "$work/socat.err" 's/^.* \(listening on\) .*$/\1/p'
    chat first
    await "$process"
    check "it talks with socat, which came first" [ "$code" -eq 0 ]
    check "... and hears it" cmp "$work/first.out" "$work/second.in"

    check "a path without a listener was left over" [ -e "$path" ]
    chat first
    first=$process
    find_line "$work/first.err" 's/^\(No peer is connected yet\)$/\1/p'
    chat second
    await "$process"
    await "$first"
    check "a leftover is not in the way" cmp "$work/first.out" "$work/second.in"
fi

path=$meeting/none/path
chat first
await "$process"
check "no such folder is an error" [ "$code" -eq 1 ]
check "... and said" file_has "$work/first.err" "unix_chat: $path: entity not found (os error 2)"
finish
