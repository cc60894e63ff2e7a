/* fork_posix.c: a child process created by fork, and its copies of the parent's handles. */
#ifdef __linux__
#define _GNU_SOURCE 1 /* unshare */
#endif
#include "interop/interop_posix.h"

#ifdef __linux__
#include <sched.h>
#include <signal.h>
#endif

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ferrule/cancel.h"
#include "ferrule/connector.h"
#include "ferrule/resolve.h"
#include "ferrule/socket.h"
#include "ferrule/unix.h"
#include "interop/sockets.h"
#include "support/fixture.h"
#include "support/thread.h"

enum { FORKS = 200, LOOKUPS = 4, HANG_SECONDS = 60, ACCEPTORS = 8, CONNECTIONS = 40 };

/* Runs in the child. SIGALRM ends the child if it hangs. */
static void close_copies(fer_resolver *resolver, fer_lookup *lookups)
{
    size_t count = 0;
    alarm(HANG_SECONDS);
    bool cancelled =
        fer_lookup_wait(&lookups[0], FER_DURATION_NONE, NULL, 0, &count).kind == FER_CANCELLED;
    uint64_t key;
    bool refused = fer_resolver_take_completed(resolver, NULL, &key, 1, &count).kind == FER_MISUSE;
    for (size_t i = 0; i < LOOKUPS; i++) {
        fer_lookup_close(&lookups[i]);
    }
    fer_resolver_close(resolver);
    _exit(cancelled && refused ? 0 : 1);
}

/* ---- A copy in a process with the same process id */

#ifdef __linux__

enum { CANNOT_UNSHARE = 77 };

static int exit_code_of(pid_t child);

/* Process 1 of a namespace has no default action for signals (pid_namespaces(7)). */
static void end_with_failure(int signal)
{
    (void)signal;
    _exit(1);
}

/* Process 1 of one namespace forks process 1 of another one. */
static void fork_with_the_same_id(void)
{
    fer_resolver resolver = {0};
    fer_lookup lookups[LOOKUPS] = {0};
    (void)signal(SIGALRM, end_with_failure);
    (void)alarm(HANG_SECONDS);
    bool is_good =
        fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 2, .queue_cap = LOOKUPS})
            .kind == FER_OK;
    for (size_t i = 0; i < LOOKUPS && is_good; i++) {
        is_good =
            fer_resolver_start(&resolver, "localhost:1", NULL, NULL, 0, &lookups[i]).kind == FER_OK;
    }
    if (unshare(CLONE_NEWPID) != 0) {
        _exit(CANNOT_UNSHARE);
    }
    pid_t id = getpid();
    pid_t child = fork();
    if (child == 0) {
        if (getpid() != id) {
            _exit(1);
        }
        close_copies(&resolver, lookups);
    }
    int code = exit_code_of(child);
    fer_resolver_close(&resolver);
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

static void fork_among_lookups(fer_resolver *resolver, fer_poller *poller)
{
    fer_lookup lookups[LOOKUPS] = {0};
    int code = -1;
    for (size_t i = 0; i < LOOKUPS; i++) {
        assert_ok(fer_resolver_start(resolver, "localhost:1", NULL, poller, i, &lookups[i]));
    }
    pid_t child = fork();
    if (child == 0) {
        close_copies(resolver, lookups);
    }
    assert_true(child > 0);
    assert_true(waitpid(child, &code, 0) == child);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    for (size_t i = 0; i < LOOKUPS; i++) {
        size_t count = 0;
        assert_ok(fer_lookup_wait(&lookups[i], FER_DURATION_NONE, NULL, 0, &count));
        assert_true(count > 0);
        fer_lookup_close(&lookups[i]);
    }
}

/* N6, N7: "never waits" also holds in a child of fork, whatever the parent's threads were doing.
 * The parent's lookups are not affected. */
RULE_TEST("N6/N7", a_child_may_close_its_copies_of_a_resolver)
{
    fer_resolver resolver = {0};
    fer_poller poller = {0};
    skip_without_localhost();
    assert_ok(fer_poller_new(&poller));
    assert_ok(
        fer_resolver_new(&resolver, &(fer_resolver_options){.threads = 2, .queue_cap = LOOKUPS}));
    for (int i = 0; i < FORKS; i++) {
        fork_among_lookups(&resolver, &poller);
    }
    fer_resolver_close(&resolver);
    fer_poller_close(&poller);
}

/* ---- Copies of a connector */

static void close_copy_of_connector(fer_connector *connector)
{
    (void)alarm(HANG_SECONDS);
    fer_connector_close(connector);
    _exit(connector->p_.state_ == 0 ? 0 : 1);
}

static void close_in_a_child(fer_connector *connector)
{
    int code = -1;
    pid_t child = fork();
    if (child == 0) {
        close_copy_of_connector(connector);
    }
    assert_true(child > 0);
    assert_true(waitpid(child, &code, 0) == child);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
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
        close_in_a_child(&connector);
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

/* ---- Listeners of two processes */

/* Threads of one process that accept within the limits of its handle. */
struct acceptors {
    fer_tcp_listener *listener;
    fer_cancel_token token;
    test_thread threads[ACCEPTORS];
    fer_error errors[ACCEPTORS];
};

struct acceptor {
    fer_tcp_listener *listener;
    fer_error *error;
};

/* Accepts until a failure, and sends a byte to each client. */
static void accept_until_failure(void *argument)
{
    struct acceptor *acceptor = argument;
    fer_error error = {FER_OK, 0};
    while (error.kind == FER_OK) {
        fer_tcp_stream stream = {0};
        error = fer_tcp_listener_accept(acceptor->listener, &stream, NULL);
        if (error.kind == FER_OK) {
            FER_IGNORE(fer_tcp_stream_write_all(&stream, "!", 1, NULL));
        }
        fer_tcp_stream_close(&stream);
    }
    *acceptor->error = error;
}

static bool start_acceptors(struct acceptors *all, struct acceptor *each)
{
    const fer_limits limits = {.token = &all->token};
    if (fer_cancel_token_new(&all->token).kind != FER_OK ||
        fer_tcp_listener_set_limits(all->listener, &limits).kind != FER_OK) {
        return false;
    }
    for (int i = 0; i < ACCEPTORS; i++) {
        each[i] = (struct acceptor){all->listener, &all->errors[i]};
        test_thread_start(&all->threads[i], accept_until_failure, &each[i]);
    }
    return true;
}

/* Whether the cancel has ended the accept of every thread. */
static bool cancel_acceptors(struct acceptors *all)
{
    bool is_cancelled = fer_cancel_token_cancel(&all->token).kind == FER_OK;
    for (int i = 0; i < ACCEPTORS; i++) {
        test_thread_join(&all->threads[i]);
        is_cancelled = is_cancelled && all->errors[i].kind == FER_CANCELLED;
    }
    fer_cancel_token_close(&all->token);
    return is_cancelled;
}

/* Two pipes: the child tells that it is ready, and the parent that it shall end. Each process
 * closes its copy of the end that the other one writes, and reads end-of-file if that one dies. */
struct channel {
    int from_child[2];
    int to_child[2];
};

static void channel_open(struct channel *channel)
{
    assert_int_equal(pipe(channel->from_child), 0);
    assert_int_equal(pipe(channel->to_child), 0);
}

static void channel_close_in_parent(struct channel *channel)
{
    (void)close(channel->from_child[0]);
    (void)close(channel->to_child[0]);
    (void)close(channel->to_child[1]);
}

static bool tell(int fd)
{
    return write(fd, "!", 1) == 1;
}

static bool hear(int fd)
{
    char byte;
    return read(fd, &byte, 1) == 1;
}

static void accept_in_the_child(fer_tcp_listener *listener, struct channel *channel)
{
    struct acceptors all = {.listener = listener};
    struct acceptor each[ACCEPTORS];
    (void)alarm(HANG_SECONDS);
    (void)close(channel->to_child[1]);
    bool is_good = start_acceptors(&all, each) && tell(channel->from_child[1]) &&
                   hear(channel->to_child[0]) && cancel_acceptors(&all);
    _exit(is_good ? 0 : 1);
}

static int exit_code_of(pid_t child)
{
    int code = -1;
    return waitpid(child, &code, 0) == child && WIFEXITED(code) ? WEXITSTATUS(code) : -1;
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

/* K7: "No accept is left waiting in the system for a connection that another one took." */
RULE_TEST("K7", two_processes_accept_within_limits_on_one_listener)
{
    uint16_t port = 0;
    struct channel channel;
    struct acceptor each[ACCEPTORS];
    struct acceptors all = {.listener = test_listening(PEER_V4, &port)};
    channel_open(&channel);
    pid_t child = fork();
    if (child == 0) {
        accept_in_the_child(all.listener, &channel);
    }
    assert_true(child > 0);
    (void)close(channel.from_child[1]);
    bool is_good = hear(channel.from_child[0]) && start_acceptors(&all, each);
    is_good = is_good && connect_and_switch_modes(all.listener, port);
    bool is_cancelled = cancel_acceptors(&all);
    bool is_reported = tell(channel.to_child[1]);
    int code = exit_code_of(child);
    channel_close_in_parent(&channel);
    assert_true(is_good);
    assert_true(is_cancelled);
    assert_true(is_reported);
    assert_int_equal(code, 0);
}

/* Sets limits on its copy, which makes the description nonblocking, and ends. */
static void set_limits_in_the_child(fer_tcp_listener *listener)
{
    fer_cancel_token token = {0};
    (void)alarm(HANG_SECONDS);
    bool is_set = fer_cancel_token_new(&token).kind == FER_OK;
    const fer_limits limits = {.token = &token};
    is_set = is_set && fer_tcp_listener_set_limits(listener, &limits).kind == FER_OK;
    _exit(is_set ? 0 : 1);
}

/* K7, row listener_of_processes: a blocking accept without limits waits in ferrule if another
 * process has set limits, and is no WOULD_BLOCK. */
RULE_TEST("K7", the_limits_of_a_child_do_not_end_the_accept_of_its_parent)
{
    uint16_t port = 0;
    char byte = 0;
    fer_error error = {FER_OK, 0};
    test_thread thread;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    pid_t child = fork();
    if (child == 0) {
        set_limits_in_the_child(listener);
    }
    assert_true(child > 0);
    assert_int_equal(exit_code_of(child), 0);
    assert_true(peer_raw_is_nonblocking(fer_tcp_listener_as_raw(listener)));
    struct acceptor acceptor = {listener, &error};
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
    assert_int_equal(error.kind, FER_TIMED_OUT);
}

enum child_mode { NONBLOCKING, BRIEF, BLOCKING };

static void set_mode_in_the_child(fer_unix_stream *stream, enum child_mode mode)
{
    (void)alarm(HANG_SECONDS);
    fer_error error = mode == BRIEF ? fer_unix_stream_set_read_timeout(stream, millis(20))
                                    : fer_unix_stream_set_nonblocking(stream, mode == NONBLOCKING);
    _exit(error.kind == FER_OK ? 0 : 1);
}

static void set_mode_in_a_child(fer_unix_stream *stream, enum child_mode mode)
{
    pid_t child = fork();
    if (child == 0) {
        set_mode_in_the_child(stream, mode);
    }
    assert_true(child > 0);
    assert_int_equal(exit_code_of(child), 0);
}

/* T2, T6: the modes belong to the socket: those of another process are neither an expired timeout
 * nor a nonblocking mode that was not set. */
RULE_TEST("T6", the_modes_that_a_child_sets_are_those_of_its_parent)
{
    char byte;
    fer_unix_stream stream = {0};
    fer_unix_stream other = {0};
    assert_ok(fer_unix_stream_pair(&stream, &other));
    assert_ok(fer_unix_stream_set_read_timeout(&stream, millis(9000)));
    set_mode_in_a_child(&stream, NONBLOCKING);
    assert_kind(fer_unix_stream_read(&stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    const fer_limits limits = {.deadline = fer_instant_after(millis(9000))};
    assert_ok(fer_unix_stream_set_limits(&stream, &limits));
    assert_kind(fer_unix_stream_read(&stream, &byte, 1, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_unix_stream_set_limits(&stream, NULL));
    set_mode_in_a_child(&stream, BLOCKING);
    set_mode_in_a_child(&other, BRIEF);
    assert_own(fer_unix_stream_read(&other, &byte, 1, NULL), FER_TIMED_OUT);
    fer_unix_stream_close(&stream);
    fer_unix_stream_close(&other);
}

RULE_TESTS_AS(fork_tests, "fork")
