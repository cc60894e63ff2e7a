/* rust_values.c: see the header. */
#include "fuzz/models/rust_values.h"

#include "ferrule/ip.h"
#include "fuzz/driver/fuzz.h"

enum { TEXT_MOST = 96 };

bool rust_has_octets(const uint8_t *octets, const uint8_t *expected, size_t count)
{
    return memcmp(octets, expected, count) == 0;
}

bool rust_same_ip(const fer_ip_addr *ip, const rust_addr *rust)
{
    return (int)ip->family == rust->family &&
           (ip->family == FER_IP_V4 ? rust_has_octets(ip->u.v4.octets, rust->octets, 4)
                                    : rust_has_octets(ip->u.v6.octets, rust->octets, 16));
}

/* Display of the type writes the same as ferrule's formatter. Before 1.95 Rust wrote ::1.2.3.4 for
 * ::102:304. */
static void check_shown(rust_type type, const rust_addr *rust, const char *ours, size_t len)
{
    static const uint8_t compatible[12] = {0};
    uint8_t theirs[TEXT_MOST];
    if (FERRULE_RUSTC_MINOR < 95 && rust->family == 6 &&
        rust_has_octets(rust->octets, compatible, sizeof compatible)) {
        return;
    }
    FUZZ_CHECK(rust_std_show(type, rust, theirs, sizeof theirs) == len);
    FUZZ_CHECK(memcmp(theirs, ours, len) == 0);
}

static void check_display(const fer_socket_addr *addr, const rust_addr *rust)
{
    const bool is_v4 = addr->ip.family == FER_IP_V4;
    char ours[TEXT_MOST];
    size_t len = is_v4 ? fer_ipv4_addr_format(addr->ip.u.v4, ours, sizeof ours)
                       : fer_ipv6_addr_format(addr->ip.u.v6, ours, sizeof ours);
    check_shown(is_v4 ? RUST_IPV4_ADDR : RUST_IPV6_ADDR, rust, ours, len);
    len = fer_ip_addr_format(addr->ip, ours, sizeof ours);
    check_shown(RUST_IP_ADDR, rust, ours, len);
    len = fer_socket_addr_format(addr, ours, sizeof ours);
    check_shown(is_v4 ? RUST_SOCKET_ADDR_V4 : RUST_SOCKET_ADDR_V6, rust, ours, len);
    check_shown(RUST_SOCKET_ADDR, rust, ours, len);
}

static uint32_t bit(bool answer, uint32_t value)
{
    return answer ? value : 0;
}

static void check_answers(const fer_ip_addr *ip, const rust_addr *rust)
{
    const fer_ipv4_addr *v4 = &ip->u.v4;
    const fer_ipv6_addr *v6 = &ip->u.v6;
    const uint32_t expected = rust_std_answers(rust);
    const uint32_t both = bit(fer_ip_addr_is_unspecified(*ip), RUST_IS_UNSPECIFIED) |
                          bit(fer_ip_addr_is_loopback(*ip), RUST_IS_LOOPBACK) |
                          bit(fer_ip_addr_is_multicast(*ip), RUST_IS_MULTICAST);
    if (ip->family == FER_IP_V4) {
        FUZZ_CHECK(expected == (both | bit(fer_ipv4_addr_is_private(*v4), RUST_IS_PRIVATE) |
                                bit(fer_ipv4_addr_is_link_local(*v4), RUST_IS_LINK_LOCAL) |
                                bit(fer_ipv4_addr_is_broadcast(*v4), RUST_IS_BROADCAST) |
                                bit(fer_ipv4_addr_is_documentation(*v4), RUST_IS_DOCUMENTATION)));
    } else if (FERRULE_RUSTC_MINOR >= 84) {
        FUZZ_CHECK(expected ==
                   (both | bit(fer_ipv6_addr_is_unique_local(*v6), RUST_IS_UNIQUE_LOCAL) |
                    bit(fer_ipv6_addr_is_unicast_link_local(*v6), RUST_IS_UNICAST_LINK_LOCAL)));
    } else {
        FUZZ_CHECK(expected == both);
    }
}

static void check_converted(rust_conversion conversion, const rust_addr *rust, bool good,
                            const fer_ip_addr *made)
{
    rust_addr expected;
    FUZZ_CHECK(rust_std_convert(conversion, rust, &expected) == good);
    FUZZ_CHECK(!good || rust_same_ip(made, &expected));
}

static void check_conversions(const fer_ip_addr *ip, const rust_addr *rust)
{
    fer_ip_addr made;
    if (ip->family == FER_IP_V4) {
        const fer_ipv6_addr compatible = fer_ipv4_addr_to_ipv6_compatible(ip->u.v4);
        const fer_ipv6_addr mapped = fer_ipv4_addr_to_ipv6_mapped(ip->u.v4);
        made = fer_ip_addr_from_v6(compatible);
        check_converted(RUST_TO_IPV6_COMPATIBLE, rust, true, &made);
        made = fer_ip_addr_from_v6(mapped);
        check_converted(RUST_TO_IPV6_MAPPED, rust, true, &made);
    } else {
        made.family = FER_IP_V4;
        const bool has_ipv4 = fer_ipv6_addr_to_ipv4(ip->u.v6, &made.u.v4);
        check_converted(RUST_TO_IPV4, rust, has_ipv4, &made);
        const bool is_mapped = fer_ipv6_addr_to_ipv4_mapped(ip->u.v6, &made.u.v4);
        check_converted(RUST_TO_IPV4_MAPPED, rust, is_mapped, &made);
    }
    made = fer_ip_addr_to_canonical(*ip);
    check_converted(RUST_TO_CANONICAL, rust, FERRULE_RUSTC_MINOR >= 75, &made);
}

fer_socket_addr rust_value(const rust_addr *rust)
{
    fer_ipv4_addr v4;
    fer_ipv6_addr v6;
    memcpy(v4.octets, rust->octets, sizeof v4.octets);
    memcpy(v6.octets, rust->octets, sizeof v6.octets);
    return rust->family == 4
               ? fer_socket_addr_v4_new(v4, rust->port)
               : fer_socket_addr_v6_new(v6, rust->port, rust->flowinfo, rust->scope_id);
}

void rust_check_value(const rust_addr *rust)
{
    const fer_socket_addr addr = rust_value(rust);
    check_display(&addr, rust);
    check_answers(&addr.ip, rust);
    check_conversions(&addr.ip, rust);
}
