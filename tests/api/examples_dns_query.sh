#!/bin/sh
# Runs examples/dns_query against examples/dns_server, and against a server in Python that sends
# wrong answers of every kind.
# usage: examples_dns_query.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"

# ask [ARGUMENT...]: runs dns_query; sets $code. Its output is in ask.out and ask.err.
ask() { run_example ask dns_query "$@" </dev/null; }

# fails NAME MESSAGE: checks that a query for NAME prints MESSAGE and no address.
fails() {
    ask "127.0.0.1:$port" "$1"
    check "$1 is an error" [ "$code" -eq 1 ]
    check "... with the reason" file_has "$work/ask.err" "$1: $2"
    check "... and no address" is_empty "$work/ask.out"
}

(example dns_server host.example 192.0.2.7 </dev/null >"$work/server.out" 2>"$work/server.err") &
keep
find_line "$work/server.out" 's/^listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p'
port=$line
ask "127.0.0.1:$port" host.example
check "it is answered" [ "$code" -eq 0 ]
check "... with the address alone" [ "$(tr -d '\r' <"$work/ask.out")" = 192.0.2.7 ]
check "... though the first query got lost" file_matches "$work/server.out" 'lost one of 127\.0\.0\.1:[0-9]*'
check "... after which it asked again" file_has "$work/ask.err" 'no answer: timed out'
check "... though an answer had a wrong id" file_matches "$work/server.out" 'wrong id for 127\.0\.0\.1:[0-9]*'
check "... which was dropped" file_has "$work/ask.err" 'dropped what is no answer to this question'
ask "127.0.0.1:$port" Host.Example.
check "upper and lower case are the same, and so is a dot at the end" file_has "$work/ask.out" 192.0.2.7
fails other.example 'no such name'

if ! without python3 "servers that lie"; then
    cat >"$work/liar.py" <<'PYTHON'
# The name's first label selects the fault of the answer.
import socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)

def record(name=b"\xc0\x0c", kind=1, content=b"\xc0\x00\x02\x09", length=None, of_class=1):
    return name + struct.pack("!HHIH", kind, of_class, 60, len(content) if length is None else length) + content

good = record()
answers = {  # flags, number of records, records
    "good": (0x8180, 1, good),
    "alias": (0x8180, 2, record(kind=5, content=b"\x04real\xc0\x0c") + record(name=b"\x04real\xc0\x0c")),
    "two": (0x8180, 2, good + record(content=b"\xc0\x00\x02\x0a")),
    "full": (0x8180, 32, record(name=b"\x00") * 32),
    "failing": (0x8182, 0, b""),
    "cut": (0x8380, 1, good),
    "nothing": (0x8180, 0, b""),
    "six": (0x8180, 1, record(kind=28, content=bytes(16))),
    "chaos": (0x8180, 1, record(of_class=3)),
    "missing": (0x8180, 1, b""),
    "more": (0x8180, 65535, good),
    "long": (0x8180, 1, record(length=65535)),
    "by-one": (0x8180, 1, record(content=b"\xc0\x00\x02", length=4)),
    "short": (0x8180, 1, record(content=b"\xc0\x00\x02")),
    "wide": (0x8180, 1, record(content=bytes(16))),
    "head": (0x8180, 1, good[:11]),
    "half-pointer": (0x8180, 1, b"\xc0"),
    "endless": (0x8180, 1, b"\x3f" + b"a" * 20),
    "no-end": (0x8180, 1, b"\x01a"),
    "bad-label": (0x8180, 1, record(name=b"\x40" + b"a" * 64 + b"\x00")),
    "loop": (0x8180, 2, record(name=b"\xc0\x1c") + b"\xc0"),
}
def lies(query, right):
    yield b""
    yield right[:1]
    yield right[:11]
    yield right[:12]
    yield right[:len(query) - 1]
    yield right[:2] + b"\x01\x80" + right[4:]
    yield right[:2] + b"\x89\x80" + right[4:]
    yield right[:4] + b"\x00\x00" + right[6:]
    yield right[:4] + b"\x00\x02" + right[6:]
    yield right[:13] + b"z" + right[14:]
    yield right[:len(query) - 3] + b"\x1c" + right[len(query) - 2:]
    yield right + bytes(600)
while True:
    query, client = server.recvfrom(512)
    label = query[13:13 + query[12]].decode()
    flags, count, records = answers.get(label, answers["good"])
    right = query[:2] + struct.pack("!HHHHH", flags, 1, count, 0, 0) + query[12:] + records
    if label == "lies":
        for lie in lies(query, right):
            server.sendto(lie, client)
    server.sendto(right, client)
PYTHON
    python3 "$work/liar.py" </dev/null >"$work/liar.out" 2>"$work/liar.err" &
    keep
    find_line "$work/liar.out" 's/^[0-9][0-9]*$/&/p'
    port=$line
    ask "127.0.0.1:$port" good.example
    check "another's server is understood" file_has "$work/ask.out" 192.0.2.9
    ask "127.0.0.1:$port" alias.example
    check "an alias is too" [ "$(tr -d '\r' <"$work/ask.out")" = 192.0.2.9 ]
    ask "127.0.0.1:$port" two.example
    check "all addresses are printed" [ "$(tr -d '\r' <"$work/ask.out" | tr '\n' ' ')" = '192.0.2.9 192.0.2.10 ' ]
    ask "127.0.0.1:$port" full.example
    check "... also where they fill the message" [ "$(tr -d '\r' <"$work/ask.out" | grep -cx 192.0.2.9)" -eq 32 ]
    ask "127.0.0.1:$port" lies.example
    check "what does not fit the question is dropped" file_has "$work/ask.out" 192.0.2.9
    check "... each of it" [ "$(grep -c '^dropped ' "$work/ask.err")" -ge 12 ]
    for lie in missing more long by-one short wide head half-pointer endless no-end bad-label loop; do
        fails "$lie.example" 'the answer is badly formed'
    done
    for lie in nothing six chaos; do
        fails "$lie.example" 'no address'
    done
    fails failing.example 'the server cannot answer, or will not'
    fails cut.example 'the answer is too long for UDP'
fi

# A UDP port without a socket: 1 is tcpmux's, which uses TCP only.
ask 127.0.0.1:1 host.example
check "no server is an error" [ "$code" -eq 1 ]
check "... with the reason" file_matches "$work/ask.err" '127\.0\.0\.1:1: connection refused (os error [0-9]*)'
check "... after five tries" [ "$(grep -c '^no answer: ' "$work/ask.err")" -eq 5 ]

ask nonsense host.example
check "no address is an error, and not tried again" [ "$code" -eq 1 ]
check "... once" [ "$(tr -d '\r' <"$work/ask.err")" = 'nonsense: invalid input parameter' ]
label=$(printf '%064d' 0)
part=$(printf '%060d' 0)
for name in '' . .. .example host..example "$label.example" "$part.$part.$part.$part.$part"; do
    ask 127.0.0.1:1 "$name"
    check "not a name: $name" [ "$code" -eq 2 ]
    check "... which it reports" file_has "$work/ask.err" "$name: not a name"
done
ask --help
check "--help is no failure" [ "$code" -eq 0 ]
check "... and prints the usage" file_matches "$work/ask.out" 'usage: dns_query .*'
for arguments in '' '127.0.0.1:1' '-x host.example' '127.0.0.1:1 host.example more'; do
    # shellcheck disable=SC2086 # words
    ask $arguments
    check "wrong usage: $arguments" [ "$code" -eq 2 ]
done
finish
