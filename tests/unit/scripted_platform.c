/* scripted_platform.c: the seam whose results a test sets: the script, and the calls for sockets,
 * addresses and data. */
#include "unit/scripted_take.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#define QUEUE_MAX 16
#define SOCKETS_MAX 256
#define CALLS_MAX 400000

struct script script;

static struct queue {
    script_result results[QUEUE_MAX];
    size_t count;
    size_t used;
    script_result fallback;
} queues[SCRIPT_CALL_COUNT];

static bool is_open[SOCKETS_MAX];
static fer_raw_socket last_socket;
static uint64_t calls;

#define NAME(name) #name,
static const char *const names[] = {SCRIPT_FALLIBLE_CALLS(NAME) SCRIPT_OTHER_CALLS(NAME)};
#define ONE(name) +1
enum { FALLIBLE_COUNT = 0 SCRIPT_FALLIBLE_CALLS(ONE) };

static const char *text_of(script_call call)
{
    static char text[32];
    size_t len = strlen(names[call]);
    for (size_t i = 0; i <= len; i++) {
        text[i] = (char)tolower((unsigned char)names[call][i]);
    }
    return text;
}

#define POSIX_FACTS                                                                          \
    .io_waits_in_kernel = true, .reports_soft_errors = true, .io_length_max = 0x7ffff000,    \
    .datagram_length_max = 0x7ffff000, .io_slices_max = 1024, .linger_seconds_max = INT_MAX, \
    .keepalive_seconds_max = 32767, .keepalive_retries_max = 127
const struct ferp_traits script_posix = {POSIX_FACTS, .unix_path_max = 107,
                                         .has_abstract_unix_names = true};
#define BSD_FACTS                                                                          \
    POSIX_FACTS, .accept_inherits_nonblocking = true, .accept_loses_zero_linger = true,    \
                 .cut_send_loses_count = true, .datagrams_share_by_reuse_port = true,      \
                 .reconnect_drops_bound_addr = true, .reconnect_chooses_addr_again = true, \
                 .unix_path_max = 103
const struct ferp_traits script_bsd = {BSD_FACTS, .close_hides_unread_input = true};
const struct ferp_traits script_macos = {BSD_FACTS, .shutdown_read_resets_on_data = true,
                                         .receive_leaks_handles = true,
                                         .no_buffer_space_is_transient = true};
const struct ferp_traits script_windows = {.shutdown_read_resets_on_data = true,
                                           .write_wait_misses_shutdown = true,
                                           .accept_inherits_nonblocking = true,
                                           .reuse_address_steals_ports = true,
                                           .bind_denied_can_mean_in_use = true,
                                           .connect_would_block_means_started = true,
                                           .connect_error_comes_late = true,
                                           .unix_path_max = 107,
                                           .no_buffer_space_is_transient = true,
                                           .io_length_max = 131071,
                                           .datagram_length_max = INT_MAX,
                                           .io_slices_max = 1024,
                                           .linger_seconds_max = USHRT_MAX,
                                           .keepalive_seconds_max = UINT32_MAX / 1000,
                                           .keepalive_retries_max = 255};

/* ---- Functions for tests */

void script_begin(const struct ferp_traits *traits)
{
    memset(&script, 0, sizeof script);
    memset(queues, 0, sizeof queues);
    memset(is_open, 0, sizeof is_open);
    last_socket = 0;
    calls = 0;
    script.traits = *traits;
    script.now = 1000;
    queues[SCRIPT_TIMEOUT].fallback.value = FER_DURATION_NONE_NANOS;
    queues[SCRIPT_LOOKUP_NEXT].fallback.error.kind = FER_NOT_FOUND;
    queues[SCRIPT_ACCEPT].fallback.addr = script_addr("192.0.2.1:1001");
    queues[SCRIPT_PEER_ADDR].fallback.addr = script_addr("192.0.2.1:1001");
    queues[SCRIPT_RECV_FROM].fallback.addr = script_addr("192.0.2.1:1001");
    queues[SCRIPT_PEEK_FROM].fallback.addr = script_addr("192.0.2.1:1001");
    queues[SCRIPT_LOCAL_ADDR].fallback.addr = script_addr("192.0.2.2:1002");
}

script_result *script_then(script_call call)
{
    struct queue *queue = &queues[call];
    assert_true(queue->count < QUEUE_MAX);
    queue->results[queue->count] = queue->fallback;
    queue->results[queue->count].error.kind = FER_OK;
    return &queue->results[queue->count++];
}

void script_then_fail(script_call call, fer_error_kind kind, int32_t os_code)
{
    script_then(call)->error = (fer_error){kind, os_code};
}

void script_then_move(script_call call, uint64_t bytes)
{
    script_then(call)->value = bytes;
}

static bool is_word(const char *word, size_t len, const char *wanted)
{
    return strlen(wanted) == len && memcmp(word, wanted, len) == 0;
}

static script_call call_named(const char *word, size_t len)
{
    int call = 0;
    while (call < SCRIPT_CALL_COUNT && !is_word(word, len, text_of((script_call)call))) {
        call++;
    }
    assert_true(call < SCRIPT_CALL_COUNT);
    return (script_call)call;
}

static fer_error_kind kind_named(const char *word, size_t len)
{
#define KIND(kind, value, rust_name, phrase) \
    if (is_word(word, len, &#kind[4])) {     \
        return kind;                         \
    }
    FER_ERROR_KINDS(KIND)
#undef KIND
    fail_msg("no kind of error is named %s", word);
    return FER_OTHER;
}

static void set_result(script_result *result, const char *word, size_t len)
{
    bool is_pending = *word == '+';
    int32_t code = word[len] == ':' ? (int32_t)strtol(word + len + 1, NULL, 10) : 0;
    if (strspn(word, "0123456789") == len) {
        result->value = strtoull(word, NULL, 10);
    } else {
        *(is_pending ? &result->pending : &result->error) =
            (fer_error){kind_named(word + is_pending, len - is_pending), code};
    }
}

void script_queue(const char *results)
{
    script_call call = SCRIPT_CALL_COUNT;
    bool is_default = false;
    script.row = script.row == NULL ? results : script.row;
    for (const char *word = results; *word != '\0'; word += strspn(word, " ")) {
        size_t len = strcspn(word, " ,:");
        if (call == SCRIPT_CALL_COUNT) {
            is_default = word[len - 1] == '*';
            call = call_named(word, len - is_default);
        } else {
            set_result(is_default ? script_default(call) : script_then(call), word, len);
        }
        word += strcspn(word, " ,");
        if (*word == ',') {
            word++;
            call = SCRIPT_CALL_COUNT;
        }
    }
}

script_result *script_default(script_call call)
{
    return &queues[call].fallback;
}

void script_fail(const char *what)
{
    fail_msg("%s: %s; the log ends: %s", script.row == NULL ? "" : script.row, what, script.log);
}

void assert_log(const char *want)
{
    if (strcmp(script.log, want) != 0) {
        script_fail(want);
    }
    script.log[0] = '\0';
}

void script_check_error(const char *call, fer_error got, fer_error_kind kind, int32_t code)
{
    char what[300];
    if (got.kind != kind || got.os_code != code) {
        snprintf(what, sizeof what, "%s: %s (%ld), not %s (%ld)", call,
                 fer_error_kind_name(got.kind), (long)got.os_code, fer_error_kind_name(kind),
                 (long)code);
        script_fail(what);
    }
}

void script_end_row(void)
{
    for (size_t i = 0; i < SCRIPT_CALL_COUNT; i++) {
        if (queues[i].used != queues[i].count) {
            script_fail(text_of((script_call)i)); /* an answer was not asked for */
        }
    }
    assert_row(script.waits_armed == 0);
    script.row = NULL;
}

int script_teardown(void **state)
{
    script_end_row();
    return 0;
}

fer_raw_socket script_open_socket(void)
{
    assert_true(last_socket + 1 < SOCKETS_MAX);
    last_socket++;
    is_open[last_socket] = true;
    script.sockets_open++;
    return last_socket;
}

fer_handle script_stream(uint32_t flags)
{
    fer_handle handle = {0};
    assert_ok(feri_handle_claim(&handle));
    assert_ok(feri_handle_fill(&handle, FERI_EVENT_CONNECT_OK, script_open_socket(), flags));
    return handle;
}

fer_socket_addr script_addr(const char *text)
{
    fer_socket_addr addr;
    assert_ok(fer_socket_addr_parse(&addr, text));
    return addr;
}

void assert_addr(const fer_socket_addr *got, const char *text)
{
    fer_socket_addr want = script_addr(text);
    if (!fer_socket_addr_eq(got, &want)) {
        char found[FER_SOCKET_ADDR_TEXT_CAP];
        fer_socket_addr_format(got, found, sizeof found);
        fail_msg("%s, not %s", found, text);
    }
}

fer_unix_addr script_path(const char *path)
{
    fer_unix_addr addr;
    assert_ok(fer_unix_addr_from_pathname(&addr, path));
    return addr;
}

ferp_description script_description(const char *words)
{
#define HAS(word) (strstr(words, word) != NULL)
    return (ferp_description){.is_stream = HAS("stream"),
                              .is_datagram = HAS("datagram"),
                              .is_raw = HAS("raw"),
                              .is_packets = HAS("packets"),
                              .is_ip = HAS("v4") || HAS("v6"),
                              .is_unix = HAS("unix"),
                              .is_of_other_protocol = HAS("other"),
                              .family = HAS("v4")   ? FER_IP_V4
                                        : HAS("v6") ? FER_IP_V6
                                                    : 0,
                              .is_listening = HAS("listening"),
                              .is_connected = HAS("connected"),
                              .is_connecting = HAS("connecting"),
                              .is_nonblocking = HAS("nonblocking")};
#undef HAS
}

static script_call closing_call;
static fer_handle *handle_to_close;

static void close_during_call(script_call call)
{
    if (call == closing_call) {
        script.on_call = NULL;
        feri_handle_close(handle_to_close);
    }
}

void script_close_during(script_call call, fer_handle *handle)
{
    closing_call = call;
    handle_to_close = handle;
    script.on_call = close_during_call;
}

/* ---- One call */

static void log_call(script_call call, const char *format, va_list args)
{
    char entry[300];
    char *log = script.log;
    size_t len = strlen(log);
    int size = vsnprintf(entry, sizeof entry, format, args);
    assert_true(size >= 0 && (size_t)size < sizeof entry);
    snprintf(log + len, sizeof script.log - len, "%s%s(%s)", len > 0 ? " " : "", text_of(call),
             entry);
}

const script_result *script_take(script_call call, fer_raw_socket raw, const char *format, ...)
{
    static script_result failed;
    struct queue *queue = &queues[call];
    va_list args;
    va_start(args, format);
    log_call(call, format, args);
    va_end(args);
    script.times[call]++;
    assert_true(++calls < CALLS_MAX);
    if (raw != FER_RAW_SOCKET_NONE && (raw < 0 || raw >= SOCKETS_MAX || !is_open[raw])) {
        fail_msg("%s of a socket that is not open", text_of(call));
    }
    if (script.on_call != NULL) {
        script.on_call(call);
    }
    const script_result *result =
        queue->used < queue->count ? &queue->results[queue->used++] : &queue->fallback;
    if ((int)call < (int)FALLIBLE_COUNT && ++script.calls_that_can_fail == script.fail_at) {
        failed = *result;
        failed.error = script.fail_with;
        result = &failed;
    }
    return result;
}

static const script_result *take_with_addr(script_call call, fer_raw_socket raw,
                                           const fer_socket_addr *addr)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr_format(addr, text, sizeof text);
    return script_take(call, raw, "%d,%s", (int)raw, text);
}

static fer_error store_addr(const script_result *result, fer_socket_addr *out)
{
    return STORE(result, out, result->addr);
}

static fer_error store_name(const script_result *result, fer_unix_addr *out)
{
    return STORE(result, out, result->name);
}

static fer_error store_socket(const script_result *result, fer_raw_socket *out)
{
    if (result->error.kind == FER_OK) {
        *out = script_open_socket();
    }
    return result->error;
}

fer_error script_store_count(const script_result *result, size_t *n)
{
    *n = result->error.kind == FER_OK ? (size_t)result->value : 0;
    return result->error;
}

/* ---- Sockets and data */

SCRIPTED(const struct ferp_traits *, ferp_traits, (void), &script.traits);
SCRIPTED(uint64_t, ferp_now, (void), script.now);
SCRIPTED(fer_error_kind, ferp_error_kind, (int32_t os_code),
         os_code == 0 ? FER_OK : FER_UNCATEGORIZED);

fer_error ferp_socket_new(fer_domain domain, fer_type type, int protocol, fer_raw_socket *out)
{
    static const char *const prefixes[] = {
        [FER_TYPE_STREAM] = "", [FER_TYPE_DGRAM] = "udp,", [FER_TYPE_RAW] = "raw,"};
    static const char *const unix_types[] = {
        [FER_TYPE_STREAM] = "", [FER_TYPE_DGRAM] = "datagram", [FER_TYPE_RAW] = "raw"};
    if (domain == FER_DOMAIN_UNIX) {
        return store_socket(
            script_take(SCRIPT_UNIX_SOCKET, FER_RAW_SOCKET_NONE, "%s", unix_types[type]), out);
    }
    const char *end = protocol == 0 ? "" : ",protocol";
    return store_socket(script_take(SCRIPT_SOCKET, FER_RAW_SOCKET_NONE, "%sv%d%s", prefixes[type],
                                    (int)domain, end),
                        out);
}

SCRIPTED(fer_error, ferp_duplicate, (fer_raw_socket raw, fer_raw_socket *out),
         store_socket(TAKE(DUPLICATE, raw), out));

void ferp_close(fer_raw_socket raw)
{
    (void)TAKE(CLOSE, raw);
    is_open[raw] = false;
    script.sockets_open--;
}

SCRIPTED_OUT(ferp_describe, (fer_raw_socket raw, ferp_description *out), TAKE(DESCRIBE, raw), out,
             result->description);
SCRIPTED(fer_error, ferp_adopt, (fer_raw_socket raw, fer_ip_family family),
         ((void)family, TAKE(ADOPT, raw)->error));
SCRIPTED(fer_error, ferp_bind, (fer_raw_socket raw, const fer_socket_addr *addr),
         take_with_addr(SCRIPT_BIND, raw, addr)->error);
SCRIPTED(fer_error, ferp_listen, (fer_raw_socket raw, int backlog),
         TAKE_WITH(LISTEN, raw, "%d", backlog)->error);
SCRIPTED(fer_error, ferp_connect, (fer_raw_socket raw, const fer_socket_addr *to),
         take_with_addr(SCRIPT_CONNECT, raw, to)->error);

fer_error ferp_accept(fer_raw_socket raw, bool is_unix, fer_raw_socket *out, fer_socket_addr *peer)
{
    (void)is_unix;
    const script_result *result = TAKE(ACCEPT, raw);
    if (peer != NULL) {
        (void)store_addr(result, peer);
    }
    return store_socket(result, out);
}

SCRIPTED(fer_error, ferp_local_addr, (fer_raw_socket raw, fer_socket_addr *out),
         store_addr(TAKE(LOCAL_ADDR, raw), out));
SCRIPTED(fer_error, ferp_peer_addr, (fer_raw_socket raw, fer_socket_addr *out),
         store_addr(TAKE(PEER_ADDR, raw), out));
SCRIPTED(fer_error, ferp_check_connected, (fer_raw_socket raw), TAKE(PEER_ADDR, raw)->error);
SCRIPTED(fer_error, ferp_disconnect, (fer_raw_socket raw), TAKE(DISCONNECT, raw)->error);
SCRIPTED(fer_error, ferp_check_started, (fer_raw_socket raw), TAKE(PEER_ADDR, raw)->error);
SCRIPTED(ferp_pending, ferp_connect_is_pending, (fer_raw_socket raw),
         TAKE(CONNECT_IS_PENDING, raw)->value == 0 ? FERP_PENDING : FERP_NOT_PENDING);
void ferp_drop_reports(fer_raw_socket raw)
{
    (void)raw;
}

/* Logs a pathname unchanged and an abstract name with a leading @. */
static const script_result *take_with_name(script_call call, fer_raw_socket raw,
                                           const fer_unix_addr *name)
{
    return script_take(call, raw, "%d,%s%.*s", (int)raw,
                       name->kind_ == FERP_UNIX_ABSTRACT ? "@" : "", (int)name->len_, name->name_);
}

fer_error ferp_unix_pair(fer_type type, fer_raw_socket *one, fer_raw_socket *other)
{
    const script_result *result = script_take(SCRIPT_UNIX_PAIR, FER_RAW_SOCKET_NONE, "%s",
                                              type == FER_TYPE_STREAM ? "" : "datagram");
    (void)store_socket(result, one);
    return store_socket(result, other);
}

SCRIPTED(fer_error, ferp_unix_bind, (fer_raw_socket raw, const fer_unix_addr *addr),
         take_with_name(SCRIPT_UNIX_BIND, raw, addr)->error);
SCRIPTED(fer_error, ferp_unix_connect, (fer_raw_socket raw, const fer_unix_addr *to),
         take_with_name(SCRIPT_UNIX_CONNECT, raw, to)->error);
SCRIPTED(fer_error, ferp_unix_local_addr, (fer_raw_socket raw, fer_unix_addr *out),
         store_name(TAKE(UNIX_LOCAL_ADDR, raw), out));
SCRIPTED(fer_error, ferp_unix_peer_addr, (fer_raw_socket raw, fer_unix_addr *out),
         store_name(TAKE(UNIX_PEER_ADDR, raw), out));

fer_error ferp_unix_recv_from(fer_raw_socket raw, void *buf, size_t len, unsigned flags,
                              fer_unix_received *out)
{
    size_t n = 0;
    const script_result *result =
        script_take(flags == 0 ? SCRIPT_UNIX_RECV_FROM : SCRIPT_TRY_UNIX_RECV_FROM, raw,
                    "%d,%" PRIu64, (int)raw, (uint64_t)len);
    fer_error error = script_receive(result, buf, len, &n);
    return error.kind != FER_OK
               ? error
               : STORE(result, out, ((fer_unix_received){n, result->on, result->name}));
}

SCRIPTED(fer_error, ferp_unix_send_to,
         (fer_raw_socket raw, const void *buf, size_t len, unsigned flags,
          const fer_unix_addr *addr, size_t *n),
         (void)buf, (void)len,
         script_store_count(
             take_with_name(flags == 0 ? SCRIPT_UNIX_SEND_TO : SCRIPT_TRY_UNIX_SEND_TO, raw, addr),
             n));
SCRIPTED_VOID(ferp_report_refusals, (fer_raw_socket raw, bool enabled),
              (void)TAKE_WITH(REPORT_REFUSALS, raw, "%d", enabled));

fer_error ferp_lookup_run(ferp_lookup *lookup, const char *host, fer_ip_family family)
{
    static const char *const families[] = {[0] = "", [FER_IP_V4] = ",v4", [FER_IP_V6] = ",v6"};
    const script_result *result =
        script_take(SCRIPT_LOOKUP_BEGIN, FER_RAW_SOCKET_NONE, "%s%s", host, families[family]);
    lookup->first = result->error.kind == FER_OK ? &script : NULL;
    return result->error;
}

bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out)
{
    assert_ptr_equal(lookup->first, &script);
    return store_addr(script_take(SCRIPT_LOOKUP_NEXT, FER_RAW_SOCKET_NONE, ""), out).kind == FER_OK;
}

void ferp_lookup_end(ferp_lookup *lookup)
{
    (void)script_take(SCRIPT_LOOKUP_END, FER_RAW_SOCKET_NONE, "");
    assert_ptr_equal(lookup->first, &script);
    lookup->first = NULL;
}
