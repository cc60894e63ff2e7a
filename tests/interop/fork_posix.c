/* fork_posix.c: a child process created by fork, and its copies of the parent's handles. */
#ifdef __linux__
#define _GNU_SOURCE 1 /* unshare */
#endif
#include "interop/interop_posix.h"

#ifdef __linux__
#include <sched.h>
#include <signal.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ferrule/cancel.h"
#include "ferrule/connector.h"
#include "ferrule/resolve.h"
#include "ferrule/socket.h"
#include "ferrule/unix.h"
#include "ferrule/waker.h"
#include "interop/sockets.h"
#include "support/fixture.h"
#include "support/thread.h"

enum { FORKS = 200, LOOKUPS = 4, HANG_SECONDS = 60, ACCEPTORS = 8, CONNECTIONS = 40 };

static int exit_code_of(pid_t child)
{
    int code = -1;
    return waitpid(child, &code, 0) == child && WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

/* Forks. The child runs the function and ends, with 0 if the result is true. SIGALRM ends it if it
 * hangs. */
static pid_t fork_child(bool (*run)(void *context), void *context)
{
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(HANG_SECONDS);
        _exit(run(context) ? 0 : 1);
    }
    assert_true(child > 0);
    return child;
}

struct copies {
    fer_resolver resolver;
    fer_lookup lookups[LOOKUPS];
};

static bool start_lookups(struct copies *copies, fer_poller *poller)
{
    bool is_good = true;
    for (size_t i = 0; i < LOOKUPS; i++) {
        is_good = is_good && fer_resolver_start(&copies->resolver, "localhost:1", NULL, poller, i,
                                                &copies->lookups[i])
                                     .kind == FER_OK;
    }
    return is_good;
}

/* Runs in the child. */
static bool close_copies(void *context)
{
    struct copies *copies = context;
    size_t count = 0;
    uint64_t key;
    bool is_good =
        fer_lookup_wait(&copies->lookups[0], FER_DURATION_NONE, NULL, 0, &count).kind ==
            FER_CANCELLED &&
        fer_resolver_take_completed(&copies->resolver, NULL, &key, 1, &count).kind == FER_MISUSE;
    for (size_t i = 0; i < LOOKUPS; i++) {
        fer_lookup_close(&copies->lookups[i]);
    }
    fer_resolver_close(&copies->resolver);
    return is_good;
}

/* ---- A copy in a process with the same process id */

#ifdef __linux__

enum { CANNOT_UNSHARE = 77 };

/* Process 1 of a namespace has no default action for signals (pid_namespaces(7)). */
static void end_with_failure(int signal)
{
    _exit(1);
}

/* Process 1 of one namespace forks process 1 of another one. */
static void fork_with_the_same_id(void)
{
    const fer_resolver_options two = {.threads = 2, .queue_cap = LOOKUPS};
    static struct copies copies;
    (void)signal(SIGALRM, end_with_failure);
    (void)alarm(HANG_SECONDS);
    bool is_good =
        fer_resolver_new(&copies.resolver, &two).kind == FER_OK && start_lookups(&copies, NULL);
    if (unshare(CLONE_NEWPID) != 0) {
        _exit(CANNOT_UNSHARE);
    }
    pid_t id = getpid();
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(HANG_SECONDS);
        _exit(getpid() == id && close_copies(&copies) ? 0 : 1);
    }
    int code = exit_code_of(child);
    fer_resolver_close(&copies.resolver);
    _exit(is_good ? code : 1);
}

static void enter_a_pid_namespace(void)
{
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
        _exit(CANNOT_UNSHARE);
    }
    pid_t child = fork();
    if (child == 0) {
        fork_with_the_same_id();
    }
    _exit(exit_code_of(child));
}

/* N6: "every wait for a copied lookup is FER_CANCELLED". */
RULE_TEST("N6", a_child_with_its_parents_process_id_has_copies)
{
    skip_without_localhost();
    pid_t child = fork();
    if (child == 0) {
        enter_a_pid_namespace();
    }
    int code = exit_code_of(child);
    if (code == CANNOT_UNSHARE) {
        skip_because("this machine does not permit PID namespaces");
    }
    assert_int_equal(code, 0);
}

#else

RULE_TEST("N6", a_child_with_its_parents_process_id_has_copies)
{
    skip_because("only Linux has PID namespaces");
}

#endif

/* ---- Copies of a resolver */

/* N6, N7: "never waits" also holds in a child of fork, whatever the parent's threads were doing.
 * The parent's lookups are not affected. */
RULE_TEST("N6/N7", a_child_may_close_its_copies_of_a_resolver)
{
    const fer_resolver_options two = {.threads = 2, .queue_cap = LOOKUPS};
    static struct copies copies;
    fer_poller poller = {0};
    skip_without_localhost();
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_resolver_new(&copies.resolver, &two));
    for (int i = 0; i < FORKS; i++) {
        assert_true(start_lookups(&copies, &poller));
        assert_int_equal(exit_code_of(fork_child(close_copies, &copies)), 0);
        for (size_t at = 0; at < LOOKUPS; at++) {
            size_t count = 0;
            assert_ok(fer_lookup_wait(&copies.lookups[at], FER_DURATION_NONE, NULL, 0, &count));
            assert_true(count > 0);
            fer_lookup_close(&copies.lookups[at]);
        }
    }
    fer_resolver_close(&copies.resolver);
    fer_poller_close(&poller);
}

/* ---- Copies of a connector */

static bool close_copy_of_connector(void *context)
{
    fer_connector *connector = context;
    fer_connector_close(connector);
    return connector->p_.state_ == 0;
}

static void await_connector(fer_poller *poller)
{
    fer_event event = {0};
    size_t count = 0;
    assert_ok(fer_poller_wait(poller, millis(PEER_LIMIT_MS), &event, 1, &count, NULL));
    assert_true(count == 1 && event.key == 1);
}

/* K15: a child's close changes neither the parent's registration of a pending attempt nor the
 * connection, which a linger of zero would reset at its end. */
RULE_TEST("K15", a_child_may_close_its_copy_of_a_connector)
{
    fer_poller poller = {0};
    uint16_t port = 0;
    int listener = plain_listener(&port);
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned)port);
    assert_ok(fer_poller_new(&poller));
    for (int is_done = 0; is_done < 2; is_done++) {
        static fer_connector connector;
        fer_tcp_stream stream = {0};
        fer_duration linger = {0};
        assert_ok(fer_connector_start(&connector, text, NULL, NULL, &poller, 1));
        if (is_done) {
            await_connector(&poller);
        }
        assert_int_equal(exit_code_of(fork_child(close_copy_of_connector, &connector)), 0);
        if (!is_done) {
            await_connector(&poller);
        }
        assert_ok(fer_connector_take(&connector, &stream));
        assert_ok(fer_tcp_stream_linger(&stream, &linger));
        assert_true(linger.nanos == FER_DURATION_NONE_NANOS);
        fer_tcp_stream_close(&stream);
    }
    fer_poller_close(&poller);
    assert_int_equal(close(listener), 0);
}

/* ---- Copies of a waker */

static bool is_readable(fer_raw_socket raw, fer_duration timeout)
{
    fer_poll_entry polled = {.raw = raw, .interest = FER_READABLE};
    size_t n = 0;
    return fer_poll(&polled, 1, timeout, NULL, &n).kind == FER_OK && n == 1;
}

static bool close_copy(void *context)
{
    fer_waker_close(context);
    return true;
}

static bool wake_and_clear_twice(void *context)
{
    const fer_duration none = {0};
    fer_raw_socket raw = fer_waker_as_raw(context);
    bool is_right = true;
    for (int i = 0; i < 2; i++) {
        is_right = fer_waker_wake(context).kind == FER_OK && is_readable(raw, none) && is_right;
        is_right = fer_waker_clear(context).kind == FER_OK && !is_readable(raw, none) && is_right;
    }
    return is_right;
}

/* waker.h: "After fork one of the two processes uses the waker, and the other one may only close
 * its copy" */
RULE_TEST("P14", one_of_two_processes_uses_a_waker)
{
    for (int is_woken = 0; is_woken < 2; is_woken++) {
        fer_waker waker = {0};
        assert_ok(fer_waker_new(&waker));
        if (is_woken != 0) {
            assert_ok(fer_waker_wake(&waker));
        }
        assert_int_equal(exit_code_of(fork_child(close_copy, &waker)), 0);
        assert_int_equal(is_readable(fer_waker_as_raw(&waker), (fer_duration){0}), is_woken);
        assert_true(wake_and_clear_twice(&waker));
        if (is_woken != 0) {
            assert_ok(fer_waker_wake(&waker));
        }
        assert_int_equal(exit_code_of(fork_child(wake_and_clear_twice, &waker)), 0);
        fer_waker_close(&waker);
    }
}

/* P14: "on POSIX in a signal handler too": errno is that of before, also if nothing changes. */
RULE_TEST("P14", a_wake_keeps_errno)
{
    fer_waker waker = {0};
    assert_ok(fer_waker_new(&waker));
    for (int i = 0; i < 100000; i++) { /* more than a pipe holds */
        errno = ERANGE;
        fer_error error = fer_waker_wake(&waker);
        assert_true(error.kind == FER_OK && errno == ERANGE);
    }
    fer_waker_close(&waker);
}

/* ---- Listeners of two processes */

struct acceptor {
    fer_tcp_listener *listener;
    fer_error error;
};

/* Threads of one process that accept within the limits of its handle. */
struct acceptors {
    fer_tcp_listener *listener;
    fer_cancel_token token;
    test_thread threads[ACCEPTORS];
    struct acceptor each[ACCEPTORS];
};

/* Accepts until a failure, and sends a byte to each client. */
static void accept_until_failure(void *argument)
{
    struct acceptor *acceptor = argument;
    do {
        fer_tcp_stream stream = {0};
        acceptor->error = fer_tcp_listener_accept(acceptor->listener, &stream, NULL);
        if (acceptor->error.kind == FER_OK) {
            FER_IGNORE(fer_tcp_stream_write_all(&stream, "!", 1, NULL));
        }
        fer_tcp_stream_close(&stream);
    } while (acceptor->error.kind == FER_OK);
}

static bool start_acceptors(struct acceptors *all)
{
    const fer_limits limits = {.token = &all->token};
    if (fer_cancel_token_new(&all->token).kind != FER_OK ||
        fer_tcp_listener_set_limits(all->listener, &limits).kind != FER_OK) {
        return false;
    }
    for (int i = 0; i < ACCEPTORS; i++) {
        all->each[i].listener = all->listener;
        test_thread_start(&all->threads[i], accept_until_failure, &all->each[i]);
    }
    return true;
}

/* Whether the cancel has ended the accept of every thread. */
static bool cancel_acceptors(struct acceptors *all)
{
    bool is_cancelled = fer_cancel_token_cancel(&all->token).kind == FER_OK;
    for (int i = 0; i < ACCEPTORS; i++) {
        test_thread_join(&all->threads[i]);
        is_cancelled = is_cancelled && all->each[i].error.kind == FER_CANCELLED;
    }
    fer_cancel_token_close(&all->token);
    return is_cancelled;
}

/* Two pipes: the child writes that it is ready, and the parent that it shall end. Each process
 * closes its copy of the end that the other one writes, and reads end-of-file if that one ends
 * early. */
static int from_child[2];
static int to_child[2];

static bool write_byte(int fd)
{
    return write(fd, "!", 1) == 1;
}

static bool read_byte(int fd)
{
    char byte;
    return read(fd, &byte, 1) == 1;
}

static bool accept_in_the_child(void *listener)
{
    struct acceptors all = {.listener = listener};
    (void)close(to_child[1]);
    return start_acceptors(&all) && write_byte(from_child[1]) && read_byte(to_child[0]) &&
           cancel_acceptors(&all);
}

/* The modes of one process do not change the waits of the other one. */
static bool connect_and_switch_modes(fer_tcp_listener *listener, uint16_t port)
{
    bool is_served = true;
    for (int i = 0; i < CONNECTIONS; i++) {
        char byte = 0;
        peer_socket client = plain_connection(port);
        peer_adopt(client);
        is_served = is_served && peer_recv_exact(client, &byte, 1) && byte == '!';
        peer_close(client);
        if (i == CONNECTIONS / 2) {
            fer_tcp_listener clone = {0};
            is_served = is_served && fer_tcp_listener_try_clone(listener, &clone).kind == FER_OK &&
                        fer_tcp_listener_set_nonblocking(&clone, false).kind == FER_OK;
            fer_tcp_listener_close(&clone);
        }
    }
    return is_served;
}

/* K7: "No accept waits in the system for a connection that is taken." */
RULE_TEST("K7", two_processes_accept_within_limits_on_one_listener)
{
    uint16_t port = 0;
    struct acceptors all = {.listener = test_listening(PEER_V4, &port)};
    assert_int_equal(pipe(from_child), 0);
    assert_int_equal(pipe(to_child), 0);
    pid_t child = fork_child(accept_in_the_child, all.listener);
    (void)close(from_child[1]);
    bool is_good = read_byte(from_child[0]) && start_acceptors(&all);
    is_good = is_good && connect_and_switch_modes(all.listener, port);
    bool is_cancelled = cancel_acceptors(&all);
    bool is_reported = write_byte(to_child[1]);
    int code = exit_code_of(child);
    (void)close(from_child[0]);
    (void)close(to_child[0]);
    (void)close(to_child[1]);
    assert_true(is_good);
    assert_true(is_cancelled);
    assert_true(is_reported);
    assert_int_equal(code, 0);
}

/* Sets limits on its copy, which makes the description nonblocking, and ends. */
static bool set_limits_in_the_child(void *listener)
{
    fer_cancel_token token = {0};
    bool is_made = fer_cancel_token_new(&token).kind == FER_OK;
    const fer_limits limits = {.token = &token};
    return is_made && fer_tcp_listener_set_limits(listener, &limits).kind == FER_OK;
}

/* K7, row listener_of_processes: a blocking accept without limits waits in ferrule if another
 * process has set limits, and is no WOULD_BLOCK. */
RULE_TEST("K7", the_limits_of_a_child_do_not_end_the_accept_of_its_parent)
{
    uint16_t port = 0;
    char byte = 0;
    test_thread thread;
    struct acceptor acceptor = {test_listening(PEER_V4, &port), {FER_OK, 0}};
    fer_tcp_listener *listener = acceptor.listener;
    assert_int_equal(exit_code_of(fork_child(set_limits_in_the_child, listener)), 0);
    assert_true(peer_raw_is_nonblocking(fer_tcp_listener_as_raw(listener)));
    test_thread_start(&thread, accept_until_failure, &acceptor);
    peer_socket client = plain_connection(port);
    peer_adopt(client);
    bool is_served = peer_recv_exact(client, &byte, 1);
    peer_close(client);
    /* the next accept ends it, whether it waits or has not begun */
    FER_IGNORE(fer_socket_set_read_timeout(fer_tcp_listener_as_socket(listener), millis(1)));
    client = plain_connection(port);
    peer_adopt(client);
    test_thread_join(&thread);
    peer_close(client);
    assert_true(is_served);
    assert_int_equal(acceptor.error.kind, FER_TIMED_OUT);
}

static bool make_nonblocking(void *stream)
{
    return fer_unix_stream_set_nonblocking(stream, true).kind == FER_OK;
}

static bool make_blocking(void *stream)
{
    return fer_unix_stream_set_nonblocking(stream, false).kind == FER_OK;
}

static bool make_brief(void *stream)
{
    return fer_unix_stream_set_read_timeout(stream, millis(20)).kind == FER_OK;
}

/* T2, T6: the modes belong to the socket: those of another process are neither an expired timeout
 * nor a nonblocking mode that was not set; within limits, if the program has the raw socket. */
RULE_TEST("T6", the_modes_that_a_child_sets_are_those_of_its_parent)
{
    char byte;
    fer_unix_stream stream = {0}, other = {0};
    assert_ok(fer_unix_stream_pair(&stream, &other));
    assert_ok(fer_unix_stream_set_read_timeout(&stream, millis(9000)));
    assert_int_equal(exit_code_of(fork_child(make_nonblocking, &stream)), 0);
    assert_kind(fer_unix_stream_read(&stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    const fer_limits limits = {.deadline = fer_instant_after(millis(9000))};
    assert_ok(fer_unix_stream_set_limits(&stream, &limits));
    assert_true(fer_unix_stream_as_raw(&stream) != FER_RAW_SOCKET_NONE);
    assert_kind(fer_unix_stream_read(&stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_unix_stream_set_limits(&stream, NULL));
    assert_int_equal(exit_code_of(fork_child(make_blocking, &stream)), 0);
    assert_int_equal(exit_code_of(fork_child(make_brief, &other)), 0);
    assert_own(fer_unix_stream_read(&other, &byte, 1, NULL), FER_TIMED_OUT);
    fer_unix_stream_close(&stream);
    fer_unix_stream_close(&other);
}

RULE_TESTS_AS(fork_tests, "fork")
