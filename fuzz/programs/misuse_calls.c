/* misuse_calls.c: the arguments of a call, by the types and names of its parameters, and what holds
 * after it: the rules of misuse (tests/support/functions.h), and counts within their buffers. */
#include "fuzz/programs/misuse_calls.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"
#include "platform/sim/network.h"

enum { OUTPUT_SIZE = 512, ELEMENTS = 3, PATTERN = 0x5a };

/* One call. */
struct call {
    struct misuse_state *state;
    const struct function *function;
    const struct words *words;
    uint8_t which, nulls, arg;
    void *arguments[FUNCTION_PARAMETERS_MAX];
    fer_raw_socket made; /* for _from_raw and _borrow_raw */
    /* the memory of the arguments */
    _Alignas(16) uint8_t outputs[FUNCTION_PARAMETERS_MAX][OUTPUT_SIZE];
    size_t sizes[FUNCTION_PARAMETERS_MAX];
    fer_raw_socket raw;
    fer_stream streams[FUNCTION_PARAMETERS_MAX];
    fer_copy_buffer buffers[FUNCTION_PARAMETERS_MAX], buffers_before[FUNCTION_PARAMETERS_MAX];
    fer_handle before[FUNCTION_PARAMETERS_MAX];
};

static _Alignas(16) uint8_t memory[64];

/* ---- Values, by type and name; the first row that matches */

#define CHOICES(type, name, ...)                                                       \
    {                                                                                  \
#type, name, sizeof(type), sizeof((const type[]){__VA_ARGS__}) / sizeof(type), \
            (const type[])                                                             \
        {                                                                              \
            __VA_ARGS__                                                                \
        }                                                                              \
    }
static const struct choices {
    const char *type;
    const char *name;
    size_t size, count;
    const void *values;
} choices[] = {
    CHOICES(bool, NULL, false, true),
    CHOICES(int, "protocol", 0, FER_PROTOCOL_TCP, FER_PROTOCOL_UDP, FER_PROTOCOL_ICMP, -1,
            INT32_MAX, INT32_MIN),
    CHOICES(int, NULL, 64, 0, 1, -1, INT32_MAX, INT32_MIN),
    CHOICES(uint8_t, NULL, 0, 1, 127, 255),
    CHOICES(uint16_t, NULL, 80, 0, 83, 9, UINT16_MAX),
    CHOICES(uint32_t, NULL, 1, 0, 2, 64, 255, 256, UINT32_MAX),
    CHOICES(uint64_t, NULL, 0, 1, 100, MISUSE_FILE_LEN, MISUSE_FILE_LEN + 1, INT64_MAX,
            (uint64_t)INT64_MAX + 1, UINT64_MAX),
    CHOICES(int32_t, NULL, 0, 1, 11, 104, 111, -1, INT32_MAX, INT32_MIN),
    CHOICES(fer_duration, NULL, {0}, {1}, {1000000}, {999999999}, {FER_DURATION_NONE_NANOS}),
    CHOICES(fer_instant, NULL, {0}, {1}, {UINT64_MAX}, {UINT64_MAX / 2}),
    CHOICES(fer_error, NULL, {FER_OK, 0}, {FER_TIMED_OUT, 0}, {FER_UNCATEGORIZED, 99999},
            {(fer_error_kind)-1, -1}, {(fer_error_kind)10000, INT32_MIN}),
    CHOICES(fer_error_kind, NULL, FER_OK, FER_MISUSE, (fer_error_kind)-1, (fer_error_kind)10000),
    CHOICES(fer_shutdown, NULL, FER_SHUTDOWN_READ, FER_SHUTDOWN_WRITE, FER_SHUTDOWN_BOTH,
            (fer_shutdown)3, (fer_shutdown)-1),
    CHOICES(fer_interest, NULL, FER_READABLE, FER_WRITABLE, FER_READABLE | FER_WRITABLE, 0, 4,
            UINT32_MAX),
    CHOICES(fer_domain, NULL, FER_DOMAIN_IPV4, FER_DOMAIN_IPV6, FER_DOMAIN_UNIX, (fer_domain)0,
            (fer_domain)INT32_MAX),
    CHOICES(fer_type, NULL, FER_TYPE_STREAM, FER_TYPE_DGRAM, FER_TYPE_RAW, (fer_type)0,
            (fer_type)-1),
    CHOICES(fer_poll_mode, NULL, FER_POLL_ONESHOT, FER_POLL_LEVEL, (fer_poll_mode)4,
            (fer_poll_mode)INT16_MAX),
    CHOICES(fer_event, NULL, {.key = 1, .interest = FER_READABLE},
            {.key = UINT64_MAX, .interest = FER_READABLE | FER_WRITABLE}, {.interest = 0},
            {.interest = FER_WRITE_CLOSED}, {.interest = FER_READABLE, .reserved_ = 1}),
    CHOICES(fer_udp_features, NULL, FER_UDP_LOCAL_ADDR, FER_UDP_ECN, FER_UDP_COALESCING, UINT32_MAX,
            0),
    CHOICES(fer_ipv4_addr, "local", {{0, 0, 0, 0}}, {{10, 0, 0, 1}}, {{192, 0, 2, 1}}),
    CHOICES(fer_ipv4_addr, "source", {{10, 0, 0, 7}}, {{0, 0, 0, 0}}, {{239, 1, 1, 1}}),
    CHOICES(fer_ipv6_addr, "source", {{0xfd, [15] = 7}}, {{0}}, {{0xff, 2, [15] = 1}}),
    CHOICES(fer_ipv4_addr, NULL, {{239, 1, 1, 1}}, {{10, 0, 0, 1}}, {{255, 255, 255, 255}}),
    CHOICES(fer_ipv6_addr, NULL, {{0xff, 2, [15] = 1}}, {{0xfe, 0x80, [15] = 1}}, {{0}}),
    CHOICES(fer_ip_addr, NULL, {.family = FER_IP_V4}, {.family = FER_IP_V6},
            {.family = (fer_ip_family)9}),
    CHOICES(fer_tcp_keepalive, NULL, {true, {1000000000}, {1000000000}, 3}, {false, {0}, {0}, 0},
            {true, {UINT64_MAX}, {1}, UINT32_MAX}),
};

#define TEXTS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }
static const struct texts {
    const char *name;
    const char *const *texts;
} texts[] = {
    {"host_port", TEXTS("127.0.0.1:80", "127.0.0.1:0", "", ":", "nowhere:1", "10.0.0.1", "[::1]:0",
                        "localhost:99999", "localhost:80", "127.0.0.1:81")},
    {"host", TEXTS("localhost", "127.0.0.1", "", "nowhere.test", "::1", "[::1]", " ", "127.1")},
    {"path", TEXTS("a", "b", "c", "d", "", "/", "\xff",
                   "012345678901234567890123456789012345678901234567890123"
                   "012345678901234567890123456789012345678901234567890123")},
    {"interface_name", TEXTS("lo", "eth0", "", "a name that is too long for it")},
    {"service", TEXTS("80", "http", "domain", "", "65536", "+80", "nosuch", "a b")},
    {"name", TEXTS("eth0", "", "a name that is too long for it")},
    {"text", TEXTS("127.0.0.1", "[::1]:443", "::ffff:1.2.3.4", "not an address", "1.2.3.4:80")},
};

static const char *choose_text(const struct texts *row, unsigned pick)
{
    size_t count = 0;
    while (row->texts[count] != NULL) {
        count++;
    }
    return row->texts[pick % count];
}

/* ---- What the words of a function say, found once: to compare them takes longer than a call */

/* How a value is made. In the order of value_types; then those of no type alone. */
enum value {
    VALUE_SIZE,
    VALUE_STREAM,
    VALUE_FILE,
    VALUE_BUFFER,
    VALUE_SLICES_OUT,
    VALUE_SLICES,
    VALUE_ADDR,
    VALUE_UNIX_ADDR,
    VALUE_SENDS,
    VALUE_RECEIVES,
    VALUE_ENTRIES,
    VALUE_MEMORY,
    VALUE_TEXT,
    VALUE_LIMITS,
    VALUE_BIND,
    VALUE_CONNECT,
    VALUE_LOOKUP,
    VALUE_RESOLVER,
    VALUE_RAW,
    VALUE_ROW,
    VALUE_HANDLES
};
static const char *const value_types[] = {"size_t",
                                          "fer_stream",
                                          "fer_raw_file",
                                          "fer_copy_buffer",
                                          "fer_io_slice",
                                          "fer_io_slice_mut",
                                          "fer_socket_addr",
                                          "fer_unix_addr",
                                          "fer_datagram_send",
                                          "fer_datagram_recv",
                                          "fer_poll_entry",
                                          "void",
                                          "char",
                                          "fer_limits",
                                          "fer_bind_options",
                                          "fer_connect_options",
                                          "fer_lookup_options",
                                          "fer_resolver_options",
                                          "fer_raw_socket"};

/* Words within a name. */
enum { ACCEPT, BORROW, FROM_RAW, HANDLES, INTO_RAW, NEW, OF_CONNECTOR, OF_RESOLVER, PAIR };
enum { RECV_HANDLES = PAIR + 1, WRITE_VECTORED };
static const char *const name_words[] = {
    "_accept",       "_borrow_raw",  "_from_raw",        "_handles",      "_into_raw",     "_new",
    "fer_connector", "fer_resolver", "unix_stream_pair", "_recv_handles", "write_vectored"};

struct words {
    bool are_found;
    bool returns_error;
    uint16_t in_name; /* a bit for each of name_words */
    unsigned types;   /* of its handles and of those in its options */
    struct {
        enum value value;
        const struct choices *row; /* VALUE_ROW */
        const struct texts *texts; /* VALUE_TEXT */
    } of[FUNCTION_PARAMETERS_MAX];
};

static enum value value_of(const struct parameter *parameter, const struct choices **row)
{
    size_t type = 0;
    if (strcmp(parameter->name, "segments") == 0) {
        return VALUE_MEMORY;
    }
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        if (strcmp(choices[i].type, parameter->type) == 0 &&
            (choices[i].name == NULL || strcmp(choices[i].name, parameter->name) == 0)) {
            *row = &choices[i];
            return VALUE_ROW;
        }
    }
    while (type < sizeof value_types / sizeof *value_types &&
           strcmp(value_types[type], parameter->type) != 0) {
        type++;
    }
    return type == VALUE_RAW && (parameter->flags & IS_POINTER) != 0 ? VALUE_HANDLES
                                                                     : (enum value)type;
}

static unsigned types_of(const struct function *function, size_t at, enum value value)
{
    const unsigned token = 1u << INDEX_OF_fer_cancel_token;
    switch (value) {
    case VALUE_STREAM:
    case VALUE_HANDLES: return 1u << INDEX_OF_fer_unix_stream;
    case VALUE_LIMITS: return token;
    case VALUE_CONNECT: return token | 1u << INDEX_OF_fer_resolver;
    case VALUE_LOOKUP: return token | 1u << INDEX_OF_fer_resolver | 1u << INDEX_OF_fer_waker;
    default: return 1u << parameter_handle(function, at);
    }
}

static const struct texts *texts_of(const char *name)
{
    const struct texts *row = texts;
    while (row + 1 < texts + sizeof texts / sizeof *texts && strcmp(row->name, name) != 0) {
        row++;
    }
    return row;
}

enum { FUNCTIONS_MAX = 1024 };

static const struct words *words_of(const struct function *function)
{
    static struct words all[FUNCTIONS_MAX];
    struct words *words = &all[function - functions];
    if (!words->are_found) {
        words->are_found = true;
        words->returns_error = strcmp(function->returned, "fer_error") == 0;
        for (unsigned i = 0; i < sizeof name_words / sizeof *name_words; i++) {
            bool is_there = strstr(function->name, name_words[i]) != NULL;
            words->in_name = (uint16_t)(words->in_name | (unsigned)is_there << i);
        }
        for (size_t i = 0; i < function->count; i++) {
            words->of[i].value = value_of(&function->parameters[i], &words->of[i].row);
            words->of[i].texts = texts_of(function->parameters[i].name);
            words->types |= types_of(function, i, words->of[i].value);
        }
    }
    return words;
}

/* ---- Addresses */

#define IPV4(port_, ...)                                                         \
    {                                                                            \
        .ip = {.family = FER_IP_V4, .u.v4.octets = {__VA_ARGS__}}, .port = port_ \
    }
#define IPV6(port_, last)                                                        \
    {                                                                            \
        .ip = {.family = FER_IP_V6, .u.v6.octets = {[15] = last}}, .port = port_ \
    }

/* One has no family. The elements of an array follow each other: the last ones are of arrays. */
static const fer_socket_addr *choose_addr(unsigned pick)
{
    static const fer_socket_addr addrs[] = {IPV4(80, 127, 0, 0, 1),
                                            IPV4(0, 127, 0, 0, 1),
                                            IPV6(0, 1),
                                            IPV4(0, 10, 0, 0, 1),
                                            IPV4(0, 0, 0, 0, 0),
                                            IPV6(0, 0),
                                            IPV4(83, 127, 0, 0, 1),
                                            IPV6(83, 1),
                                            IPV4(9, 10, 0, 0, 7),
                                            IPV4(83, 239, 1, 1, 1),
                                            {.ip.family = (fer_ip_family)9},
                                            IPV4(80, 127, 0, 0, 1),
                                            IPV4(0, 127, 0, 0, 1),
                                            IPV6(0, 1)};
    return &addrs[pick % (sizeof addrs / sizeof *addrs - ELEMENTS)];
}

/* Some addresses were made by no constructor: memory of any content. */
static const fer_unix_addr *choose_unix_addr(unsigned pick)
{
    static const struct texts *paths;
    static fer_unix_addr made;
    paths = paths != NULL ? paths : texts_of("path");
    memset(&made, 0, sizeof made);
    FER_IGNORE(fer_unix_addr_from_pathname(&made, choose_text(paths, pick)));
    if (pick % 16 >= 12) {
        memset(&made, (int)pick, sizeof made);
        made.kind_ = pick % 2 == 0 ? 1 : (uint16_t)pick;
    }
    return &made;
}

/* ---- Arguments that are made for a call */

static uint32_t mixed(uint32_t word)
{
    word = (word ^ word >> 16) * UINT32_C(0x7feb352d);
    word = (word ^ word >> 15) * UINT32_C(0x846ca68b);
    return word ^ word >> 16;
}

static unsigned pick_of(const struct call *call, size_t at)
{
    return mixed(call->arg | (uint32_t)at << 8) & UINT8_MAX;
}

static bool is_null(const struct call *call, size_t at)
{
    return (call->nulls >> at & 1) != 0;
}

static bool has_word(const struct call *call, int word)
{
    return (call->words->in_name >> word & 1) != 0;
}

static void *choose_handle(struct call *call, size_t at, enum handle_type type)
{
    size_t one = (size_t)(call->which >> 2 * (at % 4)) % MISUSE_HANDLES;
    if (type == INDEX_OF_fer_unix_stream && has_word(call, HANDLES)) {
        one = one == 1 ? one : MISUSE_OF_PAIR + one % 2;
    } else if (type == INDEX_OF_fer_poller && !has_word(call, NEW)) {
        one = has_word(call, OF_RESOLVER)    ? MISUSE_OF_LOOKUPS + one % 3
              : has_word(call, OF_CONNECTOR) ? MISUSE_OF_CONNECTORS + one % 3
                                             : (call->which >> 2) % MISUSE_OF_LOOKUPS;
    }
    return misuse_handle(call->state, type, one);
}

/* A length is absurd only beside NULL. A text has at least 7 bytes, and a buffer 64. */
static void *choose_size(struct call *call, size_t at)
{
    static const size_t absurd[] = {0, 1, 7, SIZE_MAX, SIZE_MAX / 2, 65536};
    static const size_t lengths[] = {7, 0, 1, 64};
    static const size_t counts[] = {1, 0, 2, ELEMENTS};
    static const size_t handles[] = {1, 0, 2, FER_UNIX_HANDLES_MAX + 1};
    static const size_t others[] = {4096, 0, 1, SIZE_MAX, SIZE_MAX / 2};
    unsigned pick = pick_of(call, at);
    bool is_paired = at > 0 && parameter_has_size(call->function, at - 1);
    enum value before = is_paired ? call->words->of[at - 1].value : VALUE_SIZE;
    call->sizes[at] = !is_paired                        ? others[pick % 5]
                      : call->arguments[at - 1] == NULL ? absurd[pick % 6]
                      : before == VALUE_MEMORY          ? lengths[pick % 4]
                      : before == VALUE_TEXT            ? lengths[pick % 3]
                      : before == VALUE_HANDLES         ? handles[pick % 4]
                                                        : counts[pick % 4];
    return &call->sizes[at];
}

/* Some lengths are absurd: one alone, or all of them, whose sum wraps to 0. */
static const void *choose_slices(unsigned pick)
{
    static uint8_t longest[FERP_SIM_WINDOWS_IO_LENGTH_MAX]; /* that one call uses */
    static fer_io_slice_mut slices[ELEMENTS];
    bool is_absurd = pick % 16 == 11;
    slices[0] = (fer_io_slice_mut){memory, 3};
    slices[1] = (fer_io_slice_mut){NULL, pick % 16 == 7 ? 9 : 0};
    slices[2] = (fer_io_slice_mut){is_absurd ? longest : memory + 3, is_absurd ? SIZE_MAX - 2 : 61};
    if (pick % 16 == 3) {
        slices[0] = (fer_io_slice_mut){longest, SIZE_MAX - 2};
    }
    return slices;
}

static const void *choose_slices_out(unsigned pick)
{
    static fer_io_slice slices[ELEMENTS];
    const fer_io_slice_mut *in = choose_slices(pick);
    for (size_t i = 0; i < ELEMENTS; i++) {
        slices[i] = (fer_io_slice){in[i].base, in[i].len};
    }
    return slices;
}

/* A deadline is in the past or never reached, and a token is in any state or NULL. */
static fer_limits choose_limits(struct call *call, unsigned pick)
{
    static const uint64_t nanos[] = {UINT64_MAX, 0, UINT64_MAX - 1};
    return (fer_limits){
        .deadline = fer_instant_after((fer_duration){nanos[pick % 3]}),
        .token = pick % 5 == 4 ? NULL : &call->state->fer_cancel_token_all[pick % MISUSE_HANDLES],
        .interruptible = pick % 2 == 1,
        .reserved_ = {pick % 32 == 31}};
}

static const void *choose_options(struct call *call, enum value value, unsigned pick)
{
    static const uint32_t counts[] = {1, 2, 0, 64, UINT32_MAX, UINT32_MAX - 1, 3};
    static fer_limits limits;
    static fer_connect_options connect;
    static fer_lookup_options lookup;
    static fer_resolver_options resolver;
    static fer_bind_options bind;
    static fer_connect_failure failures[ELEMENTS];
    static size_t failures_count;
    fer_resolver *chosen = &call->state->fer_resolver_all[pick % MISUSE_HANDLES];
    fer_waker *waker = &call->state->fer_waker_all[pick / 8 % MISUSE_HANDLES];
    fer_ip_family family = (fer_ip_family)(pick % 32 == 30 ? 9 : pick % 16 == 6 ? FER_IP_V6 : 0);
    limits = choose_limits(call, pick);
    connect = (fer_connect_options){.limits = limits,
                                    .attempt_delay = {pick % 2 * UINT64_C(1000000)},
                                    .attempt_timeout = {pick % 4 * UINT64_C(1000000)},
                                    .local = pick % 32 == 31 ? choose_addr(pick) : NULL,
                                    .resolver = pick % 4 == 0 ? chosen : NULL,
                                    .failures = pick % 8 == 7 ? NULL : failures,
                                    .failures_count = &failures_count,
                                    .failures_cap = pick % 4 == 3 ? ELEMENTS : 0,
                                    .family = family,
                                    .unused_ = {pick % 64 == 63},
                                    .reserved_ = {[5] = pick % 64 == 62}};
    lookup = (fer_lookup_options){.limits = limits,
                                  .resolver = pick % 4 == 0 ? chosen : NULL,
                                  .family = family,
                                  .unused_ = pick % 64 == 63,
                                  .reserved_ = {[4] = pick % 64 == 62},
                                  .waker = pick % 8 == 5 ? waker : NULL};
    resolver = (fer_resolver_options){.threads = counts[pick % 7],
                                      .queue_cap = counts[pick / 7 % 7],
                                      .reserved_ = {[5] = pick % 16 == 15}};
    bind = (fer_bind_options){.device = pick % 16 == 15 ? "" : NULL,
                              .backlog = (int)(pick % 8) - 1,
                              .family = family,
                              .only_v6 = pick % 2 == 1,
                              .reuse_port = pick % 4 == 3,
                              .unused_ = pick % 32 == 22,
                              .reserved_ = {[5] = pick % 32 == 21}};
    return value == VALUE_LIMITS    ? (const void *)&limits
           : value == VALUE_BIND    ? (const void *)&bind
           : value == VALUE_CONNECT ? (const void *)&connect
           : value == VALUE_LOOKUP  ? (const void *)&lookup
                                    : (const void *)&resolver;
}

static void *choose_messages(struct call *call, enum value value, unsigned pick)
{
    static fer_datagram_send sends[ELEMENTS];
    static fer_datagram_recv receives[ELEMENTS];
    for (size_t i = 0; i < ELEMENTS; i++) {
        uint8_t *buf = (pick + i) % 4 == 3 ? NULL : memory;
        sends[i] = (fer_datagram_send){.buf = buf,
                                       .len = pick % 64,
                                       .to = (pick >> i) % 2 == 0 ? NULL : choose_addr(pick),
                                       .segment_size = pick % 65 * i,
                                       .sent = pick % 3 * (i == 0),
                                       .ecn = (fer_ecn)(pick % 6 * (i == 1)),
                                       .has_traffic_class = pick % 11 == 7,
                                       .traffic_class = (uint8_t)pick,
                                       .hop_limit = pick % 13 == 5,
                                       .interface_index = call->nulls >> 7 & 1u};
        receives[i] = (fer_datagram_recv){.buf = buf, .cap = buf == NULL ? pick % 2 : 7 * i};
    }
    return value == VALUE_SENDS ? (void *)sends : (void *)receives;
}

/* For an adoption, a new socket of some kind. For a poller, that of a handle. Or none. */
static void *choose_raw(struct call *call, unsigned pick)
{
    static const ferp_sim_kind kinds[] = {FERP_SIM_DATAGRAM, FERP_SIM_STREAM, FERP_SIM_OTHER};
    struct misuse_state *state = call->state;
    size_t one = (size_t)(call->which >> 2) % MISUSE_HANDLES;
    call->raw = pick % 2 == 0 ? FER_RAW_SOCKET_NONE : (fer_raw_socket)pick * 99991 + 4099;
    bool is_taken = has_word(call, FROM_RAW) || has_word(call, BORROW);
    if (is_taken && pick % 8 >= 2) {
        call->raw = call->made = ferp_sim_make_peer(kinds[pick % 3], FER_IP_V4);
    } else if (!is_taken && pick % 8 >= 2) {
        call->raw = pick % 3 == 0   ? fer_tcp_stream_as_raw(&state->fer_tcp_stream_all[one])
                    : pick % 3 == 1 ? fer_udp_socket_as_raw(&state->fer_udp_socket_all[one])
                                    : fer_tcp_listener_as_raw(&state->fer_tcp_listener_all[one]);
    }
    return &call->raw;
}

static void *choose_entries(struct call *call, unsigned pick)
{
    static fer_poll_entry entries[ELEMENTS];
    for (unsigned i = 0; i < ELEMENTS; i++) {
        const fer_raw_socket *raw = choose_raw(call, (pick + i * 3) % 256);
        entries[i] = (fer_poll_entry){*raw, (pick >> i) % 9, 77};
    }
    return entries;
}

static void *choose_stream(struct call *call, size_t at)
{
    size_t one = (size_t)(call->which >> 2 * (at % 4)) % MISUSE_HANDLES;
    struct misuse_state *state = call->state;
    call->streams[at] = is_null(call, at) ? fer_tcp_stream_as_stream(NULL)
                        : pick_of(call, at) % 2
                            ? fer_tcp_stream_as_stream(&state->fer_tcp_stream_all[one])
                            : fer_unix_stream_as_stream(&state->fer_unix_stream_all[one]);
    return &call->streams[at];
}

static void *choose_buffer(struct call *call, size_t at, unsigned pick)
{
    static uint8_t other[64];
    static const size_t caps[] = {64, 1, 7, 0};
    static const size_t lengths[] = {0, 0, 1, 7, 64, 65, SIZE_MAX, SIZE_MAX - 1};
    bool is_plain = call->nulls < 128;
    call->buffers[at] = (fer_copy_buffer){
        pick % 16 == 15 ? NULL : (at % 2 == 0 ? memory : other), caps[is_plain ? 0 : pick % 4],
        lengths[is_plain ? 0 : pick / 4 % 8], lengths[is_plain ? 0 : pick / 16 % 8]};
    call->buffers_before[at] = call->buffers[at];
    return &call->buffers[at];
}

static void *without_const(const void *value)
{
    return (void *)(uintptr_t)value;
}

static void *choose_handles(struct call *call)
{
    static fer_raw_socket handles[FER_UNIX_HANDLES_MAX + 1];
    for (size_t i = 0; i <= FER_UNIX_HANDLES_MAX; i++) {
        handles[i] = i < 2 ? fer_unix_stream_as_raw(&call->state->passed[i]) : handles[i - 2];
    }
    return handles;
}

/* A value of the table, or one that is made for the call. */
static void *choose_value(struct call *call, size_t at)
{
    const struct choices *row = call->words->of[at].row;
    enum value value = call->words->of[at].value;
    unsigned pick = pick_of(call, at);
    switch (value) {
    case VALUE_SIZE: return choose_size(call, at);
    case VALUE_STREAM: return choose_stream(call, at);
    case VALUE_FILE: return &call->state->files[pick % 2];
    case VALUE_BUFFER: return choose_buffer(call, at, pick);
    case VALUE_SLICES_OUT: return without_const(choose_slices_out(pick));
    case VALUE_SLICES: return without_const(choose_slices(pick));
    case VALUE_ADDR: return without_const(choose_addr(pick));
    case VALUE_UNIX_ADDR: return without_const(choose_unix_addr(pick));
    case VALUE_SENDS:
    case VALUE_RECEIVES: return choose_messages(call, value, pick);
    case VALUE_ENTRIES: return choose_entries(call, pick);
    case VALUE_MEMORY: return memory;
    case VALUE_TEXT: return without_const(choose_text(call->words->of[at].texts, pick));
    case VALUE_RAW: return choose_raw(call, pick);
    case VALUE_HANDLES: return choose_handles(call);
    case VALUE_ROW: return (uint8_t *)without_const(row->values) + row->size * (pick % row->count);
    case VALUE_LIMITS:
    case VALUE_BIND:
    case VALUE_CONNECT:
    case VALUE_LOOKUP:
    case VALUE_RESOLVER:
    default: return without_const(choose_options(call, value, pick));
    }
}

static void choose_arguments(struct call *call)
{
    const struct function *function = call->function;
    for (size_t i = 0; i < function->count; i++) {
        enum handle_type type = parameter_handle(function, i);
        bool is_pointer = (function->parameters[i].flags & IS_POINTER) != 0;
        bool is_output = parameter_is_output(function, i);
        if (is_output) {
            memset(call->outputs[i], PATTERN, OUTPUT_SIZE);
        }
        call->arguments[i] = is_pointer && is_null(call, i) ? NULL
                             : type != HANDLE_TYPE_COUNT    ? choose_handle(call, i, type)
                             : is_output                    ? call->outputs[i]
                                                            : choose_value(call, i);
        if (type <= INDEX_OF_fer_socket && call->arguments[i] != NULL) {
            (void)handle_is_open(type, call->arguments[i]); /* by as_raw, which marks the handle */
            memcpy(&call->before[i], call->arguments[i], sizeof call->before[i]);
        }
    }
}

/* ---- After a call */

static void fail(const struct call *call, const char *why, fer_error error)
{
    fprintf(stderr, "misuse: %s: %s, arguments %02x %02x %02x: %s\n", call->function->name, why,
            call->which, call->nulls, call->arg, fer_error_kind_name(error.kind));
    abort();
}

static bool is_untouched(const struct call *call, size_t at)
{
    const uint64_t wanted = PATTERN * (UINT64_MAX / UINT8_MAX);
    bool is_moved = parameter_is_moved(call->function, at);
    uint64_t differs = 0;
    for (size_t i = is_moved ? sizeof wanted : 0; i < OUTPUT_SIZE; i += sizeof wanted) {
        uint64_t eight; /* not memcmp, whose hook stores each comparison */
        memcpy(&eight, call->outputs[at] + i, sizeof eight);
        differs |= eight ^ wanted;
    }
    return differs == 0;
}

/* Whether the socket is as before; one that the call would have opened is still not open. */
static bool is_kept(const struct call *call, size_t at)
{
    enum handle_type type = parameter_handle(call->function, at);
    bool is_to_be_opened =
        parameter_is_opened(call->function, at) && !handle_is_open(type, &call->before[at]);
    return is_to_be_opened
               ? !handle_is_open(type, call->arguments[at])
               : has_same_bytes(&call->before[at], call->arguments[at], sizeof call->before[at]);
}

/* Outputs are unchanged, except bytes that were read; and misuse changes no handle. */
static void check_failure(const struct call *call, unsigned misuse, fer_error error)
{
    const struct function *function = call->function;
    for (size_t i = 0; i < function->count; i++) {
        bool is_socket = parameter_handle(function, i) <= INDEX_OF_fer_socket;
        bool may_have_read = misuse == 0 && call->words->of[i].value == VALUE_MEMORY;
        if (call->arguments[i] == call->outputs[i] && !may_have_read && !is_untouched(call, i)) {
            fail(call, "an output is changed after a failure", error);
        }
        if (misuse != 0 && is_socket && call->arguments[i] != NULL && !is_kept(call, i)) {
            fail(call, "a handle is changed by misuse", error);
        }
    }
}

/* The call is refused as rule E4 says. A pointer that is NULL is refused after the state of the
 * handle, and after or before the other values. */
static void check_misuse(const struct call *call, unsigned misuse, fer_error error)
{
    bool is_misuse = error.kind == FER_MISUSE;
    bool is_refusal = is_misuse || error.kind == FER_INVALID_INPUT;
    bool may_follow = (misuse & ALLOWS_INVALID_INPUT) != 0 ||
                      misuse_follows_values(call->function, call->arguments);
    /* of the other stream of a copy, which is open */
    bool may_lack_peer = (misuse & ALLOWS_NOT_CONNECTED) != 0 || function_copies(call->function);
    if (misuse != 0 && !((misuse & ALLOWS_MISUSE) != 0 && is_misuse) &&
        !(may_lack_peer && error.kind == FER_NOT_CONNECTED) && !(may_follow && is_refusal)) {
        fail(call, "the state of a handle is not the answer", error);
    }
    if (misuse == 0 && error.kind == FER_OK &&
        misuse_of_pointers(call->function, call->arguments)) {
        fail(call, "NULL is accepted", error);
    }
    if (is_misuse && error.os_code != 0) {
        fail(call, "misuse has a code of the system", error);
    }
}

/* The size of the first array, except one of slices, whose elements have lengths. */
static size_t first_size(const struct call *call)
{
    const struct function *function = call->function;
    size_t i = 0;
    while (i < function->count && !parameter_has_size(function, i)) {
        i++;
    }
    enum value value = i < function->count ? call->words->of[i].value : VALUE_SLICES;
    return value == VALUE_SLICES || value == VALUE_SLICES_OUT
               ? SIZE_MAX
               : *(const size_t *)call->arguments[i + 1];
}

/* Counts are within their arrays, and a buffer is as its rule says. */
static void check_counts(const struct call *call, fer_error error)
{
    const struct function *function = call->function;
    for (size_t i = 0; i < function->count; i++) {
        enum value value = call->words->of[i].value;
        bool is_count = parameter_is_moved(function, i) && value == VALUE_SIZE;
        if (is_count && call->arguments[i] != NULL &&
            *(const size_t *)call->arguments[i] > first_size(call)) {
            fail(call, "a count is above its size", error);
        }
        if (value == VALUE_BUFFER && call->arguments[i] != NULL) {
            const fer_copy_buffer *before = &call->buffers_before[i];
            const fer_copy_buffer *after = &call->buffers[i];
            bool is_same = memcmp(before, after, sizeof *before) == 0;
            bool is_inside = after->start <= after->cap && after->len <= after->cap - after->start;
            if (after->base != before->base || after->cap != before->cap ||
                (!is_same && !is_inside)) {
                fail(call, "a copy's buffer is wrong", error);
            }
        }
        if (call->arguments[i] == call->outputs[i] && error.kind == FER_OK &&
            strcmp(function->parameters[i].type, "fer_interest") == 0 &&
            (*(const fer_interest *)call->arguments[i] &
             ~*(const fer_interest *)call->arguments[1]) != 0) {
            fail(call, "readiness without an interest", error);
        }
    }
}

/* Bytes of slices that are there are moved, unless none may be. */
static void check_slices(const struct call *call, fer_error error)
{
    if (has_word(call, WRITE_VECTORED) && error.kind == FER_OK && call->arguments[3] != NULL &&
        call->arguments[1] != NULL && *(const size_t *)call->arguments[2] > 0 &&
        *(const size_t *)call->arguments[3] == 0) {
        fail(call, "slices are not written", error);
    }
}

/* Raw sockets that belong to nobody are closed, and so are streams whose two ends could be copied
 * into each other without end. */
static void end_call(struct call *call, const struct function_result *result)
{
    bool is_ok = result->error.kind == FER_OK;
    bool is_pair = has_word(call, ACCEPT) || has_word(call, PAIR);
    if (has_word(call, BORROW) && is_ok) {
        fer_socket_close(call->arguments[0]);
        is_ok = false;
    }
    if (call->made != FER_RAW_SOCKET_NONE && !is_ok) {
        ferp_close(call->made);
    }
    if (has_word(call, INTO_RAW) && result->number != FER_RAW_SOCKET_NONE) {
        ferp_close((fer_raw_socket)result->number);
    }
    for (size_t i = 0; is_ok && is_pair && i < call->function->count; i++) {
        if (parameter_is_opened(call->function, i)) {
            fer_tcp_stream_close(call->arguments[i]); /* every stream's close is the same */
        }
    }
    if (has_word(call, RECV_HANDLES) && is_ok) {
        const fer_unix_received_handles *got = call->arguments[5];
        for (size_t i = 0; i < got->count; i++) {
            ferp_close(((const fer_raw_socket *)call->arguments[3])[i]);
        }
    }
}

/* ---- A step */

/* The function with the highest score for this key: a new function changes few inputs. */
static const struct function *choose_function(uint32_t key)
{
    static const struct function *found[UINT16_MAX + 1];
    static uint32_t hashes[FUNCTIONS_MAX];
    static size_t hashed;
    const struct function *chosen = found[key];
    uint32_t highest = 0;
    if (chosen != NULL) {
        return chosen;
    }
    FUZZ_CHECK(functions_count <= FUNCTIONS_MAX);
    for (; hashed < functions_count; hashed++) {
        for (const char *at = functions[hashed].name; *at != '\0'; at++) {
            hashes[hashed] = mixed(hashes[hashed] + (uint8_t)*at);
        }
    }
    for (size_t i = 0; i < functions_count; i++) {
        uint32_t score = mixed(hashes[i] ^ mixed(key + 1));
        if (chosen == NULL || score > highest) {
            highest = score;
            chosen = &functions[i];
        }
    }
    return found[key] = chosen;
}

static const struct function *function_of(const uint8_t step[MISUSE_STEP_BYTES])
{
    return choose_function(step[0] | (uint32_t)step[1] << 8);
}

unsigned misuse_types(const uint8_t step[MISUSE_STEP_BYTES])
{
    return words_of(function_of(step))->types;
}

void misuse_call(struct misuse_state *state, const uint8_t step[MISUSE_STEP_BYTES])
{
    static struct call call;
    struct function_result result = {{FER_OK, 0}, 0};
    call.state = state;
    call.function = function_of(step);
    call.words = words_of(call.function);
    call.which = step[2];
    call.nulls = step[3];
    call.arg = step[4];
    call.made = FER_RAW_SOCKET_NONE;
    choose_arguments(&call);
    unsigned misuse = misuse_of_handles(call.function, call.arguments);
    call.function->call(call.arguments, &result);
    if (call.words->returns_error) {
        if (is_same_word(fer_error_kind_name(result.error.kind), "Unknown")) {
            fail(&call, "no kind of error", result.error);
        }
        check_misuse(&call, misuse, result.error);
        if (result.error.kind != FER_OK) {
            check_failure(&call, misuse, result.error);
        }
        check_counts(&call, result.error);
        check_slices(&call, result.error);
    }
    end_call(&call, &result);
}
