/* multicast.c: rule U6: multicast groups, on the loopback only. */
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

static void send_text(fer_udp_socket *sender, const fer_socket_addr *to, const char *text)
{
    assert_ok(fer_udp_socket_send_to(sender, text, strlen(text), to, NULL));
}

static void assert_receives(fer_udp_socket *member, const char *text, uint16_t from_port)
{
    char buf[8];
    fer_udp_received got;
    assert_ok(fer_udp_socket_recv_from(member, buf, sizeof buf, &got));
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(buf, text, strlen(text));
    assert_int_equal(got.from.port, from_port);
}

/* The member does not receive a datagram for a group that it has not joined: it receives the next
 * datagram, which is sent to the socket itself. */
static void assert_receives_only_its_own(fer_udp_socket *member, fer_udp_socket *sender,
                                         const fer_socket_addr *group, uint16_t from_port)
{
    fer_socket_addr own = loopback(group->ip.family == FER_IP_V4 ? PEER_V4 : PEER_V6, group->port);
    send_text(sender, group, "all");
    send_text(sender, &own, "behind");
    assert_receives(member, "behind", from_port);
}

RULE_TEST("U6", a_member_receives_the_datagrams_of_its_group_until_it_leaves)
{
    uint16_t port = 0;
    uint16_t sender_port = 0;
    fer_udp_socket *member = open_receiver(PEER_V4, &port);
    fer_udp_socket *sender = test_udp_bound(PEER_V4, &sender_port);
    fer_ipv4_addr group = group_v4(port);
    fer_socket_addr to = fer_socket_addr_v4_new(group, port);
    assert_ok(fer_udp_socket_join_multicast_v4(member, group, this_machine));
    if (peer_is_bsd() &&
        fer_udp_socket_try_send_to(sender, "route", 5, &to, NULL).kind == FER_HOST_UNREACHABLE) {
        skip_because("this machine has no route to a group");
    } else if (peer_is_bsd()) {
        assert_receives(member, "route", sender_port);
    }
    send_text(sender, &to, "all");
    assert_receives(member, "all", sender_port);
    assert_ok(fer_udp_socket_leave_multicast_v4(member, group, this_machine));
    assert_receives_only_its_own(member, sender, &to, sender_port);
}

/* The option's effect cannot be tested here: the loopback network returns every datagram. */
RULE_TEST("U6", the_loop_is_on_at_first_and_reported_as_it_was_set)
{
    uint16_t port = 0;
    bool on = false;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    assert_ok(fer_udp_socket_multicast_loop_v4(socket, &on));
    assert_true(on);
    assert_ok(fer_udp_socket_set_multicast_loop_v4(socket, false));
    assert_ok_n(fer_udp_socket_multicast_loop_v4(socket, &on), on, false);
    assert_ok(fer_udp_socket_set_multicast_loop_v4(socket, true));
    assert_ok(fer_udp_socket_multicast_loop_v4(socket, &on));
    assert_true(on);
}

RULE_TEST("U6", a_multicast_ttl_is_0_to_255_and_1_at_first)
{
    uint16_t port = 0;
    uint32_t ttl = 0;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    assert_ok_n(fer_udp_socket_multicast_ttl_v4(socket, &ttl), ttl, 1);
    static const uint32_t good[] = {0, 255, 1, 200};
    for (size_t i = 0; i < 4; i++) {
        assert_ok(fer_udp_socket_set_multicast_ttl_v4(socket, good[i]));
        assert_ok_n(fer_udp_socket_multicast_ttl_v4(socket, &ttl), ttl, good[i]);
    }
    assert_own(fer_udp_socket_set_multicast_ttl_v4(socket, 256), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_set_multicast_ttl_v4(socket, UINT32_MAX), FER_INVALID_INPUT);
    assert_ok_n(fer_udp_socket_multicast_ttl_v4(socket, &ttl), ttl, 200);
}

RULE_TEST("U6", joining_twice_is_in_use_and_leaving_twice_is_not_available)
{
    uint16_t port = 0;
    fer_udp_socket *socket = open_receiver(PEER_V4, &port);
    fer_ipv4_addr group = group_v4(port);
    assert_kind(fer_udp_socket_leave_multicast_v4(socket, group, this_machine),
                FER_ADDR_NOT_AVAILABLE);
    for (int i = 0; i < 2; i++) {
        assert_ok(fer_udp_socket_join_multicast_v4(socket, group, this_machine));
        assert_kind(fer_udp_socket_join_multicast_v4(socket, group, this_machine), FER_ADDR_IN_USE);
        assert_ok(fer_udp_socket_leave_multicast_v4(socket, group, this_machine));
        assert_kind(fer_udp_socket_leave_multicast_v4(socket, group, this_machine),
                    FER_ADDR_NOT_AVAILABLE);
    }
}

RULE_TEST("U6", a_missing_interface_is_addr_not_available)
{
    uint16_t port = 0;
    fer_ipv4_addr unknown_interface = {{192, 0, 2, 1}};
    fer_udp_socket *socket = open_receiver(PEER_V4, &port);
    fer_ipv4_addr group = group_v4(port);
    assert_kind(fer_udp_socket_join_multicast_v4(socket, group, unknown_interface),
                FER_ADDR_NOT_AVAILABLE);
    skip_without_v6();
    fer_udp_socket *v6 = open_receiver(PEER_V6, &port);
    fer_ipv6_addr v6_group = group_v6(port);
    assert_kind(fer_udp_socket_join_multicast_v6(v6, v6_group, 4711), FER_ADDR_NOT_AVAILABLE);
}

RULE_TEST("U6", an_address_that_is_no_group_is_refused)
{
    uint16_t port = 0;
    fer_ipv6_addr no_group = FER_IPV6_ADDR_LOCALHOST;
    fer_udp_socket *socket = open_receiver(PEER_V4, &port);
    fer_ipv6_addr v6_group = group_v6(port);
    assert_own(fer_udp_socket_join_multicast_v4(socket, this_machine, this_machine),
               FER_INVALID_INPUT);
    assert_own(fer_udp_socket_leave_multicast_v4(socket, this_machine, this_machine),
               FER_INVALID_INPUT);
    assert_own(fer_udp_socket_join_multicast_v6(socket, v6_group, 0), FER_INVALID_INPUT);
    skip_without_v6();
    fer_udp_socket *v6 = open_receiver(PEER_V6, &port);
    assert_own(fer_udp_socket_join_multicast_v6(v6, no_group, 0), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_leave_multicast_v6(v6, no_group, 0), FER_INVALID_INPUT);
}

RULE_TEST("U6", ipv6_options_need_an_ipv6_socket)
{
    uint16_t port = 0;
    bool on = false;
    fer_udp_socket *v4 = open_receiver(PEER_V4, &port);
    assert_own(fer_udp_socket_set_multicast_loop_v6(v4, true), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_multicast_loop_v6(v4, &on), FER_INVALID_INPUT);
    skip_without_v6();
    fer_udp_socket *v6 = open_receiver(PEER_V6, &port);
    assert_ok(fer_udp_socket_multicast_loop_v6(v6, &on));
    assert_true(on);
    assert_ok(fer_udp_socket_set_multicast_loop_v6(v6, false));
    assert_ok_n(fer_udp_socket_multicast_loop_v6(v6, &on), on, false);
}

/* On an IPv6 socket the system decides. */
RULE_TEST("U6", an_ipv4_option_of_an_ipv6_socket_is_set_or_refused)
{
    uint16_t port = 0;
    bool on = true;
    skip_without_v6();
    fer_udp_socket *v6 = open_receiver(PEER_V6, &port);
    fer_error error = fer_udp_socket_set_multicast_loop_v4(v6, false);
    if (error.kind == FER_OK) {
        assert_ok_n(fer_udp_socket_multicast_loop_v4(v6, &on), on, false);
    } else {
        assert_kind(fer_udp_socket_multicast_loop_v4(v6, &on), error.kind);
        assert_true(on);
    }
}

RULE_TEST("U6", an_ipv6_member_receives_until_it_leaves)
{
    skip_without_v6();
    uint16_t port = 0;
    uint16_t sender_port = 0;
    fer_udp_socket *member = open_receiver(PEER_V6, &port);
    fer_udp_socket *sender = test_udp_bound(PEER_V6, &sender_port);
    fer_ipv6_addr group = group_v6(port);
    fer_error joined = fer_udp_socket_join_multicast_v6(member, group, 1);
    fer_socket_addr to = fer_socket_addr_v6_new(group, port, 0, 1);
    fer_error sent = fer_udp_socket_send_to(sender, "all", 3, &to, NULL);
    skip_if(joined.kind != FER_OK || sent.kind != FER_OK,
            "this machine has no IPv6 multicast on its loopback");
    assert_receives(member, "all", sender_port);
    assert_kind(fer_udp_socket_join_multicast_v6(member, group, 1), FER_ADDR_IN_USE);
    assert_ok(fer_udp_socket_leave_multicast_v6(member, group, 1));
    assert_kind(fer_udp_socket_leave_multicast_v6(member, group, 1), FER_ADDR_NOT_AVAILABLE);
    assert_receives_only_its_own(member, sender, &to, sender_port);
}

/* `group_of_another`: a datagram to the member's port, and to a group that another socket has
 * joined on the same network interface. */
static void assert_receives_no_group_of_another(peer_family family)
{
    uint16_t port = 0;
    uint16_t other_port = 0;
    uint16_t sender_port = 0;
    fer_udp_socket *member = open_receiver(family, &port);
    fer_udp_socket *other = open_receiver(family, &other_port);
    fer_udp_socket *sender = test_udp_bound(family, &sender_port);
    fer_socket_addr to = family == PEER_V4
                             ? fer_socket_addr_v4_new(group_v4(other_port), port)
                             : fer_socket_addr_v6_new(group_v6(other_port), port, 0, 1);
    fer_error joined = family == PEER_V4
                           ? fer_udp_socket_join_multicast_v4(member, group_v4(port), this_machine)
                           : fer_udp_socket_join_multicast_v6(member, group_v6(port), 1);
    fer_error joined_by_other =
        family == PEER_V4
            ? fer_udp_socket_join_multicast_v4(other, group_v4(other_port), this_machine)
            : fer_udp_socket_join_multicast_v6(other, group_v6(other_port), 1);
    fer_error sent = fer_udp_socket_send_to(sender, "route", 5, &to, NULL);
    skip_if(joined.kind != FER_OK || joined_by_other.kind != FER_OK || sent.kind != FER_OK,
            "this machine has no multicast on its loopback");
    char buf[8];
    fer_udp_received got;
    fer_socket_addr own = loopback(family, port);
    send_text(sender, &own, "behind");
    assert_ok(fer_udp_socket_recv_from(member, buf, sizeof buf, &got));
    skip_if(peer_is_bsd() && got.len == 5, "NetBSD and OpenBSD deliver every group of the machine");
    assert_int_equal(got.len, 6);
    assert_int_equal(got.from.port, sender_port);
}

RULE_TEST("U6", a_member_receives_no_group_that_another_socket_has_joined)
{
    skip_if(peer_is_wine(), "Wine delivers every group of the machine");
    skip_under_qemu("it has no IP_MULTICAST_ALL");
    assert_receives_no_group_of_another(PEER_V4);
}

RULE_TEST("U6", an_ipv6_member_receives_no_group_that_another_socket_has_joined)
{
    skip_without_v6();
    skip_if(peer_is_wine(), "Wine delivers every group of the machine");
    assert_receives_no_group_of_another(PEER_V6);
}

/* `ipv4_groups_of_ipv6`: refused on macOS, FreeBSD and OpenBSD, joined on other systems. */
RULE_TEST("U6", an_ipv4_group_of_an_ipv6_socket_is_joined_or_refused)
{
    uint16_t port = 0;
    skip_without_v6();
    fer_udp_socket *v6 = open_receiver(PEER_V6, &port);
    fer_ipv4_addr group = group_v4(port);
    bool on = false;
    fer_error_kind kind = fer_udp_socket_multicast_loop_v4(v6, &on).kind;
    assert_true(kind == FER_OK || kind == FER_INVALID_INPUT);
    assert_kind(fer_udp_socket_join_multicast_v4(v6, group, this_machine), kind);
    assert_kind(fer_udp_socket_leave_multicast_v4(v6, group, this_machine), kind);
}

/* `group_limit`: more groups than any system allows for one socket. */
enum { GROUPS = 6000 };

static fer_error join_one_of_many(fer_udp_socket *socket, peer_family family, int i)
{
    uint8_t high = (uint8_t)(i >> 8);
    uint8_t low = (uint8_t)i;
    return family == PEER_V4
               ? fer_udp_socket_join_multicast_v4(socket, fer_ipv4_addr_new(239, 254, high, low),
                                                  this_machine)
               : fer_udp_socket_join_multicast_v6(
                     socket, fer_ipv6_addr_new(0xff01, 0, 0, 0, 0, 0, 0x78, (uint16_t)i), 1);
}

static void join_many(peer_family family)
{
    uint16_t port = 0;
    int count = 0;
    fer_error error = {FER_OK, 0};
    fer_udp_socket *socket = open_receiver(family, &port);
    while (error.kind == FER_OK && count < GROUPS) {
        error = join_one_of_many(socket, family, count);
        count += error.kind == FER_OK;
    }
    skip_if(count == 0, "this machine has no multicast on its loopback");
    assert_true(count >= 20);
    if (count < GROUPS && !peer_is_wine()) { /* Wine 8: 10022 */
        assert_kind(error, FER_NO_BUFFER_SPACE);
    }
    assert_kind(join_one_of_many(socket, family, 0), FER_ADDR_IN_USE);
}

RULE_TEST("U6", a_socket_joins_20_groups_and_too_many_are_no_buffer_space)
{
    join_many(PEER_V4);
}

RULE_TEST("U6", a_socket_joins_20_ipv6_groups_and_too_many_are_no_buffer_space)
{
    skip_without_v6();
    join_many(PEER_V6);
}

RULE_TESTS("multicast")
