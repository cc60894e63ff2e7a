/* misuse_values.h: the handles and the arguments of misuse.c, good ones and bad ones, by their
 * types. A parameter of a new type needs a row of good_values. */
#ifndef CONFORMANCE_MISUSE_VALUES_H
#define CONFORMANCE_MISUSE_VALUES_H

#include "ferrule/cancel.h"
#include "ferrule/connector.h"
#include "ferrule/io.h"
#include "ferrule/socket.h"
#include "ferrule/udp_batch.h"
#include "ferrule/unix.h"
#include "support/functions.h"

/* ---- Handles */

/* Sockets to adopt. */
static struct raw_sockets {
    fer_raw_socket stream;
    fer_raw_socket listener;
    fer_raw_socket datagram;
    fer_raw_socket unix_stream;
    fer_raw_socket unix_listener;
    fer_raw_socket unix_datagram;
    fer_raw_socket none; /* no socket */
} raws;

/* For each type: the handle of a good call, one more that is open, and one that was closed. The
 * first two are NULL if the system lacks the type. */
static void *objects[HANDLE_TYPE_COUNT];
static void *opened[HANDLE_TYPE_COUNT];
static void *closed[HANDLE_TYPE_COUNT];
static fer_socket *datagram_object; /* a built one */
static fer_socket given_up;
static fer_tcp_stream refused; /* its connect failed */

/* The handles that a call could open. All are NEW, and as large as the largest handle. */
static fer_connector spares[FUNCTION_PARAMETERS_MAX];

static fer_resolver resolver;
static fer_lookup lookup;
static fer_connector connector;
static fer_cancel_token token;
static fer_waker waker;
static struct closed_handles {
    fer_socket socket;
    fer_resolver resolver;
    fer_lookup lookup;
    fer_connector connector;
    fer_poller poller;
    fer_cancel_token token;
    fer_waker waker;
} ended;

/* ---- Values */

static fer_socket_addr good_addrs[2];
static fer_unix_addr good_name;
static char free_path[sizeof(fer_unix_addr)];
static fer_raw_socket handles[2];
static uint8_t memory[64] = "abcdefgh";
static const fer_io_slice slices_out[2] = {{"ab", 2}, {"cd", 2}};
static const fer_io_slice_mut slices_in[2] = {{memory, 4}, {memory + 4, 4}};
static fer_copy_buffer copy_buffer = {.base = memory, .cap = sizeof memory};
static fer_datagram_send sent[2] = {{.buf = "x", .len = 1}};
static fer_datagram_recv received[2] = {{.buf = memory, .cap = sizeof memory}};
static fer_poll_entry polled[2] = {{FER_RAW_SOCKET_NONE, FER_READABLE, 0},
                                   {FER_RAW_SOCKET_NONE, FER_WRITABLE, 0}};
static fer_stream one_stream;
static fer_stream other_stream;
static const fer_ipv6_addr group_v6 = {{0xff, 0x02, [15] = 9}};
static const fer_limits no_limits = {.deadline = {0}};

/* The arguments of a good call, by type and name; name NULL: each other one of the type. */
static const struct good_value {
    const char *type;
    const char *name;
    const void *value;
} good_values[] = {
    {"size_t", "count", &(const size_t){2}},
    {"size_t", NULL, &(const size_t){8}},
    {"bool", NULL, &(const bool){true}},
    {"int", NULL, &(const int){0}},
    {"uint16_t", NULL, &(const uint16_t[8]){9}},
    {"uint32_t", NULL, &(const uint32_t){1}},
    {"uint64_t", NULL, &(const uint64_t){1}},
    {"void", NULL, memory},
    {"char", "host_port", "127.0.0.1:9"},
    {"char", "host", "127.0.0.1"},
    {"char", "path", free_path},
    {"char", "text", "127.0.0.1"},
    {"char", "service", "9"},
    {"char", NULL, "lo"},
    {"fer_error", NULL, &(const fer_error){FER_TIMED_OUT, 0}},
    {"fer_duration", NULL, &(const fer_duration){UINT64_C(1000000000)}},
    {"fer_shutdown", NULL, &(const fer_shutdown){FER_SHUTDOWN_BOTH}},
    {"fer_interest", NULL, &(const fer_interest){FER_READABLE}},
    {"fer_domain", NULL, &(const fer_domain){FER_DOMAIN_IPV4}},
    {"fer_type", NULL, &(const fer_type){FER_TYPE_STREAM}},
    {"fer_poll_mode", NULL, &(const fer_poll_mode){FER_POLL_LEVEL}},
    {"fer_event", NULL, &(const fer_event){.key = 1, .interest = FER_READABLE}},
    {"fer_udp_features", NULL, &(const fer_udp_features){FER_UDP_ECN}},
    {"fer_raw_socket", "handles", handles},
    {"fer_raw_socket", NULL, &raws.stream},
    {"fer_raw_file", NULL, &(const fer_raw_file){-1}},
    {"fer_ipv4_addr", "source", &(const fer_ipv4_addr){{127, 0, 0, 1}}},
    {"fer_ipv4_addr", NULL, &(const fer_ipv4_addr){{239, 1, 2, 3}}},
    {"fer_ipv6_addr", "source", &(const fer_ipv6_addr){{[15] = 1}}},
    {"fer_ipv6_addr", NULL, &group_v6},
    {"fer_ip_addr", NULL, &good_addrs[0].ip},
    {"fer_stream", "to", &other_stream},
    {"fer_stream", "b", &other_stream},
    {"fer_stream", NULL, &one_stream},
    {"fer_socket_addr", NULL, good_addrs},
    {"fer_unix_addr", NULL, &good_name},
    {"fer_limits", NULL, &no_limits},
    {"fer_connect_options", NULL, &(const fer_connect_options){.family = FER_IP_V4}},
    {"fer_lookup_options", NULL, &(const fer_lookup_options){.family = FER_IP_V4}},
    {"fer_bind_options", NULL, &(const fer_bind_options){.family = FER_IP_V4}},
    {"fer_resolver_options", NULL, &(const fer_resolver_options){.threads = 1}},
    {"fer_tcp_keepalive", NULL, &(const fer_tcp_keepalive){.enabled = true}},
    {"fer_io_slice", NULL, slices_out},
    {"fer_io_slice_mut", NULL, slices_in},
    {"fer_copy_buffer", NULL, &copy_buffer},
    {"fer_datagram_send", NULL, sent},
    {"fer_datagram_recv", NULL, received},
    {"fer_poll_entry", NULL, polled},
};

/* Limits and options whose handles are not open. */
static fer_resolver fresh_resolver;
static fer_cancel_token fresh_token;
static fer_waker fresh_waker;
static const fer_socket_addr bad_addr = {.ip = {.family = (fer_ip_family)0x55}};

/* Values out of range, and what a call returns for each; FER_OK: a value that hides no wrong state,
 * and is not tried with good handles. in is a part of the names of the functions, or NULL. */
#define UNKNOWN(type, value)                                                \
    {                                                                       \
#type, NULL, NULL, &(const type){(type)(value) }, FER_INVALID_INPUT \
    }
#define FAMILY(value)                                                                            \
    {                                                                                            \
        "fer_socket_addr", NULL, NULL,                                                           \
            &(const fer_socket_addr[2]){{.ip = {.family = (fer_ip_family)(value)}, .port = 80}}, \
            FER_INVALID_INPUT                                                                    \
    }
#define UNNAMED(in)                                                             \
    {                                                                           \
        "fer_unix_addr", NULL, in, &(const fer_unix_addr){0}, FER_INVALID_INPUT \
    }
#define OPTIONS(in, kind, ...)                                                           \
    {                                                                                    \
        "fer_connect_options", NULL, in, &(const fer_connect_options){__VA_ARGS__}, kind \
    }
#define LOOKUP(...)                                                                 \
    {                                                                               \
        "fer_lookup_options", NULL, NULL, &(const fer_lookup_options){__VA_ARGS__}, \
            FER_INVALID_INPUT                                                       \
    }
#define RESOLVER(...)                                                                   \
    {                                                                                   \
        "fer_resolver_options", NULL, NULL, &(const fer_resolver_options){__VA_ARGS__}, \
            FER_INVALID_INPUT                                                           \
    }
#define SLICES(len)                                                                               \
    {"fer_io_slice", NULL, NULL, &(const fer_io_slice[2]){{NULL, len}, {"good", 4}}, FER_MISUSE}, \
        {"fer_io_slice", NULL, NULL, &(const fer_io_slice[2]){{"good", 4}, {NULL, len}},          \
         FER_MISUSE},                                                                             \
        {"fer_io_slice_mut", NULL, NULL, &(const fer_io_slice_mut[2]){{NULL, len}, {memory, 4}},  \
         FER_MISUSE},                                                                             \
    {                                                                                             \
        "fer_io_slice_mut", NULL, NULL, &(const fer_io_slice_mut[2]){{memory, 4}, {NULL, len}},   \
            FER_MISUSE                                                                            \
    }
static const struct bad_value {
    const char *type;
    const char *name;
    const char *in;
    const void *value;
    fer_error_kind kind;
} bad_values[] = {
    {"fer_shutdown", NULL, NULL, &(const fer_shutdown){FER_SHUTDOWN_READ}, FER_OK},
    {"fer_shutdown", NULL, NULL, &(const fer_shutdown){FER_SHUTDOWN_WRITE}, FER_OK},
    UNKNOWN(fer_shutdown, 3),
    UNKNOWN(fer_shutdown, -1),
    UNKNOWN(fer_interest, 0),
    UNKNOWN(fer_interest, FER_READABLE | 4u),
    UNKNOWN(fer_interest, FER_WRITABLE | 8u),
    UNKNOWN(fer_interest, UINT32_MAX),
    UNKNOWN(fer_poll_mode, 4),
    UNKNOWN(fer_poll_mode, 77),
    UNKNOWN(fer_domain, 0),
    UNKNOWN(fer_domain, 2),
    UNKNOWN(fer_domain, 10),
    UNKNOWN(fer_domain, -1),
    UNKNOWN(fer_type, 0),
    UNKNOWN(fer_type, 4),
    UNKNOWN(fer_type, -1),
    {"int", "protocol", NULL, &(const int){-1}, FER_INVALID_INPUT},
    {"fer_ipv4_addr", "source", NULL, &(const fer_ipv4_addr){{0}}, FER_INVALID_INPUT},
    {"fer_ipv6_addr", "source", NULL, &(const fer_ipv6_addr){{0}}, FER_INVALID_INPUT},
    {"int", "backlog", NULL, &(const int){-1}, FER_OK},
    {"fer_event", NULL, "poller_", &(const fer_event){.interest = FER_READABLE | FER_WRITE_CLOSED},
     FER_INVALID_INPUT},
    {"fer_event", NULL, "poller_", &(const fer_event){.interest = FER_READABLE, .reserved_ = 1},
     FER_INVALID_INPUT},
    {"fer_duration", "timeout", "_connect_timeout", &(const fer_duration){0}, FER_INVALID_INPUT},
    {"fer_duration", NULL, NULL, &(const fer_duration){0}, FER_OK},
    {"fer_duration", NULL, NULL, &(const fer_duration){FER_DURATION_NONE_NANOS}, FER_OK},
    {"size_t", "count", "_connect_addrs", &(const size_t){0}, FER_INVALID_INPUT},
    {"size_t", "cap", "_take_completed", &(const size_t){0}, FER_INVALID_INPUT},
    {"size_t", "cap", "_poller_wait", &(const size_t){0}, FER_INVALID_INPUT},
    {"size_t", NULL, NULL, &(const size_t){0}, FER_OK},
    {"size_t", "len", NULL, &(const size_t){SIZE_MAX}, FER_OK},
    {"fer_raw_socket", "raw", "_from_raw", &(const fer_raw_socket){FER_RAW_SOCKET_NONE},
     FER_BAD_HANDLE},
    {"fer_raw_socket", "raw", "_borrow_raw", &(const fer_raw_socket){FER_RAW_SOCKET_NONE},
     FER_BAD_HANDLE},
    {"fer_raw_socket", "raw", "fer_poller_", &(const fer_raw_socket){FER_RAW_SOCKET_NONE},
     FER_MISUSE},
    {"fer_raw_socket", "raw", NULL, &raws.none, FER_OK},
    {"fer_raw_socket", "raw", NULL, &raws.listener, FER_OK},
    {"fer_raw_socket", "raw", NULL, &raws.datagram, FER_OK},
    {"fer_raw_socket", "raw", NULL, &raws.unix_stream, FER_OK},
    {"fer_raw_socket", "raw", NULL, &raws.unix_listener, FER_OK},
    {"fer_raw_socket", "raw", NULL, &raws.unix_datagram, FER_OK},
    {"uint64_t", "key", "fer_connector_", &(const uint64_t){0}, FER_OK},
    FAMILY(0),
    FAMILY(2),
    FAMILY(5),
    FAMILY(7),
    FAMILY(-1),
    SLICES(1),
    SLICES((size_t)1 << 31),
    SLICES(SIZE_MAX),
    {"fer_unix_addr", NULL, NULL, &(const fer_unix_addr){.kind_ = 9}, FER_INVALID_INPUT},
    UNNAMED("fer_socket_"),
    UNNAMED("fer_unix_stream_"),
    UNNAMED("fer_unix_listener_"),
    UNNAMED("fer_unix_datagram_"),
    {"char", "host_port", NULL, "no port", FER_INVALID_INPUT},
    {"char", "host", NULL, "", FER_INVALID_INPUT},
    {"char", "path", NULL, "", FER_INVALID_INPUT},
    {"char", "service", NULL, "", FER_INVALID_INPUT},
    {"fer_limits", NULL, NULL, &(const fer_limits){.token = &fresh_token}, FER_MISUSE},
    {"fer_limits", NULL, NULL, &(const fer_limits){.token = &ended.token}, FER_MISUSE},
    OPTIONS(NULL, FER_MISUSE, .limits = {.token = &fresh_token}),
    OPTIONS(NULL, FER_MISUSE, .limits = {.token = &ended.token}),
    OPTIONS(NULL, FER_MISUSE, .failures_cap = 1),
    OPTIONS("_stream_connect", FER_INVALID_INPUT, .local = &bad_addr),
    OPTIONS("_with", FER_MISUSE, .resolver = &fresh_resolver),
    OPTIONS("_with", FER_MISUSE, .resolver = &ended.resolver),
    OPTIONS(NULL, FER_INVALID_INPUT, .family = (fer_ip_family)5),
    OPTIONS(NULL, FER_INVALID_INPUT, .unused_ = {1}),
    OPTIONS(NULL, FER_INVALID_INPUT, .unused_ = {0, 1}),
    OPTIONS(NULL, FER_INVALID_INPUT, .unused_ = {0, 0, 1}),
    OPTIONS(NULL, FER_INVALID_INPUT, .reserved_ = {0, 0, 0, 0, 0, 1}),
    {"fer_lookup_options", NULL, "_with",
     &(const fer_lookup_options){.limits = {.token = &fresh_token}}, FER_MISUSE},
    LOOKUP(.family = (fer_ip_family)5),
    LOOKUP(.unused_ = 1),
    LOOKUP(.limits = {.reserved_ = {1}}),
    LOOKUP(.reserved_ = {1}),
    LOOKUP(.reserved_ = {0, 0, 0, 0, 1}),
    {"fer_lookup_options", NULL, "_start", &(const fer_lookup_options){.waker = &fresh_waker},
     FER_MISUSE},
    {"fer_lookup_options", NULL, "_start", &(const fer_lookup_options){.waker = &ended.waker},
     FER_MISUSE},
    {"fer_lookup_options", NULL, "_with", &(const fer_lookup_options){.resolver = &fresh_resolver},
     FER_MISUSE},
    {"fer_lookup_options", NULL, "_with", &(const fer_lookup_options){.resolver = &ended.resolver},
     FER_MISUSE},
    {"fer_bind_options", NULL, NULL, &(const fer_bind_options){.backlog = -1}, FER_INVALID_INPUT},
    {"fer_bind_options", NULL, NULL, &(const fer_bind_options){.device = ""}, FER_INVALID_INPUT},
    RESOLVER(.reserved_ = {0, 0, 0, 0, 0, 1}),
    {"fer_copy_buffer", NULL, NULL, &(fer_copy_buffer){.cap = 4}, FER_MISUSE},
    {"fer_copy_buffer", NULL, NULL, &(fer_copy_buffer){.base = memory}, FER_INVALID_INPUT},
};

/* The functions whose answer to a bad argument, or to NULL, is another one; and why. */
static const struct exception {
    const char *function;
    const char *parameter;
    fer_error_kind kind;
} exceptions[] = {
    /* the socket is of IPv4 */
    {"fer_udp_socket_multicast_loop_v6", "out", FER_INVALID_INPUT},
    {"fer_udp_socket_multicast_hops_v6", "out", FER_INVALID_INPUT},
    {"fer_udp_socket_multicast_if_v6", "out", FER_INVALID_INPUT},
    {"fer_socket_bind_unix", "addr", FER_INVALID_INPUT},
    {"fer_socket_connect_unix", "addr", FER_INVALID_INPUT},
};

#endif
