/* test_sim_names.c: the names, addresses and failures of the simulated resolver. */
#include "sim/sim_test.h"

static const fer_socket_addr two_addrs[] = {
    {.ip = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 7}}}},
    {.ip = {.family = FER_IP_V4, .u.v4 = {{10, 0, 0, 8}}}},
};

static const fer_sim_name names[] = {
    {.host = "two.test", .addrs = two_addrs, .count = 2},
    {.host = "slow.test", .addrs = two_addrs, .count = 1, .delay = {UINT64_C(3000000000)}},
    {.host = "gone.test", .failure = FER_HOST_NOT_FOUND},
    {.host = "later.test", .failure = FER_RESOLVE_TRY_AGAIN},
    {.host = "broken.test", .failure = FER_RESOLVE_FAILED},
    {.host = "empty.test", .addrs = two_addrs},
};

static int start(void **state)
{
    (void)sim_choose(state);
    sim_begin_of(.names = names, .name_count = sizeof names / sizeof names[0]);
    return 0;
}

#define NAMES_TEST(function) SIM_TEST_OF(function, (void), (), start)

static fer_socket_addr found[4];
static size_t count;

static fer_error look_up(const char *host)
{
    return fer_lookup_host(host, 80, found, 4, &count);
}

static void assert_found(size_t at, const char *addr)
{
    assert_true(at < count && fer_socket_addr_eq(&found[at], addr_at(addr)));
}

NAMES_TEST(a_name_has_the_addresses_and_the_delay_of_the_config)
{
    static const char *const alike[] = {"two.test", "TWO.Test", "two.test."};
    static const char *const others[] = {"two.tes", "two.testt", "two.test.."};
    for (size_t i = 0; i < 3; i++) {
        assert_ok_n(look_up(alike[i]), count, 2);
        assert_found(0, "10.0.0.7:80");
        assert_found(1, "10.0.0.8:80");
        assert_kind(look_up(others[i]), FER_HOST_NOT_FOUND);
    }
    assert_takes(3000, assert_ok(look_up("slow.test")));
}

NAMES_TEST(failures_have_the_resolvers_codes)
{
    assert_code(look_up("gone.test"), FER_HOST_NOT_FOUND, code(-2, 11001));
    assert_code(look_up("later.test"), FER_RESOLVE_TRY_AGAIN, code(-3, 11002));
    assert_code(look_up("broken.test"), FER_RESOLVE_FAILED, code(-4, 11003));
    assert_code(look_up("empty.test"), FER_HOST_NOT_FOUND, code(-2, 11001));
    assert_code(look_up("unknown.test"), FER_HOST_NOT_FOUND, code(-2, 11001));
}

/* Windows accepts no form with fewer than four parts (ReactOS' test of getaddrinfo). All resolvers
 * accept an interface's number after any IPv6 address. Only Linux accepts its name, and only after
 * an address of link scope. */
NAMES_TEST(short_forms_of_ipv4_and_scopes_are_parsed)
{
    static const struct {
        const char *text;
        const char *addr;
        bool is_for_linux_alone;
    } forms[] = {{"127.1", "127.0.0.1:80", true},
                 {"10.1.258", "10.1.1.2:80", true},
                 {"0x7f.1", "127.0.0.1:80", true},
                 {"010.0.0.1", "8.0.0.1:80", false},
                 {"1.2.3.0x4", "1.2.3.4:80", false},
                 {"2130706433", "127.0.0.1:80", true},
                 {"0xffffffff", "255.255.255.255:80", true},
                 {"fe80::1%1", "[fe80::1%1]:80", false},
                 {"::1%7", "[::1%7]:80", false},
                 {"fe80::1%007", "[fe80::1%7]:80", false},
                 {"2001:db8::5%4294967295", "[2001:db8::5%4294967295]:80", false},
                 {"fe80::1%0", "[fe80::1]:80", false},
                 {"fe80::1%lo", "[fe80::1%1]:80", true},
                 {"fe80::1%eth0", "[fe80::1%2]:80", true},
                 {"ff02::1%eth0", "[ff02::1%2]:80", true},
                 {"ff32::1%lo", "[ff32::1%1]:80", true}};
    static const char none[] =
        "256.1 1.2.3.256 1. 08 0x 4294967296 1.2.3.4.5 1.2.3.4x 1..2 ::1%lo 2001:db8::5%eth0 "
        "ff05::1%lo fe80::1%nosuch fe80::1% fe80::1%4294967296 fe80::1%99999999999999999999 "
        "fe80::1%+1 fe80::1%1x 1.2.3.4%1 %1 fe80::%1%1 fe80::1%l fe80::1%lo0 fe80::1%LO fe80::g%1 "
        "ff12::1%eth1 ff03::1%lo fe80::1%1:";
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].is_for_linux_alone && is_winsock()) {
            assert_kind(look_up(forms[i].text), FER_HOST_NOT_FOUND);
        } else {
            assert_ok_n(look_up(forms[i].text), count, 1);
            assert_found(0, forms[i].addr);
        }
    }
    for (const char *text = none; *text != '\0';) {
        char host[32] = {0};
        size_t len = strcspn(text, " ");
        memcpy(host, text, len);
        assert_kind(look_up(host), FER_HOST_NOT_FOUND);
        text += len + (text[len] == ' ');
    }
}

/* A3: ferrule passes a name as UTF-8 and leaves IDN to the system. localhost is built in, and can
 * be replaced. */
NAMES_TEST(a_name_beyond_ascii_is_requested_as_it_is_and_localhost_is_one)
{
    static const fer_sim_name own[] = {
        {.host = "b\xc3\xbcrger.test", .addrs = two_addrs, .count = 2},
        {.host = "localhost", .addrs = two_addrs, .count = 1}};
    assert_ok_n(look_up("localhost"), count, 2);
    sim_end_one();
    sim_begin_of(.names = own, .name_count = 2);
    assert_ok_n(look_up("localhost"), count, 1);
    assert_ok_n(look_up("b\xc3\xbcrger.test"), count, 2);
    assert_kind(look_up("bu\xcc\x88rger.test"), FER_HOST_NOT_FOUND);
    assert_kind(look_up("b\xfcrger.test"), FER_INVALID_INPUT);
}

/* A4: more addresses than there is space for, of both families, in the resolver's order. */
SIM_CONFIG_TEST(many_addresses_are_in_the_order_of_the_config)
{
    enum { MANY = 40, CAP = 7 };
    static fer_socket_addr many[MANY];
    const fer_sim_name own = {.host = "many.test", .addrs = many, .count = MANY};
    fer_socket_addr got[MANY + 1];
    for (size_t i = 0; i < MANY; i++) {
        const fer_ipv4_addr v4 = fer_ipv4_addr_new(10, 0, (uint8_t)(MANY - i), 1);
        const fer_ipv6_addr v6 = fer_ipv4_addr_to_ipv6_mapped(v4);
        many[i] = i % 3 == 1 ? fer_socket_addr_v4_new(v4, 9)
                             : fer_socket_addr_v6_new(v6, 9, 0, (uint32_t)i);
    }
    sim_begin_of(.names = &own, .name_count = 1);
    for (size_t cap = CAP; cap <= MANY + 1; cap += MANY + 1 - CAP) {
        memset(got, 0, sizeof got);
        assert_ok_n(fer_to_socket_addrs("many.test:443", got, cap, &count), count, MANY);
        for (size_t i = 0; i < MANY + 1; i++) {
            fer_socket_addr want = i < cap && i < MANY ? many[i] : (fer_socket_addr){.port = 0};
            want.port = i < cap && i < MANY ? 443 : 0;
            assert_true(fer_socket_addr_eq(&got[i], &want));
        }
    }
}

/* The first address never answers; connect then tries the second. */
NAMES_TEST(a_connect_tries_all_addresses_of_a_name)
{
    fer_socket_addr peer;
    (void)serve("10.0.0.8:80");
    assert_ok(fer_tcp_stream_connect(&test.stream, "two.test:80"));
    assert_ok(fer_tcp_stream_peer_addr(&test.stream, &peer));
    assert_int_equal(peer.ip.u.v4.octets[3], 8);
    assert_true(now_ms() > 20000);
}

TEST_MAIN("sim_names")
