/* misuse.c: rule E4: each public function with handles that are NULL, NEW, CLOSED or given up, with
 * open handles where it opens one, and with each argument that is NULL or out of range. The table
 * of the functions is made from the headers (support/functions.h). The functions on values, and
 * what else is promised, are at the end.
 *
 * E4: "A call that opens a handle checks its state first: NULL or an open handle is MISUSE before
 * any value and before any system call. Reading, writing, shutting down and `_ready` of a stream
 * that was never connected are NOT_CONNECTED." A call that fails changes no handle and no output
 * except its count of bytes, and the caller still owns a raw socket. */
#include "conformance/datagram_check.h"
#include "conformance/misuse_values.h"
#include "ferrule/connector.h"
#include "ferrule/unix.h"
#include "support/poller_fixture.h"

/* ---- Calls */

static void *arguments[FUNCTION_PARAMETERS_MAX];
static _Alignas(16) uint8_t outputs[FUNCTION_PARAMETERS_MAX][512];
static struct kept {
    uint8_t bytes[sizeof(fer_connector)];
    size_t size;
} kept[FUNCTION_PARAMETERS_MAX];
static const char *states_are = "good handles"; /* of a handle, if it is bad */
static const char *bad_one = "no argument";     /* the name of an argument that is bad, if one is */
static size_t problems;

static void *without_const(const void *value)
{
    return (void *)(uintptr_t)value;
}

/* A handle that is NEW, and in read-only memory if the call takes it as const. */
static void *new_handle(const struct function *function, size_t at)
{
    static const fer_connector constant;
    bool is_const = (function->parameters[at].flags & IS_CONST) != 0;
    return is_const ? without_const(&constant) : &spares[at];
}

static void *good_value(const struct parameter *parameter)
{
    for (size_t i = 0; i < sizeof good_values / sizeof *good_values; i++) {
        const struct good_value *good = &good_values[i];
        if (strcmp(good->type, parameter->type) == 0 &&
            (good->name == NULL || strcmp(good->name, parameter->name) == 0)) {
            return without_const(good->value);
        }
    }
    print_error("good_values has no %s %s\n", parameter->type, parameter->name);
    fail();
    return NULL;
}

/* A built socket is a stream, unless the function is one of datagram sockets. */
static void *object_of(const struct function *function, enum handle_type type)
{
    static const char *const words[] = {"_broadcast", "_ready",      "_shutdown", "_send",
                                        "_recv_from", "_udp_socket", "_datagram", "_listening"};
    bool is_of_datagrams = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        is_of_datagrams = is_of_datagrams || strstr(function->name, words[i]) != NULL;
    }
    return type == INDEX_OF_fer_socket && is_of_datagrams ? datagram_object : objects[type];
}

static void *good_argument(const struct function *function, size_t at)
{
    enum handle_type type = parameter_handle(function, at);
    if (type != HANDLE_TYPE_COUNT) {
        return parameter_is_opened(function, at) ? &spares[at] : object_of(function, type);
    }
    return parameter_is_output(function, at) ? outputs[at] : good_value(&function->parameters[at]);
}

static size_t moved_size(const struct parameter *parameter)
{
    return strcmp(parameter->type, "bool") == 0       ? sizeof(bool)
           : strcmp(parameter->type, "uint64_t") == 0 ? sizeof(uint64_t)
                                                      : sizeof(size_t);
}

/* A handle that is to be opened stays what it is, or becomes NEW. A thread of a resolver may notify
 * a poller meanwhile. */
static size_t kept_size(const struct function *function, size_t at)
{
    enum handle_type type = parameter_handle(function, at);
    bool is_kept = type != HANDLE_TYPE_COUNT && arguments[at] != NULL &&
                   (parameter_is_opened(function, at) ? handle_is_open(type, arguments[at])
                                                      : type != INDEX_OF_fer_poller);
    return is_kept ? handle_sizes[type] : 0;
}

static void fail_of(const struct function *function, const char *problem, const char *name)
{
    print_error("%s, %s, %s: %s %s\n", function->name, states_are, bad_one, problem, name);
    problems++;
}

static void assert_unchanged(const struct function *function)
{
    uint8_t wanted[sizeof outputs[0]];
    for (size_t i = 0; i < function->count; i++) {
        memset(wanted, 0x5a, sizeof wanted);
        if (parameter_is_moved(function, i)) {
            memset(wanted, 0, moved_size(&function->parameters[i]));
        }
        if (memcmp(outputs[i], wanted, sizeof wanted) != 0 && arguments[i] == outputs[i]) {
            fail_of(function, "changed, or left the count of,", function->parameters[i].name);
        }
        if (kept_size(function, i) != kept[i].size ||
            (kept[i].size > 0 && !has_same_bytes(arguments[i], kept[i].bytes, kept[i].size))) {
            fail_of(function, "changed the handle", function->parameters[i].name);
        }
    }
}

/* The call returns one of the two kinds. */
static void expect_refusal(const struct function *function, fer_error_kind kind,
                           fer_error_kind other)
{
    struct function_result result = {{FER_OK, 0}, 0};
    memset(outputs, 0x5a, sizeof outputs);
    for (size_t i = 0; i < function->count; i++) {
        kept[i].size = kept_size(function, i);
        if (kept[i].size > 0) {
            memcpy(kept[i].bytes, arguments[i], kept[i].size);
        }
    }
    function->call(arguments, &result);
    bool is_own = result.error.os_code == 0 || kind == FER_BAD_HANDLE;
    if ((result.error.kind != kind && result.error.kind != other) || !is_own) {
        fail_of(function, "returned", fer_error_kind_name(result.error.kind));
    }
    assert_unchanged(function);
}

static fer_error_kind kind_of(const struct function *function, const char *parameter,
                              fer_error_kind kind)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        if (strcmp(exceptions[i].function, function->name) == 0 &&
            strcmp(exceptions[i].parameter, parameter) == 0) {
            return exceptions[i].kind;
        }
    }
    return kind;
}

/* ---- One argument after another is bad. */

/* What is called with each: a function, and what it returns if only this argument is bad. */
typedef void visit(const struct function *function, const struct parameter *parameter,
                   fer_error_kind kind);

static void visit_bad_values(const struct function *function, size_t at, visit *visit_one)
{
    const struct parameter *parameter = &function->parameters[at];
    for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++) {
        const struct bad_value *bad = &bad_values[i];
        if (strcmp(bad->type, parameter->type) == 0 &&
            (bad->name == NULL || strcmp(bad->name, parameter->name) == 0) &&
            (bad->in == NULL || strstr(function->name, bad->in) != NULL)) {
            arguments[at] = without_const(bad->value);
            visit_one(function, parameter, bad->kind);
        }
    }
}

static void visit_null(const struct function *function, size_t at, visit *visit_one)
{
    static const size_t lengths[] = {0, 1, 8, (size_t)1 << 31, SIZE_MAX};
    const struct parameter *parameter = &function->parameters[at];
    bool is_nullable = (parameter->flags & IS_NULLABLE) != 0;
    arguments[at] = NULL;
    if (!parameter_has_size(function, at)) {
        visit_one(function, parameter, is_nullable ? FER_OK : FER_MISUSE);
        return;
    }
    /* without a capacity an output's NULL may be no misuse */
    bool may_be_empty = is_nullable || parameter_is_output(function, at);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        arguments[at + 1] = without_const(&lengths[i]);
        visit_one(function, parameter, i == 0 && may_be_empty ? FER_OK : FER_MISUSE);
    }
    arguments[at + 1] = good_argument(function, at + 1);
}

static void visit_arguments(const struct function *function, visit *visit_one)
{
    for (size_t i = 0; i < function->count; i++) {
        void *good = arguments[i];
        bad_one = function->parameters[i].name;
        if (parameter_handle(function, i) == HANDLE_TYPE_COUNT) {
            if (!parameter_is_output(function, i)) {
                visit_bad_values(function, i, visit_one);
            }
            if ((function->parameters[i].flags & IS_POINTER) != 0) {
                visit_null(function, i, visit_one);
            }
        }
        arguments[i] = good;
    }
    bad_one = "no argument";
}

/* ---- Handles in a wrong state */

/* The state is the answer, whatever the other arguments are. */
static void expect_state(const struct function *function, const struct parameter *parameter,
                         fer_error_kind kind)
{
    unsigned allowed = misuse_of_handles(function, arguments);
    fer_error_kind one = (allowed & ALLOWS_MISUSE) != 0 ? FER_MISUSE : FER_NOT_CONNECTED;
    fer_error_kind other = (allowed & ALLOWS_NOT_CONNECTED) != 0 ? FER_NOT_CONNECTED : one;
    assert_true(allowed != 0);
    expect_refusal(function, one,
                   kind != FER_OK && misuse_follows_values(function, arguments) ? kind : other);
}

static void expect_state_first(const struct function *function, const char *name)
{
    states_are = name;
    expect_state(function, NULL, FER_OK);
    visit_arguments(function, expect_state);
    states_are = "good handles";
}

/* A handle that is not open and that the call does not open. The options precede one that may be
 * NULL. */
static void check_closed(const struct function *function, size_t at, enum handle_type type)
{
    static fer_stream stream;
    void *const states[] = {new_handle(function, at), closed[type],
                            type <= INDEX_OF_fer_socket ? &given_up : NULL,
                            type <= INDEX_OF_fer_unix_stream ? &refused : NULL, NULL};
    bool is_stream = parameter_handle(function, at) == HANDLE_TYPE_COUNT;
    bool is_nullable = (function->parameters[at].flags & IS_NULLABLE) != 0;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (states[i] != NULL || !is_nullable) {
            stream = fer_tcp_stream_as_stream(states[i]);
            arguments[at] = is_stream ? &stream : states[i];
            states_are = states[i] == NULL ? "NULL" : "a handle that is not open";
            expect_state(function, NULL, FER_OK);
            if (!is_nullable) {
                visit_arguments(function, expect_state);
            }
        }
    }
    states_are = "good handles";
}

/* A handle that the call opens is NULL or open, or it is the one that is cloned. */
static void check_opened(const struct function *function, size_t at, enum handle_type type)
{
    arguments[at] = NULL;
    expect_state_first(function, "NULL");
    if (opened[type] != NULL) {
        arguments[at] = opened[type];
        expect_state_first(function, "an open handle");
    }
    if (at > 0 && type == parameter_handle(function, 0) && !parameter_is_opened(function, 0)) {
        arguments[at] = arguments[0];
        expect_state_first(function, "the handle itself");
    }
}

static void check_handles(const struct function *function)
{
    for (size_t i = 0; i < function->count; i++) {
        enum handle_type type = parameter_handle(function, i);
        void *good = arguments[i];
        if (type == HANDLE_TYPE_COUNT) {
            if (strcmp(function->parameters[i].type, "fer_stream") == 0) {
                check_closed(function, i, INDEX_OF_fer_tcp_stream);
            }
        } else if (parameter_is_opened(function, i)) {
            check_opened(function, i, type);
        } else {
            check_closed(function, i, type);
        }
        arguments[i] = good;
    }
}

/* ---- Bad arguments to good handles */

static void expect_bad_argument(const struct function *function, const struct parameter *parameter,
                                fer_error_kind kind)
{
    if (kind != FER_OK) {
        kind = kind_of(function, parameter->name, kind);
        expect_refusal(function, kind, kind);
    }
}

/* Nothing, if the system lacks the type of a handle. */
static void check_values(const struct function *function)
{
    if (misuse_of_handles(function, arguments) == 0) {
        visit_arguments(function, expect_bad_argument);
    }
}

/* ---- Functions that return no error: 0, NULL or no socket; or they do nothing. */

static void expect_nothing(const struct function *function)
{
    struct function_result result = {{FER_OK, 0}, 0};
    bool is_raw = strcmp(function->returned, "fer_raw_socket") == 0;
    bool is_lent = strcmp(function->returned, "pointer") == 0 && arguments[0] != NULL;
    bool is_compared =
        strstr(function->name, "_eq") != NULL || strstr(function->name, "_cmp") != NULL;
    function->call(arguments, &result);
    if (!is_lent && !is_compared && result.number != (is_raw ? FER_RAW_SOCKET_NONE : 0)) {
        fail_of(function, "returned", "a value");
    }
}

static void check_without_error(const struct function *function)
{
    for (size_t i = 0; i < function->count; i++) {
        enum handle_type type = parameter_handle(function, i);
        void *good = arguments[i];
        bad_one = function->parameters[i].name;
        if ((function->parameters[i].flags & IS_POINTER) != 0) {
            arguments[i] = NULL;
            expect_nothing(function);
        }
        if (type != HANDLE_TYPE_COUNT) {
            arguments[i] = new_handle(function, i);
            expect_nothing(function);
            arguments[i] = closed[type];
            expect_nothing(function);
        }
        arguments[i] = good;
    }
}

static void check_every_function(void)
{
    for (size_t i = 0; i < functions_count; i++) {
        const struct function *function = &functions[i];
        bool has_pointer = false;
        memset(spares, 0, sizeof spares);
        for (size_t k = 0; k < function->count; k++) {
            bool is_handle = strcmp(function->parameters[k].type, "fer_stream") == 0;
            has_pointer =
                has_pointer || is_handle || (function->parameters[k].flags & IS_POINTER) != 0;
        }
        for (size_t k = 0; has_pointer && k < function->count; k++) {
            arguments[k] = good_argument(function, k);
        }
        if (has_pointer && strcmp(function->returned, "fer_error") != 0) {
            check_without_error(function);
        } else if (has_pointer) {
            check_handles(function);
            check_values(function);
        }
    }
}

/* ---- Setup. */

static struct udp_pair datagrams;
static uint16_t listener_port;
static uint16_t source_port;
static struct unix_pair unix_ends;
static const char *unix_path;
static peer_socket accepting;

static void open_values(void)
{
    uint16_t port = 0;
    good_addrs[0] = good_addrs[1] = loopback(PEER_V4, 9);
    assert_true(strlen(unix_peer_path("free")) < sizeof free_path);
    strcpy(free_path, unix_peer_path("free"));
    assert_ok(fer_unix_addr_from_pathname(&good_name, free_path));
    raws.listener = peer_listen(PEER_V4, 4, &port);
    raws.stream = peer_connect(PEER_V4, port);
    raws.datagram = peer_datagram(PEER_V4, &port);
    raws.none = peer_not_a_socket();
    raws.unix_stream = raws.unix_listener = raws.unix_datagram = PEER_NONE;
    handles[0] = handles[1] = raws.stream;
}

static void open_ip_handles(struct pair *pair, fer_poller *poller)
{
    fer_socket_addr addr = accepting_addr(PEER_V4, &accepting);
    objects[INDEX_OF_fer_tcp_stream] = test_stream();
    assert_ok(fer_tcp_stream_connect_addr(objects[INDEX_OF_fer_tcp_stream], &addr));
    opened[INDEX_OF_fer_tcp_stream] = &pair->stream;
    one_stream = fer_tcp_stream_as_stream(&pair->stream);
    other_stream = fer_tcp_stream_as_stream(objects[INDEX_OF_fer_tcp_stream]);
    objects[INDEX_OF_fer_tcp_listener] = test_listening(PEER_V4, &source_port);
    assert_true(peer_connect(PEER_V4, source_port) != PEER_NONE);
    opened[INDEX_OF_fer_tcp_listener] = test_listening(PEER_V4, &listener_port);
    datagrams = udp_pair_open(PEER_V4);
    objects[INDEX_OF_fer_udp_socket] = datagrams.socket;
    opened[INDEX_OF_fer_udp_socket] = test_udp_bound(PEER_V4, &source_port);
    objects[INDEX_OF_fer_socket] = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_STREAM);
    opened[INDEX_OF_fer_socket] = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    datagram_object = test_new_socket(FER_DOMAIN_IPV4, FER_TYPE_DGRAM);
    objects[INDEX_OF_fer_poller] = opened[INDEX_OF_fer_poller] = poller;
}

static void open_unix_streams(void)
{
    void *kind = &unix_connected_kind;
    unix_path = unix_peer_path("listener");
    raws.unix_listener = unix_peer_listen(unix_peer_path("raw"), 4);
    raws.unix_stream = unix_peer_connect(unix_peer_path("raw"), NULL);
    objects[INDEX_OF_fer_unix_listener] = test_unix_listening(unix_peer_path("source"));
    objects[INDEX_OF_fer_unix_stream] = test_unix_stream();
    assert_ok(fer_unix_stream_connect(objects[INDEX_OF_fer_unix_stream], unix_peer_path("source")));
    unix_ends = unix_pair_open(&kind);
    opened[INDEX_OF_fer_unix_stream] = unix_ends.stream;
    opened[INDEX_OF_fer_unix_listener] = test_unix_listening(unix_path);
}

static void open_unix_datagrams(void)
{
    raws.unix_datagram = unix_peer_datagram(unix_peer_path("raw datagram"));
    objects[INDEX_OF_fer_unix_datagram] = test_unix_bound(unix_peer_path("source datagram"));
    opened[INDEX_OF_fer_unix_datagram] = test_unix_bound(unix_peer_path("datagram"));
}

static void open_other_handles(void)
{
    fer_poller *poller = opened[INDEX_OF_fer_poller];
    assert_ok(fer_resolver_new(&resolver, NULL));
    assert_ok(fer_resolver_start(&resolver, "127.0.0.1:9", NULL, NULL, 7, &lookup));
    assert_ok(fer_connector_start(&connector, "127.0.0.1:0", NULL, NULL, poller, 1));
    assert_ok(fer_cancel_token_new(&token));
    objects[INDEX_OF_fer_resolver] = opened[INDEX_OF_fer_resolver] = &resolver;
    objects[INDEX_OF_fer_lookup] = opened[INDEX_OF_fer_lookup] = &lookup;
    objects[INDEX_OF_fer_connector] = opened[INDEX_OF_fer_connector] = &connector;
    assert_ok(fer_waker_new(&waker));
    objects[INDEX_OF_fer_cancel_token] = opened[INDEX_OF_fer_cancel_token] = &token;
    objects[INDEX_OF_fer_waker] = opened[INDEX_OF_fer_waker] = &waker;
}

static void close_sockets(void)
{
    uint16_t port = 0;
    assert_ok(fer_socket_new(&ended.socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    fer_socket_close(&ended.socket);
    assert_ok(fer_socket_new(&given_up, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    peer_adopt(fer_socket_into_raw(&given_up));
    assert_true(peer_refuse(PEER_V4, &port));
    fer_socket_addr addr = loopback(PEER_V4, port);
    assert_kind(fer_tcp_stream_connect_addr(&refused, &addr), FER_CONNECTION_REFUSED);
    for (int type = 0; type <= INDEX_OF_fer_socket; type++) {
        closed[type] = &ended.socket;
    }
}

static void close_others(void)
{
    assert_ok(fer_resolver_new(&ended.resolver, NULL));
    assert_ok(fer_resolver_start(&ended.resolver, "127.0.0.1:9", NULL, NULL, 0, &ended.lookup));
    fer_lookup_close(&ended.lookup);
    fer_resolver_close(&ended.resolver);
    assert_ok(fer_poller_new(&ended.poller));
    assert_ok(fer_connector_start(&ended.connector, "127.0.0.1:0", NULL, NULL, &ended.poller, 1));
    fer_connector_close(&ended.connector);
    fer_poller_close(&ended.poller);
    assert_ok(fer_cancel_token_new(&ended.token));
    assert_ok(fer_cancel_token_cancel(&ended.token));
    fer_cancel_token_close(&ended.token);
    assert_ok(fer_waker_new(&ended.waker));
    fer_waker_close(&ended.waker);
    closed[INDEX_OF_fer_resolver] = &ended.resolver;
    closed[INDEX_OF_fer_lookup] = &ended.lookup;
    closed[INDEX_OF_fer_connector] = &ended.connector;
    closed[INDEX_OF_fer_poller] = &ended.poller;
    closed[INDEX_OF_fer_cancel_token] = &ended.token;
    closed[INDEX_OF_fer_waker] = &ended.waker;
}

/* ---- The open handles still work, and nothing was taken from their queues. */

static void assert_raw_sockets_are_open(void)
{
    const fer_raw_socket *raw = &raws.stream;
    for (size_t i = 0; &raw[i] != &raws.none; i++) {
        assert_true(raw[i] == PEER_NONE || peer_is_open(raw[i]));
    }
}

static void assert_sockets_work(struct pair *pair)
{
    fer_socket_addr addr;
    char buf[4];
    assert_ok(fer_tcp_stream_read_exact(&pair->stream, buf, 4, NULL));
    assert_memory_equal(buf, "kept", 4);
    assert_alive(pair);
    assert_exchange(objects[INDEX_OF_fer_tcp_stream], peer_accept(accepting));
    assert_accepts(opened[INDEX_OF_fer_tcp_listener], test_stream(), PEER_V4, listener_port);
    assert_receives_from_peer(&datagrams, "kept");
    assert_ok(fer_socket_local_addr(opened[INDEX_OF_fer_socket], &addr));
    assert_ok(fer_socket_new(&ended.socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    fer_socket_close(&ended.socket);
    assert_ok(fer_tcp_listener_accept(objects[INDEX_OF_fer_tcp_listener], test_stream(), NULL));
}

static void assert_unix_sockets_work(void)
{
    fer_unix_addr addr;
    char buf[4];
    if (opened[INDEX_OF_fer_unix_stream] != NULL) {
        fer_unix_stream *accepted = test_unix_stream();
        peer_socket other = unix_peer_connect(unix_path, NULL);
        assert_ok(fer_unix_stream_read_exact(unix_ends.stream, buf, 4, NULL));
        assert_unix_alive(&unix_ends);
        assert_ok(fer_unix_listener_accept(opened[INDEX_OF_fer_unix_listener], accepted, NULL));
        assert_unix_exchange(accepted, other);
    }
    if (opened[INDEX_OF_fer_unix_datagram] != NULL) {
        assert_ok(fer_unix_datagram_local_addr(opened[INDEX_OF_fer_unix_datagram], &addr));
    }
    assert_false(unix_peer_path_exists(free_path));
}

static void assert_others_work(void)
{
    fer_socket_addr addr;
    fer_event event;
    uint64_t key = 0;
    size_t count = 0;
    fer_tcp_stream stream = {0};
    assert_ok(fer_resolver_take_completed(&resolver, NULL, &key, 1, &count));
    assert_true(key == 7 && count == 1);
    assert_ok(fer_lookup_wait(&lookup, FER_DURATION_NONE, &addr, 1, &count));
    assert_true(count == 1 && addr.port == 9);
    assert_ok(
        fer_poller_wait(opened[INDEX_OF_fer_poller], FER_DURATION_NONE, &event, 1, &count, NULL));
    assert_int_equal(event.key, 1);
    assert_kind(fer_connector_take(&connector, &stream), FER_CONNECTION_REFUSED);
    assert_false(fer_cancel_token_is_cancelled(&token));
    assert_ok(fer_cancel_token_cancel(&token));
    assert_true(fer_cancel_token_is_cancelled(&token));
    fer_poll_entry woken = {.raw = fer_waker_as_raw(&waker), .interest = FER_READABLE};
    assert_ok(fer_poll(&woken, 1, (fer_duration){0}, NULL, &count));
    assert_true(count == 0);
    assert_ok(fer_waker_wake(&waker));
    assert_ok(fer_poll(&woken, 1, FER_DURATION_NONE, NULL, &count));
    assert_true(count == 1);
}

static void close_other_handles(void)
{
    fer_lookup_close(&lookup);
    fer_resolver_close(&resolver);
    fer_cancel_token_close(&token);
    fer_waker_close(&waker);
    peer_close_not_a_socket(raws.none);
}

POLLER_TEST("E4", misuse_of_every_function_is_refused_and_changes_nothing)
{
    struct pair *pair = pair_open_kind(&test_pair_connected_v4);
    memset(objects, 0, sizeof objects);
    memset(opened, 0, sizeof opened);
    open_values();
    open_ip_handles(pair, poller);
    if (unix_peer_has_streams()) {
        open_unix_streams();
        assert_true(peer_send_all(unix_ends.other, "kept", 4));
    }
    if (unix_peer_has_datagrams()) {
        open_unix_datagrams();
    }
    open_other_handles();
    close_sockets();
    close_others();
    pair_send(pair, "kept", 4);
    send_from_peer(&datagrams, "kept");
    check_every_function();
    assert_int_equal(problems, 0);
    assert_raw_sockets_are_open();
    assert_sockets_work(pair);
    assert_unix_sockets_work();
    assert_others_work();
    close_other_handles();
}

/* ---- The functions on values, and the misuse that depends on more than one argument, or after
 * which more is promised */

/* ---- Values */

/* The functions on values return false, 0 or an empty value. */
RULE_TEST("E4", questions_about_null_are_false)
{
    const fer_socket_addr none = {0};
    assert_true(fer_socket_addr_eq(NULL, NULL));
    assert_false(fer_socket_addr_eq(NULL, &none) || fer_socket_addr_eq(&none, NULL));
    assert_int_equal(fer_socket_addr_cmp(NULL, &none), -1);
    assert_int_equal(fer_socket_addr_cmp(&none, NULL), 1);
}

RULE_TEST("E4", an_unknown_kind_has_an_errno)
{
    assert_true(fer_error_to_errno((fer_error){(fer_error_kind)10000, 0}) > 0);
}

RULE_TEST("E4", a_bad_family_has_no_text)
{
    static const int families[] = {0, 1, 2, 3, 5, 7, 10, 23, 30, 255, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        fer_socket_addr bad = loopback(PEER_V4, 80);
        char text[8] = "#######";
        bad.ip.family = (fer_ip_family)families[i];
        assert_int_equal(fer_socket_addr_format(&bad, text, sizeof text), 0);
        assert_string_equal(text, "");
        memset(text, '#', sizeof text);
        assert_int_equal(fer_ip_addr_format(bad.ip, text, sizeof text), 0);
        assert_string_equal(text, "");
    }
}

RULE_TEST("E4", names_and_texts_of_nothing_are_empty)
{
    fer_unix_addr addr = {0};
    size_t len = 77;
    char text[4] = "###";
    assert_int_equal(fer_socket_addr_format(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_int_equal(fer_socket_addr_format(NULL, NULL, 0), 0);
    assert_own(fer_unix_addr_from_abstract_name(&addr, "name", SIZE_MAX), FER_INVALID_INPUT);
    assert_true(fer_unix_addr_is_unnamed(&addr));
    assert_null(fer_unix_addr_as_pathname(&addr));
    assert_null(fer_unix_addr_as_abstract_name(&addr, &len));
    assert_int_equal(len, 77);
    assert_kind(fer_interface_name(1, NULL, 0), FER_BUFFER_TOO_SMALL);
    strcpy(text, "##");
    assert_kind(fer_interface_name(1, text, 1), FER_BUFFER_TOO_SMALL);
    assert_string_equal(text, "##");
}

/* ---- Streams */

/* Misuse takes precedence over the answer of an ended half. */
PAIR_TEST("E4", null_buffers_are_misuse_on_ended_halves_too)
{
    size_t n = 77;
    assert_true(peer_shutdown_write(pair->other));
    assert_reads_end(&pair->stream);
    assert_own_n(fer_tcp_stream_read(&pair->stream, NULL, 4, &n), FER_MISUSE, n, 0);
    assert_ok(fer_tcp_stream_shutdown(&pair->stream, FER_SHUTDOWN_BOTH));
    assert_own(fer_tcp_stream_read(&pair->stream, NULL, 4, &n), FER_MISUSE);
    assert_own(fer_tcp_stream_write(&pair->stream, NULL, 4, &n), FER_MISUSE);
}

/* take_error without an output does not clear the error. */
PAIR_TEST("E4", take_error_without_an_output_takes_nothing)
{
    pair_reset_and_wait(pair);
    assert_own(fer_tcp_stream_take_error(&pair->stream, NULL), FER_MISUSE);
    assert_reads_fail(&pair->stream, FER_CONNECTION_RESET);
}

/* The number of failures is set by every call. */
STREAM_TEST("E4", a_connect_that_is_refused_has_no_failures)
{
    const fer_socket_addr good = loopback(PEER_V4, 9);
    size_t failed = 4711;
    fer_connect_options options = {.failures_count = &failed, .unused_ = {1}};
    assert_own(fer_tcp_stream_connect_addrs(stream, &good, 1, &options), FER_INVALID_INPUT);
    assert_int_equal(failed, 0);
    failed = 4711;
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &options), FER_INVALID_INPUT);
    assert_int_equal(failed, 0);
    const fer_connect_options only_v6 = {.family = FER_IP_V6};
    assert_own(fer_tcp_stream_connect_with(stream, "127.0.0.1:9", &only_v6), FER_HOST_NOT_FOUND);
    assert_new(stream);
}

/* E4: the limits that were set before remain. */
RULE_TEST("E4", limits_with_a_token_that_is_not_open_are_not_set)
{
    fer_udp_socket *socket = test_udp();
    fer_interest ready = 0;
    fer_cancel_token unopened = {0};
    const fer_limits wrong = {.token = &unopened};
    const fer_limits late = {.deadline = fer_instant_after((fer_duration){0})};
    assert_ok(fer_udp_socket_bind(socket, "127.0.0.1:0"));
    assert_ok(fer_udp_socket_set_limits(socket, &late));
    assert_own(fer_udp_socket_set_limits(socket, &wrong), FER_MISUSE);
    assert_own(fer_udp_socket_ready(socket, FER_READABLE, FER_DURATION_NONE, &ready),
               FER_TIMED_OUT);
}

/* ---- Resolvers and connectors */

RULE_TEST("E4", a_resolver_has_any_number_of_threads)
{
    fer_resolver largest = {0};
    const fer_resolver_options most = {.threads = UINT32_MAX, .queue_cap = UINT32_MAX - 1};
    assert_ok(fer_resolver_new(&largest, &most));
    assert_ok(fer_resolver_close_gracefully(&largest, NULL));
}

static fer_connector connector;

static fer_error start(const char *host_port, fer_poller *poller, uint64_t key)
{
    return fer_connector_start(&connector, host_port, NULL, NULL, poller, key);
}

/* A key that is an address within the connector is one of its own; a name needs a resolver. */
POLLER_TEST("E4", a_connector_needs_a_key_of_the_caller_and_a_resolver_for_a_name)
{
    memset(&connector, 0, sizeof connector);
    for (uintptr_t i = 1; i < sizeof connector; i += sizeof connector - 2) {
        assert_own(start("127.0.0.1:9", poller, (uintptr_t)&connector + i), FER_INVALID_INPUT);
    }
    assert_own(start("localhost:9", poller, 1), FER_MISUSE);
    assert_int_equal(connector.p_.state_, 0);
}

/* E4: no other connector of the new poller is affected. */
POLLER_TEST("E4", connectors_end_after_their_poller_was_closed_and_made_again)
{
    static fer_connector others[2];
    fer_tcp_stream stream = {0};
    memset(&connector, 0, sizeof connector);
    memset(others, 0, sizeof others);
    for (int takes = 0; takes < 2; takes++) {
        assert_ok(start("127.0.0.1:0", poller, 1));
        assert_ok(fer_connector_start(&others[0], "127.0.0.1:0", NULL, NULL, poller, 2));
        fer_poller_close(poller);
        assert_ok(fer_poller_new(poller));
        assert_ok(fer_connector_start(&others[1], "127.0.0.1:0", NULL, NULL, poller, 3));
        if (takes) {
            assert_true(fer_connector_take(&connector, &stream).kind != FER_MISUSE);
        } else {
            fer_connector_close(&connector);
        }
        fer_connector_close(&others[0]);
        fer_event event;
        size_t count = 0;
        assert_ok(fer_poller_wait(poller, millis(1000), &event, 1, &count, NULL));
        assert_true(count == 1 && event.key == 3);
        fer_connector_close(&others[1]);
    }
}

/* ---- Pollers */

POLLER_RULE_TEST("E4", a_poller_of_an_unknown_state_is_not_open)
{
    fer_poller odd = {.p_ = {.state_ = 3}};
    assert_own(fer_poller_notify(&odd), FER_MISUSE);
    assert_own(fer_poller_new(&odd), FER_MISUSE);
    fer_poller_close(&odd);
}

/* Such a wait consumes nothing: the next wait returns the events and the notification. */
MAILBOX_TEST("E4", a_wait_without_capacity_consumes_nothing)
{
    fer_event event;
    const fer_duration timeouts[] = {{0}, {1000000}, FER_DURATION_NONE};
    mailbox_send(mailbox);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_ONESHOT));
    for (size_t i = 0; i < 3; i++) {
        size_t count = 77;
        assert_own_n(fer_poller_wait(poller, timeouts[i], NULL, 1, &count, NULL), FER_MISUSE, count,
                     0);
        assert_own_n(fer_poller_wait(poller, timeouts[i], &event, 0, &count, NULL),
                     FER_INVALID_INPUT, count, 0);
        assert_own(fer_poller_wait(poller, timeouts[i], &event, 1, NULL, NULL), FER_MISUSE);
        assert_own(fer_poller_wait(poller, timeouts[i], NULL, 0, NULL, NULL), FER_INVALID_INPUT);
    }
    assert_own(fer_poller_wait(NULL, FER_DURATION_NONE, NULL, 0, NULL, NULL), FER_MISUSE);
    assert_event(poller, 1, true, false);
    assert_ok(fer_poller_notify(poller));
    assert_own(fer_poller_wait(poller, FER_DURATION_NONE, &event, 1, NULL, NULL), FER_MISUSE);
    assert_notified(poller);
}

RULE_TESTS("misuse")
