/* trace.c: the wrappers of a build with FERRULE_TRACE, which print each call of the seam and its
 * result as strace does: one line to standard error when the call returns. cmake/FerruleTrace.cmake
 * makes the wrappers; here is the text of each type. stdio is not safe in a signal handler. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "platform/copying.h"
#include "platform/handles.h"
#include "platform/messages.h"
#include "platform/platform.h"

/* One line; a longer one is cut off. */
struct line {
    char text[512];
    size_t len;
    bool has_items;   /* in the current list: the arguments, or the results */
    bool has_results; /* after the arguments */
    int errno_before; /* ferp_token_signal and ferp_poller_notify preserve it */
};

#ifdef __GNUC__
static void append(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#endif

static void append(struct line *line, const char *format, ...)
{
    size_t cap = sizeof line->text - line->len;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line->text + line->len, cap, format, values);
    va_end(values);
    line->len += length < 0 ? 0 : (size_t)length < cap ? (size_t)length : cap - 1;
}

static void next_item(struct line *line)
{
    if (line->has_items) {
        append(line, ", ");
    }
    line->has_items = true;
}

#define ITEM(line, ...) (next_item(line), append(line, __VA_ARGS__))

static void begin_line(struct line *line, const char *function)
{
    int errno_before = errno;
    *line = (struct line){.errno_before = errno_before};
    append(line, "%s(", function);
}

static void end_line(struct line *line)
{
    if (line->len > sizeof line->text - sizeof " OK\n") {
        line->len = sizeof line->text - sizeof " OK\n";
    }
    append(line, line->has_results ? (line->has_items ? "\n" : "OK\n") : ")\n");
    (void)fputs(line->text, stderr);
    errno = line->errno_before;
}

/* ---- Results */

static const char *name_of_kind(fer_error_kind kind)
{
    switch (kind) {
#define NAME_OF_KIND(name, value, rust_name, phrase) \
    case name: return &#name[sizeof "FER"];
        FER_ERROR_KINDS(NAME_OF_KIND)
#undef NAME_OF_KIND
    }
    return "?";
}

static void append_error(struct line *line, fer_error error)
{
    append(line, "%s", name_of_kind(error.kind));
    if (error.os_code != 0) {
        append(line, " (os error %ld)", (long)error.os_code);
    }
}

static void begin_results(struct line *line)
{
    append(line, ") = ");
    line->has_results = true;
    line->has_items = false;
}

/* Returns whether there are results: outputs are written on success only. */
static bool put_result_fer_error(struct line *line, fer_error error)
{
    begin_results(line);
    if (error.kind != FER_OK) {
        next_item(line);
        append_error(line, error);
    }
    return error.kind == FER_OK;
}

static bool put_result_ferp_pending(struct line *line, ferp_pending result)
{
    static const char *const names[] = {"not pending", "pending", "may be pending"};
    begin_results(line);
    ITEM(line, "%s", names[result]);
    return true;
}

/* ---- Numbers and names */

static void put_int(struct line *line, int value)
{
    ITEM(line, "%d", value);
}

static void put_uint32_t(struct line *line, uint32_t value)
{
    ITEM(line, "%lu", (unsigned long)value);
}

static void put_size_t(struct line *line, size_t value)
{
    ITEM(line, "%llu", (unsigned long long)value);
}

static void put_length(struct line *line, size_t value)
{
    ITEM(line, "%llu bytes", (unsigned long long)value);
}

static void put_bool(struct line *line, bool value)
{
    ITEM(line, "%s", value ? "true" : "false");
}

static void put_fer_raw_socket(struct line *line, fer_raw_socket raw)
{
    ITEM(line, "%lld", (long long)raw);
}

static void put_fer_raw_file(struct line *line, fer_raw_file file)
{
    ITEM(line, "file %lld", (long long)file);
}

static void put_object(struct line *line, const void *object)
{
    ITEM(line, object != NULL ? "%p" : "NULL", object);
}

static void put_nanos(struct line *line, uint64_t nanos)
{
    if (nanos == FERP_NO_DEADLINE) {
        ITEM(line, "never");
    } else {
        ITEM(line, "%llu.%09llu s", (unsigned long long)(nanos / FERP_NANOS_PER_SECOND),
             (unsigned long long)(nanos % FERP_NANOS_PER_SECOND));
    }
}

/* A time of the clock of ferp_now. */
static void put_uint64_t(struct line *line, uint64_t until)
{
    put_nanos(line, until);
}

static void put_fer_duration(struct line *line, fer_duration duration)
{
    put_nanos(line, duration.nanos);
}

/* The names of the bits that are set, or 0. */
static void put_bits(struct line *line, unsigned bits, const char *const *names, size_t count)
{
    bool has_bits = false;
    next_item(line);
    for (size_t i = 0; i < count; i++) {
        if ((bits >> i & 1) != 0) {
            append(line, "%s%s", has_bits ? "|" : "", names[i]);
            has_bits = true;
        }
    }
    append(line, "%s", has_bits ? "" : "0");
}

/* The flags of a receive or a send. */
static void put_unsigned(struct line *line, unsigned flags)
{
    static const char *const names[] = {
        [1] = "PEEK", [2] = "NOT_UDP", [3] = "UNIX", [6] = "DONTWAIT"};
    put_bits(line, flags, names, sizeof names / sizeof names[0]);
}

static void put_fer_interest(struct line *line, fer_interest interest)
{
    static const char *const names[] = {"READABLE", "WRITABLE"};
    put_bits(line, interest, names, sizeof names / sizeof names[0]);
}

static void put_name(struct line *line, unsigned value, const char *const *names, size_t count)
{
    if (value < count && names[value] != NULL) {
        ITEM(line, "%s", names[value]);
    } else {
        ITEM(line, "%u", value);
    }
}

static void put_fer_udp_features(struct line *line, fer_udp_features features)
{
    ITEM(line, "features 0x%lx", (unsigned long)features);
}

/* Defines put_TYPE, which prints an enum by the names of its values. */
#define PUT_ENUM(type, ...)                                                     \
    static void put_##type(struct line *line, type value)                       \
    {                                                                           \
        static const char *const names[] = {__VA_ARGS__};                       \
        put_name(line, (unsigned)value, names, sizeof names / sizeof names[0]); \
    }

#define NAME_OF_OPTION(name, ...) #name,
PUT_ENUM(
    fer_domain, [FER_DOMAIN_UNIX] = "UNIX", [FER_DOMAIN_IPV4] = "IPV4", [FER_DOMAIN_IPV6] = "IPV6")
PUT_ENUM(fer_type, [FER_TYPE_STREAM] = "STREAM", [FER_TYPE_DGRAM] = "DGRAM", [FER_TYPE_RAW] = "RAW")
PUT_ENUM(fer_ip_family, [FERP_ANY_FAMILY] = "ANY", [FER_IP_V4] = "V4", [FER_IP_V6] = "V6")
PUT_ENUM(fer_shutdown, [FER_SHUTDOWN_READ] = "READ", [FER_SHUTDOWN_WRITE] = "WRITE",
         [FER_SHUTDOWN_BOTH] = "BOTH")
PUT_ENUM(fer_poll_mode, [FER_POLL_ONESHOT] = "ONESHOT", [FER_POLL_LEVEL] = "LEVEL",
         [FER_POLL_EDGE] = "EDGE", [FER_POLL_EDGE_ONESHOT] = "EDGE_ONESHOT")
PUT_ENUM(ferp_direction, [FERP_READING] = "READING", [FERP_WRITING] = "WRITING")
PUT_ENUM(ferp_membership, [FERP_JOIN] = "JOIN", [FERP_LEAVE] = "LEAVE")
PUT_ENUM(ferp_option, FERP_OPTIONS(NAME_OF_OPTION))
PUT_ENUM(ferp_readiness, [FERP_READABLE] = "READABLE", [FERP_WRITABLE] = "WRITABLE",
         [FERP_ACCEPTABLE] = "ACCEPTABLE", [FERP_RECEIVABLE] = "RECEIVABLE",
         [FERP_CONNECTED] = "CONNECTED")

/* ---- Structures */

static void put_ferp_linger(struct line *line, struct ferp_linger linger)
{
    if (linger.on) {
        ITEM(line, "%lu s", (unsigned long)linger.seconds);
    } else {
        ITEM(line, "off");
    }
}

static void put_fer_event(struct line *line, fer_event event)
{
    put_fer_interest(line, event.interest);
    append(line, " of key %llu", (unsigned long long)event.key);
}

static void put_in_char(struct line *line, const char *text)
{
    ITEM(line, "\"%s\"", text);
}

static void put_in_fer_ipv4_addr(struct line *line, const fer_ipv4_addr *addr)
{
    char text[FER_IPV4_ADDR_TEXT_CAP] = "NULL";
    if (addr != NULL) {
        (void)fer_ipv4_addr_format(*addr, text, sizeof text);
    }
    ITEM(line, "%s", text);
}

static void put_in_fer_ipv6_addr(struct line *line, const fer_ipv6_addr *addr)
{
    char text[FER_IPV6_ADDR_TEXT_CAP] = "NULL";
    if (addr != NULL) {
        (void)fer_ipv6_addr_format(*addr, text, sizeof text);
    }
    ITEM(line, "%s", text);
}

/* A family of 0: ferp_recv_from, after a shutdown. */
static void put_in_fer_socket_addr(struct line *line, const fer_socket_addr *addr)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP] = "";
    if (addr != NULL && addr->ip.family != 0) {
        (void)fer_socket_addr_format(addr, text, sizeof text);
    }
    ITEM(line, "%s", text[0] != '\0' ? text : "none");
}

static void put_in_fer_unix_addr(struct line *line, const fer_unix_addr *addr)
{
    const char *path = fer_unix_addr_as_pathname(addr);
    size_t len = 0;
    const char *name = fer_unix_addr_as_abstract_name(addr, &len);
    if (path != NULL) {
        ITEM(line, "\"%s\"", path);
    } else if (name != NULL) {
        ITEM(line, "@\"%.*s\"", (int)len, name);
    } else {
        ITEM(line, "unnamed");
    }
}

static void put_in_ferp_sent_handles(struct line *line, const struct ferp_sent_handles *message)
{
    ITEM(line, "%llu bytes, %llu handles", (unsigned long long)message->len,
         (unsigned long long)message->count);
}

/* The first of several; their number follows. */
static void put_in_ferp_send_message(struct line *line, const struct ferp_send_message *message)
{
    ITEM(line, "%llu bytes, segments of %llu", (unsigned long long)message->len,
         (unsigned long long)message->segment_size);
    put_in_fer_socket_addr(line, &message->to);
    append(line, " ...");
}

/* ---- What pointers return */

static void put_out_bool(struct line *line, const bool *out)
{
    put_bool(line, *out);
}

static void put_out_char(struct line *line, const char *out)
{
    put_in_char(line, out);
}

static void put_out_size_t(struct line *line, const size_t *out)
{
    put_size_t(line, *out);
}

static void put_out_uint16_t(struct line *line, const uint16_t *out)
{
    put_uint32_t(line, *out);
}

static void put_out_uint32_t(struct line *line, const uint32_t *out)
{
    put_uint32_t(line, *out);
}

static void put_out_fer_raw_socket(struct line *line, const fer_raw_socket *out)
{
    put_fer_raw_socket(line, *out);
}

static void put_out_fer_duration(struct line *line, const fer_duration *out)
{
    put_fer_duration(line, *out);
}

static void put_out_fer_interest(struct line *line, const fer_interest *out)
{
    put_fer_interest(line, *out);
}

static void put_out_fer_error(struct line *line, const fer_error *out)
{
    next_item(line);
    append_error(line, *out);
}

static void put_out_fer_socket_addr(struct line *line, const fer_socket_addr *out)
{
    put_in_fer_socket_addr(line, out);
}

static void put_out_fer_unix_addr(struct line *line, const fer_unix_addr *out)
{
    put_in_fer_unix_addr(line, out);
}

static void put_out_fer_unix_cred(struct line *line, const fer_unix_cred *out)
{
    ITEM(line, "uid %lu, gid %lu, pid %ld", (unsigned long)out->uid, (unsigned long)out->gid,
         (long)out->pid);
}

/* The first of several; the number of those that are ready follows. */
static void put_out_fer_poll_entry(struct line *line, const fer_poll_entry *entries)
{
    put_fer_raw_socket(line, entries[0].raw);
    ITEM(line, "%lu: %lu ...", (unsigned long)entries[0].interest, (unsigned long)entries[0].ready);
}

static void put_out_ferp_linger(struct line *line, const struct ferp_linger *out)
{
    put_ferp_linger(line, *out);
}

static void put_out_fer_udp_received(struct line *line, const fer_udp_received *out)
{
    ITEM(line, "%llu%s", (unsigned long long)out->len, out->truncated ? " truncated" : "");
    put_in_fer_socket_addr(line, &out->from);
}

static void put_out_fer_unix_received(struct line *line, const fer_unix_received *out)
{
    ITEM(line, "%llu%s", (unsigned long long)out->len, out->truncated ? " truncated" : "");
    put_in_fer_unix_addr(line, &out->from);
}

static void put_out_ferp_received_handles(struct line *line,
                                          const struct ferp_received_handles *out)
{
    ITEM(line, "%llu%s, %llu handles%s", (unsigned long long)out->moved,
         out->truncated ? " truncated" : "", (unsigned long long)out->count,
         out->handles_truncated ? " truncated" : "");
}

/* The first of several; their number follows. */
static void put_out_fer_datagram_recv(struct line *line, const fer_datagram_recv *out)
{
    ITEM(line, "%llu%s, segments of %llu", (unsigned long long)out->len,
         out->truncated ? " truncated" : "", (unsigned long long)out->segment_size);
    put_in_fer_socket_addr(line, &out->from);
    append(line, " ...");
}

static void put_out_ferp_description(struct line *line, const ferp_description *out)
{
    const struct {
        bool is_set;
        const char *name;
    } facts[] = {{out->is_stream, "stream"},
                 {out->is_datagram, "datagram"},
                 {out->is_raw, "raw"},
                 {out->is_packets, "packets"},
                 {out->is_ip && out->family == FER_IP_V4, "IPv4"},
                 {out->is_ip && out->family == FER_IP_V6, "IPv6"},
                 {out->is_unix, "Unix"},
                 {out->is_of_other_protocol, "of another protocol"},
                 {out->is_listening, "listening"},
                 {out->is_connected, "connected"},
                 {out->is_connecting, "connecting"},
                 {out->is_nonblocking, "nonblocking"}};
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (facts[i].is_set) {
            ITEM(line, "%s", facts[i].name);
        }
    }
}

#include "trace_calls.h"
