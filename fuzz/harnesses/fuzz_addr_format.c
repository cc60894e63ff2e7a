/* fuzz_addr_format.c: any value of each address type, formatted into buffers of every size: the
 * text is canonical, truncated as snprintf truncates, and reads back. No byte outside is
 * written. */
#include <stdbool.h>

#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "ferrule/unix.h"
#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/address_properties.h"
#include "fuzz/models/address_reference.h"

enum { TEXT_MOST = 96 };

static size_t format_ipv4(const void *value, char *buf, size_t cap)
{
    return fer_ipv4_addr_format(*(const fer_ipv4_addr *)value, buf, cap);
}

static size_t format_ipv6(const void *value, char *buf, size_t cap)
{
    return fer_ipv6_addr_format(*(const fer_ipv6_addr *)value, buf, cap);
}

static size_t format_ip(const void *value, char *buf, size_t cap)
{
    return fer_ip_addr_format(*(const fer_ip_addr *)value, buf, cap);
}

static size_t format_socket(const void *value, char *buf, size_t cap)
{
    return fer_socket_addr_format(value, buf, cap);
}

static void check_v4(const fer_ipv4_addr *v4)
{
    char expected[TEXT_MOST];
    fer_ipv4_addr back;
    snprintf(expected, sizeof expected, "%u.%u.%u.%u", v4->octets[0], v4->octets[1], v4->octets[2],
             v4->octets[3]);
    FUZZ_CHECK(strlen(expected) < FER_IPV4_ADDR_TEXT_CAP);
    fuzz_check_every_cap(format_ipv4, v4, expected);
    FUZZ_CHECK(fer_ipv4_addr_parse(&back, expected).kind == FER_OK && fer_ipv4_addr_eq(back, *v4));
}

static void check_v6(const fer_ipv6_addr *v6)
{
    char expected[TEXT_MOST];
    fer_ipv6_addr back;
    reference_v6_text(v6->octets, expected);
    FUZZ_CHECK(strlen(expected) < FER_IPV6_ADDR_TEXT_CAP);
    fuzz_check_every_cap(format_ipv6, v6, expected);
    FUZZ_CHECK(fer_ipv6_addr_parse(&back, expected).kind == FER_OK && fer_ipv6_addr_eq(back, *v6));
}

static void write_socket_text(const fer_socket_addr *addr, const char *ip, char *out)
{
    if (addr->ip.family == FER_IP_V4) {
        snprintf(out, TEXT_MOST, "%s:%u", ip, addr->port);
    } else if (addr->scope_id != 0) {
        snprintf(out, TEXT_MOST, "[%s%%%lu]:%u", ip, (unsigned long)addr->scope_id, addr->port);
    } else {
        snprintf(out, TEXT_MOST, "[%s]:%u", ip, addr->port);
    }
}

static void check_either(const fer_socket_addr *addr)
{
    char ip[TEXT_MOST], expected[TEXT_MOST];
    fer_ip_addr ip_back;
    fer_socket_addr back;
    if (addr->ip.family != FER_IP_V4 && addr->ip.family != FER_IP_V6) {
        fuzz_check_every_cap(format_ip, &addr->ip, "");
        fuzz_check_every_cap(format_socket, addr, "");
        return;
    }
    if (addr->ip.family == FER_IP_V4) {
        const uint8_t *octets = addr->ip.u.v4.octets;
        snprintf(ip, sizeof ip, "%u.%u.%u.%u", octets[0], octets[1], octets[2], octets[3]);
    } else {
        reference_v6_text(addr->ip.u.v6.octets, ip);
    }
    write_socket_text(addr, ip, expected);
    FUZZ_CHECK(strlen(ip) < FER_IP_ADDR_TEXT_CAP && strlen(expected) < FER_SOCKET_ADDR_TEXT_CAP);
    fuzz_check_every_cap(format_ip, &addr->ip, ip);
    fuzz_check_every_cap(format_socket, addr, expected);
    FUZZ_CHECK(fer_ip_addr_parse(&ip_back, ip).kind == FER_OK && fer_ip_addr_eq(ip_back, addr->ip));
    FUZZ_CHECK(fer_socket_addr_parse(&back, expected).kind == FER_OK);
    /* The text of an address has no flowinfo. */
    FUZZ_CHECK(fer_ip_addr_eq(back.ip, addr->ip) && back.port == addr->port && back.flowinfo == 0);
    FUZZ_CHECK(back.scope_id == (addr->ip.family == FER_IP_V6 ? addr->scope_id : 0));
}

/* The system's sockaddr, in a block of any length, and each of its prefixes; and any bytes after a
 * family as one, alone in a block. */
static void check_sockaddr(const fer_socket_addr *addr, const uint8_t *bytes, size_t len)
{
    fer_socket_addr back;
    fer_unix_addr name, again;
    size_t n = 0, made = 0;
    uint8_t block[128];
    bool is_good = addr->ip.family == FER_IP_V4 || addr->ip.family == FER_IP_V6;
    memset(block, FUZZ_UNTOUCHED, sizeof block);
    fer_error error = fer_socket_addr_to_sockaddr(addr, block + 1, sizeof block - 1, &n);
    FUZZ_CHECK((error.kind == FER_OK) == is_good && (n > 0) == is_good);
    FUZZ_CHECK(fuzz_is_untouched(block + 1 + n, sizeof block - 1 - n));
    if (is_good) {
        FUZZ_CHECK(fer_socket_addr_from_sockaddr(&back, block + 1, n).kind == FER_OK);
        FUZZ_CHECK(fer_socket_addr_eq(&back, addr));
        size_t cut = len % n;
        uint8_t *prefix = fuzz_copy(block + 1, cut);
        FUZZ_CHECK(fer_socket_addr_from_sockaddr(&back, prefix, cut).kind == FER_INVALID_INPUT);
        FUZZ_CHECK(fer_socket_addr_to_sockaddr(addr, prefix, cut, &n).kind == FER_BUFFER_TOO_SMALL);
        free(prefix);
    }
    uint8_t *any = fuzz_copy(bytes, len);
    if (fer_socket_addr_from_sockaddr(&back, any, len).kind == FER_OK) {
        FUZZ_CHECK(fer_socket_addr_to_sockaddr(&back, block, sizeof block, &made).kind == FER_OK);
        FUZZ_CHECK(made <= len);
    }
    if (fer_unix_addr_from_sockaddr(&name, any, len).kind == FER_OK) {
        FUZZ_CHECK(fer_unix_addr_to_sockaddr(&name, block, sizeof block, &made).kind == FER_OK);
        FUZZ_CHECK(fer_unix_addr_from_sockaddr(&again, block, made).kind == FER_OK);
        FUZZ_CHECK(memcmp(&name, &again, sizeof name) == 0);
    }
    free(any);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    fer_socket_addr addr = {0};
    const uint8_t family = choose_byte(&from);
    addr.port = (uint16_t)choose_up_to(&from, UINT16_MAX);
    addr.scope_id = choose_u32(&from);
    addr.flowinfo = choose_u32(&from);
    /* The octets are the front of the input, zero beyond its end. */
    size_t len = 0;
    fer_ipv6_addr v6 = {{0}};
    fer_ipv4_addr v4 = {{0}};
    const uint8_t *octets = choose_bytes(&from, sizeof v6.octets, &len);
    memcpy(v6.octets, octets, len);
    memcpy(v4.octets, v6.octets, sizeof v4.octets);
    if (family % 8 == 7) {
        addr.ip.u.v6 = v6;
        addr.ip.family = (fer_ip_family)(family / 8);
    } else {
        addr.ip = family % 2 == 0 ? fer_ip_addr_from_v6(v6) : fer_ip_addr_from_v4(v4);
    }
    check_v4(&v4);
    check_v6(&v6);
    check_either(&addr);
    check_sockaddr(&addr, data, size);
    check_v4_properties(&v4);
    check_v6_properties(&v6);
    check_properties(&addr, &from);
    return 0;
}
