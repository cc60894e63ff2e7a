#!/bin/sh
# Tests the examples that connect or send a query (examples_common.sh).
# usage: examples_clients.sh FOLDER-OF-THE-EXAMPLES EMULATOR-OR-EMPTY TEST [PROGRAM]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
mkfifo "$work/open" # an input without an end
exec 7<>"$work/open"

# answer NAME FORMAT: nc sends the bytes of printf's FORMAT to one connection. Its input is in
# NAME.out.
answer() {
    # shellcheck disable=SC2059 # the answer is a format
    printf -- "$2" >"$work/$1.answer"
    nc_listens "$1" 127.0.0.1 "$work/$1.answer" -N
}

# cancelled SENTENCE CODE ERROR EXAMPLE [ARGUMENT...]: Ctrl-C ends the example.
cancelled() {
    sentence=$1
    ends_with=$2
    reason=$3
    shift 3
    start cancelled /dev/null "$@"
    waiting=$process
    check "$4 has a handler of Ctrl-C" wait_until has_handler "$waiting"
    interrupt "$waiting"
    expect "$sentence" "$ends_with" cancelled.err "$reason"
}

# no_answer NAME REASON: a query for NAME is an error.
no_answer() {
    run dns_query "127.0.0.1:$port" "$1"
    expect "$1 is an error" 1 err "=$1: $2" out -
}

test_dns_query() {
    start_listener server dns_server host.example 192.0.2.7
    check "the server listens on the loopback address by default" [ "$host" = 127.0.0.1 ]
    run dns_query "$address" host.example
    expect "it has an answer, though the first query got lost and an answer had a wrong id" 0 out ':192.0.2.7 ' \
        server.out "~lost one of $client" err '=no answer: timed out' \
        server.out "~wrong id for $client" err '=dropped what is no answer to this question'
    run dns_query "$address" Host.Example.
    expect "upper and lower case are the same, and so is a dot at the end" 0 out =192.0.2.7
    no_answer other.example 'no such name'

    if has python3 "servers with wrong answers"; then
        peer_listens liar dns_liar
        run dns_query "127.0.0.1:$port" good.example
        expect "another server has an answer" 0 out =192.0.2.9
        run dns_query "127.0.0.1:$port" alias.example
        expect "an alias has one" 0 out ':192.0.2.9 '
        run dns_query "127.0.0.1:$port" two.example
        expect "all addresses are printed" 0 out ':192.0.2.9 192.0.2.10 '
        run dns_query "127.0.0.1:$port" full.example
        expect "... also where they fill the message" 0 out '32*^192\.0\.2\.9$'
        run dns_query "127.0.0.1:$port" lies.example
        expect "what does not fit the question is dropped" 0 out =192.0.2.9
        check "... each of it" [ "$(grep -c '^dropped ' "$work/err")" -ge 12 ]
        for lie in missing more long by-one short wide head half-pointer endless no-end bad-label loop; do
            no_answer "$lie.example" 'the answer is badly formed'
        done
        for lie in nothing six chaos; do
            no_answer "$lie.example" 'no address'
        done
        no_answer failing.example 'the server cannot answer, or will not'
        no_answer cut.example 'the answer is too long for UDP'
    fi

    # A UDP port without a socket: 1 is tcpmux's, which uses TCP only.
    run dns_query 127.0.0.1:1 host.example
    expect "no server is an error after five tries" 1 err "~127\\.0\\.0\\.1:1: $refused" err '5*^no answer: '
    run dns_query nonsense host.example
    expect "no address is an error, and not tried again" 1 err ':nonsense: invalid input parameter '
    label=$(printf '%064d' 0)
    part=$(printf '%060d' 0)
    for name in '' . .. .example host..example "$label.example" "$part.$part.$part.$part.$part"; do
        run dns_query 127.0.0.1:1 "$name"
        expect "not a name: $name" 2 err "=$name: not a name"
    done
    run dns_query --help
    expect "--help is no failure" 0 out '~usage: dns_query .*'
    wrong_usage dns_query '' '127.0.0.1:1' '-x host.example' '127.0.0.1:1 host.example more'
}

test_connect_all() {
    need nc
    nc_listens one 127.0.0.1 /dev/null
    run connect_all "127.0.0.1:$port"
    expect "it connects to an address" 0 out "=127.0.0.1:$port: connected to 127.0.0.1:$port"
    if has_localhost "several names at the same time"; then
        nc_listens other 127.0.0.1 /dev/null
        run connect_all "localhost:$port" 127.0.0.1:1 no-port
        expect "each name has its line, and a failure is the exit code's" 1 out '3*' \
            out "=localhost:$port: connected to 127.0.0.1:$port" out "~127\\.0\\.0\\.1:1: $refused" \
            out '=no-port: invalid input parameter'
    fi
    wrong_usage connect_all '' '--help'
}

# connects_in_loop EXAMPLE LINES CONNECTED FAILED: a connector of the example runs in another loop. It
# prints so many lines, one of which is CONNECTED with an address, or FAILED with an error.
connects_in_loop() {
    need nc
    nc_listens loop 127.0.0.1 /dev/null
    run "$1" "127.0.0.1:$port"
    expect "a connector runs in another loop" 0 out "$2*" out "=${3}127.0.0.1:$port"
    run "$1" 127.0.0.1:1
    expect "a failure is the exit code's" 1 out "$2*" out "~$4$refused"
    if has_localhost "a name is looked up in another loop"; then
        nc_listens named 127.0.0.1 /dev/null
        run "$1" "localhost:$port"
        expect "a name is looked up in another loop" 0 out "$2*" out "~$3.*:$port"
    fi
    wrong_usage "$1" '' '--help'
}

test_guest_loop() {
    connects_in_loop guest_loop 2 'connect: ' 'connect: '
    run guest_loop 127.0.0.1:1
    expect "a lookup runs in another loop" 1 out '=lookup: 1 addresses'
}

test_glib_loop() { connects_in_loop glib_loop 1 'connected to ' ''; }

test_happy() {
    need nc
    nc_listens v4 127.0.0.1 /dev/null
    run happy "127.0.0.1:$port"
    expect "it connects to an address" 0 out '1*' \
        out "~127\\.0\\.0\\.1:$port: connected from $client, [0-9]* ms after the start"
    if has_localhost "it connects to a name"; then
        nc_listens name 127.0.0.1 /dev/null
        run happy "localhost:$port"
        expect "it connects to a name, whichever of its addresses answers" 0
        run happy localhost:1
        expect "a refusal by all addresses is a failure, with each address and its time" 1 \
            out "~127\\.0\\.0\\.1:1: failed after [0-9]* ms: $refused" err "~localhost:1: $refused"
    fi
    run happy no-host.invalid:80
    expect "a name without an address is a failure before any attempt" 1 out -
    wrong_usage happy '' '--help' '-w 0 127.0.0.1:1' '-x 1 127.0.0.1:1' '127.0.0.1:1 more' '-w'

    if has python3 "the limits, and Ctrl-C" && is_linux; then
        peer_listens silent silent
        run happy -w 1 "127.0.0.1:$port"
        expect "-w limits everything together" 1 err "=127.0.0.1:$port: timed out"
        run happy -t 200 "127.0.0.1:$port"
        expect "-t limits an attempt" 1 out "~127\\.0\\.0\\.1:$port: failed after [0-9]* ms: timed out"
        ! is_native_linux || cancelled "Ctrl-C ends it" 1 "=127.0.0.1:$port: cancelled" happy -w 600 "127.0.0.1:$port"
    fi
}

test_http_get() {
    need nc
    seq 1 100000 >"$work/body"
    { printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n' && cat "$work/body"; } >"$work/page"
    nc_listens page 127.0.0.1 "$work/page" -N
    run http_get -w 60 "127.0.0.1:$port" /a/page
    expect "it fetches all of a page, and nothing of the head" 0 out @body err -
    await "$process"
    expect "it requests that page of that host" 0 page.out '=GET /a/page HTTP/1.0' page.out "=Host: 127.0.0.1:$port"

    answer nothing 'HTTP/1.1 204 No Content\r\n\r\n'
    run http_get -w 60 "127.0.0.1:$port"
    expect "a page may be empty" 0 out -
    await "$process"
    expect "the default is /" 0 nothing.out '=GET / HTTP/1.0'
    answer missing 'HTTP/1.0 404 Not Found\r\n\r\nno such page\n'
    run http_get -w 60 "127.0.0.1:$port" /missing
    expect "a status that is not 2xx is an error, without the body" 1 err "=127.0.0.1:$port: status 404" out -
    answer alien 'not HTTP at all\r\n\r\n'
    run http_get -w 60 "127.0.0.1:$port"
    expect "what is no HTTP is an error" 1 err "=127.0.0.1:$port: status 0"
    { printf 'HTTP/1.0 200 OK\r\n\r\n' && head -c 1100000 /dev/zero; } >"$work/huge"
    nc_listens huge 127.0.0.1 "$work/huge" -N
    run http_get -w 60 "127.0.0.1:$port"
    expect "more than fits is an error" 1 err "=127.0.0.1:$port: buffer too small"

    if has python3 "a temporary failure is tried again"; then
        peer_listens moody http_moody
        run http_get -w 5 "127.0.0.1:$port" /
        expect "the third try succeeds after a reset and a silence" 0 out '=at last' \
            err "~trying again: $reset" err '=trying again: timed out'
    fi

    run http_get 127.0.0.1:1
    expect "a refused connection is an error after two more tries" 1 err "~127\\.0\\.0\\.1:1: $refused" \
        err '2*^trying again: connection refused'
    run http_get nonsense
    expect "no address is an error, and not tried again" 1 err ':nonsense: invalid input parameter '
    wrong_usage http_get '' '--help' '-w 0 127.0.0.1:1' '127.0.0.1:1 no-slash' '127.0.0.1:1 / more'
    run http_get 127.0.0.1:1 '/a page'
    expect "a path with a space is wrong usage" 2
}

# Checks the message if the system forbids raw sockets.
test_icmp_echo() {
    run icmp_echo nonsense
    expect "no address is wrong usage" 2 err '=usage: icmp_echo [-6] [ADDRESS]'
    run icmp_echo -6 127.0.0.1
    expect "an address of the other family is wrong usage" 2
    run icmp_echo
    if [ "$code" -eq 77 ]; then
        check "it reports the refusal" grep -Eq '^icmp_echo: (raw )?socket: (permission denied|unsupported)' "$work/err"
        skip "no socket for ICMP is allowed here: $(tr -d '\r' <"$work/err" | tail -n 1)"
    fi
    expect "the loopback answers with all that it was sent" 0 \
        out '~40 bytes from 127\.0\.0\.1: icmp_seq=1\( ttl=[0-9]*\)\{0,1\}'
    run icmp_echo 127.0.0.2
    ! is_native_linux || check "the answer is from the destination" says "$work/out" '~40 bytes from 127\.0\.0\.2: .*'
    if has_ipv6 "the loopback of IPv6"; then
        run icmp_echo -6
        if [ "$code" -eq 77 ]; then # Wine 8: 10043
            left_out "a socket for ICMPv6: $(tr -d '\r' <"$work/err" | tail -n 1)"
        else
            expect "the loopback of IPv6 answers with as much" 0 out '~40 bytes from ::1: icmp_seq=1'
        fi
    fi
    if is_native_linux && [ "$(id -u)" = 0 ] && has setpriv "a user without the privilege"; then
        code=0
        (exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "$examples/icmp_echo" \
            </dev/null >"$work/out" 2>"$work/err") || code=$?
        if [ "$code" -eq 126 ] || [ "$code" -eq 127 ]; then
            left_out "the user nobody may not run the program"
        else
            check "it reports that it lacks the privilege" says "$work/err" '~icmp_echo: raw socket: permission denied.*'
            check "... and is answered another way, or is not allowed that either" expr "$code" : '0$\|77$'
        fi
    fi
}

# redis NAME ANSWER [ARGUMENT...]: redis_ping talks to nc, which sends ANSWER, a format of printf.
redis() {
    answer "$1" "$2"
    shift 2
    run redis_ping -w 60 "127.0.0.1:$port" "$@"
}

# start_redis: sets $port. redis-server cannot let the system choose a port. It listens on one that
# nc chose and released; if another process has taken that one, on another.
start_redis() {
    line=taken
    while [ "$line" = taken ]; do
        nc_listens unused 127.0.0.1 /dev/null
        kill "$process"
        await "$process"
        rm -f "$work/redis.out"
        redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work" >"$work/redis.out" 2>&1 &
        keep
        find_line redis.out 's/.*Ready to accept connections.*/ready/p; s/.*Address already in use.*/taken/p'
    done
}

# shellcheck disable=SC2016 # a length of RESP begins with $
test_redis_ping() {
    need nc
    redis simple '+PONG\r\n'
    expect "a simple answer is printed" 0 out =PONG
    await "$process"
    printf '*1\r\n$4\r\nPING\r\n' >"$work/wanted"
    check "the command is PING" says "$work/simple.out" @wanted
    redis string '$5\r\na\r\nbc\r\n' ECHO 'a b'
    printf 'a\r\nbc\n' >"$work/wanted"
    check "a string may have line ends" says "$work/out" @wanted
    await "$process"
    printf '*2\r\n$4\r\nECHO\r\n$3\r\na b\r\n' >"$work/wanted"
    check "arguments are sent with their lengths" says "$work/string.out" @wanted
    redis failure '-ERR no\r\n'
    expect "an error of the server is printed" 1 out '=ERR no'

    # a name, what the server sends, the error
    while IFS='|' read -r name bytes reason; do
        redis "$name" "$bytes"
        expect "$name is an error" 1 err "=127.0.0.1:$port: $reason" out -
    done <<TABLE
early|+PO|unexpected end of file
half|\$5\\r\\nab|unexpected end of file
long|\$4095\\r\\nab|buffer too small
huge|\$99999999999999999999999999\\r\\nab|buffer too small
negative|\$-2\\r\\n|invalid data
none|\$-1\\r\\n|entity not found
empty|\$\\r\\n|invalid data
unended|\$2\\r\\nabcd|invalid data
bare|+PONG\\n|invalid data
alien|HTTP/1.1 400\\r\\n|invalid data
array|*1\\r\\n|unsupported
endless|+$(head -c 5000 /dev/zero | tr '\0' a)|buffer too small
TABLE
    wrong_usage redis_ping '' '-w 0 127.0.0.1:1'

    if has redis-server "a real server"; then
        start_redis
        run redis_ping -w 60 "127.0.0.1:$port"
        expect "redis-server answers" 0 out =PONG
        run redis_ping -w 60 "127.0.0.1:$port" SET key 'a word'
        expect "... to SET" 0 out =OK
        run redis_ping -w 60 "127.0.0.1:$port" GET key
        expect "... to GET" 0 out '=a word'
        run redis_ping -w 60 "127.0.0.1:$port" GET other
        expect "... without a value" 1 err "=127.0.0.1:$port: entity not found"
        run redis_ping -w 60 "127.0.0.1:$port" INCR key
        expect "... with an error" 1
    fi
    if is_native_linux; then
        nc_listens silent 127.0.0.1 "$work/open"
        cancelled "Ctrl-C ends it" 1 "=127.0.0.1:$port: cancelled" redis_ping -w 60 "127.0.0.1:$port"
        run redis_ping -w 1 127.0.0.1:1
        expect "a refused connection is an error" 1
    fi
}

# certificate NAME SUBJECT-ALTERNATIVE-NAME: a key and a certificate that signs itself.
certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=$2" \
        -keyout "$work/$1.key" -out "$work/$1.pem" 2>"$work/openssl.err"
}

# s_server NAME CERTIFICATE INPUT ARGUMENT...: openssl s_server. Its output is in NAME.out. Sets
# $port and $process.
s_server() {
    listener=$1
    (cd "$work" && certificate=$2 && input=$3 && shift 3 &&
        exec openssl s_server -accept 127.0.0.1:0 -cert "$certificate.pem" -key "$certificate.key" "$@" \
            <"$input") >"$work/$listener.out" 2>&1 &
    keep
    find_line "$listener.out" 's/^ACCEPT .*:\([0-9][0-9]*\)$/\1/p'
    port=$line
}

# The program is tls_get, or the same over another library. The reasons are the libraries' texts.
test_tls_get() {
    need openssl nc
    tls_get=$1
    untrusted='self.signed certificate'
    other_address='IP address mismatch'
    other_name='[Hh]ostname mismatch'
    not_tls='wrong version number'
    if [ "$tls_get" != tls_get ]; then
        untrusted='The certificate is not correctly signed by the trusted CA'
        other_address='The certificate Common Name (CN) does not match with the expected CN'
        other_name=$other_address
        not_tls='SSL - .*'
    fi
    get() {
        authority=$work/$1.pem
        shift
        run "$tls_get" -w 60 -a "$authority" "$@"
    }

    certificate right IP:127.0.0.1,DNS:localhost
    certificate other IP:127.0.0.2,DNS:other.example
    seq 1 50000 >"$work/page.txt"
    s_server right right /dev/null -WWW
    get right "127.0.0.1:$port" /page.txt
    tail -n 50000 "$work/out" >"$work/body"
    expect "it fetches all of a page" 0 body @page.txt
    get other "127.0.0.1:$port" /page.txt
    expect "a certificate of another authority is an error" 1 err "~127.0.0.1:$port: $untrusted" out -
    get absent "127.0.0.1:$port" /page.txt
    expect "a missing file of authorities is an error" 1
    if has_localhost "a host may have a name"; then
        get right "localhost:$port" /page.txt
        expect "a host may have a name" 0
    fi
    s_server other other /dev/null -WWW
    get other "127.0.0.1:$port" /page.txt
    expect "a certificate for another host is an error" 1 err "=127.0.0.1:$port: $other_address"
    if has_localhost "a certificate for another name"; then
        get other "localhost:$port" /page.txt
        expect "... also if the host has a name" 1 err "~localhost:$port: $other_name" out -
    fi

    answer clear 'HTTP/1.0 200 OK\r\n\r\n'
    get right "127.0.0.1:$port"
    expect "a server without TLS is an error" 1 err "~127.0.0.1:$port: $not_tls"
    answer ended ''
    get right "127.0.0.1:$port"
    expect "an end of file in the handshake is an error" 1 err "=127.0.0.1:$port: unexpected end of file"
    nc_listens silent 127.0.0.1 "$work/open"
    run "$tls_get" -w 1 -a "$work/right.pem" "127.0.0.1:$port"
    expect "the deadline holds for the handshake" 1 err "=127.0.0.1:$port: timed out"
    mkfifo "$work/begun"
    exec 6<>"$work/begun"
    nc_listens stopped 127.0.0.1 "$work/begun"
    printf '\026\003\003\000\100\002' >&6 # the head of a record, and a part of its 64 bytes
    run "$tls_get" -w 1 -a "$work/right.pem" "127.0.0.1:$port"
    expect "... also after the server's first bytes" 1 err "=127.0.0.1:$port: timed out"

    # s_server sends what it reads, and close_notify unless it is killed.
    mkfifo "$work/sent"
    exec 5<>"$work/sent"
    s_server killed right "$work/sent" -naccept 1
    server=$process
    start got /dev/null "$tls_get" -w 60 -a "$work/right.pem" "127.0.0.1:$port"
    getter=$process
    find_line killed.out 's/^GET .*/request/p'
    echo 'a part of a page' >&5
    find_line got.out 's/^a part of a page$/part/p'
    interrupt "$server" KILL
    await "$getter"
    expect "an end of file without close_notify is an error" 1 got.err "=127.0.0.1:$port: unexpected end of file"
    if is_linux; then
        nc_listens still 127.0.0.1 "$work/open"
        cancelled "Ctrl-C ends it" 1 "=127.0.0.1:$port: cancelled" "$tls_get" -w 60 -a "$work/right.pem" "127.0.0.1:$port"
    fi
    wrong_usage "$tls_get" '' 'host' ':1' '[]:1' '127.0.0.1:1 no-slash' '-x y 127.0.0.1:1'
}

# As a server with socat, and as a client with itself.
test_udp_echo() {
    need socat
    start_listener plain udp_echo serve 127.0.0.1:0
    printf 'from socat' | socat -t 10 - "UDP4:127.0.0.1:$port,shut-none" >"$work/socat.out" &
    keep
    find_line plain.out 's/^\(Answered 127.0.0.1:[0-9]*\)$/\1/p'
    check "it answers socat" [ -n "$line" ]
    run udp_echo ask "127.0.0.1:$port" 'is there anybody'
    expect "the answer has the words of the question" 0 out '~Answer is there anybody, asked [1-5] times'
    if has_localhost "it finds the host by name"; then
        run udp_echo ask "localhost:$port" 'by name'
        expect "it finds the host by name" 0 out '~Answer by name, asked [1-5] times'
    fi
    check "socat received its own words" wait_until grep -qx 'from socat' "$work/socat.out"

    start_listener lossy udp_echo serve 127.0.0.1:0 2
    run udp_echo ask "127.0.0.1:$port" 'once more'
    expect "a missing answer is requested again" 0 out '~Answer once more, asked [3-5] times' lossy.out '2*^Lost one of 127.0.0.1:'
    start_listener deaf udp_echo serve 127.0.0.1:0 100
    run udp_echo ask "127.0.0.1:$port" 'hello'
    expect "it gives up after the fifth time" 1 err "=127.0.0.1:$port: timed out"
    find_line deaf.out '6s/^Lost one of .*$/&/p'
    check "... of five requests" says "$work/deaf.out" '5*^Lost one of'
    run udp_echo ask nonsense hello
    expect "no address is an error" 1 err '=nonsense: invalid input parameter'
    wrong_usage udp_echo ask
}

# With socat's echo, with faulty peers, and with a relay_server that exits and restarts.
test_relay_client() {
    need nc socat
    printf 'Hello!' >"$work/hello"
    socat_listens echo PIPE
    run_with "$work/hello" relay_client "127.0.0.1:$port"
    expect "what it sent comes back" 0 out @hello err "=Connected to 127.0.0.1:$port"
    await "$process"
    expect "the host has an orderly end" 0
    printf 'a message\n\nand another one\n' >"$work/messages"
    socat_listens pieces PIPE -b1
    host=127.0.0.1
    ! has_localhost "a host by name" || host=localhost
    run relay_client "$host:$port" 'a message' '' 'and another one'
    expect "it finds the host (as $host), and sends each message as a line" 0 out @messages
    seq 1 40000 >"$work/long"
    socat_listens long PIPE
    run_with "$work/long" relay_client "127.0.0.1:$port"
    expect "much input comes back whole" 0 out @long
    socat_listens argument PIPE
    head -n 5000 "$work/long" >"$work/argument"
    run relay_client "127.0.0.1:$port" "$(cat "$work/argument")"
    expect "a long message does, too" 0 out @argument
    # The host ends after the client: a host that ends before it reads end of file counts as a lost
    # connection.
    printf 'a word of the host' >"$work/word"
    nc_listens word 127.0.0.1 "$work/word"
    run relay_client "127.0.0.1:$port"
    expect "without input it writes what the host sends" 0 out @word

    nc_listens silent 127.0.0.1 /dev/null
    kill -STOP "$process" # the system accepts the client, and no program serves it
    run_with "$work/hello" relay_client "127.0.0.1:$port"
    kill -CONT "$process"
    expect "a host that is silent is given up" 1 err "=127.0.0.1:$port: timed out"
    check "... after five seconds (it took $took)" [ "$took" -ge 4 ]
    run relay_client --attempts 3 127.0.0.1:1
    expect "a refused connection is an error after so many attempts and pauses" 1 \
        err "~127\\.0\\.0\\.1:1: $refused" err '3*connection refused' err '2*^again in [0-9]* ms'
    run relay_client nonsense
    expect "no address is an error at once" 1 err ':nonsense: invalid input parameter '
    wrong_usage relay_client '' '--attempts' '--attempts 3' '--attempts x 127.0.0.1:1' '--other 127.0.0.1:1'

    # An address that no other program uses, if the loopback has several: the port is free for a
    # moment, and must not be taken.
    own=127.0.0.1
    ! is_linux || own=127.77.$(($$ / 250 % 250)).$(($$ % 250 + 1))
    mkfifo "$work/input"
    start_listener server relay_server "$own:0"
    exec 3<>"$work/input" # held open: the client's input ends when this is closed, too
    start back "$work/input" relay_client --attempts 0 "$address" 3>&-
    returning=$process
    echo 'before' >&3
    find_line back.out 's/^before$/&/p'
    interrupt "$server"
    expect "the relay ends" 0
    find_line back.err 's/^again in [0-9]* ms$/&/p'
    start_listener server relay_server "$address" 3>&-
    echo 'after' >&3
    find_line back.out 's/^after$/&/p'
    check "a client comes back to a relay that comes back" [ "$line" = after ]
    exec 3>&-
    await "$returning"
    expect "... and ends well with its input, connected twice" 0 back.err '2*^Connected to'
    if has_ipv6 "it works over IPv6"; then
        nc_listens six ::1 "$work/word"
        run relay_client "[::1]:$port"
        expect "it works over IPv6" 0 out @word
    fi
}

shift 3
"test_$test_name" "$@"
finish
