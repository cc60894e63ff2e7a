/* resolve.c: the public functions that take names: lookups, connect and bind by name, and the names
 * of network interfaces and of services. */
#include <string.h>

#include "core/address/address_text.h"
#include "core/api/handle_functions.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/names/address_source.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"
#include "core/transfer/datagram.h"
#include "ferrule/resolve.h"
#include "ferrule/socket.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"

/* Stores the first cap addresses and counts all. */
static fer_error collect(const char *host, const uint16_t *port, fer_socket_addr *addrs, size_t cap,
                         size_t *count)
{
    feri_address_query query;
    feri_address_source source;
    fer_socket_addr addr;
    size_t found = 0;
    FERI_REQUIRE(count != NULL && feri_is_buffer(addrs, cap), FER_MISUSE);
    FER_TRY(feri_address_query_of(&query, host, port, FERP_ANY_FAMILY));
    FER_TRY(feri_address_source_of_query(&source, &query));
    while (feri_address_source_next(&source, &addr)) {
        if (found < cap) {
            addrs[found] = addr;
        }
        found++;
    }
    *count = found;
    feri_address_source_end(&source);
    return feri_ok();
}

FERI_FUNCTION(fer_to_socket_addrs, collect(host_port, NULL, addrs, cap, count),
              const char *host_port, fer_socket_addr *addrs, size_t cap, size_t *count)

FERI_FUNCTION(fer_lookup_host, collect(host, &port, addrs, cap, count), const char *host,
              uint16_t port, fer_socket_addr *addrs, size_t cap, size_t *count)

size_t fer_resolve_error_text(fer_error error, char *buf, size_t cap)
{
    char text[FER_ERROR_TEXT_CAP] = {0};
    if (feri_is_lookup_failure(error.kind) && error.os_code != 0) {
        ferp_error_text(error, text, sizeof text);
    }
    size_t len = feri_text_tidy(text, sizeof text);
    const char *phrase = fer_error_kind_text(error.kind);
    return len > 0 ? feri_text_store(text, len, buf, cap)
                   : feri_text_store(phrase, strlen(phrase), buf, cap);
}

fer_error fer_tcp_stream_connect(fer_tcp_stream *stream, const char *host_port)
{
    feri_address_query query;
    fer_error parsed = feri_address_query_of(&query, host_port, NULL, FERP_ANY_FAMILY);
    return feri_open_by_name(FERI_HANDLE(stream), parsed, &query, feri_connection_open, NULL, 0);
}

static fer_error bind_by_name(fer_handle *handle, const char *host, const uint16_t *port,
                              feri_opener opener, const fer_bind_options *options, uint32_t kind)
{
    feri_address_query query;
    fer_ip_family family = options == NULL ? FERP_ANY_FAMILY : options->family;
    fer_error parsed = feri_bind_options_check(options);
    parsed = parsed.kind == FER_OK ? feri_address_query_of(&query, host, port, family) : parsed;
    return feri_open_by_name(handle, parsed, &query, opener, options, kind);
}

#define BIND_FUNCTIONS(type, opener, kind)                                                         \
    FERI_FUNCTION(type##_bind,                                                                     \
                  bind_by_name(FERI_HANDLE(self), host_port, NULL, opener, NULL, kind),            \
                  type *self, const char *host_port)                                               \
    FERI_FUNCTION(type##_bind_with,                                                                \
                  bind_by_name(FERI_HANDLE(self), host_port, NULL, opener, options, kind),         \
                  type *self, const char *host_port, const fer_bind_options *options)              \
    FERI_FUNCTION(type##_bind_host_with,                                                           \
                  bind_by_name(FERI_HANDLE(self), host, &port, opener, options, kind), type *self, \
                  const char *host, uint16_t port, const fer_bind_options *options)
BIND_FUNCTIONS(fer_tcp_listener, feri_listener_open, FERI_FLAG_LISTENING)
BIND_FUNCTIONS(fer_udp_socket, feri_datagram_open, FERI_FLAG_DATAGRAM)

fer_error fer_udp_socket_connect(fer_udp_socket *socket, const char *host_port)
{
    feri_address_query query;
    feri_address_source source;
    fer_socket_addr addr;
    FER_TRY(feri_handle_check(FERI_HANDLE(socket), FERI_REQUEST_USE));
    FER_TRY(feri_address_query_of(&query, host_port, NULL, FERP_ANY_FAMILY));
    FER_TRY(feri_address_source_of_query(&source, &query));
    fer_error error = feri_own_error(FER_INVALID_INPUT); /* if there is no address */
    while (error.kind != FER_OK && feri_address_source_next(&source, &addr)) {
        error = feri_datagram_connect(&socket->handle_, &addr);
    }
    feri_address_source_end(&source);
    return error;
}

/* ---- The names and indexes of network interfaces. */

fer_error fer_interface_index(const char *interface_name, uint32_t *out)
{
    FERI_REQUIRE(interface_name != NULL && out != NULL, FER_MISUSE);
    return ferp_interface_index(interface_name, out);
}

fer_error fer_interface_name(uint32_t index, char *buf, size_t cap)
{
    char name[FER_INTERFACE_NAME_CAP];
    FERI_REQUIRE(feri_is_buffer(buf, cap), FER_MISUSE);
    FER_TRY(ferp_interface_name(index, name));
    size_t len = strlen(name);
    FERI_REQUIRE(len < cap, FER_BUFFER_TOO_SMALL);
    memcpy(buf, name, len + 1);
    return feri_ok();
}

/* ---- Services */

enum { SERVICE_LEN_MAX = 63 };

/* A name has a letter (RFC 6335, 5.1). Some systems read "+80" and "-1" as numbers (glibc and
 * macOS: strtol). */
static bool is_service_name(const char *text)
{
    size_t len = 0;
    bool has_letter = false;
    while (len <= SERVICE_LEN_MAX && text[len] > ' ' && text[len] < 0x7f) {
        has_letter = has_letter || ((text[len] | 0x20) >= 'a' && (text[len] | 0x20) <= 'z');
        len++;
    }
    return has_letter && len <= SERVICE_LEN_MAX && text[len] == '\0';
}

fer_error fer_service_port(const char *service, fer_type type, uint16_t *out)
{
    FERI_REQUIRE(service != NULL && out != NULL, FER_MISUSE);
    FERI_REQUIRE(type == FER_TYPE_STREAM || type == FER_TYPE_DGRAM, FER_INVALID_INPUT);
    feri_addr_cursor digits = {service, strlen(service), 0};
    uint32_t port = 0;
    if (feri_addr_cursor_read_decimal(&digits, UINT16_MAX, &port) &&
        feri_addr_cursor_is_at_end(&digits)) {
        *out = (uint16_t)port;
        return feri_ok();
    }
    FERI_REQUIRE(is_service_name(service), FER_INVALID_INPUT);
    return ferp_service_port(service, type, out);
}
