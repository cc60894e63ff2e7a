/* fixture.c: shared by the conformance tests; see fixture.h. */
#include "support/fixture.h"

struct pair_kind test_no_pair = {true, PEER_V4};
struct pair_kind test_pair_connected_v4 = {true, PEER_V4};
struct pair_kind test_pair_accepted_v4 = {false, PEER_V4};
struct pair_kind test_pair_connected_v6 = {true, PEER_V6};
struct pair_kind test_pair_accepted_v6 = {false, PEER_V6};

static struct pair the_pair;
static bool pair_is_open;
static size_t handles_before;

TEST_POOL(fer_tcp_stream, test_stream, 16)
TEST_POOL(fer_tcp_listener, test_listener, 8)
TEST_POOL(fer_udp_socket, test_udp, 8)

size_t test_first;

/* ---- Before and after a test */

static int group_begin(void **state)
{
    peer_start();
    return 0;
}

int test_run_group(const char *name, const struct CMUnitTest *tests, size_t count)
{
    size_t first = test_first < count ? test_first : count;
    return _cmocka_run_group_tests(name, tests + first, count - first, group_begin, NULL);
}

int test_begin(void **state)
{
    handles_before = peer_handle_count_is_exact() ? peer_open_handles() : 0;
    return 0;
}

static void close_everything(void)
{
    if (pair_is_open) {
        fer_tcp_stream_close(&the_pair.stream);
        pair_is_open = false;
    }
    test_stream_close_all();
    test_listener_close_all();
    test_udp_close_all();
    peer_close_all();
}

int test_end(void **state)
{
    close_everything();
    size_t handles = peer_handle_count_is_exact() ? peer_open_handles() : 0;
    if (handles != handles_before) {
        print_error("a leak: %u handles are open, %u were before the test\n", (unsigned)handles,
                    (unsigned)handles_before);
        return -1;
    }
    return 0;
}

void skip_because(const char *reason)
{
    print_message("[  REASON  ] %s\n", reason);
    skip();
}

void skip_if(bool condition, const char *reason)
{
    if (condition) {
        skip_because(reason);
    }
}

void skip_without_v6(void)
{
    skip_if(!peer_has_v6(), "this machine has no IPv6 loopback");
}

void skip_without_dual_stack(void)
{
    skip_without_v6();
    skip_if(!peer_has_dual_stack(), "this OS has no dual stack");
}

void skip_without_localhost(void)
{
    skip_if(!peer_resolves_localhost(), "the system's own resolver does not know localhost");
}

/* ---- Handles */

fer_tcp_listener *test_listening(peer_family family, uint16_t *port)
{
    fer_tcp_listener *listener = test_listener();
    fer_socket_addr addr = loopback(family, 0);
    assert_ok(fer_tcp_listener_bind_addr(listener, &addr));
    assert_ok(fer_tcp_listener_local_addr(listener, &addr));
    *port = addr.port;
    return listener;
}

fer_udp_socket *test_udp_bound(peer_family family, uint16_t *port)
{
    fer_udp_socket *socket = test_udp();
    fer_socket_addr addr = loopback(family, 0);
    assert_ok(fer_udp_socket_bind_addr(socket, &addr));
    assert_ok(fer_udp_socket_local_addr(socket, &addr));
    *port = addr.port;
    return socket;
}

struct udp_pair udp_pair_open(peer_family family)
{
    struct udp_pair pair = {.family = family};
    pair.socket = test_udp_bound(family, &pair.port);
    pair.other = peer_datagram(family, &pair.other_port);
    assert_true(pair.other != PEER_NONE);
    pair.other_addr = loopback(family, pair.other_port);
    return pair;
}

peer_family family_of(void **state)
{
    const struct pair_kind *kind = *state;
    if (kind->family == PEER_V6) {
        skip_without_v6();
    }
    return kind->family;
}

fer_socket_addr loopback(peer_family family, uint16_t port)
{
    fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
    return family == PEER_V4 ? fer_socket_addr_v4_new(v4, port)
                             : fer_socket_addr_v6_new(v6, port, 0, 0);
}

fer_duration millis(uint64_t count)
{
    return fer_duration_from_millis(count);
}

/* ---- The pair */

static void open_by_connecting(struct pair *pair)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(pair->kind.family, 16, &port);
    assert_true(listener != PEER_NONE);
    fer_socket_addr addr = loopback(pair->kind.family, port);
    assert_ok(fer_tcp_stream_connect_addr(&pair->stream, &addr));
    pair_is_open = true;
    pair->other = peer_accept(listener);
    peer_close(listener);
}

static void open_by_accepting(struct pair *pair)
{
    fer_tcp_listener listener = {0};
    fer_socket_addr addr = loopback(pair->kind.family, 0);
    assert_ok(fer_tcp_listener_bind_addr(&listener, &addr));
    assert_ok(fer_tcp_listener_local_addr(&listener, &addr));
    pair->other = peer_connect(pair->kind.family, addr.port);
    assert_true(pair->other != PEER_NONE);
    assert_ok(fer_tcp_listener_accept(&listener, &pair->stream, NULL));
    pair_is_open = true;
    fer_tcp_listener_close(&listener);
}

struct pair *pair_open_kind(const struct pair_kind *kind)
{
    if (kind->family == PEER_V6) {
        skip_without_v6();
    }
    memset(&the_pair, 0, sizeof the_pair);
    the_pair.kind = *kind;
    if (kind->ferrule_connects) {
        open_by_connecting(&the_pair);
    } else {
        open_by_accepting(&the_pair);
    }
    assert_true(the_pair.other != PEER_NONE);
    return &the_pair;
}

struct pair *pair_open(void **state)
{
    return pair_open_kind(*state);
}

void pair_close(struct pair *pair)
{
    fer_tcp_stream_close(&pair->stream);
    pair_is_open = false;
    if (pair->other != PEER_NONE) {
        peer_close(pair->other);
    }
}

void pair_close_other(struct pair *pair)
{
    peer_close(pair->other);
    pair->other = PEER_NONE;
}

void pair_reset(struct pair *pair)
{
    peer_reset(pair->other);
    pair->other = PEER_NONE;
}

void pair_reset_and_wait(struct pair *pair)
{
    pair_reset(pair);
    assert_true(peer_raw_wait_failed(fer_tcp_stream_as_raw(&pair->stream)));
}

void pair_send(struct pair *pair, const void *bytes, size_t len)
{
    assert_true(peer_send_all(pair->other, bytes, len));
    assert_true(peer_raw_wait_readable(fer_tcp_stream_as_raw(&pair->stream)));
}

void assert_exchange(fer_tcp_stream *stream, peer_socket other)
{
    assert_stream_exchange(tcp_ref(stream), other);
}

void assert_alive(struct pair *pair)
{
    assert_exchange(&pair->stream, pair->other);
}

void assert_accepts(fer_tcp_listener *listener, fer_tcp_stream *stream, peer_family family,
                    uint16_t port)
{
    peer_socket other = peer_connect(family, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, other);
}

void leave_port_in_time_wait(fer_tcp_listener *listener, peer_family family, uint16_t port)
{
    fer_tcp_stream *stream = test_stream();
    char byte;
    size_t n = 0;
    peer_socket other = peer_connect(family, port);
    assert_ok(fer_tcp_listener_accept(listener, stream, NULL));
    assert_exchange(stream, other);
    fer_tcp_stream_close(stream);
    assert_int_equal(peer_recv_some(other, &byte, 1, &n), PEER_END);
    peer_close(other);
    fer_tcp_listener_close(listener);
}

void assert_new(fer_tcp_stream *stream)
{
    char byte = 0;
    size_t n = 77;
    fer_socket_addr addr;
    assert_own_n(fer_tcp_stream_read(stream, &byte, 1, &n), FER_NOT_CONNECTED, n, 0);
    assert_own(fer_tcp_stream_write(stream, &byte, 1, &n), FER_NOT_CONNECTED);
    assert_own(fer_tcp_stream_local_addr(stream, &addr), FER_MISUSE);
    assert_true(fer_tcp_stream_as_raw(stream) == FER_RAW_SOCKET_NONE);
}

void assert_closed(fer_tcp_stream *stream)
{
    char byte = 0;
    size_t n = 77;
    assert_own_n(fer_tcp_stream_read(stream, &byte, 1, &n), FER_MISUSE, n, 0);
    assert_own(fer_tcp_stream_write(stream, &byte, 1, &n), FER_MISUSE);
    assert_own(fer_tcp_stream_shutdown(stream, FER_SHUTDOWN_BOTH), FER_MISUSE);
    assert_true(fer_tcp_stream_as_raw(stream) == FER_RAW_SOCKET_NONE);
}

/* ---- Assertions */

static void fail_with(fer_error error, const char *text, const char *wanted, const char *file,
                      int line)
{
    print_error("%s\n  is %s (os_code %d), not %s\n", text, fer_error_kind_name(error.kind),
                (int)error.os_code, wanted);
    _fail(file, line);
}

void expect_kind(fer_error error, fer_error_kind kind, const char *text, const char *file, int line)
{
    if (error.kind != kind) {
        fail_with(error, text, fer_error_kind_name(kind), file, line);
    }
    if (kind == FER_OK && error.os_code != 0) {
        fail_with(error, text, "os_code 0, as success has", file, line);
    }
}

void expect_own(fer_error error, fer_error_kind kind, const char *text, const char *file, int line)
{
    expect_kind(error, kind, text, file, line);
    if (error.os_code != 0) {
        fail_with(error, text, "ferrule's own answer, with os_code 0", file, line);
    }
}

void expect_either(fer_error error, fer_error_kind one, fer_error_kind other, const char *text,
                   const char *file, int line)
{
    if (error.kind != one && error.kind != other) {
        fail_with(error, text, fer_error_kind_name(one), file, line);
    }
}

void assert_stream_exchange(stream_ref stream, peer_socket other)
{
    char got[5] = {0};
    size_t n = 0;
    assert_ok_n(stream_write_all(stream, "ping", 4, &n), n, 4);
    assert_true(peer_recv_exact(other, got, 4));
    assert_string_equal(got, "ping");
    assert_true(peer_send_all(other, "pong", 4));
    assert_ok_n(stream_read_exact(stream, got, 4, &n), n, 4);
    assert_string_equal(got, "pong");
}

/* read_exact has another kind at the end of file. */
static void assert_each_read_is(stream_ref stream, fer_error_kind kind, fer_error_kind of_exact)
{
    char buf[8] = {0};
    size_t n = 77;
    for (int sort = 0; sort < READ_SORTS; sort++) {
        assert_kind_n(read_by(sort, stream, buf, sizeof buf, &n),
                      sort == READ_EXACT ? of_exact : kind, n, 0);
    }
    assert_kind(stream_read(stream, buf, sizeof buf, NULL), kind);
}

void assert_stream_ends(stream_ref stream)
{
    char byte;
    assert_each_read_is(stream, FER_OK, FER_UNEXPECTED_EOF);
    assert_own(stream_read_exact(stream, &byte, 1, NULL), FER_UNEXPECTED_EOF);
}

void assert_stream_fails(stream_ref stream, fer_error_kind kind)
{
    assert_each_read_is(stream, kind, kind);
}

void assert_reads_end(fer_tcp_stream *stream)
{
    assert_stream_ends(tcp_ref(stream));
}

void assert_reads_fail(fer_tcp_stream *stream, fer_error_kind kind)
{
    assert_stream_fails(tcp_ref(stream), kind);
}

fer_error read_by(int sort, stream_ref stream, void *buf, size_t len, size_t *n)
{
    fer_io_slice_mut slices[2] = {{buf, len / 2}, {(char *)buf + len / 2, len - len / 2}};
    switch (sort) {
    case READ: return stream_read(stream, buf, len, n);
    case PEEK: return stream_peek(stream, buf, len, n);
    case READ_VECTORED: return stream_read_vectored(stream, slices, 2, n);
    case READ_EXACT: return stream_read_exact(stream, buf, len, n);
    default: return stream_read_to_end(stream, buf, len, n);
    }
}

fer_error write_by(int sort, stream_ref stream, const void *buf, size_t len, size_t *n)
{
    fer_io_slice slices[2] = {{buf, len / 2}, {(const char *)buf + len / 2, len - len / 2}};
    return sort == WRITE            ? stream_write(stream, buf, len, n)
           : sort == WRITE_VECTORED ? stream_write_vectored(stream, slices, 2, n)
                                    : stream_write_all(stream, buf, len, n);
}

uint64_t microseconds_since(uint64_t start_us)
{
    return peer_now_us() - start_us;
}
