/* test_options.c: the options and modes of a socket, except keepalive. */
#include "unit/scripted_platform.h"

#include "core/handle/options.h"
#include "core/wait/blocking.h"
#include "ferrule/resolve.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"

#define SECOND UINT64_C(1000000000)

static fer_handle open_stream(uint32_t flags)
{
    script_begin(&script_posix);
    return script_stream(flags);
}

#define V6_OPEN_TEST(function) \
    SCRIPT_TEST_WITH(fer_handle handle, open_stream(FERI_FLAG_V6), function)

#define OPEN_TEST(function) SCRIPT_TEST_WITH(fer_handle handle, open_stream(0), function)

/* ---- Nonblocking mode */

static const fer_handle *observed_handle;
static bool observed_flag;

static void record_flag(script_call call)
{
    if (call == SCRIPT_SET_NONBLOCKING) {
        observed_flag = feri_handle_has_flag(observed_handle, FERI_FLAG_NONBLOCKING);
    }
}

V6_OPEN_TEST(the_flag_covers_the_time_in_which_the_socket_is_nonblocking)
{
    observed_handle = &handle;
    script.on_call = record_flag;
    assert_ok(feri_set_nonblocking(&handle, true));
    assert_true(observed_flag);
    assert_int_equal(feri_handle_flags(&handle), FERI_FLAG_V6 | FERI_FLAG_NONBLOCKING);
    assert_ok(feri_set_nonblocking(&handle, false));
    assert_true(observed_flag);
    assert_int_equal(feri_handle_flags(&handle), FERI_FLAG_V6);
    assert_log("set_nonblocking(1,1) set_nonblocking(1,0)");
}

static void check_failure_keeps(uint32_t flags, bool nonblocking)
{
    fer_handle handle = open_stream(flags);
    script_then_fail(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9);
    assert_error(feri_set_nonblocking(&handle, nonblocking), FER_BAD_HANDLE, 9);
    assert_int_equal(feri_handle_flags(&handle), flags);
}

SCRIPT_TEST(a_mode_that_cannot_be_set_leaves_the_flags_as_they_were)
{
    const uint32_t others[] = {0, FERI_FLAG_V6, FERI_FLAG_CLONED, FERI_FLAG_ADOPTED};
    for (size_t i = 0; i < 4; i++) {
        check_failure_keeps(others[i], true);
        check_failure_keeps(others[i], false);
        check_failure_keeps(others[i] | FERI_FLAG_NONBLOCKING, true);
        check_failure_keeps(others[i] | FERI_FLAG_NONBLOCKING, false);
    }
}

SCRIPT_TEST(setting_the_mode_changes_its_own_flags_alone)
{
    const uint32_t others[] = {0, FERI_FLAG_V6, FERI_FLAG_CLONED, FERI_FLAG_ADOPTED};
    for (size_t i = 0; i < 4; i++) {
        fer_handle handle = open_stream(others[i]);
        assert_ok(feri_set_nonblocking(&handle, true));
        assert_int_equal(feri_handle_flags(&handle), others[i] | FERI_FLAG_NONBLOCKING);
        assert_ok(feri_set_nonblocking(&handle, true));
        assert_int_equal(feri_handle_flags(&handle), others[i] | FERI_FLAG_NONBLOCKING);
        assert_ok(feri_set_nonblocking(&handle, false));
        assert_int_equal(feri_handle_flags(&handle), others[i]);
    }
}

/* ---- TCP_NODELAY, TTL */

V6_OPEN_TEST(on_ipv6_the_ttl_is_the_hop_limit_and_ip_ttl_if_the_system_has_it)
{
    assert_ok(feri_set_ttl(&handle, 9));
    script_queue("set_option OK INVALID_INPUT:22");
    assert_ok_log(feri_set_ttl(&handle, 9),
                  "set_option(1,HOPS_V6,9) set_option(1,TTL_V4,9) set_option(1,HOPS_V6,9) "
                  "set_option(1,TTL_V4,9)");
    assert_forwards(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22, feri_set_ttl(&handle, 9));
    assert_log("set_option(1,HOPS_V6,9) peer_addr(1)");
}

/* ---- Linger */

OPEN_TEST(linger_is_whole_seconds_rounded_up_and_saturated)
{
    script.traits.linger_seconds_max = 327;
    assert_ok(feri_set_linger(&handle, FER_DURATION_NONE));
    assert_ok(feri_set_linger(&handle, (fer_duration){0}));
    assert_ok(feri_set_linger(&handle, (fer_duration){1}));
    assert_ok(feri_set_linger(&handle, (fer_duration){SECOND}));
    assert_ok_log(feri_set_linger(&handle, (fer_duration){SECOND + 1}),
                  "set_linger(1,0,0) set_linger(1,1,0) set_linger(1,1,1) set_linger(1,1,1) "
                  "set_linger(1,1,2)");
    assert_ok(feri_set_linger(&handle, (fer_duration){327 * SECOND - 1}));
    assert_ok(feri_set_linger(&handle, (fer_duration){327 * SECOND}));
    assert_ok(feri_set_linger(&handle, (fer_duration){327 * SECOND + 1}));
    assert_ok(feri_set_linger(&handle, (fer_duration){UINT64_MAX - 1}));
    assert_log("set_linger(1,1,327) set_linger(1,1,327) set_linger(1,1,327) set_linger(1,1,327)");
    assert_forwards(SCRIPT_SET_LINGER, FER_BAD_HANDLE, 9,
                    feri_set_linger(&handle, (fer_duration){0}));
}

/* ---- Options of built sockets */

SCRIPT_TEST(a_type_of_service_is_set_for_the_family)
{
    fer_handle handle = open_stream(FERI_FLAG_DATAGRAM);
    assert_ok(feri_set_tos(&handle, 255));
    handle = script_stream(FERI_FLAG_DATAGRAM | FERI_FLAG_V6);
    assert_ok(feri_set_tos(&handle, 1));
    assert_forwards(SCRIPT_SET_OPTION, FER_UNSUPPORTED, 92, feri_set_tos(&handle, 2));
    (void)script_then(SCRIPT_SET_OPTION);
    /* a failure of the additional IP_TOS is ignored */
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_ok_log(feri_set_tos(&handle, 3),
                  "set_option(1,TOS_V4,255) set_option(2,TCLASS_V6,1) set_option(2,TOS_V4,1) "
                  "set_option(2,TCLASS_V6,2) "
                  "set_option(2,TCLASS_V6,3) set_option(2,TOS_V4,3)");
}

SCRIPT_TEST(a_type_of_service_out_of_range_makes_no_call)
{
    fer_handle stream = open_stream(0);
    fer_handle datagrams = script_stream(FERI_FLAG_DATAGRAM);
    for (uint32_t tos = 0; tos < 300; tos++) {
        fer_error_kind of_stream = tos < 256 && tos % 4 == 0 ? FER_OK : FER_INVALID_INPUT;
        assert_error(feri_set_tos(&stream, tos), of_stream, 0);
        assert_error(feri_set_tos(&datagrams, tos), tos < 256 ? FER_OK : FER_INVALID_INPUT, 0);
        script.log[0] = '\0';
    }
    assert_int_equal(script.times[SCRIPT_SET_OPTION], 64 + 256);
}

V6_OPEN_TEST(a_type_of_service_is_reported_for_the_family)
{
    uint32_t got = 7;
    script_then(SCRIPT_OPTION_VALUE)->value = 0xb8;
    assert_ok_n(feri_tos(&handle, &got), got, 0xb8);
    handle = script_stream(0);
    assert_forwards(SCRIPT_OPTION_VALUE, FER_BAD_HANDLE, 9, feri_tos(&handle, &got));
    assert_error(feri_tos(&handle, NULL), FER_MISUSE, 0);
    assert_int_equal(got, 0xb8);
    assert_log("option_value(1,TCLASS_V6) option_value(2,TOS_V4)");
}

OPEN_TEST(a_buffer_size_is_cut_to_the_range_of_the_option)
{
    assert_error(feri_set_buffer_size(&handle, FERP_RECV_BUFFER, 0), FER_INVALID_INPUT, 0);
    assert_ok(feri_set_buffer_size(&handle, FERP_RECV_BUFFER, 1));
    assert_ok(feri_set_buffer_size(&handle, FERP_SEND_BUFFER, INT32_MAX));
    assert_ok(feri_set_buffer_size(&handle, FERP_SEND_BUFFER, (size_t)INT32_MAX + 1));
    assert_ok_log(feri_set_buffer_size(&handle, FERP_SEND_BUFFER, SIZE_MAX),
                  "set_option(1,RECV_BUFFER,1) set_option(1,SEND_BUFFER,2147483647) "
                  "set_option(1,SEND_BUFFER,2147483647) "
                  "set_option(1,SEND_BUFFER,2147483647)");
}

OPEN_TEST(a_buffer_size_is_the_system_s)
{
    size_t got = 7;
    script_default(SCRIPT_OPTION_VALUE)->value = 9001;
    assert_ok_n(feri_buffer_size(&handle, FERP_RECV_BUFFER, &got), got, 9001);
    script_default(SCRIPT_OPTION_VALUE)->value = 4500;
    assert_ok_n(feri_buffer_size(&handle, FERP_SEND_BUFFER, &got), got, 4500);
    script_then_fail(SCRIPT_OPTION_VALUE, FER_BAD_HANDLE, 9);
    assert_error(feri_buffer_size(&handle, FERP_SEND_BUFFER, &got), FER_BAD_HANDLE, 9);
    assert_error(feri_buffer_size(&handle, FERP_SEND_BUFFER, NULL), FER_MISUSE, 0);
    assert_int_equal(got, 4500);
    assert_log(
        "option_value(1,RECV_BUFFER) option_value(1,SEND_BUFFER) option_value(1,SEND_BUFFER)");
}

/* O7: OpenBSD refuses the size of a buffer whose half has ended. */
SCRIPT_TEST(a_buffer_size_of_an_ended_half_is_moot)
{
    fer_handle stream = open_stream(0);
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_ok(feri_set_buffer_size(&stream, FERP_RECV_BUFFER, 1));
    script_then_fail(SCRIPT_SET_OPTION, FER_NO_BUFFER_SPACE, 55);
    assert_error(feri_set_buffer_size(&stream, FERP_RECV_BUFFER, 1), FER_NO_BUFFER_SPACE, 55);
    fer_handle datagram = open_stream(FERI_FLAG_DATAGRAM);
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_error(feri_set_buffer_size(&datagram, FERP_RECV_BUFFER, 1), FER_INVALID_INPUT, 22);
}

/* O7: XNU refuses every option of an ended connection, and getpeername too, with EINVAL. */
SYSTEM_TEST(script_bsd, an_option_that_an_adopted_socket_refuses_is_reported_unless_it_had_ended)
{
    fer_handle handle = script_unconnected(FERI_FLAG_ADOPTED);
    script_queue("set_option INVALID_INPUT:22, peer_addr INVALID_INPUT:22");
    assert_ok(feri_set_bool_option(&handle, FERP_NODELAY, true));
    script_queue("set_option INVALID_INPUT:22, peer_addr NOT_CONNECTED:57");
    assert_error(feri_set_bool_option(&handle, FERP_NODELAY, true), FER_INVALID_INPUT, 22);
    assert_log("set_option(1,NODELAY,1) peer_addr(1) set_option(1,NODELAY,1) peer_addr(1)");
    /* FreeBSD, NetBSD, OpenBSD */
    script_then_fail(SCRIPT_SET_OPTION, FER_CONNECTION_RESET, 54);
    assert_ok_log(feri_set_bool_option(&handle, FERP_NODELAY, true), "set_option(1,NODELAY,1)");
}

/* O7: only the loss of the peer shows that the connection has ended. Windows keeps the peer's
 * address. */
SCRIPT_TEST(an_option_that_an_open_stream_refuses_is_reported)
{
    const fer_error_kind kinds[] = {FER_CONNECTION_RESET, FER_CONNECTION_ABORTED,
                                    FER_NOT_CONNECTED};
    for (size_t i = 0; i < 3; i++) {
        fer_handle handle = open_stream(0);
        script_then_fail(SCRIPT_SET_OPTION, kinds[i], 99);
        assert_error(feri_set_bool_option(&handle, FERP_NODELAY, true), kinds[i], 99);
        script_then_fail(SCRIPT_SET_OPTION, kinds[i], 99);
        script_then_fail(SCRIPT_PEER_ADDR, FER_NO_BUFFER_SPACE, 105);
        assert_error(feri_set_bool_option(&handle, FERP_NODELAY, true), kinds[i], 99);
        script_then_fail(SCRIPT_SET_OPTION, kinds[i], 99);
        script_then_fail(SCRIPT_PEER_ADDR, FER_NOT_CONNECTED, 107);
        assert_ok(feri_set_bool_option(&handle, FERP_NODELAY, true));
        script.traits = script_windows;
        script_then_fail(SCRIPT_SET_OPTION, kinds[i], 99);
        assert_ok(feri_set_bool_option(&handle, FERP_NODELAY, true));
    }
}

/* O7 is a rule of streams: a datagram socket without a peer has not ended. */
static void check_refusal(fer_handle *handle, fer_error opened)
{
    assert_ok(opened);
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_error(feri_set_bool_option(handle, FERP_MULTICAST_LOOP_V4, true), FER_INVALID_INPUT, 22);
    script_then_fail(SCRIPT_SET_OPTION, FER_NOT_CONNECTED, 57);
    assert_error(feri_set_bool_option(handle, FERP_BROADCAST, true), FER_NOT_CONNECTED, 57);
}

SYSTEM_TEST(script_bsd, an_option_that_a_datagram_socket_refuses_is_reported)
{
    fer_udp_socket udp[3] = {{{{0}}}};
    fer_unix_datagram local[5] = {{{{0}}}};
    fer_socket_addr addr = {.ip = {.family = FER_IP_V4}};
    fer_unix_addr name;
    script_default(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 57};
    assert_ok(fer_unix_addr_from_pathname(&name, "/name"));
    check_refusal(&udp[0].handle_, fer_udp_socket_bind_addr(&udp[0], &addr));
    check_refusal(&udp[1].handle_, fer_udp_socket_bind(&udp[1], "127.0.0.1:0"));
    check_refusal(&local[0].handle_, fer_unix_datagram_unbound(&local[0]));
    check_refusal(&local[1].handle_, fer_unix_datagram_bind(&local[1], "/name"));
    check_refusal(&local[2].handle_, fer_unix_datagram_bind_addr(&local[2], &name));
    check_refusal(&local[3].handle_, fer_unix_datagram_pair(&local[3], &local[4]));
    check_refusal(&local[4].handle_, feri_ok());
    script_default(SCRIPT_DESCRIBE)->description =
        (ferp_description){.is_ip = true, .is_datagram = true, .family = FER_IP_V4};
    check_refusal(&udp[2].handle_, fer_udp_socket_from_raw(&udp[2], script_open_socket()));
}

/* A system without SO_PROTOCOL has only TCP and UDP of the protocols with ports. A sandbox may
 * refuse the query. */
OPEN_TEST(a_protocol_that_is_not_reported_is_that_of_the_type)
{
    int protocol = -1;
    fer_type type = FER_TYPE_RAW;
    script_default(SCRIPT_OPTION_VALUE)->error = (fer_error){FER_UNSUPPORTED, 42};
    assert_ok_n(feri_read_protocol(&handle, &protocol), protocol, FER_PROTOCOL_TCP);
    assert_log("option_value(1,PROTOCOL)");
    handle.p_.flags_ |= FERI_FLAG_DATAGRAM;
    assert_ok_n(feri_read_protocol(&handle, &protocol), protocol, FER_PROTOCOL_UDP);
    script_default(SCRIPT_OPTION_VALUE)->error = (fer_error){FER_PERMISSION_DENIED, 1};
    protocol = -1;
    assert_ok_n(feri_read_protocol(&handle, &protocol), protocol, FER_PROTOCOL_UDP);
    script_default(SCRIPT_OPTION_VALUE)->error = (fer_error){FER_UNSUPPORTED, 42};
    handle.p_.flags_ |= FERI_FLAG_NO_PORTS;
    assert_error(feri_read_protocol(&handle, &protocol), FER_UNSUPPORTED, 42);
    script_default(SCRIPT_OPTION_VALUE)->error = (fer_error){FER_BAD_HANDLE, 9};
    assert_error(feri_read_protocol(&handle, &protocol), FER_BAD_HANDLE, 9);
    assert_error(feri_read_type(&handle, &type), FER_BAD_HANDLE, 9);
    assert_int_equal(protocol, FER_PROTOCOL_UDP);
}

OPEN_TEST(a_user_timeout_is_in_milliseconds)
{
    fer_duration got = {0};
    assert_error(feri_set_user_timeout(&handle, (fer_duration){0}), FER_INVALID_INPUT, 0);
    assert_ok(feri_set_user_timeout(&handle, (fer_duration){1000001}));
    assert_ok(feri_set_user_timeout(&handle, (fer_duration){UINT64_MAX - 1}));
    assert_ok_log(feri_set_user_timeout(&handle, FER_DURATION_NONE),
                  "set_option(1,USER_TIMEOUT,2) set_option(1,USER_TIMEOUT,2147483647) "
                  "set_option(1,USER_TIMEOUT,0)");
    assert_ok(feri_user_timeout(&handle, &got));
    assert_true(got.nanos == FER_DURATION_NONE_NANOS);
    script_then(SCRIPT_OPTION_VALUE)->value = 5;
    assert_ok(feri_user_timeout(&handle, &got));
    assert_int_equal(got.nanos, 5000000);
}

TEST_MAIN("options")
