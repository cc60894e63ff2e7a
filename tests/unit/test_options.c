/* test_options.c: the options and modes of a socket, multicast groups and keepalive. */
#include "unit/scripted_platform.h"

#include "core/handle/modes.h"
#include "core/handle/options.h"
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

SCRIPT_TEST(the_mode_changes_its_own_flag_alone_and_only_if_it_can_be_set)
{
    const uint32_t others[] = {0, FERI_FLAG_V6, FERI_FLAG_CLONED, FERI_FLAG_ADOPTED};
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t before = others[i / 4] | (i % 2 != 0 ? FERI_FLAG_NONBLOCKING : 0);
        bool nonblocking = i / 2 % 2 != 0;
        fer_handle handle = open_stream(before);
        assert_forwards(SCRIPT_SET_NONBLOCKING, FER_BAD_HANDLE, 9,
                        feri_set_nonblocking(&handle, nonblocking));
        assert_int_equal(feri_handle_flags(&handle), before);
        assert_ok(feri_set_nonblocking(&handle, nonblocking));
        assert_int_equal(feri_handle_flags(&handle),
                         others[i / 4] | (nonblocking ? FERI_FLAG_NONBLOCKING : 0));
    }
}

/* ---- Values */

/* O7: OpenBSD refuses the size of a buffer whose half has ended. */
SCRIPT_TEST(a_buffer_size_of_an_ended_half_is_moot)
{
    fer_handle stream = open_stream(0);
    script_then_fail(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22);
    assert_ok(feri_set_buffer_size(&stream, FERP_RECV_BUFFER, 1));
    assert_forwards(SCRIPT_SET_OPTION, FER_NO_BUFFER_SPACE, 55,
                    feri_set_buffer_size(&stream, FERP_RECV_BUFFER, 1));
    fer_handle datagram = open_stream(FERI_FLAG_DATAGRAM);
    assert_forwards(SCRIPT_SET_OPTION, FER_INVALID_INPUT, 22,
                    feri_set_buffer_size(&datagram, FERP_RECV_BUFFER, 1));
}

/* O7: XNU refuses every option of an ended connection, and getpeername too, with EINVAL. */
SYSTEM_TEST(script_bsd, an_option_that_an_adopted_socket_refuses_is_reported_unless_it_had_ended)
{
    fer_handle handle = script_unconnected(FERI_FLAG_ADOPTED);
    script_queue("set_option INVALID_INPUT:22 INVALID_INPUT:22 CONNECTION_RESET:54, "
                 "peer_addr INVALID_INPUT:22 NOT_CONNECTED:57");
    assert_ok(feri_set_bool_option(&handle, FERP_NODELAY, true));
    assert_error(feri_set_bool_option(&handle, FERP_NODELAY, true), FER_INVALID_INPUT, 22);
    assert_ok(feri_set_bool_option(&handle, FERP_NODELAY, true)); /* FreeBSD, NetBSD, OpenBSD */
}

/* O7: only the loss of the peer shows that the connection has ended. Windows keeps the peer's
 * address. */
SCRIPT_TEST(an_option_that_an_open_stream_refuses_is_reported)
{
    const fer_error_kind kinds[] = {FER_CONNECTION_RESET, FER_CONNECTION_ABORTED,
                                    FER_NOT_CONNECTED};
    for (size_t i = 0; i < 3; i++) {
        fer_handle handle = open_stream(0);
        script_default(SCRIPT_SET_OPTION)->error = (fer_error){kinds[i], 99};
        script_queue("peer_addr OK NO_BUFFER_SPACE:105 NOT_CONNECTED:107");
        assert_error(feri_set_bool_option(&handle, FERP_NODELAY, true), kinds[i], 99);
        assert_error(feri_set_bool_option(&handle, FERP_NODELAY, true), kinds[i], 99);
        assert_ok(feri_set_bool_option(&handle, FERP_NODELAY, true));
        script.traits = script_windows;
        assert_ok(feri_set_bool_option(&handle, FERP_NODELAY, true));
    }
}

/* A system without SO_PROTOCOL has only TCP and UDP of the protocols with ports. A sandbox may
 * refuse the query. */
SCRIPT_TEST(a_protocol_that_is_not_reported_is_that_of_the_type)
{
    static const struct {
        uint32_t flags;
        fer_error error;
        fer_error_kind kind;
        int protocol;
    } rows[] = {{0, {FER_UNSUPPORTED, 42}, FER_OK, FER_PROTOCOL_TCP},
                {FERI_FLAG_DATAGRAM, {FER_UNSUPPORTED, 42}, FER_OK, FER_PROTOCOL_UDP},
                {FERI_FLAG_DATAGRAM, {FER_PERMISSION_DENIED, 1}, FER_OK, FER_PROTOCOL_UDP},
                {FERI_FLAG_NO_PORTS, {FER_UNSUPPORTED, 42}, FER_UNSUPPORTED, 77},
                {0, {FER_BAD_HANDLE, 9}, FER_BAD_HANDLE, 77}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int protocol = 77;
        fer_handle handle = open_stream(rows[i].flags);
        script_default(SCRIPT_OPTION_VALUE)->error = rows[i].error;
        assert_error(fer_socket_protocol((fer_socket *)&handle, &protocol), rows[i].kind,
                     rows[i].kind == FER_OK ? 0 : rows[i].error.os_code);
        assert_row(protocol == rows[i].protocol);
    }
    fer_handle handle = open_stream(FERI_FLAG_DATAGRAM | FERI_FLAG_NO_PORTS);
    fer_type type = FER_TYPE_RAW;
    assert_forwards(SCRIPT_OPTION_VALUE, FER_BAD_HANDLE, 9,
                    fer_socket_type((fer_socket *)&handle, &type));
}

/* ---- Multicast */

static const fer_ipv4_addr local_v4 = {{192, 0, 2, 1}}, group_v4 = {{224, 0, 0, 9}};
static const fer_ipv6_addr group_v6 = {{0xff, 0x02, [15] = 9}};

static const fer_ipv4_addr source_v4 = {{192, 0, 2, 7}};
static const fer_ipv6_addr source_v6 = {{0xfd, [15] = 7}};

V6_OPEN_TEST(a_source_is_the_address_of_a_sender)
{
    static const fer_ipv4_addr not_v4[] = {{{0}}, {{224, 0, 0, 1}}};
    static const fer_ipv6_addr not_v6[] = {{{0}}, {{0xff, 2}}};
    for (int i = 0; i < 2; i++) {
        assert_error(feri_change_group_v4(&handle, FERP_JOIN, &group_v4, &not_v4[i], &local_v4),
                     FER_INVALID_INPUT, 0);
        assert_error(feri_change_group_v6(&handle, FERP_LEAVE, &group_v6, &not_v6[i], 3),
                     FER_INVALID_INPUT, 0);
    }
    assert_log("");
    assert_ok_log(feri_change_group_v4(&handle, FERP_JOIN, &group_v4, &source_v4, &local_v4),
                  "change_group_v4(1,join,224.0.0.9,192.0.2.7,192.0.2.1)");
    assert_ok_log(feri_change_group_v6(&handle, FERP_LEAVE, &group_v6, &source_v6, 3),
                  "change_group_v6(1,leave,ff02::9,fd00::7,3)");
}

/* Another socket can join what was joined already: a source, and on Windows a group. WSAEINVAL of a
 * group is no second join, and leaving needs no other socket. */
V6_OPEN_TEST(joining_again_is_addr_in_use)
{
    enum { SOURCE_AGAIN, GROUP_AGAIN, NO_INTERFACE, NO_SOCKET, BOUND_ELSEWHERE, LEAVES, CASES };
    static const script_call calls[] = {SCRIPT_CHANGE_GROUP_V4, SCRIPT_CHANGE_GROUP_V6};
    for (int i = 0; i < 2 * CASES; i++) {
        bool is_v4 = i % 2 == 0, is_group = i / 2 == GROUP_AGAIN || i / 2 == BOUND_ELSEWHERE;
        const fer_ipv4_addr *from_v4 = is_group ? NULL : &source_v4;
        const fer_ipv6_addr *from_v6 = is_group ? NULL : &source_v6;
        ferp_membership change = i / 2 == LEAVES ? FERP_LEAVE : FERP_JOIN;
        fer_error_kind own = i / 2 == BOUND_ELSEWHERE ? FER_INVALID_INPUT : FER_ADDR_NOT_AVAILABLE;
        handle.p_.flags_ &= ~(is_v4 ? (uint32_t)FERI_FLAG_V6 : 0);
        handle.p_.flags_ |= is_v4 ? 0 : (uint32_t)FERI_FLAG_V6;
        script_then_fail(calls[i % 2], own, 99);
        if (i / 2 == NO_INTERFACE) {
            script_then_fail(calls[i % 2], FER_ADDR_NOT_AVAILABLE, 99);
        } else if (i / 2 == NO_SOCKET) {
            script_then_fail(SCRIPT_SOCKET, FER_TOO_MANY_OPEN_FILES, 24);
        }
        assert_error(is_v4 ? feri_change_group_v4(&handle, change, &group_v4, from_v4, &local_v4)
                           : feri_change_group_v6(&handle, change, &group_v6, from_v6, 3),
                     i / 2 <= GROUP_AGAIN ? FER_ADDR_IN_USE : FER_ADDR_NOT_AVAILABLE, 99);
    }
    assert_log("change_group_v4(1,join,224.0.0.9,192.0.2.7,192.0.2.1) socket(udp,v4) "
               "bind(2,0.0.0.0:0) change_group_v4(2,join,224.0.0.9,192.0.2.7,192.0.2.1) close(2) "
               "change_group_v6(1,join,ff02::9,fd00::7,3) socket(udp,v6) "
               "bind(3,[::]:0) change_group_v6(3,join,ff02::9,fd00::7,3) close(3) "
               "change_group_v4(1,join,224.0.0.9,any,192.0.2.1) socket(udp,v4) "
               "bind(4,0.0.0.0:0) change_group_v4(4,join,224.0.0.9,any,192.0.2.1) close(4) "
               "change_group_v6(1,join,ff02::9,any,3) socket(udp,v6) "
               "bind(5,[::]:0) change_group_v6(5,join,ff02::9,any,3) close(5) "
               "change_group_v4(1,join,224.0.0.9,192.0.2.7,192.0.2.1) socket(udp,v4) "
               "bind(6,0.0.0.0:0) change_group_v4(6,join,224.0.0.9,192.0.2.7,192.0.2.1) close(6) "
               "change_group_v6(1,join,ff02::9,fd00::7,3) socket(udp,v6) "
               "bind(7,[::]:0) change_group_v6(7,join,ff02::9,fd00::7,3) close(7) "
               "change_group_v4(1,join,224.0.0.9,192.0.2.7,192.0.2.1) socket(udp,v4) "
               "change_group_v6(1,join,ff02::9,fd00::7,3) socket(udp,v6) "
               "change_group_v4(1,join,224.0.0.9,any,192.0.2.1) "
               "change_group_v6(1,join,ff02::9,any,3) "
               "change_group_v4(1,leave,224.0.0.9,192.0.2.7,192.0.2.1) "
               "change_group_v6(1,leave,ff02::9,fd00::7,3)");
}

/* ---- Keepalive, which is set completely or not at all (rule O3) */

static fer_error set_keepalive(fer_handle *handle, bool enabled, uint64_t time_nanos,
                               uint64_t interval_nanos, uint32_t retries)
{
    fer_tcp_keepalive keepalive = {enabled, {time_nanos}, {interval_nanos}, retries};
    return feri_set_keepalive(handle, &keepalive);
}

SCRIPT_TEST(the_fields_are_set_and_it_is_on_last)
{
    static const struct {
        const char *name;
        const struct ferp_traits *traits;
        bool enabled;
        uint64_t time, interval;
        uint32_t retries;
        const char *results;
        fer_error_kind kind;
        int32_t code;
        const char *log;
    } rows[] = {
        {"all", &script_posix, true, 60, 5, 3, "", FER_OK, 0,
         "option_value(1,KEEPALIVE_TIME) set_option(1,KEEPALIVE_TIME,60) "
         "option_value(1,KEEPALIVE_INTERVAL) set_option(1,KEEPALIVE_INTERVAL,5) "
         "option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE_RETRIES,3) "
         "set_option(1,KEEPALIVE,1)"},
        {"a field of zero is left alone", &script_posix, false, 0, 0, 0, "", FER_OK, 0,
         "set_option(1,KEEPALIVE,0)"},
        {"an interval alone", &script_posix, true, 0, 1, 0, "", FER_OK, 0,
         "option_value(1,KEEPALIVE_INTERVAL) set_option(1,KEEPALIVE_INTERVAL,1) "
         "set_option(1,KEEPALIVE,1)"},
        /* Systems without the fields: a time or an interval that is lacking is refused, and retries
         * are not. Those that alone are lacking are ignored and not put back. */
        {"no interval", &script_windows, true, 0, 5, 0, "option_value* UNSUPPORTED:10042",
         FER_UNSUPPORTED, 10042, "option_value(1,KEEPALIVE_INTERVAL)"},
        {"no time", &script_windows, false, 60, 0, 0, "option_value* UNSUPPORTED:10042",
         FER_UNSUPPORTED, 10042, "option_value(1,KEEPALIVE_TIME)"},
        {"no retries", &script_windows, true, 0, 0, 3, "option_value* UNSUPPORTED:10042", FER_OK, 0,
         "option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE,1)"},
        {"no retries, and a failure", &script_posix, true, 1, 2, 3,
         "option_value 71 72 73, set_option OK OK UNSUPPORTED:92 BAD_HANDLE:9", FER_BAD_HANDLE, 9,
         "option_value(1,KEEPALIVE_TIME) set_option(1,KEEPALIVE_TIME,1) "
         "option_value(1,KEEPALIVE_INTERVAL) set_option(1,KEEPALIVE_INTERVAL,2) "
         "option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE_RETRIES,3) "
         "set_option(1,KEEPALIVE,1) set_option(1,KEEPALIVE_TIME,71) "
         "set_option(1,KEEPALIVE_INTERVAL,72)"},
        {"all are put back", &script_posix, true, 0, 2, 3,
         "option_value 72 73, set_option OK OK BAD_HANDLE:9", FER_BAD_HANDLE, 9,
         "option_value(1,KEEPALIVE_INTERVAL) set_option(1,KEEPALIVE_INTERVAL,2) "
         "option_value(1,KEEPALIVE_RETRIES) set_option(1,KEEPALIVE_RETRIES,3) "
         "set_option(1,KEEPALIVE,1) set_option(1,KEEPALIVE_INTERVAL,72) "
         "set_option(1,KEEPALIVE_RETRIES,73)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        script_begin(rows[i].traits);
        fer_handle handle = script_stream(0);
        script.row = rows[i].name;
        script_queue(rows[i].results);
        assert_error(set_keepalive(&handle, rows[i].enabled, rows[i].time * SECOND,
                                   rows[i].interval * SECOND, rows[i].retries),
                     rows[i].kind, rows[i].code);
        assert_log(rows[i].log);
        script_end_row();
    }
}

STREAM_TEST(script_windows, a_field_that_the_os_does_not_report_is_zero)
{
    fer_tcp_keepalive got = {false, {7}, {7}, 7};
    script_then(SCRIPT_OPTION_VALUE)->value = 8;
    script_queue("option_value* UNSUPPORTED:10042");
    assert_ok(feri_keepalive(&handle, &got));
    assert_true(got.enabled);
    assert_int_equal(got.time.nanos, 0);
    assert_int_equal(got.interval.nanos, 0);
    assert_int_equal(got.retries, 0);
}

TEST_MAIN("options")
