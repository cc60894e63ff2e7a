#!/bin/sh
# Tests the examples that serve others, and unix_chat (examples_common.sh).
# usage: examples_servers.sh FOLDER-OF-THE-EXAMPLES EMULATOR-OR-EMPTY TEST
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
printf 'Hello!' >"$work/short"

# nc_sends NAME HOST INPUT: what nc receives for the file INPUT is in NAME.
nc_sends() { nc -n -N "$2" "$port" <"$3" >"$work/$1"; }

# in_use EXAMPLE [ARGUMENT...]: an address in use is an error. It is that of $address.
in_use() {
    run "$@"
    expect "an address in use is an error" 1 err "~$address: address in use (os error [0-9]*)"
}

test_dns_server() {
    need python3
    start_listener server dns_server host.example. 192.0.2.7
    check "it listens on the loopback address by default" [ "$host" = 127.0.0.1 ]
    play "it answers each query as it should" dns_client "$port"
    expect "... to the end" 0 dns_client.out '12*.' server.out '1*^lost one of ' server.out '1*^wrong id for '
    find_line server.out '14s/^answered 127\.0\.0\.1:[0-9]*$/&/p'
    check "what is no query is not answered" says "$work/server.out" '14*.'
    in_use dns_server host.example 192.0.2.7 "$address"
    run dns_server host.example 192.0.2.7 nonsense
    expect "no address is an error" 1 err '=nonsense: invalid input parameter'
    run dns_server --help
    expect "--help is no failure" 0 out '~usage: dns_server .*'
    wrong_usage dns_server '' 'host.example' 'host.example 192.0.2' 'host..example 192.0.2.7' \
        'host.example 192.0.2.7 127.0.0.1:0 more'
}

# With more concurrent clients than it has threads.
test_echo_server() {
    need nc
    # client NAME INPUT: starts a client in the background, its output in reply.NAME.
    client() {
        nc -n -N 127.0.0.1 "$port" <"$2" >"$work/reply.$1" &
        keep
    }
    # counts N BYTES: succeeds if the server reported BYTES bytes for N clients.
    counts() { says "$work/plain.out" "$1*^127\\.0\\.0\\.1:[0-9]*: $2 bytes\$" >/dev/null; }

    seq 1 200000 >"$work/long"
    start_listener plain echo_server
    check "it listens on the loopback address by default" [ "$host" = 127.0.0.1 ]
    nc_sends reply 127.0.0.1 "$work/short"
    check "a client gets back what it sent" cmp "$work/reply" "$work/short"
    nc_sends reply 127.0.0.1 /dev/null
    check "a client that sends nothing is fine" says "$work/reply" -

    # A waiting client does not delay the others.
    mkfifo "$work/hold"
    exec 3<>"$work/hold"
    client patient "$work/hold"
    patient=$process
    printf 'still here\n' >&3
    find_line reply.patient 's/^still here$/&/p'
    clients=
    for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
        client "$number" "$work/long"
        clients="$clients $process"
    done
    for number in $clients; do
        await "$number"
    done
    for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
        check "client $number of twelve gets its own bytes back" cmp "$work/reply.$number" "$work/long"
    done
    printf 'and gone\n' >&3
    find_line reply.patient 's/^and gone$/&/p'
    check "one who waited through it is still served" [ -n "$line" ]
    check "it reports the bytes of each" wait_until counts 12 "$(wc -c <"$work/long" | tr -d ' ')"
    check "it reports a short one" wait_until counts 1 6

    if has python3 "a client that resets"; then
        play "a client resets" resets "$port"
        find_line plain.err "s/^$client: $reset\$/&/p"
        check "a reset is reported" [ -n "$line" ]
        nc_sends reply 127.0.0.1 "$work/short"
        check "... and does not end the server" cmp "$work/reply" "$work/short"
    fi

    # One thread waits for the patient client's bytes, the others accept.
    in_use echo_server "$address"
    interrupt "$server"
    expect "Ctrl-C ends all of its threads, and is no failure" 0 plain.out =stopped plain.err "~$client: cancelled"
    kill "$patient" 2>/dev/null || true
    exec 3>&-
    before=$address
    start_listener again echo_server "$before"
    check "its address is free again" [ "$address" = "$before" ]
    wrong_usage echo_server '--help' '127.0.0.1:0 more'
    if has_ipv6 "it works over IPv6"; then
        start_listener six echo_server '[::1]:0'
        nc_sends reply ::1 "$work/short"
        check "it works over IPv6" cmp "$work/reply" "$work/short"
    fi
}

test_relay_server() {
    need nc
    seq 1 10000 >"$work/long"
    start_listener three relay_server --clients 3
    check "it listens on the loopback address by default" [ "$host" = 127.0.0.1 ]
    for input in short short long; do
        nc_sends reply 127.0.0.1 "$work/$input"
        check "a client gets back what it sent ($input)" cmp "$work/reply" "$work/$input"
    done
    await "$server"
    expect "it ends well after its clients, each of which it reports" 0 three.err - \
        three.out "~Connection from $client" three.out '3*^Client disconnected' \
        three.out "~Client disconnected: $client, read 6 bytes, wrote 6 bytes" \
        three.out "~Client disconnected: $client, read 48894 bytes, wrote 48894 bytes"

    start_listener taken relay_server --clients 1 --status
    in_use relay_server "$address"
    nc_sends reply 127.0.0.1 /dev/null
    await "$server"
    expect "a client that sends nothing is fine, and the status is shown" 0 \
        taken.err '~[01] clients, [01] in all, 0 bytes in, 0 out'

    if has python3 "a client that resets"; then
        start_listener reset relay_server --clients 2
        play "a client resets" resets "$port"
        nc_sends reply 127.0.0.1 "$work/short"
        check "a client that resets does not end the server" cmp "$work/reply" "$work/short"
        await "$server"
        expect "... which ends well and reports it" 0 reset.err "~$client: $reset"
    fi
    if has_ipv6 "it works over IPv6"; then
        start_listener six relay_server --clients 1 '[::1]:0'
        nc_sends reply ::1 "$work/short"
        await "$server"
        expect "it works over IPv6" 0 reply @short six.out '~Connection from \[::1\]:[0-9]*'
    fi
    wrong_usage relay_server '--help' '--clients' '--clients x' '--connections 0' '--queue 100' \
        '--idle-timeout 1x' '--idle-timeout -1' '127.0.0.1:0 more'
    run relay_server nonsense
    expect "no address is an error" 1 err '=nonsense: invalid input parameter'
}

# ends_by SIGNAL [NAME CONDITION]...: the server ends with success.
ends_by() {
    signal=$1
    shift
    interrupt "$server" "$signal"
    expect "$signal ends it in good order" 0 "$@"
}

# Its limits for one client among many, and its exit.
test_relay_limits() {
    need python3
    start_listener half_close relay_server
    play "a client that ended its sending gets all that is for it" half_close "$port"
    ends_by INT half_close.out '=interrupted: 0 clients disconnected' \
        half_close.out "~Client disconnected: $client, read 40960 bytes, wrote 40960 bytes"
    start_listener limit relay_server --connections 2
    play "above the limit a client waits until one goes" limit "$port"
    ends_by INT
    start_listener queue relay_server --queue 4096
    play "a client that never reads is cut, and no other is disturbed" queue "$port"
    ends_by INT queue.out '1*^Client too slow' \
        queue.out "~Client too slow: $client, read [0-9]* bytes, wrote [0-9]* bytes"
    start_listener idle relay_server --idle-timeout 2
    play "a silent client is cut, and one that talks is not" idle "$port"
    ends_by INT idle.out "~Client idle: $client, read 1 bytes, wrote 1 bytes"
    start_listener broadcast relay_server --broadcast
    play "whole lines go to all clients" broadcast "$port"
    ends_by INT broadcast.err -

    start_listener ended relay_server
    python3 "$peers" waits_for_end "$port" >"$work/clients.out" 2>&1 &
    keep
    clients=$process
    find_line clients.out 's/^before$/&/p'
    ends_by INT ended.out '=interrupted: 2 clients disconnected'
    await "$clients"
    expect "the clients see the end" 0

    [ -z "$emulator" ] || { left_out "SIGTERM, and a limit of descriptors"; return 0; }
    start_listener terminated relay_server
    ends_by TERM
    (
        # shellcheck disable=SC3045 # dash, busybox and bash have it
        ulimit -n 24
        example relay_server
    ) </dev/null >"$work/full.out" 2>"$work/full.err" &
    keep
    server=$process
    find_line full.out 's/^listening on 127\.0\.0\.1://p'
    began=$(date +%s)
    play "without a descriptor left clients wait until one goes" descriptors "$line"
    took=$(($(date +%s) - began))
    check "... which it reports" says "$work/full.err" '~accepting no more for now: too many open files (os error [0-9]*)'
    reported=$(grep -c 'accepting no more' "$work/full.err")
    check "... and not all the time ($reported times in $took s)" [ "$reported" -le $((took + 45)) ]
    ends_by INT
}

# With curl, whose requests have ranges.
test_file_server() {
    need curl
    head -c 3000000 /dev/urandom >"$work/file"
    # fetch NAME [ARGUMENT...]: the response of the server is in NAME.body, its status in NAME.status.
    fetch() {
        name=$1
        shift
        curl -s -m 60 -o "$work/$name.body" -w '%{http_code}' "$@" "http://127.0.0.1:$port/any/path" >"$work/$name.status"
    }
    # the sentence, the range, the status, the first byte (from 1), the number of bytes
    clients=9
    start_listener server file_server --clients $clients 127.0.0.1:0 "$work/file"
    check "it listens on the given address" [ "$host" = 127.0.0.1 ]
    fetch whole
    check "the whole file is sent" cmp "$work/whole.body" "$work/file"
    check "... with its status" says "$work/whole.status" =200
    while IFS='|' read -r sentence range status first count; do
        fetch part -r "$range"
        tail -c "+$first" "$work/file" | head -c "$count" >"$work/part"
        check "$sentence" cmp "$work/part.body" "$work/part"
        check "... with its status" says "$work/part.status" "=$status"
    done <<'TABLE'
a range is sent|1000-1999|206|1001|1000
a range from a byte on|2999990-|206|2999991|10
a range of the last bytes|-500|206|2999501|500
a range beyond the end ends there|2999999-9999999999|206|3000000|1
TABLE
    fetch none -r 3000000-
    check "no byte is in the range" says "$work/none.status" =416
    fetch post -d x
    check "another method is not allowed" says "$work/post.status" =405
    fetch head -I
    check "HEAD has no body" says "$work/head.status" =200
    fetch strange -H 'Range: bytes=9-3'
    check "what is no range is the whole file" cmp "$work/strange.body" "$work/file"
    await "$server"
    expect "it ends after its clients" 0 server.err - server.out '1*: 206, 1000 bytes$'
    in_use_server=$address
    start_listener server file_server --clients 1 127.0.0.1:0 "$work/file"
    in_use file_server "$address" "$work/file"
    run file_server "$in_use_server" "$work/missing"
    expect "a missing file is an error" 1 err '~.*/missing: cannot be opened'
    run file_server --help
    expect "--help is no failure" 0 out '~usage: file_server .*'
    wrong_usage file_server '' '127.0.0.1:0' '--clients 0 127.0.0.1:0 x' '-x y' '127.0.0.1:0 x more'
}

test_tcp_proxy() {
    need python3
    head -c 4000000 /dev/urandom >"$work/ours"
    head -c 3000000 /dev/urandom >"$work/theirs"
    # between ORDER [IN OUT]: a server of that order, and a proxy to it.
    between() {
        peer_listens server proxied "$@"
        backend=$process
        start_listener proxy tcp_proxy --clients 1 127.0.0.1:0 "127.0.0.1:$port"
        # start_listener has set the port to the proxy's.
    }
    # the sentence, the order of the client, the order of the server
    while IFS='|' read -r sentence ours theirs; do
        between "$theirs" "$work/theirs" "$work/to_server"
        play "$sentence" proxied "$ours" "$work/ours" "$work/to_client" "$port"
        await "$backend"
        expect "... for the server too" 0 to_server @ours to_client @theirs
        await "$server"
        expect "... and the proxy ends well" 0 proxy.err - \
            proxy.out "~$client: 4000000 bytes there, 3000000 bytes back"
        rm -f "$work/to_server" "$work/to_client"
    done <<'TABLE'
both send at once|at_once|at_once
the client's end goes on alone, before anything came back|sends_first|receives_first
the server's end goes on alone|receives_first|sends_first
TABLE

    between is_reset
    check "it listens on the given address" [ "$host" = 127.0.0.1 ]
    play "a client resets" proxied resets - - "$port"
    await "$backend"
    check "a client's reset is a reset for the server" says "$work/server.out" =reset
    await "$server"
    expect "... and no failure of the proxy, which reports it" 0 proxy.err "~$client: $reset"
    between resets
    play "a server resets" proxied is_reset - - "$port"
    check "a server's reset is a reset for the client" says "$work/proxied.out" =reset
    await "$server"
    expect "... which the proxy reports" 0 proxy.err "~$client: $reset"

    start_listener proxy tcp_proxy --clients 2 127.0.0.1:0 127.0.0.1:1
    in_use tcp_proxy "$address" 127.0.0.1:1
    : >"$work/nothing"
    for number in 1 2; do
        play "client $number connects" proxied sends_first "$work/nothing" "$work/to_client" "$port"
        check "without a server client $number sees the end" says "$work/to_client" -
    done
    await "$server"
    expect "... which is no failure of the proxy, and is reported" 0 proxy.err "~127\\.0\\.0\\.1:1: $refused"
    run tcp_proxy --help
    expect "--help is no failure" 0 out '~usage: tcp_proxy .*'
    wrong_usage tcp_proxy '' '127.0.0.1:0' '--clients 0 127.0.0.1:0 127.0.0.1:1' \
        '--clients 1x 127.0.0.1:0 127.0.0.1:1' '-x 127.0.0.1:1' '127.0.0.1:0 127.0.0.1:1 more'
    run tcp_proxy nonsense 127.0.0.1:1
    expect "no address is an error" 1 err '=nonsense: invalid input parameter'
}

# Three generations, each of which takes over from the one before; if the system passes no sockets,
# checks the message.
test_reload_server() {
    need nc
    meeting=$(mktemp -d /tmp/ferrule-reload.XXXXXX)
    trap 'rm -rf "$meeting"; clean_up' EXIT
    path=$meeting/path

    wrong_usage reload_server '' '--help' "$path 127.0.0.1:0 more"
    if [ -n "$emulator" ]; then
        run reload_server "$path" 127.0.0.1:0
        if says "$work/err" '=reload_server: this system passes no sockets' >/dev/null; then
            expect "it reports that sockets cannot be passed, and fails" 1
            return 0
        fi
    fi
    run reload_server "$path"
    expect "there is nothing to take over" 1 err "=reload_server: $path: entity not found (os error 2)"
    start_listener old reload_server "$path" 127.0.0.1:0
    first_address=$address
    for generation in 1 2 3; do
        old=$process
        nc_sends reply 127.0.0.1 /dev/null
        check "generation $generation answers" says "$work/reply" "=generation $generation"
        start_listener "new$generation" reload_server "$path"
        check "its successor has the same address" [ "$address" = "$first_address" ]
        await "$old"
        expect "it ends well" 0
    done
}

# With socat at either end, and with itself; if the system has no Unix sockets, checks the message.
test_unix_chat() {
    # The path must fit the address, which excludes some folders.
    meeting=$(mktemp -d /tmp/ferrule-chat.XXXXXX)
    trap 'rm -rf "$meeting"; clean_up' EXIT
    path=$meeting/path
    printf 'one\ntwo\n' >"$work/first.in"
    seq 1 5000 >"$work/second.in"
    # chat NAME: starts unix_chat with NAME.in as input and its output in NAME.out. first_chat: one
    # that waits for a peer.
    chat() { start "$1" "$work/$1.in" unix_chat "$path"; }
    first_chat() {
        chat first
        first=$process
        find_line first.err 's/^\(No peer is connected yet\)$/\1/p'
    }

    wrong_usage unix_chat ''
    if [ -n "$emulator" ]; then
        chat first
        await "$process"
        if says "$work/first.err" '=unix_chat: this system has no Unix sockets' >/dev/null; then
            expect "it reports that there are no Unix sockets, and fails" 1
            return 0
        fi
    fi
    first_chat
    chat second
    second=$process
    await "$first"
    expect "the first ends well" 0
    await "$second"
    expect "so does the second" 0 second.out @first.in first.out @second.in second.err '0*No peer is connected yet'
    check "the path is gone" [ ! -e "$path" ]

    if has socat "a chat with a peer that is not ferrule"; then
        first_chat
        socat -t 10 - "UNIX-CONNECT:$path" <"$work/second.in" >"$work/socat.out"
        await "$first"
        expect "it talks with socat, which came later" 0 socat.out @first.in first.out @second.in
        socat -t 10 -d -d "UNIX-LISTEN:$path,unlink-close=0" "OPEN:$work/second.in,rdonly!!CREATE:$work/socat.out" 2>"$work/socat.err" &
        keep
        find_line socat.err 's/^.* \(listening on\) .*$/\1/p'
        chat first
        await "$process"
        expect "it talks with socat, which came first" 0 first.out @second.in
        check "a path without a listener was left over" [ -e "$path" ]
        first_chat
        chat second
        await "$process"
        await "$first"
        expect "a leftover is not in the way" 0 first.out @second.in
    fi
    path=$meeting/none/path
    chat first
    await "$process"
    expect "no such folder is an error" 1 first.err "=unix_chat: $path: entity not found (os error 2)"
}

"test_$test_name"
finish
