/* socket_addr.c: socket addresses: order, text and the parser; the addresses of Unix sockets.
 * The parser has the strict grammar of Rust 1.95. Never a name, never a resolver.
 *
 *   v4 = ip ":" port
 *   v6 = "[" ip [ "%" scope ] "]" ":" port
 *   port, scope: decimal digits, leading zeros allowed */
#include <string.h>

#include "core/address/address_text.h"
#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "ferrule/socket_addr.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

fer_socket_addr fer_socket_addr_new(fer_ip_addr ip, uint16_t port)
{
    if (fer_ip_addr_is_ipv6(ip)) {
        return fer_socket_addr_v6_new(ip.u.v6, port, 0, 0);
    }
    if (fer_ip_addr_is_ipv4(ip)) {
        return fer_socket_addr_v4_new(ip.u.v4, port);
    }
    const fer_socket_addr without_family = {.port = 0};
    return without_family;
}

fer_socket_addr fer_socket_addr_v4_new(fer_ipv4_addr ip, uint16_t port)
{
    const fer_socket_addr addr = {.ip = fer_ip_addr_from_v4(ip), .port = port};
    return addr;
}

fer_socket_addr fer_socket_addr_v6_new(fer_ipv6_addr ip, uint16_t port, uint32_t flowinfo,
                                       uint32_t scope_id)
{
    const fer_socket_addr addr = {
        .ip = fer_ip_addr_from_v6(ip), .port = port, .flowinfo = flowinfo, .scope_id = scope_id};
    return addr;
}

bool fer_socket_addr_is_ipv4(const fer_socket_addr *addr)
{
    return addr != NULL && fer_ip_addr_is_ipv4(addr->ip);
}

bool fer_socket_addr_is_ipv6(const fer_socket_addr *addr)
{
    return addr != NULL && fer_ip_addr_is_ipv6(addr->ip);
}

static int feri_number_cmp(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int fer_socket_addr_cmp(const fer_socket_addr *a, const fer_socket_addr *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    const int order = fer_ip_addr_cmp(a->ip, b->ip);
    const bool is_ipv6 = fer_socket_addr_is_ipv6(a);
    if (order != 0 || (!is_ipv6 && !fer_socket_addr_is_ipv4(a))) {
        return order;
    }
    if (a->port != b->port || !is_ipv6) {
        return feri_number_cmp(a->port, b->port);
    }
    return a->flowinfo != b->flowinfo ? feri_number_cmp(a->flowinfo, b->flowinfo)
                                      : feri_number_cmp(a->scope_id, b->scope_id);
}

bool fer_socket_addr_eq(const fer_socket_addr *a, const fer_socket_addr *b)
{
    return fer_socket_addr_cmp(a, b) == 0;
}

/* ---- Formats socket addresses as Rust's Display. ip_format.c writes the IP addresses. */

size_t fer_socket_addr_format(const fer_socket_addr *addr, char *buf, size_t cap)
{
    feri_addr_text out = {0};
    if (fer_socket_addr_is_ipv6(addr)) {
        feri_addr_text_put(&out, '[');
        feri_ipv6_write(&out, &addr->ip.u.v6);
        if (addr->scope_id != 0) {
            feri_addr_text_put(&out, '%');
            feri_decimal_write(&out, addr->scope_id);
        }
        feri_addr_text_put(&out, ']');
    } else if (fer_socket_addr_is_ipv4(addr)) {
        feri_ipv4_write(&out, &addr->ip.u.v4);
    } else {
        return feri_text_store("", 0, buf, cap);
    }
    feri_addr_text_put(&out, ':');
    feri_decimal_write(&out, addr->port);
    FERI_ASSERT(out.len < FER_SOCKET_ADDR_TEXT_CAP);
    return feri_text_store(out.text, out.len, buf, cap);
}

/* Reads ":port", which must be the end of the text. */
static bool feri_port_read_last(feri_addr_cursor *cursor, uint16_t *port)
{
    uint32_t value = 0;
    if (!feri_addr_cursor_take(cursor, ':') ||
        !feri_addr_cursor_read_decimal(cursor, UINT16_MAX, &value)) {
        return false;
    }
    FERI_ASSERT(value <= UINT16_MAX);
    *port = (uint16_t)value;
    return feri_addr_cursor_is_at_end(cursor);
}

fer_error fer_socket_addr_parse_n(fer_socket_addr *out, const char *text, size_t len)
{
    FERI_REQUIRE(out != NULL && text != NULL, FER_MISUSE);
    const bool is_ipv6 = len > 0 && text[0] == '[';
    const feri_ipv4_match v4 = is_ipv6 ? (feri_ipv4_match){0, 1} : feri_ipv4_read(text, len, 0);
    feri_addr_cursor cursor = {text, len, v4.end}; /* of IPv6: after the "[" */
    fer_ipv6_addr v6 = {{0}};
    uint32_t scope_id = 0;
    uint16_t port = 0;
    bool is_address = v4.end != 0;
    if (is_ipv6) {
        is_address = feri_ipv6_read(&cursor, &v6) &&
                     (!feri_addr_cursor_take(&cursor, '%') ||
                      feri_addr_cursor_read_decimal(&cursor, UINT32_MAX, &scope_id)) &&
                     feri_addr_cursor_take(&cursor, ']');
    }
    FERI_REQUIRE(is_address && feri_port_read_last(&cursor, &port), FER_INVALID_INPUT);
    if (is_ipv6) {
        feri_ip_addr_set_v6(&out->ip, &v6);
    } else {
        feri_ip_addr_set_v4(&out->ip, v4.bits);
    }
    out->port = port;
    out->flowinfo = 0;
    out->scope_id = scope_id;
    return feri_ok();
}

fer_error fer_socket_addr_parse(fer_socket_addr *out, const char *text)
{
    return fer_socket_addr_parse_n(out, text, text == NULL ? 0 : strlen(text));
}

/* ---- The system's sockaddr. */

fer_error fer_socket_addr_from_sockaddr(fer_socket_addr *out, const void *sockaddr, size_t len)
{
    FERI_REQUIRE(out != NULL && sockaddr != NULL, FER_MISUSE);
    return ferp_sockaddr_to(sockaddr, len, out);
}

static fer_error feri_sockaddr_result(size_t made, size_t *n)
{
    if (n != NULL) {
        *n = made;
    }
    return made > 0 ? feri_ok() : feri_own_error(FER_BUFFER_TOO_SMALL);
}

/* *n is 0 until the address is written. */
static fer_error feri_sockaddr_check(const void *addr, const void *buf, size_t len, size_t *n)
{
    (void)feri_sockaddr_result(0, n);
    FERI_REQUIRE(addr != NULL && feri_is_buffer(buf, len), FER_MISUSE);
    return feri_ok();
}

fer_error fer_socket_addr_to_sockaddr(const fer_socket_addr *addr, void *buf, size_t len, size_t *n)
{
    FER_TRY(feri_sockaddr_check(addr, buf, len, n));
    FERI_REQUIRE(fer_socket_addr_is_ipv4(addr) || fer_socket_addr_is_ipv6(addr), FER_INVALID_INPUT);
    return feri_sockaddr_result(ferp_sockaddr_of(addr, buf, len), n);
}

/* ---- Addresses of Unix sockets. */

_Static_assert(FERP_UNIX_UNNAMED == 0, "all zero bytes are the unnamed address");

fer_error fer_unix_addr_from_pathname(fer_unix_addr *out, const char *path)
{
    FERI_REQUIRE(out != NULL && path != NULL, FER_MISUSE);
    const char *end = memchr(path, '\0', ferp_traits()->unix_path_max + 1);
    FERI_REQUIRE(end != NULL && end != path, FER_INVALID_INPUT);
    fer_unix_addr made = {.kind_ = FERP_UNIX_PATHNAME, .len_ = (uint16_t)(end - path)};
    memcpy(made.name_, path, made.len_);
    *out = made;
    return feri_ok();
}

fer_error fer_unix_addr_from_abstract_name(fer_unix_addr *out, const void *name, size_t len)
{
    FERI_REQUIRE(out != NULL && feri_is_buffer(name, len), FER_MISUSE);
    FERI_REQUIRE(len <= ferp_traits()->unix_path_max, FER_INVALID_INPUT);
    FERI_REQUIRE(ferp_traits()->has_abstract_unix_names, FER_UNSUPPORTED);
    fer_unix_addr made = {.kind_ = FERP_UNIX_ABSTRACT, .len_ = (uint16_t)len};
    if (len > 0) {
        memcpy(made.name_, name, len);
    }
    *out = made;
    return feri_ok();
}

bool fer_unix_addr_is_unnamed(const fer_unix_addr *addr)
{
    return addr != NULL && addr->kind_ == FERP_UNIX_UNNAMED;
}

/* An address from the OS can fill sun_path without a NUL, one byte longer than an address made
 * here. Memory that was never set by a function here may lack the NUL. */
const char *fer_unix_addr_as_pathname(const fer_unix_addr *addr)
{
    bool is_path = addr != NULL && addr->kind_ == FERP_UNIX_PATHNAME && addr->len_ > 0 &&
                   addr->len_ <= ferp_traits()->unix_path_max + 1;
    return is_path && addr->name_[addr->len_] == '\0' ? addr->name_ : NULL;
}

const void *fer_unix_addr_as_abstract_name(const fer_unix_addr *addr, size_t *len)
{
    if (addr == NULL || len == NULL || addr->kind_ != FERP_UNIX_ABSTRACT ||
        addr->len_ > ferp_traits()->unix_path_max) {
        return NULL;
    }
    *len = addr->len_;
    return addr->name_;
}

static bool feri_is_unix_addr(const fer_unix_addr *addr)
{
    size_t len = 0;
    return fer_unix_addr_is_unnamed(addr) || fer_unix_addr_as_pathname(addr) != NULL ||
           fer_unix_addr_as_abstract_name(addr, &len) != NULL;
}

/* The simulated system can have a shorter longest path than that of the headers. */
fer_error fer_unix_addr_from_sockaddr(fer_unix_addr *out, const void *sockaddr, size_t len)
{
    fer_unix_addr made;
    FERI_REQUIRE(out != NULL && sockaddr != NULL, FER_MISUSE);
    FER_TRY(ferp_sockaddr_un_to(sockaddr, len, &made));
    FERI_REQUIRE(feri_is_unix_addr(&made), FER_INVALID_INPUT);
    *out = made;
    return feri_ok();
}

fer_error fer_unix_addr_to_sockaddr(const fer_unix_addr *addr, void *buf, size_t len, size_t *n)
{
    FER_TRY(feri_sockaddr_check(addr, buf, len, n));
    FERI_REQUIRE(feri_is_unix_addr(addr), FER_INVALID_INPUT);
    return feri_sockaddr_result(ferp_sockaddr_un_of(addr, buf, len), n);
}
