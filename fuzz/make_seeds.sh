#!/bin/sh
# Writes the seeds of the harnesses, the first inputs of the fuzzers: a folder for each harness, a
# file for each input.
# The committed corpora are these, extended by libFuzzer and merged (ci/fuzz.sh --merge).
# usage: make_seeds.sh FOLDER
set -eu
[ $# -eq 1 ] || { echo "usage: make_seeds.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
cd "$1"

# put HARNESS FORMAT: the next seed of the harness, as printf(1) writes it.
count=0
put() {
    count=$((count + 1))
    mkdir -p "$1"
    # shellcheck disable=SC2059 # the format is the data
    printf "$2" >"$1/seed-$count"
}

addresses='0.0.0.0 127.0.0.1 255.255.255.255 256.0.0.1 1.2.3.04 1.2.3 1.2.3.4.5 192.168.10.199
:: ::1 1:: fe80::1 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1::3:4:5:6:7:8 1:2:3:4:5:6:7:8:9 1::2::3
2001:db8::1:0:0:1 0:0:1::1 ::ffff:1.2.3.4 ::1.2.3.4 1:2:3:4:5:6:1.2.3.4 1:2:3:4:5:6:7:1.2.3.4 64:ff9b::255.255.255.256
ABCD:EF01:2345:6789:abcd:ef01:2345:6789 12345:: ::g 0000:: 00000::'
for address in $addresses; do
    put addr_parse "$address"
    put addr_parse "$address:80"
    put addr_parse "[$address]:443"
    put addr_parse "[$address%%7]:65535"
    put resolve_text "$address:80"
    put resolve_text "[$address]:80"
done
for port in 0 00 65535 65536 00080 +1 -1 99999999999999999999 ''; do
    put addr_parse "1.2.3.4:$port"
    put addr_parse "[::1]:$port"
    put resolve_text "localhost:$port"
done
for scope in 0 4294967295 4294967296 007 eth0 ''; do
    put addr_parse "[fe80::1%%$scope]:1"
    put resolve_text "[fe80::1%%$scope]:1"
done
put addr_parse ''
put addr_parse '1.2.3.4\0'

# In these the numbers come from the end.
long=$(printf '%0253d' 0 | tr 0 n)
for host in localhost LOCALHOST. a.test A.Test. x:y '[x:y]' '[]' '[:]' 127.1 0x7f.1 'fe80::1%%lo' '::1%%4294967296' \
    'b\303\274rger.test' '\303' '\340\237\277' '\355\237\277' '\355\240\200' '\364\217\277\277' '\364\220\200\200' 'a b\001' "$long" "$long." "${long}n" '' .; do
    put resolve_text "$host:80"
    put resolve_text "$host:80\0\0\0\0\006\0"
    put resolve_text "$host:80\001\002\003\004\001\002\0\001\001\001\003\007"
    put resolve_text "$host:80\003\002\001\001\002\004\0\0\003\002\0"
    put resolve_text "$host:80\001\002\001\002\003\001\001\001\006\001\0"
done

# Lookups with keys: starts, takes, closes and waits, in the order of the steps from the end. The name
# a.test takes two seconds.
name='\0\004\003\002\001\002\001\0\001'
for steps in '\010\003\0\110\002' '\010\003\0\005\0\150\003' '\010\003\0\007\0\160\0\006\001\150\005' \
    '\010\003\0\007\0\007\002\160\001\160\0\160\006' '\010\003\0\006\001\160\377\006\0\160\005' \
    '\001\003\002\003\001\005\003\250\002\150\001\150\0\150\007'; do
    put resolve_text "a.test:80$steps\0\001\300"
    put resolve_text "a.test:80$steps$name\001\001\300"
done

zeros='\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
for octets in "$zeros" '\177\0\0\001' '\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377' \
    '\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\001' '\0\0\0\0\0\0\0\0\0\0\377\377\001\002\003\004' \
    '\0\001\0\0\0\0\0\001\0\0\0\0\0\0\0\001' '\0\001\0\0\0\001\0\0\0\001\0\0\0\001\0\001' '\0\0\0\0\0\001\0\0\0\0\0\001\0\0\0\0' \
    '\0\0\0\0\0\0\0\0\0\0\0\0\012\013\014\015'; do
    for family in '\0' '\001' '\007' '\047'; do
        put addr_format "$octets\001\002\003\004\0\0\0\0\0\120$family"
        put addr_format "$octets\0\0\0\0\377\377\377\377\377\377$family"
    done
done

# One address with each property, by its first octets.
for octets in '\012\001' '\254\020' '\254\037' '\300\250' '\251\376' '\340\0' '\300\0\002' '\306\063\144' '\313\0\161' '\374\0' '\377\002'; do
    put addr_format "$octets\0\0\0\0\0\0\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0\0\0\120\0"
    put addr_format "$octets\0\0\0\0\0\0\0\0\0\0\0\0\0\001\0\0\001\001\001\001\0\0\0\0\120\001"
done

# Programs: a connect, bytes from the peer, and each operation with some arguments.
octal() { printf '\\%03o' "$1"; }
operation=0
while [ $operation -lt 41 ]; do
    for argument in 0 1 7 100 173 200 255; do
        step="$(octal $operation)\0$(octal $argument)\377"
        for kind in '\0' '\007' '\010' '\024'; do
            for harness in stream_state dialects; do
                put $harness "$kind\0\0\0\377$(octal 35)\0\050\377$step$step"
            done
        done
    done
    put listener "\0\0$(octal $((operation * 6)))$(octal $operation)\0\0\144$(octal $operation)"
    operation=$((operation + 1))
done
# A write and a close, several times, over a loopback address and to another host; the peer then
# receives. The last byte sets a switch of the simulated Windows.
for kind in '\0' '\002' '\010'; do
    round='\0\0\0\377\015\0\050\377\032\0\310\377'
    for harness in stream_state dialects; do
        put $harness "$kind$round$round$round$round"
        put $harness "$kind$round$round$round$round\001"
    done
    put stream_state "\004$round$round$round$round"
    put stream_state "\004$round$round$round$round\001"
done
# A poller with a stream, before and after calls of its peer and of the program: 248 adds, 249
# modifies, 250 deletes, 251 waits.
for interest in 0 1 2 4 5 6; do
    # A clone gets the number of a registered one that was closed.
    put dialects "\\0\\0\\0\\0\\377\\021\\0\\001\\377\\370\\0$(octal $interest)\\377\\032\\0\\0\\377\\021\\001\\0\\377\\373\\0\\0\\377\\371\\0\\0\\377"
    for operation in 8 13 16 17 26 27 35 36 37 38 39; do
        for harness in stream_state dialects; do
            watch="\\370\\0$(octal $interest)\\377\\373\\0\\0\\377"
            step="$(octal $operation)\\0\\001\\377\\373\\0\\0\\377\\371\\0$(octal $interest)\\377\\373\\0\\0\\377"
            put $harness "\\0\\0\\0\\0\\377$watch$step$(octal 35)\\0\\050\\377$step\\372\\0\\0\\377\\373\\0\\0\\377"
            put $harness "\\001\\0\\0\\0\\377$watch$(octal 17)\\0\\001\\377$step\\370\\001\\002\\377\\373\\001\\0\\377"
        done
    done
done
call=0
while [ $call -lt 256 ]; do
    for nulls in '\0' '\001' '\002' '\004' '\010' '\020' '\040' '\100'; do
        for argument in '\0' '\007' '\013' '\200'; do
            put api_misuse "$(octal $call)\0\0$nulls$argument$(octal $call)\001\033$nulls$argument"
        done
    done
    call=$((call + 1))
done

# The bytes of the code, then the shape.
for shape in '\0' '\001' '\002' '\003'; do
    for code in '\0\0' '\0\004' '\0\013' '\0\150' '\0\157' '\047\046' '\047\104' '\052\371' '\200\0\0\0' '\377\377\377\377'; do
        put error_map "\017$code\0\0$shape"
        put error_map "\003\002\001$code$shape"
    done
done
# The same bytes are a text and a value there.
mkdir -p addr_vs_rust
cp addr_parse/* addr_format/* addr_vs_rust/
# Datagrams: op, handle, argument, fault. Each handle sends to a peer and to a socket, and receives.
for handle in 0 1 2; do
    for to in 000 001 003 010 011 012 013 020 023 024 025 026 027 030 031 032 033; do
        put udp "\\003\\00$handle\\$to\\177\\004\\000\\377\\177\\004\\001\\377\\177\\024\\000\\377\\177"
        put udp "\\001\\00$handle\\$to\\177\\002\\00$handle\\$to\\177\\004\\00$handle\\377\\177\\017\\00$handle\\000\\177\\006\\00$handle\\377\\177"
        put udp "\\013\\00$handle\\001\\177\\014\\00$handle\\000\\177\\003\\00$handle\\$to\\016\\003\\00$handle\\$to\\217\\006\\000\\040\\177\\004\\000\\040\\377\\004\\001\\377\\377"
        put udp "\\023\\00$handle\\$to\\177\\007\\000\\003\\177\\001\\003\\000\\177\\006\\000\\377\\177\\004\\003\\377\\177"
        # A handle that is bound again after it had a peer; binds to addresses in use, of the same
        # family or the other.
        put udp "\\001\\00$handle\\002\\177\\010\\00$handle\\000\\177\\000\\00$handle\\000\\177\\023\\003\\$to\\177\\004\\00$handle\\377\\177\\020\\00$handle\\000\\177"
        put udp "\\000\\003\\344\\177\\000\\003\\353\\177\\000\\004\\362\\177\\000\\005\\360\\177\\010\\00$handle\\000\\177\\000\\005\\346\\177\\016\\00$handle\\200\\177\\016\\00$handle\\000\\177"
    done
done
# Unix sockets, the last call first: argument, handles and name, op; at the end the mode. A stream
# that is listened for, connected, accepted, written, read, closed; datagrams to a name; pairs of
# both.
for mode in 0 1; do
    for name in '00 01' '20 21' '60 61'; do
        first="\\0${name% *}"
        second="\\0${name#* }"
        put unix "\\024\\001\\004\\000\\000\\010\\024\\001\\004\\011\\000\\003\\000\\001\\002\\000$first\\001\\000$first\\000\\00$mode"
        put unix "\\024\\000\\023\\002\\000\\024\\005\\001\\021\\000$second\\020\\000\\001\\016\\000$first\\015\\00$mode"
        # The same, interrupted, and at first without a free handle.
        put unix "\\001\\000\\334\\001\\001\\333\\001\\001\\332\\001$first\\331\\001\\001\\302\\001$first\\301\\000$first\\000\\001$first\\300\\00$mode"
        put unix "\\001\\000\\353\\001\\001\\351\\001$second\\350\\000\\001\\016\\001\\001\\316\\000$first\\015\\001$first\\315\\00$mode"
    done
    put unix "\\000\\004\\326\\000\\004\\317\\001\\004\\317\\001\\010\\311\\000\\004\\305\\001\\004\\305\\00$mode"
    put unix "\\024\\001\\004\\001\\000\\007\\011\\000\\003\\000\\004\\005\\00$mode"
    put unix "\\024\\001\\023\\011\\000\\021\\000\\004\\017\\00$mode"
    put unix "\\024\\000\\023\\000\\101\\015\\000\\001\\025\\004\\001\\022\\000\\061\\015\\000\\000\\015\\00$mode"
done
# Built sockets: seed of the program, then step, handles, argument. The bytes are written from the
# last to the first.
program() {
    bytes=
    for number in "$@"; do
        bytes="$(octal "$number")$bytes"
    done
    put socket "$bytes"
}
# Each destination: in nonblocking mode (also with a fault byte as the step), checked by four calls
# at four times; in blocking mode; with a timeout.
for to in 0 1 2 3 4 5 6 7 12 14; do
    for time in 1 3 5 7; do
        program 0 0 0 0 4 0 11 1 0 $to 9 0 $time 3 0 0 3 0 0 10 0 0 13 0 0
        program 0 0 0 0 4 0 11 1 0 $to 1 0 0 7 0 0 9 0 $time 11 4 0 12 4 0 10 4 0 8 0 0 14 12 0
    done
    program 0 0 0 0 1 0 $to 7 0 0 11 4 0 3 4 0
    for fault in 225 226 227 229; do
        program 0 0 0 0 4 0 11 $fault 0 $to 3 0 0 0 1 0 $fault 1 $to 3 1 0 3 1 0
    done
    for within in 0 16 32 48 80 96; do
        program 0 0 0 0 2 0 $((to + within)) 7 0 0 11 4 0 0 1 0 13 0 0 13 4 0
    done
done
for to in 8 9 10 11 13; do
    program 0 0 0 1 4 0 2 1 0 $to 10 0 0 18 0 0 19 1 0
    program 0 0 0 1 5 0 3 6 0 0 0 1 1 1 1 $to 21 0 0 21 0 1
done
option=0
while [ $option -lt 70 ]; do
    for kind in 0 1 2 5 6 7; do
        program 0 0 0 $kind 4 0 $option 15 0 $option 14 12 0 15 1 $option
    done
    option=$((option + 1))
done
# Two sockets bind to one port, with and without reuse set; with and without only_v6 set; listening
# at once, or a clone.
for kind in 0 1 5 6; do
    for chosen in 0 14 2 16 1 27; do
        for at in 0 1 2 3 4 5; do
            program 0 0 0 $kind 4 0 $chosen 5 0 $at 6 0 0 0 1 $kind 4 1 $chosen 5 1 $at 6 1 0 21 0 0 21 0 1
            program 0 0 0 $kind 4 0 $chosen 14 12 0 5 0 $at 5 1 $at 6 1 0 22 1 0 5 0 $at
        done
    done
    program 0 0 0 $kind 4 0 14 5 0 1 0 1 $kind 4 1 0 5 1 0
    program 0 0 0 $kind 5 0 1 0 1 $kind 5 1 1 4 1 0 5 1 1
    program 0 0 0 $kind 1 0 0 1 0 8 5 0 3 5 0 1
done
# Unix sockets; into each type, and back; a listener with timeouts that accepts.
program 0 0 0 2 6 0 0 16 0 0 6 0 2 0 1 2 17 1 0 0 2 2 17 2 0 17 2 0 4 2 11 17 2 0 17 2 0 13 0 0
program 0 0 0 7 16 0 1 16 0 2 0 1 2 17 1 1 3 1 0 28 0 1
for place in 0 1 2 3 5 6 7; do
    for kind in 0 1 2 5 6 7; do
        program 0 0 0 $kind 7 $((place * 12)) 0 8 $((place * 12)) 0 22 0 0 5 0 0 6 0 0 22 0 0
        program 0 20 $((place * 12)) 0 0 0 $kind 7 $((place * 12)) 0 13 0 0 8 $((place * 12)) 0 5 0 0 16 0 0 6 0 0
    done
done
program 0 0 0 0 4 0 12 5 0 0 6 0 0 4 0 11 0 1 0 1 1 12 7 24 0 23 6 0 11 4 0
# Schedules of connection attempts: addresses less one, delay, timeout, deadline, the families of four
# addresses in each byte, then steps: 1 until a wait, 3 to its end, 4 almost, 5 and 13 fail, 6 and 14
# connect, 255 cancels. The bytes are written from the last to the first.
schedule() {
    bytes=
    for number in "$@"; do
        bytes="$(octal "$number")$bytes"
    done
    put connect_schedule "$bytes"
}
many='1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3 1 3'
for delay in 0 10 128; do
    for timeout in 0 25 128; do
        for deadline in 0 40 128; do
            limits="$delay $timeout $deadline"
            # shellcheck disable=SC2086 # the limits are words
            for steps in "1 3 1 3 1 3 1" "1 4 1 3 1 5 1 13 1 6" "1 5 1 5 1 5 1" "1 3 1 14 6 1" "1 3 255 1" "1 3 14 5 1" "$many 5 1 3 1 6 1"; do
                schedule 0 $limits 0 $steps
                schedule 3 $limits 228 $steps
                schedule 17 $limits 250 80 228 15 228 $steps
            done
        done
    done
done
# Control messages: little-endian messages of one layout, then a byte for it. The bytes of the messages
# are also the sizes that are written, from the last on.
messages() {
    bytes=
    for number in "$@"; do
        bytes="$bytes$(octal "$number")"
    done
    put control "$bytes"
}
for length in 20 16 15 0 24 255; do
    wide="$length 0 0 0 0 0 0 0 1 0 0 0 2 0 0 0 7 0 0 0 0 0 0 0"
    narrow="$length 0 0 0 1 0 0 0 2 0 0 0 7 0 0 0 8 0 0 0 9 0 0 0"
    # shellcheck disable=SC2086 # the messages are words
    for layout in 0 3 4; do
        messages $wide $layout
        messages $wide $wide 17 0 0 0 0 0 0 0 41 0 0 0 50 0 0 0 9 $layout
    done
    # shellcheck disable=SC2086 # the messages are words
    for layout in 1 2 5; do
        messages $narrow $layout
        messages $narrow $narrow 13 0 0 0 0 0 0 0 8 0 0 0 5 $layout
    done
done
for layout in 0 1 2 3 4 5; do
    messages 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 $layout
    messages 40 3 17 8 0 1 40 8 199 $layout
    messages 1 1 1 1 1 1 1 8 24 $layout
done
# Copies, from the last byte on: the kind, three bytes that shorten it and two its buffer, the mode, a
# clone, a reset and its time, the dialect, the BSD, four bytes of the seed, the latency, and the
# chance of each of seven faults.
for kind in 0 1 2; do
    for dialect in 0 1 2; do
        for fault in 0 1 2 3 4 5 6 7; do
            bytes="\0\0\0\001\0$(octal $dialect)\0\0\0$(octal $((fault % 2)))\0\0\0\0\0$(octal $kind)"
            for number in 1 2 3 4 5 6 7; do
                bytes="$(octal $((number == fault ? 2 : 0)))$bytes"
            done
            put copy "$bytes"
        done
    done
done
# Handles over a stream: the system, then steps: 0 sends (handles, their sockets, bytes), 2 reads, 3 peeks,
# 4 closes what was received, 5, 13 and 21 close a socket, 6 receives (bytes, handles); with 128 and more a fault.
handles() {
    bytes=
    for number in "$@"; do
        bytes="$(octal "$number")$bytes"
    done
    put handles "$bytes"
}
for system in 0 1 2 3 4; do
    handles $system 0 1 5 0 6 31 4 4
    handles $system 0 0 1 0 2 3 0 1 0 0 1 6 31 4 6 31 4 6 31 4 4
    handles $system 0 3 2 0 1 2 5 13 21 6 31 1 2 31 0
    handles $system 0 2 2 0 1 3 31 0 2 31 0 0 1 2 2 6 0 4 4
    for fault in 134 142 150 158 166 174; do
        handles $system 0 3 2 0 1 2 $fault 31 4 4 $((fault - 6)) 2 9 0 1 6 31 4
    done
done
# Calls of the simulation and of ferrule, with callbacks: dialect, seed, sockets, both buffers, latency,
# jitter, then steps (fuzz/programs/simulation_program.c). The bytes of a callback are those that are next when
# it is called.
simulation() {
    bytes=
    for number in "$@"; do
        bytes="$(octal "$number")$bytes"
    done
    put simulation "\\200\\001$bytes"
}
connected='0 0 0 0 0 0 3 0 0 0 0 1 0 0 0 1 0 1'
for dialect in 0 1 2; do
    # shellcheck disable=SC2086 # the words are numbers
    for jitter in 0 255; do
        head="$dialect 1 0 255 255 1 $jitter"
        # a script that is played 2000 times, and bytes to a closed peer
        simulation $head $connected 0 10 1 1 3 100 0 1 1 7 3 0 0 2 0 1 1
        simulation $head $connected 0 8 1 1 3 0 0 2 0 0 4 7 3 0 0 2 0 1 1
        # a callback closes a connector whose second attempt jumps, or waits on its poller
        simulation $head 5 0 0 0 1 0 0 0 0 13 13 1 2 5 7 0 0 0 4 6 255 6 6 100 5 7 0 0 0 4 6 255 1 5 0 0 3 5 7 0 0 0 4 6 255
        simulation $head 5 0 0 0 1 0 0 0 0 13 13 1 2 5 7 0 0 0 4 6 255 6 6 100 5 7 0 0 0 4 6 255 1 5 7 0 0 0 4 0 5 7 0 0 0 4 6 255
        # a callback closes the poller or the lookup that waits
        simulation $head 6 6 100 5 7 0 0 0 4 6 255 1 5 7 0 0 0 3 5 7 0 0 0 4 6 255
        simulation $head 5 3 0 0 1 0 6 6 100 5 3 0 2 6 255 1 5 3 0 4
        # a clone receives handles, or a byte without them, while recv_handles waits
        simulation $head 3 4 0 0 1 0 1 3 4 2 0 1 1 1 6 6 100 3 4 1 0 1 4 3 0 0 0 0 0 0 0 1 0 3 3 4 0 0 1 4 1 1 0 0 1 1 \
            3 4 2 0 1 2 3 4 0 0 1 3
        # a connect in a callback at the end of the clock, and a write for which an event is a year away
        simulation $head 6 5 0 6 5 0 7 5 0 1 3 0 0 0 0 2 3 255
        simulation $head $connected 6 4 255 6 4 200 3 0 0 3 1 44 2 3 0 0 3 1 44 2 3 0 0 3 1 44 2
    done
done
# Connects within limits: hosts less one; of each host its number, its answer and two bytes of delay;
# by name, resolver, failing name, two bytes of its delay, delay, timeout, then a flag and two bytes
# of the deadline and of the cancel, capacity, local address.
connects() {
    bytes=
    for number in "$@"; do
        bytes="$(octal "$number")$bytes"
    done
    put connect_with "$bytes"
}
for by_name in 0 1; do
    for limits in "0 0" "0 1 1 0" "1 0 100 0" "1 2 0 1 1 0"; do
        for answer in 0 1 2 3 4 5; do
            # shellcheck disable=SC2086 # the limits are words
            connects 2 0 $answer 0 0 1 0 0 100 2 2 0 0 $by_name 0 0 0 9 1 0 $limits 6 0
        done
    done
done
# Pollers: op, handle and poller, argument, fault. The bytes are written from the last to the first.
poll() {
    bytes=
    while [ $# -ge 4 ]; do
        bytes="$(octal "$4")$(octal "$3")$(octal "$2")$(octal "$1")$bytes"
        shift 4
    done
    put poller "$bytes"
}
wait=0; make=1; add=2; peer_sends=3; modify=4; delete=5; close=6; notify=7; receive=8; send=9; defer=10; add_all=11; connect=12; peer_receives=13
peer_shuts=14; peer_resets=15; peer_closes=16; clone=17; shut=18; open=19; close_poller=20; advance=21; raw=22
# Each type of socket with each interest and mode: reported, reported again, modified, deleted,
# after each call of its peer.
for kind in 0 1 2 3 4 5; do
    for interest in 0 1 2 3 4 6 7 8 10 11; do
        poll $make 0 $kind 0 $add 0 $interest 0 $wait 0 0 0 $peer_sends 0 1 0 $wait 0 5 0 $wait 0 5 0 $receive 0 1 0 $wait 0 0 0
        poll $make 0 $kind 0 $add 0 $interest 0 $defer 0 3 0 $peer_sends 0 1 0 $wait 0 9 0 $modify 0 $interest 0 $wait 2 6 0 $delete 0 0 0 $wait 0 6 0
        for op in $peer_shuts $peer_resets $peer_closes $shut $close; do
            poll $make 0 $kind 0 $add 0 $interest 0 $defer 0 2 0 $op 0 0 0 $wait 0 9 0 $wait 0 5 0 $modify 0 $interest 0 $wait 0 6 0
            poll $make 0 $kind 0 $clone 0 1 0 $send 0 2 0 $send 0 2 0 $add_all 0 $interest 0 $wait 0 0 0 $op 0 0 0 $wait 0 6 0 $add 0 2 0 $wait 0 0 0
        done
        poll $make 0 3 0 $connect 0 $kind 0 $add 0 $interest 0 $wait 0 6 0 $wait 0 7 0 $receive 0 0 0 $peer_sends 0 0 0 $wait 0 8 0 $wait 0 9 0
    done
done
# The same readiness from the socket itself (_ready).
for kind in 0 1 2 4 5; do
    poll $make 0 $kind 0 $raw 0 200 0 $peer_sends 0 1 0 $raw 0 200 0 $advance 0 6 0 $raw 0 200 0 $receive 0 1 0 $raw 0 200 0 $send 0 2 0 $send 0 2 0 $raw 0 200 0
    for op in $peer_shuts $peer_resets $peer_closes $shut; do
        poll $make 0 $kind 0 $op 0 0 0 $raw 0 200 0 $advance 0 6 0 $raw 0 200 0 $receive 0 1 0 $raw 0 200 0 $send 0 2 0 $raw 0 200 0 $shut 0 128 0 $raw 0 200 0
    done
done
# Raw sockets that are used again, with and without a delete, a clone, another poller; four ready
# ones for one event; lack of memory.
for kind in 0 1 2 4; do
    for before in $delete $raw $wait $notify; do
        poll $make 0 $kind 0 $add 0 2 0 $before 0 0 0 $close 0 0 0 $delete 0 0 0 $make 1 $kind 0 $modify 1 2 0 $add 1 6 0 $peer_sends 1 1 0 $wait 0 6 0 $wait 0 0 0
        poll $make 0 $kind 0 $clone 0 1 0 $add_all 0 2 0 $before 0 0 0 $close 0 0 0 $clone 1 0 0 $add 0 6 0 $peer_sends 0 1 0 $wait 0 6 0 $wait 0 0 0
    done
    poll $make 0 $kind 0 $make 1 $kind 0 $make 2 $kind 0 $make 3 4 0 $add_all 0 2 0 $wait 2 0 0 $wait 2 0 0 $wait 4 0 0 $wait 2 0 0 $wait 6 0 0 $wait 0 0 0
    poll $open 1 0 0 $make 0 $kind 0 $add 0 2 7 $add 0 2 0 $add 24 6 15 $add 24 2 0 $peer_sends 0 1 0 $wait 1 6 0 $wait 0 6 0 $close_poller 1 0 0 $wait 0 0 0
    for fault in 8 9 136 137; do
        poll $make 0 $kind 0 $add 0 0 0 $wait 0 6 $fault $add 0 4 0 $wait 0 9 $fault $modify 0 6 0 $wait 0 5 $fault $peer_sends 0 1 0 $wait 2 0 $fault
    done
done
# Notified before a wait, during it, twice, and while a socket is ready.
for timeout in 0 1 4 6 8 9; do
    poll $notify 0 0 0 $wait 0 $timeout 0 $wait 0 $timeout 0 $defer 0 2 0 $notify 0 0 0 $wait 0 $timeout 0 $notify 0 0 0 $notify 0 0 0 $wait 0 6 0 $wait 0 0 0
    poll $make 0 4 0 $add 0 2 0 $notify 0 0 0 $wait 0 $timeout 0 $wait 0 $timeout 0 $defer 0 1 0 $notify 0 0 0 $delete 0 0 0 $wait 0 $timeout 9 $wait 0 6 0
done
# A Unix listener, a stream to it, and the other end: events when it connects, is accepted, sends,
# fills the buffer, shuts down and closes, during a wait and before.
unix="$make 0 0 160 $peer_sends 0 1 0"
for interest in 0 1 2 3 4 6 8 10; do
    poll $make 0 0 160 $add 0 $interest 0 $defer 0 2 0 $peer_sends 0 1 0 $wait 0 9 0 $wait 0 5 0 $receive 0 2 0 $wait 0 5 0 $raw 0 200 0 $receive 0 3 0
    for op in "$send 2 0 0" "$send 2 1 0 $send 2 1 0 $send 2 1 0" "$shut 2 0 0" "$shut 2 129 0" "$close 2 0 0" "$send 1 0 0 $close 2 0 0"; do
        poll $unix $receive 0 2 0 $add_all 0 $interest 0 $wait 0 5 0 $wait 0 5 0 $op $wait 0 5 0 $wait 0 5 0 $raw 1 200 0 $receive 1 1 0 $send 1 0 0 $wait 0 5 0
        poll $unix $add 1 $interest 0 $receive 0 2 0 $defer 0 2 0 $op $wait 0 9 0 $modify 1 $interest 0 $wait 0 6 0 $raw 1 200 0 $receive 1 0 0 $raw 1 200 0
    done
    poll $unix $send 1 2 0 $send 1 2 0 $add 1 $interest 0 $wait 0 5 0 $receive 0 2 0 $receive 2 0 0 $receive 2 0 0 $wait 0 5 0 $receive 2 0 0 $wait 0 5 0
    poll $unix $peer_sends 0 2 0 $add_all 0 $interest 0 $wait 0 5 0 $clone 1 3 0 $close 1 0 0 $defer 0 1 0 $close 0 0 0 $wait 0 9 0 $wait 0 5 0 $raw 2 200 0
done
poll $open 1 0 128 $open 1 0 129 $open 0 0 0 $open 1 0 0 $close_poller 1 0 0 $wait 1 0 0 $notify 1 0 0 $advance 0 6 0 $peer_receives 0 0 0
echo "make_seeds: $count seeds"
