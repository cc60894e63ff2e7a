/* multicast.c: rules U6 and B7: multicast groups, and the addresses of datagrams to many, on the
 * loopback only. */
#include "conformance/datagram_check.h"
#include "ferrule/udp_batch.h"
#include "support/socket_fixture.h"

static const fer_ipv4_addr this_machine = {{127, 0, 0, 1}};

/* A group for one member, derived from its port, which no other program uses at the same time.
 * Linux also delivers a group's datagrams to a wildcard socket that has not joined it, if another
 * socket has (ip(7), IP_MULTICAST_ALL). A group that all tests shared would therefore be left only
 * when all of them have left it. */
static fer_ipv4_addr group_v4(uint16_t port)
{
    return fer_ipv4_addr_new(239, 255, (uint8_t)(port >> 8), (uint8_t)port);
}

/* Interface-local scope: this machine only (RFC 4291, 2.7). */
static fer_ipv6_addr group_v6(uint16_t port)
{
    return fer_ipv6_addr_new(0xff01, 0, 0, 0, 0, 0, 0x77, port);
}

/* A future member. It is bound to the wildcard, because a system delivers a group's datagrams only
 * to such a socket. */
static fer_udp_socket *open_receiver(peer_family family, uint16_t *port)
{
    fer_udp_socket *socket = test_udp();
    fer_socket_addr addr;
    udp_bind_wildcard(socket, family);
    assert_ok(fer_udp_socket_local_addr(socket, &addr));
    assert_ok(fer_udp_socket_set_read_timeout(socket, millis(PEER_LIMIT_MS)));
    *port = addr.port;
    return socket;
}

/* On the loopback's interface. */
static fer_error join(fer_udp_socket *socket, peer_family family, uint16_t number)
{
    return family == PEER_V4
               ? fer_udp_socket_join_multicast_v4(socket, group_v4(number), this_machine)
               : fer_udp_socket_join_multicast_v6(socket, group_v6(number), 1);
}

static fer_error leave(fer_udp_socket *socket, peer_family family, uint16_t number)
{
    return family == PEER_V4
               ? fer_udp_socket_leave_multicast_v4(socket, group_v4(number), this_machine)
               : fer_udp_socket_leave_multicast_v6(socket, group_v6(number), 1);
}

/* Its datagrams to an IPv4 group leave by the loopback's interface, on which the groups are joined:
 * FreeBSD and NetBSD choose it only if it is set. qemu has no IP_MULTICAST_IF. */
static fer_udp_socket *open_sender(peer_family family, uint16_t *port)
{
    fer_udp_socket *sender = test_udp_bound(family, port);
    if (family == PEER_V4) {
        fer_error error = fer_udp_socket_set_multicast_if_v4(sender, this_machine);
        assert_either(error, FER_OK, FER_UNSUPPORTED);
    }
    return sender;
}

static fer_error send_to_group(fer_udp_socket *sender, peer_family family, uint16_t number,
                               uint16_t port)
{
    fer_socket_addr to = family == PEER_V4 ? fer_socket_addr_v4_new(group_v4(number), port)
                                           : fer_socket_addr_v6_new(group_v6(number), port, 0, 1);
    return fer_udp_socket_send_to(sender, "all", 3, &to, NULL);
}

/* A member does not receive a datagram for a group that it has not joined: it receives the next
 * datagram, which is sent to the socket itself. */
FAMILY_TEST("U6", a_member_receives_the_datagrams_of_its_group_until_it_leaves)
{
    uint16_t port = 0;
    uint16_t sender_port = 0;
    fer_udp_socket *member = open_receiver(family, &port);
    fer_udp_socket *sender = open_sender(family, &sender_port);
    assert_kind(leave(member, family, port), FER_ADDR_NOT_AVAILABLE);
    fer_error joined = join(member, family, port);
    fer_error sent = send_to_group(sender, family, port, port);
    skip_if(family == PEER_V4 ? peer_is_bsd() && sent.kind == FER_HOST_UNREACHABLE
                              : joined.kind != FER_OK || sent.kind != FER_OK,
            "this machine has no multicast on its loopback");
    assert_ok(joined);
    assert_ok(sent);
    assert_receives(member, "all", family, sender_port);
    for (int i = 0; i < 2; i++) {
        assert_kind(join(member, family, port), FER_ADDR_IN_USE);
        assert_ok(leave(member, family, port));
        assert_kind(leave(member, family, port), FER_ADDR_NOT_AVAILABLE);
        assert_true(i != 0 || join(member, family, port).kind == FER_OK);
    }
    assert_ok(send_to_group(sender, family, port, port));
    send_text_to(sender, "behind", family, port);
    assert_receives(member, "behind", family, sender_port);
}

/* `group_of_another`: a datagram to the member's port, and to a group that another socket has
 * joined on the same network interface. */
FAMILY_TEST("U6", a_member_receives_no_group_that_another_socket_has_joined)
{
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t sender_port = 0;
    char buf[8];
    fer_udp_received got;
    skip_if(peer_is_wine(), "Wine delivers every group of the machine");
    skip_under_qemu("it has no IP_MULTICAST_ALL");
    fer_udp_socket *member = open_receiver(family, &port);
    fer_udp_socket *other = open_receiver(family, &other_port);
    fer_udp_socket *sender = open_sender(family, &sender_port);
    skip_if(join(member, family, port).kind != FER_OK ||
                join(other, family, other_port).kind != FER_OK ||
                send_to_group(sender, family, other_port, port).kind != FER_OK,
            "this machine has no multicast on its loopback");
    send_text_to(sender, "behind", family, port);
    assert_ok(fer_udp_socket_recv_from(member, buf, sizeof buf, &got));
    skip_if(peer_is_bsd() && got.len == 3, "NetBSD and OpenBSD deliver every group of the machine");
    assert_datagram(&got, buf, "behind", family, sender_port);
}

/* The loop's effect cannot be tested here: the loopback network returns every datagram. */
RULE_TEST("U6", options_have_their_defaults_and_are_reported_as_they_were_set)
{
    static const uint32_t ttls[] = {0, 255, 1, 200};
    uint16_t port = 0;
    uint32_t ttl = 0;
    bool on = false;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    assert_ok_n(fer_udp_socket_multicast_ttl_v4(socket, &ttl), ttl, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(fer_udp_socket_set_multicast_ttl_v4(socket, ttls[i]));
        assert_ok_n(fer_udp_socket_multicast_ttl_v4(socket, &ttl), ttl, ttls[i]);
    }
    assert_own(fer_udp_socket_set_multicast_ttl_v4(socket, 256), FER_INVALID_INPUT);
    assert_ok_n(fer_udp_socket_multicast_ttl_v4(socket, &ttl), ttl, 200);
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_multicast_loop_v4(socket, &on));
        assert_true(on == (i % 2 == 0));
        assert_ok(fer_udp_socket_set_multicast_loop_v4(socket, i % 2 != 0));
    }
    skip_without_v6();
    fer_udp_socket *v6 = open_receiver(PEER_V6, &port);
    assert_ok_n(fer_udp_socket_multicast_hops_v6(v6, &ttl), ttl, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_ok(fer_udp_socket_set_multicast_hops_v6(v6, ttls[i]));
        assert_ok_n(fer_udp_socket_multicast_hops_v6(v6, &ttl), ttl, ttls[i]);
    }
    assert_own(fer_udp_socket_set_multicast_hops_v6(v6, 256), FER_INVALID_INPUT);
    for (int i = 0; i < 3; i++) {
        assert_ok(fer_udp_socket_multicast_loop_v6(v6, &on));
        assert_true(on == (i % 2 == 0));
        assert_ok(fer_udp_socket_set_multicast_loop_v6(v6, i % 2 != 0));
    }
}

FAMILY_TEST("U6", a_missing_interface_is_addr_not_available)
{
    uint16_t port = 0;
    /* the second one is an index on Windows, macOS and NetBSD */
    static const fer_ipv4_addr unknown[] = {{{192, 0, 2, 1}}, {{0, 0, 0, 1}}};
    fer_udp_socket *socket = open_receiver(family, &port);
    for (int i = 0; i < 2; i++) {
        assert_kind(family == PEER_V4
                        ? fer_udp_socket_join_multicast_v4(socket, group_v4(port), unknown[i])
                        : fer_udp_socket_join_multicast_v6(socket, group_v6(port), 4711),
                    FER_ADDR_NOT_AVAILABLE);
    }
    skip_under_qemu("it has no IP_MULTICAST_IF");
    for (int i = 0; i < 2; i++) {
        assert_kind(family == PEER_V4 ? fer_udp_socket_set_multicast_if_v4(socket, unknown[i])
                                      : fer_udp_socket_set_multicast_if_v6(socket, 4711),
                    FER_ADDR_NOT_AVAILABLE);
    }
}

/* Set, reported, and left to the system again. */
FAMILY_TEST("U6", datagrams_to_groups_leave_by_the_interface_that_was_set)
{
    uint16_t port = 0;
    uint16_t sender_port = 0;
    uint32_t index = 99;
    fer_ipv4_addr local = {{9, 9, 9, 9}};
    skip_under_qemu("it has no IP_MULTICAST_IF");
    fer_udp_socket *member = open_receiver(family, &port);
    fer_udp_socket *sender = test_udp_bound(family, &sender_port);
    for (uint32_t i = 0; i < 3; i++) {
        fer_ipv4_addr chosen = i == 1 ? this_machine : (fer_ipv4_addr){{0, 0, 0, 0}};
        if (family == PEER_V4) {
            assert_true(i == 0 ||
                        fer_udp_socket_set_multicast_if_v4(sender, chosen).kind == FER_OK);
            assert_ok(fer_udp_socket_multicast_if_v4(sender, &local));
            assert_true(fer_ipv4_addr_eq(local, chosen));
        } else {
            fer_error error = fer_udp_socket_set_multicast_if_v6(sender, i % 2);
            bool stays = i == 2 && (peer_is_bsd() || unix_peer_has_bsd_datagrams()) &&
                         error.kind == FER_ADDR_NOT_AVAILABLE;
            assert_true(error.kind == FER_OK || stays);
            assert_ok_n(fer_udp_socket_multicast_if_v6(sender, &index), index, stays ? 1 : i % 2);
        }
        skip_if(i == 1 && (join(member, family, port).kind != FER_OK ||
                           send_to_group(sender, family, port, port).kind != FER_OK),
                "this machine has no multicast on its loopback");
        if (i == 1) {
            assert_receives(member, "all", family, sender_port);
        }
    }
}

/* ---- Sources of groups */

/* The senders of these tests are at the loopback's address, and no other machine's reaches it. */
static fer_error change_source(fer_udp_socket *socket, bool joins, bool is_here, peer_family family,
                               uint16_t number)
{
    fer_ipv4_addr v4 = is_here ? this_machine : fer_ipv4_addr_new(192, 0, 2, 9);
    fer_ipv6_addr v6 =
        is_here ? FER_IPV6_ADDR_LOCALHOST : fer_ipv6_addr_new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);
    if (family == PEER_V4) {
        return joins ? fer_udp_socket_join_ssm_v4(socket, group_v4(number), v4, this_machine)
                     : fer_udp_socket_leave_ssm_v4(socket, group_v4(number), v4, this_machine);
    }
    return joins ? fer_udp_socket_join_ssm_v6(socket, group_v6(number), v6, 1)
                 : fer_udp_socket_leave_ssm_v6(socket, group_v6(number), v6, 1);
}

static fer_error join_source(fer_udp_socket *socket, bool is_here, peer_family family,
                             uint16_t number)
{
    return change_source(socket, true, is_here, family, number);
}

static fer_error leave_source(fer_udp_socket *socket, bool is_here, peer_family family,
                              uint16_t number)
{
    return change_source(socket, false, is_here, family, number);
}

enum { ELSEWHERE, HERE };

/* On an IPv6 socket the system decides. `ipv4_groups_of_ipv6`: refused on macOS, FreeBSD and
 * OpenBSD, joined on other systems. */
RULE_TEST("U6", ipv4_options_and_groups_of_an_ipv6_socket_are_its_own_or_refused)
{
    uint16_t port = 0;
    bool on = true;
    skip_without_v6();
    fer_udp_socket *v6 = open_receiver(PEER_V6, &port);
    fer_error_kind kind = fer_udp_socket_multicast_loop_v4(v6, &on).kind;
    assert_true(kind == FER_OK || (kind == FER_INVALID_INPUT && on));
    assert_kind(join(v6, PEER_V4, port), kind);
    assert_kind(leave(v6, PEER_V4, port), kind);
    assert_kind(leave(v6, PEER_V4, port), kind == FER_OK ? FER_ADDR_NOT_AVAILABLE : kind);
    fer_error error = leave_source(v6, HERE, PEER_V4, port);
    assert_true(error.kind == FER_UNSUPPORTED || /* no sources of groups */
                error.kind == (kind == FER_OK ? FER_ADDR_NOT_AVAILABLE : kind));
    assert_kind(fer_udp_socket_set_multicast_loop_v4(v6, false), kind);
    assert_kind(fer_udp_socket_multicast_loop_v4(v6, &on), kind);
    assert_true(on == (kind != FER_OK));
}

static void skip_without_sources(fer_udp_socket *socket, peer_family family, uint16_t number)
{
    fer_error error = leave_source(socket, HERE, family, number);
    skip_if(error.kind == FER_UNSUPPORTED, "this system has no sources of groups");
    assert_kind(error, FER_ADDR_NOT_AVAILABLE);
}

FAMILY_TEST("U6", a_member_receives_the_datagrams_of_its_sources_alone)
{
    uint16_t port = 0;
    uint16_t sender_port = 0;
    fer_udp_socket *member = open_receiver(family, &port);
    fer_udp_socket *sender = open_sender(family, &sender_port);
    skip_without_sources(member, family, port);
    skip_if(join_source(member, HERE, family, port).kind != FER_OK ||
                send_to_group(sender, family, port, port).kind != FER_OK,
            "this machine has no multicast on its loopback");
    assert_receives(member, "all", family, sender_port);
    assert_ok(join_source(member, ELSEWHERE, family, port));
    for (int is_here = HERE; is_here >= ELSEWHERE; is_here--) {
        assert_kind(join_source(member, is_here, family, port), FER_ADDR_IN_USE);
        assert_ok(leave_source(member, is_here, family, port));
        assert_kind(leave_source(member, is_here, family, port), FER_ADDR_NOT_AVAILABLE);
        assert_ok(send_to_group(sender, family, port, port));
        send_text_to(sender, "behind", family, port);
        assert_receives(member, "behind", family, sender_port);
    }
    assert_ok(join_source(member, HERE, family, port));
}

/* `sources_of_joined_group` */
FAMILY_TEST("U6", a_group_is_joined_from_every_sender_or_from_some)
{
    uint16_t port = 0;
    fer_udp_socket *socket = open_receiver(family, &port);
    skip_without_sources(socket, family, port);
    skip_if(join(socket, family, port).kind != FER_OK,
            "this machine has no multicast on its loopback");
    fer_error error = join_source(socket, HERE, family, port);
    assert_true(error.kind == FER_OK || error.kind == FER_ADDR_IN_USE);
    assert_ok(leave(socket, family, port));
    assert_ok(join_source(socket, HERE, family, port));
    assert_ok(join_source(socket, ELSEWHERE, family, port));
    error = join(socket, family, port);
    assert_true(error.kind == FER_ADDR_IN_USE || error.kind == FER_ADDR_NOT_AVAILABLE);
    assert_ok(leave(socket, family, port));
    assert_kind(leave_source(socket, HERE, family, port), FER_ADDR_NOT_AVAILABLE);
    assert_ok(join(socket, family, port));
}

FAMILY_TEST("U6", a_source_has_a_group_an_interface_and_an_address)
{
    uint16_t port = 0;
    const fer_ipv4_addr none = {{0}}, one = {{192, 0, 2, 9}};
    const fer_ipv6_addr none6 = {{0}}, one6 = {{0x20, 1, 0xd, 0xb8, [15] = 9}};
    fer_udp_socket *socket = open_receiver(family, &port);
    const fer_ipv4_addr g = group_v4(port);
    const fer_ipv6_addr g6 = group_v6(port);
    if (family == PEER_V4) {
        assert_own(fer_udp_socket_join_ssm_v4(socket, one, one, this_machine), FER_INVALID_INPUT);
        assert_own(fer_udp_socket_join_ssm_v4(socket, g, none, this_machine), FER_INVALID_INPUT);
        assert_own(fer_udp_socket_leave_ssm_v4(socket, g, g, this_machine), FER_INVALID_INPUT);
        assert_own(fer_udp_socket_join_ssm_v6(socket, g6, one6, 1), FER_INVALID_INPUT);
    } else {
        assert_own(fer_udp_socket_join_ssm_v6(socket, one6, one6, 1), FER_INVALID_INPUT);
        assert_own(fer_udp_socket_join_ssm_v6(socket, g6, none6, 1), FER_INVALID_INPUT);
        assert_own(fer_udp_socket_leave_ssm_v6(socket, g6, g6, 1), FER_INVALID_INPUT);
    }
    skip_without_sources(socket, family, port);
    assert_kind(family == PEER_V4 ? fer_udp_socket_join_ssm_v4(socket, g, one, one)
                                  : fer_udp_socket_join_ssm_v6(socket, g6, one6, 4711),
                FER_ADDR_NOT_AVAILABLE);
}

/* ---- The address that a datagram was sent to */

/* "the group's address", "the broadcast address": not that of the interface, which IP_PKTINFO also
 * reports (ip(7), ipi_spec_dst). */
static void assert_destination(fer_udp_socket *socket, const char *text, const fer_ip_addr *ip)
{
    char buf[16];
    size_t count = 0;
    fer_datagram_recv in = {.buf = buf, .cap = sizeof buf};
    assert_ok_n(fer_udp_socket_recv_batch(socket, &in, 1, &count), count, 1);
    skip_if(in.len != strlen(text), "this system does not deliver it on its loopback");
    assert_memory_equal(buf, text, in.len);
    assert_true(fer_ip_addr_eq(in.local_ip, *ip));
    assert_int_not_equal(in.interface_index, 0);
}

static void enable_destination(fer_udp_socket *socket)
{
    fer_udp_features enabled;
    assert_ok(fer_udp_socket_enable(socket, FER_UDP_LOCAL_ADDR, &enabled));
    skip_if(enabled != FER_UDP_LOCAL_ADDR, "this system does not report local addresses");
}

FAMILY_TEST("B7", a_datagram_to_a_group_has_the_local_address_of_the_group)
{
    uint16_t port = 0;
    uint16_t sender_port = 0;
    fer_udp_socket *member = open_receiver(family, &port);
    fer_udp_socket *sender = open_sender(family, &sender_port);
    fer_ip_addr group = family == PEER_V4 ? fer_ip_addr_from_v4(group_v4(port))
                                          : fer_ip_addr_from_v6(group_v6(port));
    enable_destination(member);
    skip_if(join(member, family, port).kind != FER_OK ||
                send_to_group(sender, family, port, port).kind != FER_OK,
            "this machine has no multicast on its loopback");
    assert_destination(member, "all", &group);
}

RULE_TEST("B7", a_broadcast_has_the_local_address_that_it_was_sent_to)
{
    uint16_t port = 0;
    uint16_t sender_port = 0;
    fer_udp_socket *socket = open_receiver(PEER_V4, &port);
    fer_udp_socket *sender = test_udp_bound(PEER_V4, &sender_port);
    fer_socket_addr to = fer_socket_addr_v4_new((fer_ipv4_addr){{127, 255, 255, 255}}, port);
    enable_destination(socket);
    assert_ok(fer_udp_socket_set_broadcast(sender, true));
    skip_if(fer_udp_socket_send_to(sender, "all", 3, &to, NULL).kind != FER_OK,
            "this system has no broadcast address on its loopback");
    send_text_to(sender, "behind", PEER_V4, port);
    assert_destination(socket, "all", &to.ip);
}

/* ---- Limits */

/* `group_limit`: more groups than any system allows for one socket. */
FAMILY_TEST("U6", a_socket_joins_20_groups_and_too_many_are_no_buffer_space)
{
    enum { GROUPS = 6000 };
    uint16_t port = 0;
    uint16_t count = 0;
    fer_error error = {FER_OK, 0};
    fer_udp_socket *socket = open_receiver(family, &port);
    while (error.kind == FER_OK && count < GROUPS) {
        error = join(socket, family, count);
        count = (uint16_t)(count + (error.kind == FER_OK));
    }
    skip_if(count == 0, "this machine has no multicast on its loopback");
    assert_true(count >= 20);
    if (count < GROUPS && !peer_is_wine()) { /* Wine 8: 10022 */
        assert_kind(error, FER_NO_BUFFER_SPACE);
    }
    assert_kind(join(socket, family, 0), FER_ADDR_IN_USE);
}

RULE_TESTS("multicast")
