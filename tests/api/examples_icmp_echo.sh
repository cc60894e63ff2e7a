#!/bin/sh
# Runs examples/icmp_echo against the system's replies; if the system forbids raw sockets, checks
# the message.
# usage: examples_icmp_echo.sh FOLDER-OF-THE-EXAMPLES [EMULATOR]
set -eu
# shellcheck source=tests/api/examples_common.sh
. "$(dirname "$0")/examples_common.sh"

# echo_of NAME [ARGUMENT...]: runs icmp_echo; sets $code. Its output is in NAME.out and NAME.err.
echo_of() {
    name=$1
    shift
    run_example "$name" icmp_echo "$@" </dev/null
}

echo_of usage nonsense
check "no address is wrong usage" [ "$code" -eq 2 ]
check "... and it says what is right" file_has "$work/usage.err" 'usage: icmp_echo [-6] [ADDRESS]'
echo_of family -6 127.0.0.1
check "an address of the other family is wrong usage" [ "$code" -eq 2 ]

echo_of v4
if [ "$code" -eq 77 ]; then
    check "it says that it is not allowed" grep -Eq '^icmp_echo: (raw )?socket: (permission denied|unsupported)' "$work/v4.err"
    [ "$bad" -eq 0 ] || finish
    echo "$script: skipped: no socket for ICMP is allowed here: $(tr -d '\r' <"$work/v4.err" | tail -n 1)"
    exit 77
fi
check "the loopback answers" [ "$code" -eq 0 ]
check "... with all that it was sent" file_matches "$work/v4.out" '40 bytes from 127\.0\.0\.1: icmp_seq=1\( ttl=[0-9]*\)\{0,1\}'
echo_of other 127.0.0.2
if [ -z "$emulator" ] && [ "$(uname -s)" = Linux ]; then
    check "it is the address that was asked which answers" file_matches "$work/other.out" '40 bytes from 127\.0\.0\.2: .*'
fi
if has_ipv6; then
    echo_of v6 -6
    if [ "$code" -eq 77 ]; then # Wine 8: 10043
        echo "$script: left out, for no socket for ICMPv6 is allowed here: $(tr -d '\r' <"$work/v6.err" | tail -n 1)"
    else
        check "the loopback of IPv6 answers" [ "$code" -eq 0 ]
        check "... with as much" file_matches "$work/v6.out" '40 bytes from ::1: icmp_seq=1'
    fi
else
    echo "$script: left out, for there is no ::1 here: the loopback of IPv6"
fi
if [ -z "$emulator" ] && [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null 2>&1; then
    code=0
    (exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "$examples/icmp_echo" </dev/null >"$work/nobody.out" \
        2>"$work/nobody.err") || code=$?
    if [ "$code" -eq 126 ] || [ "$code" -eq 127 ]; then
        echo "$script: skipped, because the user nobody may not run it here: the program without a privilege"
    else
        check "without the privilege it says so" file_matches "$work/nobody.err" 'icmp_echo: raw socket: permission denied.*'
        check "... and is answered another way, or is not allowed that either" expr "$code" : '0$\|77$'
    fi
fi
finish
