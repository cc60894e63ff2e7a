/* test_multicast.c: multicast groups, and the options for sending to them. */
#include "unit/scripted_platform.h"

#include "core/handle/options.h"
#include "ferrule/udp.h"

static fer_handle open_handle(uint32_t flags)
{
    script_begin(&script_posix);
    return script_stream(flags);
}

static const fer_ipv4_addr local_v4 = {{192, 0, 2, 1}};
static const fer_ipv6_addr group_v6 = {{0xff, 0x02, [15] = 9}};

SCRIPT_TEST(a_group_that_is_none_is_refused_without_a_call)
{
    static const fer_ipv4_addr not_v4[] = {
        {{223, 255, 255, 255}}, {{240, 0, 0, 0}}, {{0, 0, 0, 0}}, {{255, 255, 255, 255}}};
    static const fer_ipv6_addr not_v6[] = {{{0xfe, 0xff}}, {{0}}, {{0xfe, 0x80, [15] = 1}}};
    fer_handle handle = open_handle(FERI_FLAG_V6);
    for (int change = FERP_JOIN; change <= FERP_LEAVE; change++) {
        for (size_t i = 0; i < 4; i++) {
            assert_error(
                feri_change_group_v4(&handle, (ferp_membership)change, &not_v4[i], &local_v4),
                FER_INVALID_INPUT, 0);
        }
        for (size_t i = 0; i < 3; i++) {
            assert_error(feri_change_group_v6(&handle, (ferp_membership)change, &not_v6[i], 0),
                         FER_INVALID_INPUT, 0);
        }
    }
    assert_log("");
}

SCRIPT_TEST(a_system_without_the_ipv4_groups_of_an_ipv6_socket_reports_it)
{
    static const fer_ipv4_addr group = {{224, 0, 0, 9}};
    for (int is_v6 = 0; is_v6 <= 1; is_v6++) {
        fer_handle handle = open_handle(is_v6 ? FERI_FLAG_V6 : 0);
        script_then_fail(SCRIPT_CHANGE_GROUP_V4, FER_INVALID_INPUT, 22);
        assert_error(feri_change_group_v4(&handle, FERP_JOIN, &group, &local_v4),
                     is_v6 ? FER_INVALID_INPUT : FER_ADDR_NOT_AVAILABLE, 22);
        script.log[0] = 0;
    }
}

SCRIPT_TEST(a_multicast_ttl_is_0_to_255)
{
    fer_handle handle = open_handle(0);
    uint32_t got = 7;
    assert_ok(fer_udp_socket_set_multicast_ttl_v4((fer_udp_socket *)&handle, 0));
    assert_ok(fer_udp_socket_set_multicast_ttl_v4((fer_udp_socket *)&handle, 255));
    assert_log("set_option(1,MULTICAST_TTL_V4,0) set_option(1,MULTICAST_TTL_V4,255)");
    assert_error(fer_udp_socket_set_multicast_ttl_v4((fer_udp_socket *)&handle, 256),
                 FER_INVALID_INPUT, 0);
    assert_error_log(fer_udp_socket_set_multicast_ttl_v4((fer_udp_socket *)&handle, UINT32_MAX),
                     FER_INVALID_INPUT, 0, "");
    script_then(SCRIPT_OPTION_VALUE)->value = 200;
    assert_ok_n(fer_udp_socket_multicast_ttl_v4((fer_udp_socket *)&handle, &got), got, 200);
    assert_forwards(SCRIPT_OPTION_VALUE, FER_BAD_HANDLE, 9,
                    fer_udp_socket_multicast_ttl_v4((fer_udp_socket *)&handle, &got));
    assert_int_equal(got, 200);
    assert_log("option_value(1,MULTICAST_TTL_V4) option_value(1,MULTICAST_TTL_V4)");
}

SCRIPT_TEST(ipv6_options_are_for_ipv6_sockets)
{
    fer_handle v4 = open_handle(0);
    bool got = false;
    assert_error(fer_udp_socket_set_multicast_loop_v6((fer_udp_socket *)&v4, true),
                 FER_INVALID_INPUT, 0);
    assert_error(fer_udp_socket_multicast_loop_v6((fer_udp_socket *)&v4, &got), FER_INVALID_INPUT,
                 0);
    assert_error_log(feri_change_group_v6(&v4, FERP_JOIN, &group_v6, 0), FER_INVALID_INPUT, 0, "");
    fer_handle v6 = open_handle(FERI_FLAG_V6);
    assert_ok(fer_udp_socket_set_multicast_loop_v6((fer_udp_socket *)&v6, true));
    assert_ok(fer_udp_socket_set_multicast_loop_v6((fer_udp_socket *)&v6, false));
    script_then(SCRIPT_OPTION_VALUE)->value = 1;
    assert_ok(fer_udp_socket_multicast_loop_v6((fer_udp_socket *)&v6, &got));
    assert_true(got);
    assert_log("set_option(1,MULTICAST_LOOP_V6,1) set_option(1,MULTICAST_LOOP_V6,0) "
               "option_value(1,MULTICAST_LOOP_V6)");
}

TEST_MAIN("multicast")
