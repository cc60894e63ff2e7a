#!/bin/sh
# Runs examples/dns_server against a client in Python.
# usage: examples_dns_server.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need python3

cat >"$work/client.py" <<'PYTHON'
import socket, struct, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
client.settimeout(60)

def header(number, flags=0x0100, questions=1, more=0):
    return struct.pack("!HHHHHH", number, flags, questions, 0, 0, more)

def question(name=b"\x04host\x07example\x00", kind=1, of_class=1):
    return name + struct.pack("!HH", kind, of_class)

def tell(name, good):
    print("ok" if good else "wrong", name, flush=True)

def no_queries():
    yield b""
    yield header(9)[:11]
    yield header(9)
    yield header(9) + b"\x04hos"
    yield header(9) + b"\x04host"
    yield header(9) + b"\x04host\x07example\x00"
    yield header(9) + question()[:-1]
    yield header(9) + b"\x40" + question()
    yield header(9) + b"\xc0"
    yield header(9) + b"\xc0\x0c\x00\x01\x00"
    yield header(9, questions=0) + question()
    yield header(9, questions=2) + question() + question()
    yield header(9, flags=0x8100) + question()
    yield header(9, flags=0x2900) + question()
    yield header(9) + question() + bytes(600)

def send_no_queries():
    for message in no_queries():
        client.send(message)

def answer(number, code, asked, records=b""):
    return struct.pack("!HHHHHH", number, 0x8500 | code, 1, 1 if records else 0, 0, 0) + asked + records

address = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07"
send_no_queries()
client.send(header(1) + question())
client.send(header(2) + question())
tell("an answer with a wrong id", client.recv(600) == answer(2 ^ 0xff00, 0, question(), address))
tell("the answer to the second query", client.recv(600) == answer(2, 0, question(), address))
send_no_queries()
cases = {
    "the same name in other letters": (question(b"\x04HOST\x07Example\x00"), 0, address),
    "another name": (question(b"\x05other\x07example\x00"), 3, b""),
    "a name of the same length": (question(b"\x04host\x07exampld\x00"), 3, b""),
    "a name with other labels": (question(b"\x0chost.example\x00"), 3, b""),
    "the root": (question(b"\x00"), 3, b""),
    "a pointer to itself": (question(b"\xc0\x0c"), 3, b""),
    "a name that is as long as a message": (question((b"\x3f" + b"a" * 63) * 7 + b"\x2e" + b"a" * 46 + b"\x00"), 3, b""),
    "another type": (question(kind=28), 0, b""),
    "another class": (question(of_class=3), 0, b""),
}
for number, (name, (asked, code, records)) in enumerate(cases.items(), 3):
    client.send(header(number) + asked)
    tell(name, client.recv(600) == answer(number, code, asked, records))
client.send(header(20, more=1) + question() + b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00")
tell("what follows the question", client.recv(600) == answer(20, 0, question(), address))
PYTHON

(example dns_server host.example. 192.0.2.7 </dev/null >"$work/server.out" 2>"$work/server.err") &
keep
find_line "$work/server.out" 's/^listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p'
address=127.0.0.1:$line
code=0
python3 "$work/client.py" "$line" >"$work/client.out" 2>"$work/client.err" || code=$?
check "it answers to the end" [ "$code" -eq 0 ]
while IFS=' ' read -r good name; do
    check "it answers as it should: $name" [ "$good" = ok ]
done <"$work/client.out"
check "... to all of it" [ "$(grep -c . "$work/client.out")" -eq 12 ]
check "one query was lost" [ "$(grep -c '^lost one of ' "$work/server.out")" -eq 1 ]
check "one answer had a wrong id" [ "$(grep -c '^wrong id for ' "$work/server.out")" -eq 1 ]
find_line "$work/server.out" '14s/^answered 127\.0\.0\.1:[0-9]*$/&/p'
check "what is no query is not answered" [ "$(grep -c . "$work/server.out")" -eq 14 ]

# serve [ARGUMENT...]: runs dns_server; sets $code. Its output is in serve.out and serve.err.
serve() { run_example serve dns_server "$@" </dev/null; }

serve host.example 192.0.2.7 "$address"
check "an address in use is an error" [ "$code" -eq 1 ]
check "... with the reason" file_matches "$work/serve.err" "$address: address in use (os error [0-9]*)"
serve host.example 192.0.2.7 nonsense
check "no address is an error" file_has "$work/serve.err" 'nonsense: invalid input parameter'
serve --help
check "--help is no failure" [ "$code" -eq 0 ]
check "... and prints the usage" file_matches "$work/serve.out" 'usage: dns_server .*'
for arguments in '' 'host.example' 'host.example 192.0.2' 'host..example 192.0.2.7' 'host.example 192.0.2.7 127.0.0.1:0 more'; do
    # shellcheck disable=SC2086 # words
    serve $arguments
    check "wrong usage: $arguments" [ "$code" -eq 2 ]
done
finish
