#!/bin/sh
# Runs examples/tls_get, or the same program over another library, against openssl s_server, with a
# certificate made here.
# usage: examples_tls_get.sh FOLDER-OF-THE-EXAMPLES EMULATOR-OR-EMPTY tls_get|tls_get_mbedtls
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"
need openssl nc
tls_get=$3

# The reasons are the libraries' texts.
if [ "$tls_get" = tls_get ]; then
    untrusted='self.signed certificate'
    other_address='IP address mismatch'
    other_name='[Hh]ostname mismatch'
    not_tls='wrong version number'
else
    untrusted='The certificate is not correctly signed by the trusted CA'
    other_address='The certificate Common Name (CN) does not match with the expected CN'
    other_name=$other_address
    not_tls='SSL - .*'
fi

# get [ARGUMENT...]: runs the program; sets $code. Its output is in get.out and get.err.
get() { run_example get "$tls_get" -w 60 "$@" </dev/null; }

# certificate NAME SUBJECT-ALTERNATIVE-NAME: a key and a certificate that signs itself.
certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=$2" \
        -keyout "$work/$1.key" -out "$work/$1.pem" 2>"$work/openssl.err"
}

# serve NAME: s_server with this certificate serves the files of the folder. Sets $port.
serve() {
    rm -f "$work/$1.out"
    (cd "$work" && exec openssl s_server -accept 127.0.0.1:0 -cert "$1.pem" -key "$1.key" -WWW) \
        </dev/null >"$work/$1.out" 2>&1 &
    keep
    find_line "$work/$1.out" 's/^ACCEPT .*:\([0-9][0-9]*\)$/\1/p'
    port=$line
}

certificate right IP:127.0.0.1,DNS:localhost
certificate other IP:127.0.0.2,DNS:other.example
seq 1 50000 >"$work/page.txt"
serve right
get -a "$work/right.pem" "127.0.0.1:$port" /page.txt
check "it fetches a page" [ "$code" -eq 0 ]
tail -n 50000 "$work/get.out" >"$work/body.txt"
check "... all of it" cmp "$work/body.txt" "$work/page.txt"
get -a "$work/other.pem" "127.0.0.1:$port" /page.txt
check "a certificate of another authority is an error" [ "$code" -eq 1 ]
check "... with its reason" file_matches "$work/get.err" "127.0.0.1:$port: $untrusted"
check "... and prints nothing" is_empty "$work/get.out"
get -a "$work/absent.pem" "127.0.0.1:$port" /page.txt
check "a missing file of authorities is an error" [ "$code" -eq 1 ]
if knows_localhost; then
    get -a "$work/right.pem" "localhost:$port" /page.txt
    check "a host may have a name" [ "$code" -eq 0 ]
fi
serve other
get -a "$work/other.pem" "127.0.0.1:$port" /page.txt
check "a certificate for another host is an error" [ "$code" -eq 1 ]
check "... with its reason" file_has "$work/get.err" "127.0.0.1:$port: $other_address"
if knows_localhost; then
    get -a "$work/other.pem" "localhost:$port" /page.txt
    check "... also if the host has a name" file_matches "$work/get.err" "localhost:$port: $other_name"
    check "... and prints nothing" is_empty "$work/get.out"
fi

printf 'HTTP/1.0 200 OK\r\n\r\n' >"$work/plain"
nc_listens clear 127.0.0.1 -N <"$work/plain"
get -a "$work/right.pem" "127.0.0.1:$port"
check "a server without TLS is an error" file_matches "$work/get.err" "127.0.0.1:$port: $not_tls"
nc_listens ended 127.0.0.1 -N </dev/null
get -a "$work/right.pem" "127.0.0.1:$port"
check "an end of file in the handshake is an error" [ "$code" -eq 1 ]
check "... with its reason" file_has "$work/get.err" "127.0.0.1:$port: unexpected end of file"

mkfifo "$work/open"
exec 7<>"$work/open"
nc_listens silent 127.0.0.1 <"$work/open"
(example "$tls_get" -w 1 -a "$work/right.pem" "127.0.0.1:$port" 2>"$work/get.err") || code=$?
check "the deadline holds for the handshake" file_has "$work/get.err" "127.0.0.1:$port: timed out"
# The head of a record, and a part of its 64 bytes.
printf '\026\003\003\000\100\002' >"$work/part"
mkfifo "$work/begun"
exec 6<>"$work/begun"
nc_listens stopped 127.0.0.1 <"$work/begun"
cat "$work/part" >&6
(example "$tls_get" -w 1 -a "$work/right.pem" "127.0.0.1:$port" 2>"$work/get.err") || code=$?
check "... also after the server's first bytes" file_has "$work/get.err" "127.0.0.1:$port: timed out"

# s_server sends what it reads, and close_notify unless it is killed.
mkfifo "$work/sent"
exec 5<>"$work/sent"
(cd "$work" && exec openssl s_server -accept 127.0.0.1:0 -cert right.pem -key right.key -naccept 1) \
    <"$work/sent" >"$work/killed.out" 2>&1 &
keep
server=$process
find_line "$work/killed.out" 's/^ACCEPT .*:\([0-9][0-9]*\)$/\1/p'
port=$line
rm -f "$work/get.out"
(example "$tls_get" -w 60 -a "$work/right.pem" "127.0.0.1:$port" </dev/null >"$work/get.out" 2>"$work/get.err") &
keep
asking=$process
find_line "$work/killed.out" 's/^GET .*/request/p'
echo 'a part of a page' >&5
find_line "$work/get.out" 's/^a part of a page$/part/p'
kill -KILL "$server"
await "$server"
await "$asking"
check "an end of file without close_notify is an error" [ "$code" -eq 1 ]
check "... with its reason" file_has "$work/get.err" "127.0.0.1:$port: unexpected end of file"
if [ "$(uname)" = Linux ]; then
    nc_listens still 127.0.0.1 <"$work/open"
    example "$tls_get" -w 60 -a "$work/right.pem" "127.0.0.1:$port" </dev/null 2>"$work/get.err" &
    keep
    asking=$process
    check "it has a handler of Ctrl-C" wait_until has_handler "$asking"
    interrupt "$asking"
    check "Ctrl-C ends it" file_has "$work/get.err" "127.0.0.1:$port: cancelled"
fi

for arguments in '' 'host' ':1' '[]:1' '127.0.0.1:1 no-slash' '-x y 127.0.0.1:1'; do
    # shellcheck disable=SC2086 # words
    get $arguments
    check "wrong usage: $arguments" [ "$code" -eq 2 ]
done
finish
