/* test_platform_options.c: the seam's contract on this host: options and names (continues
 * test_platform.c). */
#define _POSIX_C_SOURCE 200809L
#include "support/seam.h"
#include "support/system_names.h"

/* ---- Options */

static uint32_t option_value(fer_raw_socket raw, ferp_option option)
{
    uint32_t value = 12345;
    assert_ok(ferp_option_value(raw, option, &value));
    return value;
}

TEST(an_option_reads_back)
{
    static const struct {
        fer_domain domain;
        ferp_option option;
        uint32_t value;
    } rows[] = {{FER_DOMAIN_IPV4, FERP_REUSE_ADDRESS, 1}, {FER_DOMAIN_IPV4, FERP_REUSE_ADDRESS, 0},
                {FER_DOMAIN_IPV4, FERP_NODELAY, 1},       {FER_DOMAIN_IPV4, FERP_NODELAY, 0},
                {FER_DOMAIN_IPV4, FERP_KEEPALIVE, 1},     {FER_DOMAIN_IPV4, FERP_KEEPALIVE, 0},
                {FER_DOMAIN_IPV4, FERP_TTL_V4, 77},       {FER_DOMAIN_IPV6, FERP_HOPS_V6, 33},
                {FER_DOMAIN_IPV6, FERP_ONLY_V6, 0},       {FER_DOMAIN_IPV6, FERP_ONLY_V6, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_raw_socket raw = FER_RAW_SOCKET_NONE;
        if (ferp_socket_new(rows[i].domain, FER_TYPE_STREAM, 0, &raw).kind != FER_OK) {
            print_message("this machine has no IPv6\n");
            skip();
        }
        assert_ok(ferp_set_option(raw, rows[i].option, rows[i].value));
        assert_int_equal(option_value(raw, rows[i].option), rows[i].value);
        ferp_close(raw);
    }
}

TEST(exclusive_address_is_supported_if_reuse_steals)
{
    fer_raw_socket raw = seam_socket();
    if (ferp_traits()->reuse_address_steals_ports) {
        assert_ok(ferp_set_option(raw, FERP_EXCLUSIVE_ADDRESS, 1));
        assert_int_equal(option_value(raw, FERP_EXCLUSIVE_ADDRESS), 1);
    } else {
        assert_kind(ferp_set_option(raw, FERP_EXCLUSIVE_ADDRESS, 1), FER_UNSUPPORTED);
    }
    ferp_close(raw);
}

TEST(linger_reads_back)
{
    fer_raw_socket raw = seam_socket();
    struct ferp_linger linger = {true, 9};
    assert_ok(ferp_linger(raw, &linger));
    assert_false(linger.on);
    const uint32_t seconds[] = {0, 1, 300, ferp_traits()->linger_seconds_max};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        assert_ok(ferp_set_linger(raw, (struct ferp_linger){true, seconds[i]}));
        assert_ok(ferp_linger(raw, &linger));
        assert_true(linger.on);
        assert_int_equal(linger.seconds, seconds[i]);
    }
    assert_ok(ferp_set_linger(raw, (struct ferp_linger){false, 0}));
    assert_ok(ferp_linger(raw, &linger));
    assert_false(linger.on);
    ferp_close(raw);
}

/* Each of the three options reads back, or this system does not support it. */
TEST(keepalive_fields_read_back_or_are_unsupported)
{
    const ferp_option fields[] = {FERP_KEEPALIVE_TIME, FERP_KEEPALIVE_INTERVAL,
                                  FERP_KEEPALIVE_RETRIES};
    fer_raw_socket raw = seam_socket();
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        fer_error err = ferp_set_option(raw, fields[i], 11);
        if (err.kind != FER_UNSUPPORTED) {
            assert_ok(err);
            /* NetBSD does not report the fields, and the seam's value is then 0. */
            assert_int_equal(option_value(raw, fields[i]), seam_is_netbsd() ? 0 : 11);
        }
    }
    ferp_close(raw);
}

/* ---- Names */

static bool is_loopback(const fer_socket_addr *addr)
{
    if (addr->ip.family == FER_IP_V4) {
        return addr->ip.u.v4.octets[0] == 127;
    }
    return addr->ip.family == FER_IP_V6 &&
           memcmp(addr->ip.u.v6.octets, FER_IPV6_ADDR_LOCALHOST.octets,
                  sizeof addr->ip.u.v6.octets) == 0;
}

static size_t count_loopback(const char *host)
{
    ferp_lookup lookup;
    fer_socket_addr addr;
    size_t count = 0;
    assert_ok(ferp_lookup_begin(&lookup, host, FERP_ANY_FAMILY));
    while (ferp_lookup_next(&lookup, &addr)) {
        assert_true(is_loopback(&addr));
        assert_int_equal(addr.port, 0);
        count++;
    }
    assert_false(ferp_lookup_next(&lookup, &addr));
    ferp_lookup_end(&lookup);
    return count;
}

static void skip_without_localhost(void)
{
    if (!system_resolves_localhost()) {
        print_message("skipped: the system's own resolver does not know localhost\n");
        skip();
    }
}

TEST(localhost_is_this_machine)
{
    skip_without_localhost();
    assert_true(count_loopback("localhost") >= 1);
}

TEST(an_address_is_a_name_of_its_own)
{
    assert_int_equal(count_loopback("127.0.0.1"), 1);
}

TEST(a_lookup_may_end_early)
{
    ferp_lookup lookup;
    assert_ok(ferp_lookup_begin(&lookup, "127.0.0.1", FERP_ANY_FAMILY));
    ferp_lookup_end(&lookup);
}

static bool is_resolver_kind(fer_error_kind kind)
{
    return kind == FER_HOST_NOT_FOUND || kind == FER_RESOLVE_TRY_AGAIN ||
           kind == FER_RESOLVE_FAILED;
}

/* RFC 6761: no name under .invalid exists. A machine without a name server reports another resolver
 * error. */
TEST(a_name_that_does_not_exist_is_the_resolver_s_error)
{
    ferp_lookup lookup;
    fer_error err = ferp_lookup_begin(&lookup, "no-such-host.invalid", FERP_ANY_FAMILY);
    assert_true(is_resolver_kind(err.kind));
    assert_int_not_equal(err.os_code, 0);
}

/* core passes only UTF-8. The backend must not replace other bytes, because the result would be
 * another host's name. */
TEST(a_name_that_is_not_utf_8_is_never_found)
{
    ferp_lookup lookup;
    fer_error_kind kind = ferp_lookup_begin(&lookup, "no\xff\xfe.invalid", FERP_ANY_FAMILY).kind;
    assert_true(kind == FER_INVALID_INPUT || is_resolver_kind(kind));
}

TEST_MAIN("platform_options")
