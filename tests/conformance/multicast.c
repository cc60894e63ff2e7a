/* multicast.c: groups, on the loopback alone. */
#include "support/fixture.h"

enum { SHORT_MS = 40 };

static const fer_ipv4_addr group_v4 = {{239, 255, 77, 7}};
static const fer_ipv4_addr this_machine = {{127, 0, 0, 1}};
static const fer_ipv6_addr group_v6 = {{0xff, 0x01, [14] = 0x77, [15] = 0x07}};  /* of this machine only (RFC 4291, 2.7) */

/* A member-to-be: bound to the wildcard, as a system needs to hand a group's datagrams out. */
static fer_udp_socket *receiver(const char *wildcard, uint16_t *port)
{
    fer_udp_socket *socket = test_udp();
    fer_socket_addr addr;
    assert_ok(fer_udp_socket_bind(socket, wildcard));
    assert_ok(fer_udp_socket_local_addr(socket, &addr));
    assert_ok(fer_udp_socket_set_read_timeout(socket, millis(SHORT_MS)));
    *port = addr.port;
    return socket;
}

/* Whether the datagram comes. What is sent over the loopback is there at once, or after the simulation's latency. */
static bool is_received(fer_udp_socket *sender, fer_udp_socket *member, uint16_t port)
{
    char buf[8];
    fer_datagram got;
    fer_socket_addr to = fer_socket_addr_new_v4(&group_v4, port);
    assert_ok(fer_udp_socket_send_to(sender, "all", 3, &to, NULL));
    fer_error error = fer_udp_socket_recv_from(member, buf, sizeof buf, &got);
    assert_either(error, FER_OK, FER_TIMED_OUT);
    if (error.kind == FER_OK) {
        assert_int_equal(got.len, 3);
        assert_memory_equal(buf, "all", 3);
    }
    return error.kind == FER_OK;
}

static void a_member_receives_what_is_sent_to_its_group_until_it_leaves(void **state)
{
    (void)state;
    uint16_t port = 0;
    uint16_t sender_port = 0;
    fer_udp_socket *member = receiver("0.0.0.0:0", &port);
    fer_udp_socket *sender = test_udp_bound(PEER_V4, &sender_port);
    assert_ok(fer_udp_socket_join_multicast_v4(member, &group_v4, &this_machine));
    assert_true(is_received(sender, member, port));
    assert_ok(fer_udp_socket_leave_multicast_v4(member, &group_v4, &this_machine));
    assert_false(is_received(sender, member, port));
}

/* What it does is not seen here: the loopback's own network brings everything back. */
static void the_loop_is_on_at_first_and_told_as_it_was_set(void **state)
{
    (void)state;
    uint16_t port = 0;
    bool on = false;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    assert_ok(fer_udp_socket_multicast_loop_v4(socket, &on));
    assert_true(on);
    assert_ok(fer_udp_socket_set_multicast_loop_v4(socket, false));
    assert_ok(fer_udp_socket_multicast_loop_v4(socket, &on));
    assert_false(on);
    assert_ok(fer_udp_socket_set_multicast_loop_v4(socket, true));
    assert_ok(fer_udp_socket_multicast_loop_v4(socket, &on));
    assert_true(on);
}

static void a_multicast_ttl_is_0_to_255_and_1_at_first(void **state)
{
    (void)state;
    uint16_t port = 0;
    uint32_t ttl = 0;
    fer_udp_socket *socket = test_udp_bound(PEER_V4, &port);
    assert_ok(fer_udp_socket_multicast_ttl_v4(socket, &ttl));
    assert_int_equal(ttl, 1);
    static const uint32_t good[] = {0, 255, 1, 200};
    for (size_t i = 0; i < 4; i++) {
        assert_ok(fer_udp_socket_set_multicast_ttl_v4(socket, good[i]));
        assert_ok(fer_udp_socket_multicast_ttl_v4(socket, &ttl));
        assert_int_equal(ttl, good[i]);
    }
    assert_own(fer_udp_socket_set_multicast_ttl_v4(socket, 256), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_set_multicast_ttl_v4(socket, UINT32_MAX), FER_INVALID_INPUT);
    assert_ok(fer_udp_socket_multicast_ttl_v4(socket, &ttl));
    assert_int_equal(ttl, 200);
}

static void joining_twice_is_in_use_and_leaving_twice_is_not_available(void **state)
{
    (void)state;
    uint16_t port = 0;
    fer_udp_socket *socket = receiver("0.0.0.0:0", &port);
    assert_kind(fer_udp_socket_leave_multicast_v4(socket, &group_v4, &this_machine), FER_ADDR_NOT_AVAILABLE);
    for (int i = 0; i < 2; i++) {
        assert_ok(fer_udp_socket_join_multicast_v4(socket, &group_v4, &this_machine));
        assert_kind(fer_udp_socket_join_multicast_v4(socket, &group_v4, &this_machine), FER_ADDR_IN_USE);
        assert_ok(fer_udp_socket_leave_multicast_v4(socket, &group_v4, &this_machine));
        assert_kind(fer_udp_socket_leave_multicast_v4(socket, &group_v4, &this_machine), FER_ADDR_NOT_AVAILABLE);
    }
}

static void an_interface_that_is_not_there_is_not_available(void **state)
{
    (void)state;
    uint16_t port = 0;
    fer_ipv4_addr elsewhere = {{192, 0, 2, 1}};
    fer_udp_socket *socket = receiver("0.0.0.0:0", &port);
    assert_kind(fer_udp_socket_join_multicast_v4(socket, &group_v4, &elsewhere), FER_ADDR_NOT_AVAILABLE);
    skip_without_v6();
    fer_udp_socket *v6 = receiver("[::]:0", &port);
    assert_kind(fer_udp_socket_join_multicast_v6(v6, &group_v6, 4711), FER_ADDR_NOT_AVAILABLE);
}

static void what_is_no_group_is_refused(void **state)
{
    (void)state;
    uint16_t port = 0;
    fer_ipv6_addr no_group = FER_IPV6_ADDR_LOCALHOST;
    fer_udp_socket *socket = receiver("0.0.0.0:0", &port);
    assert_own(fer_udp_socket_join_multicast_v4(socket, &this_machine, &this_machine), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_leave_multicast_v4(socket, &this_machine, &this_machine), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_join_multicast_v6(socket, &group_v6, 0), FER_INVALID_INPUT);
    skip_without_v6();
    fer_udp_socket *v6 = receiver("[::]:0", &port);
    assert_own(fer_udp_socket_join_multicast_v6(v6, &no_group, 0), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_leave_multicast_v6(v6, &no_group, 0), FER_INVALID_INPUT);
}

static void ipv6_options_need_an_ipv6_socket(void **state)
{
    (void)state;
    uint16_t port = 0;
    bool on = false;
    fer_udp_socket *v4 = receiver("0.0.0.0:0", &port);
    assert_own(fer_udp_socket_set_multicast_loop_v6(v4, true), FER_INVALID_INPUT);
    assert_own(fer_udp_socket_multicast_loop_v6(v4, &on), FER_INVALID_INPUT);
    skip_without_v6();
    fer_udp_socket *v6 = receiver("[::]:0", &port);
    assert_ok(fer_udp_socket_multicast_loop_v6(v6, &on));
    assert_true(on);
    assert_ok(fer_udp_socket_set_multicast_loop_v6(v6, false));
    assert_ok(fer_udp_socket_multicast_loop_v6(v6, &on));
    assert_false(on);
}

static void an_ipv6_member_receives_until_it_leaves(void **state)
{
    (void)state;
    skip_without_v6();
    uint16_t port = 0;
    uint16_t sender_port = 0;
    char buf[8];
    fer_datagram got;
    fer_udp_socket *member = receiver("[::]:0", &port);
    fer_udp_socket *sender = test_udp_bound(PEER_V6, &sender_port);
    fer_error joined = fer_udp_socket_join_multicast_v6(member, &group_v6, 1);
    fer_socket_addr to = fer_socket_addr_new_v6(&group_v6, port, 0, 1);
    fer_error sent = fer_udp_socket_send_to(sender, "all", 3, &to, NULL);
    if (joined.kind != FER_OK || sent.kind != FER_OK) {
        skip_because("this machine has no IPv6 multicast on its loopback");
    }
    assert_ok(fer_udp_socket_recv_from(member, buf, sizeof buf, &got));
    assert_int_equal(got.from.port, sender_port);
    assert_kind(fer_udp_socket_join_multicast_v6(member, &group_v6, 1), FER_ADDR_IN_USE);
    assert_ok(fer_udp_socket_leave_multicast_v6(member, &group_v6, 1));
    assert_kind(fer_udp_socket_leave_multicast_v6(member, &group_v6, 1), FER_ADDR_NOT_AVAILABLE);
    assert_ok(fer_udp_socket_send_to(sender, "all", 3, &to, NULL));
    assert_own(fer_udp_socket_recv_from(member, buf, sizeof buf, &got), FER_TIMED_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE_TEST("U6", a_member_receives_what_is_sent_to_its_group_until_it_leaves),
        RULE_TEST("U6", the_loop_is_on_at_first_and_told_as_it_was_set),
        RULE_TEST("U6", a_multicast_ttl_is_0_to_255_and_1_at_first),
        RULE_TEST("U6", joining_twice_is_in_use_and_leaving_twice_is_not_available),
        RULE_TEST("U6", an_interface_that_is_not_there_is_not_available),
        RULE_TEST("U6", what_is_no_group_is_refused),
        RULE_TEST("U6", ipv6_options_need_an_ipv6_socket),
        RULE_TEST("U6", an_ipv6_member_receives_until_it_leaves),
    };
    return RUN_TESTS("multicast", tests);
}
