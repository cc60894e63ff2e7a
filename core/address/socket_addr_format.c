/* socket_addr_format.c: formats socket addresses as Rust's Display. ip_format.c writes the IP
 * addresses. */
#include "core/address/ip_format.h"
#include "core/base/assert.h"
#include "core/base/text.h"
#include "ferrule/socket_addr.h"

static void feri_bracketed_ipv6_write(feri_addr_text *out, const fer_socket_addr *addr)
{
    FERI_ASSERT(fer_socket_addr_is_ipv6(addr));
    feri_addr_text_put(out, '[');
    feri_ipv6_write(out, &addr->ip.u.v6);
    if (addr->scope_id != 0) {
        feri_addr_text_put(out, '%');
        feri_decimal_write(out, addr->scope_id);
    }
    feri_addr_text_put(out, ']');
}

size_t fer_socket_addr_format(const fer_socket_addr *addr, char *buf, size_t cap)
{
    feri_addr_text out = {{0}, 0};
    if (fer_socket_addr_is_ipv6(addr)) {
        feri_bracketed_ipv6_write(&out, addr);
    } else if (fer_socket_addr_is_ipv4(addr)) {
        feri_ipv4_write(&out, &addr->ip.u.v4);
    } else {
        return feri_text_store("", 0, buf, cap);
    }
    feri_addr_text_put(&out, ':');
    feri_decimal_write(&out, addr->port);
    FERI_ASSERT(out.len < FER_SOCKET_ADDR_TEXT_CAP);
    return feri_addr_text_store(&out, buf, cap);
}
