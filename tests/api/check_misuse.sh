#!/bin/sh
# Checks that a test of rule E4 misuses each public function: tests/conformance/misuse_*.c names it
# (copying.c, bidirectional.c and sending_files.c name the copies and the makers of their arguments), or the list below gives the reason why
# it cannot be misused.
# usage: check_misuse.sh ROOT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/exempt" <<'TEXT'
fer_duration_from_micros      every number is one: too large saturates
fer_duration_from_millis      as above
fer_duration_from_nanos       as above
fer_error_from_raw_os_error   every code is good; test_error_maps tries them
fer_instant_duration_since    every number is an instant
fer_instant_elapsed           as above
fer_instant_now               takes nothing
fer_instant_remaining         as above
fer_ip_addr_cmp                   an address by value, and every one is good
fer_ip_addr_eq                    an address by value, and every one is good
fer_ip_addr_from_v4               an address by value, and every one is good
fer_ip_addr_from_v6               an address by value, and every one is good
fer_ip_addr_is_multicast          an address by value, and every one is good
fer_ip_addr_is_unspecified        an address by value, and every one is good
fer_ip_addr_to_canonical          an address by value, and every one is good
fer_ipv4_addr_cmp                 an address by value, and every one is good
fer_ipv4_addr_eq                  an address by value, and every one is good
fer_ipv4_addr_from_bits       every number is an address
fer_ipv4_addr_is_broadcast        an address by value, and every one is good
fer_ipv4_addr_is_documentation    an address by value, and every one is good
fer_ipv4_addr_is_link_local       an address by value, and every one is good
fer_ipv4_addr_is_loopback         an address by value, and every one is good
fer_ipv4_addr_is_multicast        an address by value, and every one is good
fer_ipv4_addr_is_private          an address by value, and every one is good
fer_ipv4_addr_is_unspecified      an address by value, and every one is good
fer_ipv4_addr_new             as above
fer_ipv4_addr_to_bits             an address by value, and every one is good
fer_ipv4_addr_to_ipv6_compatible  an address by value, and every one is good
fer_ipv4_addr_to_ipv6_mapped      an address by value, and every one is good
fer_ipv6_addr_cmp                 an address by value, and every one is good
fer_ipv6_addr_eq                  an address by value, and every one is good
fer_ipv6_addr_is_loopback         an address by value, and every one is good
fer_ipv6_addr_is_multicast        an address by value, and every one is good
fer_ipv6_addr_is_unicast_link_local an address by value, and every one is good
fer_ipv6_addr_is_unique_local     an address by value, and every one is good
fer_ipv6_addr_new             as above
fer_ipv6_addr_to_canonical        an address by value, and every one is good
fer_ipv6_addr_to_ipv4             an address by value, and every one is good
fer_ipv6_addr_to_ipv4_mapped      an address by value, and every one is good
fer_socket_addr_new               an address by value, and every one is good
fer_socket_addr_v4_new            an address by value, and every one is good
fer_socket_addr_v6_new            an address by value, and every one is good
fer_version                   takes nothing
fer_version_number            takes nothing
TEXT

sh "$here/check_docs.sh" . --names | LC_ALL=C sort -u >"$work/functions"
[ -s "$work/functions" ] || { echo "check_misuse: no public function was found in $1" >&2; exit 1; }
cut -d' ' -f1 "$work/exempt" | LC_ALL=C sort >"$work/excused"
cat tests/conformance/misuse_*.c tests/conformance/copying.c tests/conformance/bidirectional.c tests/conformance/sending_files.c 2>/dev/null | tr -c 'A-Za-z0-9_' '\n' | grep '^fer_[a-z0-9]' | LC_ALL=C sort -u >"$work/named" || true

LC_ALL=C sort -m "$work/named" "$work/excused" | LC_ALL=C sort -u >"$work/covered"
LC_ALL=C comm -23 "$work/functions" "$work/covered" | sed 's|$|: no test of misuse calls it|' >"$work/wrong"
LC_ALL=C comm -12 "$work/excused" "$work/named" | sed 's|$|: it is excused, and has a test|' >>"$work/wrong"
if [ -s "$work/wrong" ]; then
    cat "$work/wrong"
    exit 1
fi
echo "check_misuse: $(wc -l <"$work/functions" | tr -d ' ') public functions are called wrongly, or cannot be"
