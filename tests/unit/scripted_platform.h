/* scripted_platform.h: a seam for tests of core. Each ferp_ function logs its call and returns the
 * result that the test set: the queued results first, then its default. The test sets the facts, so
 * that the branches of every system run on this one. Violations of a caller's duties fail the test:
 * a socket that is used is open, a socket is closed once, an armed wait is ended once. A test that
 * includes this header is linked with scripted_platform.c in place of the backend. */
#ifndef TEST_SCRIPTED_PLATFORM_H
#define TEST_SCRIPTED_PLATFORM_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/handle/handle.h"
#include "platform/platform.h"
#include "support/group.h"

/* X(name, name in the log, whether it can fail). */
#define SCRIPT_CALLS(X)                                     \
    X(SOCKET, "socket", true)                               \
    X(DUPLICATE, "duplicate", true)                         \
    X(CLOSE, "close", false)                                \
    X(DESCRIBE, "describe", true)                           \
    X(ADOPT, "adopt", true)                                 \
    X(BIND, "bind", true)                                   \
    X(LISTEN, "listen", true)                               \
    X(CONNECT, "connect", true)                             \
    X(ACCEPT, "accept", true)                               \
    X(LOCAL_ADDR, "local_addr", true)                       \
    X(PEER_ADDR, "peer_addr", true)                         \
    X(CONNECT_IS_PENDING, "connect_is_pending", false)      \
    X(RECV, "recv", true)                                   \
    X(PEEK, "peek", true)                                   \
    X(RECV_VECTORED, "recv_vectored", true)                 \
    X(TRY_RECV, "try_recv", true)                           \
    X(TRY_PEEK, "try_peek", true)                           \
    X(TRY_SEND, "try_send", true)                           \
    X(TRY_RECV_VECTORED, "try_recv_vectored", true)         \
    X(TRY_SEND_VECTORED, "try_send_vectored", true)         \
    X(TRY_RECV_FROM, "try_recv_from", true)                 \
    X(TRY_PEEK_FROM, "try_peek_from", true)                 \
    X(TRY_SEND_TO, "try_send_to", true)                     \
    X(TRY_UNIX_RECV_FROM, "try_unix_recv_from", true)       \
    X(TRY_UNIX_SEND_TO, "try_unix_send_to", true)           \
    X(TRY_UNIX_SEND_HANDLES, "try_unix_send_handles", true) \
    X(TRY_UNIX_RECV_HANDLES, "try_unix_recv_handles", true) \
    X(READY, "ready", true)                                 \
    X(SEND, "send", true)                                   \
    X(SEND_VECTORED, "send_vectored", true)                 \
    X(RECV_FROM, "recv_from", true)                         \
    X(PEEK_FROM, "peek_from", true)                         \
    X(SEND_TO, "send_to", true)                             \
    X(SEND_MESSAGES, "send_messages", true)                 \
    X(TRY_SEND_MESSAGES, "try_send_messages", true)         \
    X(RECV_MESSAGES, "recv_messages", true)                 \
    X(TRY_RECV_MESSAGES, "try_recv_messages", true)         \
    X(SET_UDP_FEATURE, "set_udp_feature", true)             \
    X(UDP_FEATURE, "udp_feature", true)                     \
    X(SET_DONT_FRAGMENT, "set_dont_fragment", true)         \
    X(DONT_FRAGMENT, "dont_fragment", true)                 \
    X(PATH_MTU, "path_mtu", true)                           \
    X(REPORT_REFUSALS, "report_refusals", false)            \
    X(PIPE_OPEN, "pipe_open", true)                         \
    X(PIPE_CLOSE, "pipe_close", false)                      \
    X(PIPE_FILL, "pipe_fill", true)                         \
    X(PIPE_DRAIN, "pipe_drain", true)                       \
    X(PIPE_READ, "pipe_read", true)                         \
    X(WAIT_FOR_PAIR, "wait_for_pair", true)                 \
    X(SEND_FILE, "send_file", true)                         \
    X(READ_FILE, "read_file", true)                         \
    X(UNIX_SOCKET, "unix_socket", true)                     \
    X(UNIX_PAIR, "unix_pair", true)                         \
    X(UNIX_BIND, "unix_bind", true)                         \
    X(UNIX_CONNECT, "unix_connect", true)                   \
    X(UNIX_LOCAL_ADDR, "unix_local_addr", true)             \
    X(UNIX_PEER_ADDR, "unix_peer_addr", true)               \
    X(UNIX_PEER_CRED, "unix_peer_cred", true)               \
    X(INTERFACE_INDEX, "interface_index", true)             \
    X(INTERFACE_NAME, "interface_name", true)               \
    X(UNIX_RECV_FROM, "unix_recv_from", true)               \
    X(UNIX_SEND_TO, "unix_send_to", true)                   \
    X(UNIX_SEND_HANDLES, "unix_send_handles", true)         \
    X(UNIX_RECV_HANDLES, "unix_recv_handles", true)         \
    X(CHANGE_GROUP_V4, "change_group_v4", true)             \
    X(CHANGE_GROUP_V6, "change_group_v6", true)             \
    X(BYTES_QUEUED, "bytes_queued", true)                   \
    X(SHUTDOWN, "shutdown", true)                           \
    X(TAKE_ERROR, "take_error", true)                       \
    X(SET_TIMEOUT, "set_timeout", true)                     \
    X(TIMEOUT, "timeout", true)                             \
    X(SET_NONBLOCKING, "set_nonblocking", true)             \
    X(IS_NONBLOCKING, "is_nonblocking", true)               \
    X(SET_OPTION, "set_option", true)                       \
    X(OPTION_VALUE, "option_value", true)                   \
    X(BIND_DEVICE, "bind_device", true)                     \
    X(SET_LINGER, "set_linger", true)                       \
    X(LINGER, "linger", true)                               \
    X(WAIT_ARM, "wait_arm", true)                           \
    X(WAIT_FOR, "wait_for", true)                           \
    X(WAIT_DISARM, "wait_disarm", false)                    \
    X(WAKE, "wake", false)                                  \
    X(PAUSE, "pause", false)                                \
    X(WAIT_FOR_CONNECTS, "wait_for_connects", true)         \
    X(TOKEN_OPEN, "token_open", true)                       \
    X(TOKEN_CLOSE, "token_close", false)                    \
    X(TOKEN_SIGNAL, "token_signal", false)                  \
    X(TOKEN_CLEAR, "token_clear", false)                    \
    X(TOKEN_WAIT, "token_wait", true)                       \
    X(POLLER_OPEN, "poller_open", true)                     \
    X(POLLER_CLOSE, "poller_close", false)                  \
    X(POLLER_ADD, "poller_add", true)                       \
    X(POLLER_MODIFY, "poller_modify", true)                 \
    X(POLLER_DELETE, "poller_delete", true)                 \
    X(POLLER_WAIT, "poller_wait", true)                     \
    X(POLLER_NOTIFY, "poller_notify", true)                 \
    X(LOOKUP_BEGIN, "lookup_begin", true)                   \
    X(LOOKUP_NEXT, "lookup_next", false)                    \
    X(LOOKUP_END, "lookup_end", false)

typedef enum script_call {
#define SCRIPT_CALL_ENUMERATOR(name, text, can_fail) SCRIPT_##name,
    SCRIPT_CALLS(SCRIPT_CALL_ENUMERATOR)
#undef SCRIPT_CALL_ENUMERATOR
        SCRIPT_CALL_COUNT
} script_call;

/* The result of one call. Outputs are written only on success. */
typedef struct script_result {
    fer_error error;
    /* take_error; wait_for: the failure of the socket */
    fer_error pending;
    /* Bytes moved or queued; a poller's number of events; the ready interests; the ended connects
     * as bits; an option's value; a
     * boolean; seconds of linger; nanoseconds of a timeout, initially NONE. */
    uint64_t value;
    /* linger; a truncated datagram; poller_wait: notified */
    bool on;
    /* accept, local_addr, peer_addr, lookup_next; the sender of a datagram */
    fer_socket_addr addr;
    /* unix_local_addr, unix_peer_addr, the sender of a unix_recv_from; initially unnamed */
    fer_unix_addr name;
    ferp_description description;
    /* the waits: the nanoseconds that pass. One that times out lasts until its deadline in any
     * case, unless a slice of the backend ends a wait_for. */
    uint64_t elapsed;
    bool slice_ends;
} script_result;

/* The script. Tests set the first group and read the second. */
struct script {
    struct ferp_traits traits;
    /* Runs before each call returns its result, in place of another thread. */
    void (*on_call)(script_call call);
    uint64_t fail_at; /* the n-th call that can fail returns fail_with; 0 for none */
    fer_error fail_with;
    uint64_t now;
    bool has_no_memory;
    uint64_t first_key; /* of the events of a poller's wait */
    const char *row;    /* of a table, for the messages of failed assertions */

    uint64_t last_key; /* that was registered in a poller */
    uint64_t calls_that_can_fail;
    uint64_t times[SCRIPT_CALL_COUNT]; /* the number of calls of each function */
    int sockets_open;
    int waits_armed;
    char sent[256]; /* the bytes that send has accepted */
    size_t sent_len;
    unsigned last_recv_flags;
    char log[4096];
};
extern struct script script;

/* The facts of the kinds of system that differ. */
extern const struct ferp_traits script_posix;
extern const struct ferp_traits script_bsd;
extern const struct ferp_traits script_macos;
extern const struct ferp_traits script_windows;

/* Resets everything and sets the facts. The clock starts at 1000. */
void script_begin(const struct ferp_traits *traits);

/* Appends a result to a function's queue. It is OK with a value of 0 until the test sets it. */
script_result *script_then(script_call call);
void script_then_fail(script_call call, fer_error_kind kind, int32_t os_code);
void script_then_move(script_call call, uint64_t bytes);

/* Appends results to the queues: "recv 4 INTERRUPTED:4, send 3" are two of recv and one of send, by
 * their names in the log. A number is the value of a success, and a kind with its code a failure. */
void script_queue(const char *results);

/* The result of a function whose queue is empty. */
script_result *script_default(script_call call);

/* A cmocka teardown: every queued result was used and every armed wait was ended. The same at the
 * end of a row. */
int script_teardown(void **state);
void script_end_row(void);

/* Fails the test with the row and the log. */
void script_fail(const char *what);
#define assert_row(condition) ((condition) ? (void)0 : script_fail(#condition))

/* An open socket that the library did not create, and a handle that owns such a socket. */
fer_raw_socket script_open_socket(void);
fer_handle script_stream(uint32_t flags);

fer_socket_addr script_addr(const char *text);
fer_unix_addr script_path(const char *path);

/* Fails the test unless the address is the one that the text represents. */
void assert_addr(const fer_socket_addr *got, const char *text);

/* Makes the next such call close the handle, as another thread could. */
void script_close_during(script_call call, fer_handle *handle);

/* Compares the log with the expected calls and clears it. */
void assert_log(const char *want);

/* Fails the test unless the call returns this kind and this code. */
#define assert_error(call, kind, code) script_check_error(#call, call, kind, (int32_t)(code))
void script_check_error(const char *call, fer_error got, fer_error_kind kind, int32_t code);
#define assert_ok(call) assert_error(call, FER_OK, 0)
/* The same, and the call stores this count in n. */
#define assert_error_n(call, want_kind, want_code, n, count) \
    do {                                                     \
        (n) = 77;                                            \
        assert_error(call, want_kind, want_code);            \
        assert_int_equal(n, count);                          \
    } while (0)
#define assert_ok_n(call, n, count) assert_error_n(call, FER_OK, 0, n, count)
/* The same, and the log of the calls so far. */
#define assert_error_log(call, want_kind, want_code, want) \
    do {                                                   \
        assert_error(call, want_kind, want_code);          \
        assert_log(want);                                  \
    } while (0)
#define assert_ok_log(call, want) assert_error_log(call, FER_OK, 0, want)
/* The call returns the failure of this function of the seam. */
#define assert_forwards(function, kind, code, call) \
    do {                                            \
        script_then_fail(function, kind, code);     \
        assert_error(call, kind, code);             \
    } while (0)

/* A handle whose socket is not connected, and one with a pending connect. */
static inline fer_handle script_unconnected(uint32_t flags)
{
    fer_handle handle = {0};
    assert_ok(feri_handle_claim(&handle));
    assert_ok(feri_handle_fill_unconnected(&handle, script_open_socket(), flags));
    return handle;
}

static inline fer_handle script_connecting(uint32_t flags)
{
    fer_handle handle = script_unconnected(flags);
    assert_true(feri_handle_apply(&handle, FERI_EVENT_CONNECT_BEGIN));
    return handle;
}

/* Tests. A SYSTEM_TEST has the facts of a system, a STREAM_TEST also an open stream in `handle`. */
#define SCRIPT_TEST(function) TEST_WITH(function, NULL, script_teardown)
#define SCRIPT_TEST_AFTER(begin, function)         \
    TEST_BY(function, (void), (begin, function()), \
            TEST_ROW(#function, function, NULL, script_teardown, NULL))
#define SYSTEM_TEST(system, function) SCRIPT_TEST_AFTER(script_begin(&(system)), function)
#define STREAM_TEST(system, function) \
    SCRIPT_TEST_WITH(fer_handle handle, (script_begin(&(system)), script_stream(0)), function)
/* The body has this variable, with this value. */
#define SCRIPT_TEST_WITH(variable, value, function) \
    TEST_OF(function, (variable), (value),          \
            TEST_ROW(#function, function, NULL, script_teardown, NULL))

#endif
