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

/* X(name): the functions that can fail and the others. In the log they are in lower case. */
/* clang-format off */
#define SCRIPT_FALLIBLE_CALLS(X) \
    X(SOCKET) X(DUPLICATE) X(DESCRIBE) X(ADOPT) X(BIND) X(LISTEN) X(CONNECT) X(ACCEPT) \
    X(LOCAL_ADDR) X(PEER_ADDR) X(RECV) X(PEEK) X(RECV_VECTORED) X(TRY_RECV) X(TRY_PEEK) \
    X(TRY_SEND) X(TRY_RECV_VECTORED) X(TRY_SEND_VECTORED) X(TRY_RECV_FROM) X(TRY_PEEK_FROM) \
    X(TRY_SEND_TO) X(TRY_UNIX_RECV_FROM) X(TRY_UNIX_SEND_TO) X(TRY_UNIX_SEND_HANDLES) \
    X(TRY_UNIX_RECV_HANDLES) X(READY) X(SEND) X(SEND_VECTORED) X(RECV_FROM) X(PEEK_FROM) \
    X(SEND_TO) X(SEND_MESSAGES) X(TRY_SEND_MESSAGES) X(RECV_MESSAGES) X(TRY_RECV_MESSAGES) \
    X(SET_UDP_FEATURE) X(UDP_FEATURE) X(SET_DONT_FRAGMENT) X(DONT_FRAGMENT) X(PATH_MTU) \
    X(PIPE_OPEN) X(PIPE_FILL) X(PIPE_DRAIN) X(PIPE_READ) X(WAIT_FOR_PAIR) X(SEND_FILE) \
    X(READ_FILE) X(UNIX_SOCKET) X(UNIX_PAIR) X(UNIX_BIND) X(UNIX_CONNECT) X(UNIX_LOCAL_ADDR) \
    X(UNIX_PEER_ADDR) X(UNIX_PEER_CRED) X(INTERFACE_INDEX) X(INTERFACE_NAME) X(UNIX_RECV_FROM) \
    X(UNIX_SEND_TO) X(UNIX_SEND_HANDLES) X(UNIX_RECV_HANDLES) X(CHANGE_GROUP_V4) \
    X(CHANGE_GROUP_V6) X(BYTES_QUEUED) X(SHUTDOWN) X(TAKE_ERROR) X(SET_TIMEOUT) X(TIMEOUT) \
    X(SET_NONBLOCKING) X(IS_NONBLOCKING) X(SET_OPTION) X(OPTION_VALUE) X(BIND_DEVICE) \
    X(SET_LINGER) X(LINGER) X(WAIT_ARM) X(WAIT_FOR) X(POLL) X(TOKEN_OPEN) \
    X(TOKEN_WAIT) X(POLLER_OPEN) X(POLLER_ADD) X(POLLER_MODIFY) X(POLLER_DELETE) X(POLLER_WAIT) \
    X(POLLER_NOTIFY) X(LOOKUP_BEGIN) X(SERVICE_PORT) X(DISCONNECT)
#define SCRIPT_OTHER_CALLS(X) \
    X(CLOSE) X(CONNECT_IS_PENDING) X(REPORT_REFUSALS) X(PIPE_CLOSE) X(WAIT_DISARM) X(WAKE) \
    X(PAUSE) X(TOKEN_CLOSE) X(TOKEN_SIGNAL) X(TOKEN_CLEAR) X(POLLER_CLOSE) X(LOOKUP_NEXT) \
    X(LOOKUP_END)
/* clang-format on */

typedef enum script_call {
#define SCRIPT_CALL_ENUMERATOR(name) SCRIPT_##name,
    SCRIPT_FALLIBLE_CALLS(SCRIPT_CALL_ENUMERATOR) SCRIPT_OTHER_CALLS(SCRIPT_CALL_ENUMERATOR)
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
     * case. */
    uint64_t elapsed;
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
 * their names in the log. A number is the value of a success, a kind with its code a failure, and
 * with a leading + the pending error. "recv* INTERRUPTED:4" is the default. The text is the name of
 * a row without one. */
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

/* The description that the words have: stream, datagram, raw, packets; v4, v6, unix; listening,
 * connected, connecting, nonblocking; other protocol. */
ferp_description script_description(const char *words);

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
    assert_ok(feri_handle_fill(&handle, FERI_EVENT_OPEN_UNCONNECTED, script_open_socket(), flags));
    return handle;
}

static inline fer_handle script_connecting(uint32_t flags)
{
    fer_handle handle = script_unconnected(flags);
    assert_true(feri_handle_step(&handle, FERI_EVENT_CONNECT_BEGIN, feri_ok()) !=
                FERI_STATE_MISUSE);
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
