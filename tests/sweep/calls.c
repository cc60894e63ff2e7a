/* calls.c: the calls of the sweep, from the table of all public functions: what each needs, and its
 * arguments. A new function is among them; a parameter of a new type needs a row of arguments. */
#include <string.h>

#include "support/functions.h"
#include "sweep/world.h"

/* A part of the name and its end. */
struct words {
    const char *part, *end;
};

static bool matches(const char *name, struct words words)
{
    size_t len = strlen(name), end = strlen(words.end);
    return strstr(name, words.part) != NULL && len >= end &&
           strcmp(name + len - end, words.end) == 0;
}

/* The functions that make no system call: values, texts, clocks and references. */
static const struct words pure[] = {
    {"fer_ipv4_addr_", ""},   {"fer_ipv6_addr_", ""}, {"fer_ip_addr_", ""},
    {"fer_socket_addr_", ""}, {"fer_unix_addr_", ""}, {"fer_duration_", ""},
    {"fer_instant_", ""},     {"fer_error_", ""},     {"fer_resolve_error_text", ""},
    {"fer_version", ""},      {"", "_as_raw"},        {"", "_as_stream"},
    {"", "_is_cancelled"}};

/* OWN: the handle that the first parameter's type says, or none if the call opens it. */
enum { OWN = -1 };

/* What a call needs: the first row that matches. */
static const struct need {
    struct words words;
    int setup, flags;
} needs[] = {
    {{"", "_read"}, OWN, IN},
    {{"", "_read_vectored"}, OWN, IN},
    {{"stream_recv_handles", ""}, OWN, IN},
    {{"stream_try_recv_handles", ""}, OWN, IN},
    {{"", "_read_exact"}, OWN, IN | ALL},
    {{"", "_read_to_end"}, OWN, IN | ALL | ENDS},
    {{"stream_", "peek"}, OWN, PEEK},
    {{"", "_write"}, OWN, OUT},
    {{"", "_write_vectored"}, OWN, OUT},
    {{"stream_send_handles", ""}, OWN, OUT},
    {{"stream_try_send_handles", ""}, OWN, OUT},
    {{"", "_write_all"}, OWN, OUT | ALL},
    {{"", "_send_file"}, OWN, OUT | ALL},
    {{"fer_copy_bidirectional", ""}, TCP_AND_UNIX, COPY | ENDS | ONCE},
    {{"fer_copy", ""}, TCP_AND_UNIX, COPY | ENDS},
    {{"", "_ready"}, OWN, WAITS},
    {{"fer_socket_", "_accept"}, OF_TCP + TCP_LISTENER, WAITS},
    {{"", "_accept"}, OWN, WAITS},
    {{"fer_resolver_close_", ""}, LOOKUP, ONCE},
    {{"", "_close_gracefully"}, OWN, CLOSES | WAITS | ENDS},
    {{"fer_poller_close", ""}, POLLER_ADDED, 0},
    {{"fer_connector_close", ""}, CONNECTOR_DONE, 0},
    {{"fer_resolver_close", ""}, LOOKUP, 0},
    {{"", "_close"}, OWN, CLOSES},
    {{"_into_", ""}, OWN, CLOSES},
    {{"", "_with"}, OWN, LIMITED},
    {{"fer_resolver_new", ""}, OWN, LIMITED},
    {{"_buffer_size", ""}, BUILT_TCP, 0},
    {{"fer_udp_socket_", "send_to"}, UDP_UNCONNECTED, GRAM_OUT},
    {{"fer_socket_send_to", ""}, BUILT_UNCONNECTED, GRAM_OUT},
    {{"_send", ""}, OWN, GRAM_OUT},
    {{"_recv", ""}, OWN, GRAM_IN},
    {{"_peek", ""}, OWN, GRAM_PEEK},
    {{"_leave_multicast_v4", ""}, UDP_MEMBER, 0},
    {{"_leave_multicast_v6", ""}, UDP6_MEMBER, 0},
    {{"_leave_ssm_v4", ""}, UDP_OF_SOURCE, 0},
    {{"_leave_ssm_v6", ""}, UDP6_OF_SOURCE, 0},
    {{"fer_udp_socket_", "_v6"}, UDP6, 0},
    {{"fer_socket_", "_only_v6"}, BUILT_TCP6, 0},
    {{"fer_socket_", "_broadcast"}, BUILT_UDP, 0},
    {{"fer_socket_is_listening", ""}, BUILT_TCP, 0},
    {{"fer_socket_from_raw", ""}, RAW_TCP, 0},
    {{"fer_socket_borrow_raw", ""}, RAW_TCP, 0},
    {{"fer_socket_", "bind"}, BUILT_NEW_UDP, 0},
    {{"fer_socket_", "listen"}, BUILT_BOUND, 0},
    {{"fer_socket_connect_timeout", ""}, BUILT_TCP, ONCE},
    {{"fer_socket_", "connect"}, BUILT_TCP, ONCE | STARTS},
    {{"fer_socket_connect_unix", ""}, BUILT_UNIX, ONCE | STARTS},
    {{"fer_socket_peer_addr_unix", ""}, OF_TCP + UNIX, 0},
    {{"fer_socket_", "_unix"}, BUILT_UNIX, 0},
    {{"fer_poller_modify", ""}, POLLER_ADDED, 0},
    {{"fer_poller_delete", ""}, POLLER_ADDED, 0},
    {{"fer_poller_wait", ""}, POLLER_ADDED, 0},
    {{"", "fer_poll"}, POLLER, LIMITED},
    {{"fer_poller_next_timeout", ""}, CONNECTOR, 0},
    {{"fer_cancel_token_reset", ""}, CANCELLED, 0},
    {{"fer_waker_clear", ""}, WOKEN, ONCE},
    {{"fer_waker_wake", ""}, WAKER, ONCE}, /* its connection is reset */
    {{"fer_resolver_take_completed", ""}, LOOKUP, 0},
    {{"fer_lookup_wait", ""}, LOOKUP, ONCE},
    {{"fer_connector_start", ""}, CONNECTOR, 0},
    {{"fer_connector_take", ""}, CONNECTOR_DONE, ONCE},
};

/* An argument of the functions with this part in their names, by type and name; NULL: any. A
 * pointer, or the address of a value; and the size that follows it. */
struct argument {
    const char *part, *type, *name;
    const void *value;
    size_t size;
};

/* Further calls of functions, with other arguments. */
static const struct other_call {
    struct need need;
    struct argument arguments[2];
} others[] = {
    {{{"", "stream_shutdown"}, OWN, 0},
     {{"", "fer_shutdown", NULL, &(const fer_shutdown){FER_SHUTDOWN_BOTH}, 0}}},
    {{{"listener_", "accept"}, OWN, WAITS}, {{"", NULL, "peer", NULL, 0}}},
    {{{"fer_socket_", "accept"}, OF_TCP + UNIX_LISTENER, WAITS}, {{0}}},
    {{{"fer_udp_socket_connect_addr", ""}, UDP_UNCONNECTED, 0}, {{0}}},
    {{{"fer_tcp_stream_connect_with", ""}, RESOLVER, LIMITED}, {{0}}},
    {{{"fer_tcp_stream_connect_addrs", ""}, OWN, LIMITED}, {{0}}},
    {{{"fer_to_socket_addrs_with", ""}, RESOLVER, LIMITED}, {{0}}},
    {{{"fer_tcp_stream_ready", ""}, TCP_STARTED, STARTED},
     {{"", "fer_interest", "interest", &(const fer_interest){FER_WRITABLE}, 0}}},
    {{{"fer_tcp_stream_peer_addr", ""}, TCP_STARTED, STARTED}, {{0}}},
    {{{"fer_tcp_stream_take_error", ""}, TCP_STARTED, STARTED}, {{0}}},
    {{{"fer_tcp_stream_write", "stream_write"}, TCP_STARTED, STARTED}, {{0}}},
    {{{"fer_tcp_stream_read", "stream_read"}, TCP_STARTED, STARTED}, {{0}}},
    {{{"fer_tcp_stream_shutdown", ""}, TCP_STARTED, STARTED}, {{0}}},
    {{{"fer_tcp_stream_try_clone", ""}, TCP_STARTED, STARTED}, {{0}}},
    {{{"fer_socket_new", ""}, OWN, 0},
     {{"", "fer_domain", NULL, &(const fer_domain){FER_DOMAIN_IPV6}, 0},
      {"", "fer_type", NULL, &(const fer_type){FER_TYPE_DGRAM}, 0}}},
    {{{"fer_socket_from_raw", ""}, RAW_UNIX, 0}, {{0}}},
    {{{"fer_socket_from_raw", ""}, RAW_UDP, 0}, {{0}}},
    {{{"fer_socket_borrow_raw", ""}, RAW_UDP, 0}, {{0}}},
    {{{"fer_socket_", "_close"}, BUILT_TCP, CLOSES}, {{0}}},
    {{{"fer_socket_into_raw", ""}, BUILT_TCP, CLOSES}, {{0}}},
    {{{"fer_socket_", "tos"}, BUILT_TCP6, 0}, {{0}}},
    {{{"fer_socket_", "bind"}, BUILT_TCP, 0}, {{0}}},
    {{{"fer_socket_", "connect"}, BUILT_NEW_UDP, 0}, {{"", NULL, "addr", &world.udp_peer, 0}}},
    {{{"fer_poller_wait", ""}, POLLER_ADDED, 0}, {{"", NULL, "timeout", &world.fine, 0}}},
    {{{"fer_poller_wait", ""}, POLLER_ADDED, 0}, {{"", NULL, "notified", &world.flag, 0}}},
    {{{"fer_connector_start", "_start"}, CONNECTOR, 0},
     {{"", NULL, "host_port", "127.0.0.1:1", 0}, {"", NULL, "resolver", NULL, 0}}}};

static const struct argument arguments[] = {
    {"", "fer_stream", "b", &world.other_stream, 0},
    {"", "fer_stream", "to", &world.other_stream, 0},
    {"", "fer_stream", NULL, &world.stream, 0},
    {"read_to_end", "void", "buf", world.buf, sizeof world.buf},
    {"send", "void", "buf", pattern, BYTES},
    {"write", "void", "buf", pattern, BYTES},
    {"", "void", "buf", world.buf, BYTES},
    {"", "fer_io_slice", NULL, world.to_write, 2},
    {"", "fer_io_slice_mut", NULL, world.to_read, 2},
    {"", "fer_datagram_send", NULL, &world.message_out, 1},
    {"", "fer_datagram_recv", NULL, &world.message_in, 1},
    {"send_handles", "fer_raw_socket", "handles", NULL, 0},
    {"", "fer_raw_socket", NULL, &world.raw, 1},
    {"", "fer_raw_file", NULL, &stage.file, 0},
    {"", "fer_copy_buffer", "b_to_a", &world.back, 0},
    {"", "fer_copy_buffer", NULL, &world.copy, 0},
    {"", "uint64_t", "n_b_to_a", NULL, 0},
    {"", "uint64_t", "n_a_to_b", &world.copied, 0},
    {"", "uint64_t", "n", &world.copied, 0},
    {"", "uint64_t", "offset", &(const uint64_t){0}, 0},
    {"", "uint64_t", "len", &(const uint64_t){BYTES}, 0},
    {"", "uint64_t", "key", &(const uint64_t){7}, 0},
    {"_bind", "uint16_t", "port", &(const uint16_t){0}, 0},
    {"", "uint16_t", "port", &stage.tcp_addr.port, 0},
    {"", "uint32_t", "ttl", &(const uint32_t){9}, 0},
    {"", "uint32_t", "tos", &(const uint32_t){8}, 0},
    {"", "uint32_t", NULL, &(const uint32_t){1}, 0},
    {"", "size_t", "size", &(const size_t){8192}, 0},
    {"", "size_t", NULL, &world.n, 0},
    {"", "int", "backlog", &(const int){8}, 0},
    {"", "int", "protocol", &(const int){0}, 0},
    {"", "bool", "notified", NULL, 0},
    {"", "bool", "inheritable", &(const bool){false}, 0},
    {"", "bool", NULL, &(const bool){true}, 0},
    {"", "char", "host", "name.test", 0},
    {"_bind", "char", "host_port", "name.test:0", 0},
    {"fer_udp", "char", "host_port", world.name_of_udp, 0},
    {"", "char", "host_port", world.name_of_tcp, 0},
    {"_bind", "char", "path", stage.free_path, 0},
    {"_datagram", "char", "path", stage.gram_path, 0},
    {"", "char", "path", stage.path, 0},
    {"", "char", "buf", world.buf, sizeof world.buf},
    {"", "char", "interface_name", world.name_of_interface, 0},
    {"", "char", "name", "lo", 0},
    {"", "char", "service", "http", 0},
    {"", "fer_socket_addr", "to", &world.udp_peer, 0},
    {"connect_addrs", "fer_socket_addr", "addrs", world.tcp_peers, 2},
    {"_bind", "fer_socket_addr", "addr", &world.local, 0},
    {"fer_udp", "fer_socket_addr", "addr", &world.udp_peer, 0},
    {"", "fer_socket_addr", "addr", &world.tcp_peer, 0},
    {"_bind", "fer_unix_addr", NULL, &world.free_addr, 0},
    {"_datagram", "fer_unix_addr", NULL, &world.gram_peer, 0},
    {"", "fer_unix_addr", NULL, &world.unix_peer, 0},
    {"", "fer_ipv4_addr", "group", &world.group_v4, 0},
    {"", "fer_ipv4_addr", "local", &loopback_v4, 0},
    {"", "fer_ipv4_addr", "source", &loopback_v4, 0},
    {"", "fer_ipv6_addr", "source", &loopback_v6, 0},
    {"", "fer_ipv6_addr", "group", &world.group_v6, 0},
    {"", "fer_limits", NULL, &world.limits, 0},
    {"", "fer_connect_options", NULL, &world.options, 0},
    {"", "fer_bind_options", NULL, &(const fer_bind_options){.backlog = 8}, 0},
    {"", "fer_lookup_options", NULL, &world.lookup_options, 0},
    {"", "fer_resolver_options", NULL, &(const fer_resolver_options){.threads = 1, .queue_cap = 1},
     0},
    {"", "fer_duration", "linger", &world.none, 0},
    {"", "fer_duration", NULL, &world.brief, 0},
    {"", "fer_tcp_keepalive", NULL, &world.keepalive, 0},
    {"", "fer_shutdown", NULL, &(const fer_shutdown){FER_SHUTDOWN_WRITE}, 0},
    {"", "fer_interest", "interest", &(const fer_interest){FER_READABLE}, 0},
    {"", "fer_event", NULL, &world.event, 1},
    {"", "fer_poll_entry", NULL, &world.entry, 1},
    {"", "fer_poll_mode", NULL, &(const fer_poll_mode){FER_POLL_LEVEL}, 0},
    {"", "fer_domain", NULL, &(const fer_domain){FER_DOMAIN_IPV4}, 0},
    {"", "fer_type", NULL, &(const fer_type){FER_TYPE_STREAM}, 0},
    {"", "fer_udp_features", "wanted", &(const fer_udp_features){FER_UDP_LOCAL_ADDR | FER_UDP_ECN},
     0}};

/* ---- Arguments */

static const struct argument *find(const struct argument *from, size_t count,
                                   const struct function *function, size_t at)
{
    const struct parameter *parameter = &function->parameters[at];
    for (size_t i = 0; i < count && from[i].part != NULL; i++) {
        if (strstr(function->name, from[i].part) != NULL &&
            (from[i].type == NULL || strcmp(from[i].type, parameter->type) == 0) &&
            (from[i].name == NULL || strcmp(from[i].name, parameter->name) == 0)) {
            return &from[i];
        }
    }
    return NULL;
}

static const void *handle_of(const struct function *function, size_t at, enum handle_type type)
{
    bool is_second = at > 0 && (parameter_handle(function, 0) == type ||
                                strcmp(function->name, "fer_connector_take") == 0);
    bool is_optional = (function->parameters[at].flags & IS_NULLABLE) != 0;
    const void *handle = is_second ? other_handles[type] : first_handles[type];
    return is_optional && !handle_is_open(type, handle) ? NULL : handle;
}

bool call_writes(const struct function *function, size_t at)
{
    const char *name = function->parameters[at].name;
    return parameter_is_output(function, at) && !parameter_is_moved(function, at) &&
           strcmp(name, "buf") != 0 && strcmp(name, "handles") != 0;
}

static struct argument argument_of(const struct scenario *s, size_t at)
{
    const struct function *function = s->function;
    enum handle_type type = parameter_handle(function, at);
    const struct argument *found =
        s->other != NULL ? find(s->other->arguments, 2, function, at) : NULL;
    if (found == NULL && type != HANDLE_TYPE_COUNT) {
        return (struct argument){.value = handle_of(function, at, type)};
    }
    if (found == NULL && call_writes(function, at)) {
        return (struct argument){.value = world.outputs[at], .size = 2};
    }
    if (found == NULL) {
        found = find(arguments, sizeof arguments / sizeof *arguments, function, at);
    }
    require(found != NULL, function->name);
    bool has_value =
        (s->flags & LIMITED) != 0 || strcmp(function->parameters[at].name, "options") != 0;
    return has_value ? *found : (struct argument){0};
}

/* The other direction has ended. The deadline ends a call without timeouts. */
static fer_error end_other_direction(struct world *w)
{
    fer_limits limits = {.deadline = fer_instant_after(w->brief)};
    w->back = (fer_copy_buffer){w->name_of_interface, sizeof w->name_of_interface, 0, 0};
    FER_TRY(fer_unix_stream_set_limits(&w->unix_, &limits));
    return fer_unix_stream_shutdown(&w->unix_, FER_SHUTDOWN_READ);
}

/* The bytes that the call moved, and a socket that it gave away. */
static void store_result(struct world *w, const struct scenario *s, struct function_result result)
{
    const fer_unix_received_handles *received = (const void *)w->outputs[s->function->count - 1];
    if (strstr(s->name, "_send_batch") != NULL) {
        w->n *= BYTES;
    } else if (strstr(s->name, "_send_file") != NULL) {
        w->n = (size_t)w->copied;
    } else if (strstr(s->name, "_recv_handles") != NULL) {
        w->n = result.error.kind == FER_OK ? received->len : 0;
    } else if (strstr(s->name, "_into_raw") != NULL) {
        w->raw = (fer_raw_socket)result.number;
    } else if (strstr(s->name, "_borrow_raw") != NULL) {
        w->is_borrowed = true;
    }
}

fer_error call_row(size_t row, struct world *w)
{
    const struct scenario *s = &scenarios[row];
    struct function_result result = {OK, 0};
    struct argument passed[FUNCTION_PARAMETERS_MAX];
    void *values[FUNCTION_PARAMETERS_MAX];
    w->other_stream = fer_unix_stream_as_stream(&w->unix_);
    w->stream = s->setup == UNIX ? w->other_stream : fer_tcp_stream_as_stream(&w->tcp);
    if (strcmp(s->name, "fer_copy_bidirectional") == 0) {
        FER_TRY(end_other_direction(w));
    }
    for (size_t i = 0; i < s->function->count; i++) {
        bool is_size = i > 0 && parameter_has_size(s->function, i - 1);
        passed[i] = argument_of(s, i);
        values[i] = is_size ? &passed[i - 1].size : (void *)passed[i].value;
    }
    s->function->call(values, &result);
    store_result(w, s, result);
    return result.error;
}

/* ---- The rows */

struct scenario scenarios[SCENARIOS_MAX];
size_t scenario_count;

/* The setters of fer_socket, and what has one: most are options of TCP sockets. */
static bool is_option(const char *name)
{
    const char *rest = strstr(name, "fer_socket_");
    for (size_t i = 0; rest != NULL && i < functions_count; i++) {
        if (matches(functions[i].name,
                    (struct words){"fer_socket_set_", rest + sizeof "fer_socket_" - 1})) {
            return true;
        }
    }
    return false;
}

static enum setup own_setup(const struct function *function)
{
    enum handle_type type = parameter_handle(function, 0);
    if (matches(function->name, (struct words){"", "_from_raw"})) {
        return (enum setup)(RAW_TCP + (int)type);
    }
    if (strstr(function->name, "_into_") != NULL && function->count == 2) {
        return (enum setup)(OF_TCP + (int)parameter_handle(function, 1));
    }
    if (strcmp(function->parameters[0].type, "fer_stream") == 0) {
        return TCP;
    }
    if (is_option(function->name)) {
        return BUILT_TCP;
    }
    return type == HANDLE_TYPE_COUNT || parameter_is_opened(function, 0) ? NONE : (enum setup)type;
}

static void add(const struct function *function, struct need need, const struct other_call *other)
{
    enum setup setup = need.setup == OWN ? own_setup(function) : (enum setup)need.setup;
    REQUIRE(scenario_count < SCENARIOS_MAX);
    scenarios[scenario_count++] =
        (struct scenario){function->name, setup, need.flags, function, other};
}

static void add_all(const struct function *function)
{
    struct need need = {.setup = OWN};
    for (size_t i = sizeof needs / sizeof *needs; i-- > 0;) {
        need = matches(function->name, needs[i].words) ? needs[i] : need;
    }
    add(function, need, NULL);
    if (strncmp(function->name, "fer_stream_", 11) == 0) {
        need.setup = UNIX;
        add(function, need, NULL);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (matches(function->name, others[i].need.words)) {
            add(function, others[i].need, &others[i]);
        }
    }
}

/* Whether no function has these words any more. */
static bool is_stale(struct words words)
{
    size_t i = 0;
    while (i < functions_count && !matches(functions[i].name, words)) {
        i++;
    }
    return i == functions_count;
}

void list_calls(void)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        require(!is_stale(needs[i].words), needs[i].words.part);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        require(!is_stale(others[i].need.words), others[i].need.words.part);
    }
    for (size_t i = 0; i < functions_count; i++) {
        bool is_pure = false;
        for (size_t k = 0; k < sizeof pure / sizeof *pure; k++) {
            is_pure = is_pure || matches(functions[i].name, pure[k]);
        }
        if (!is_pure) {
            add_all(&functions[i]);
        }
    }
}
