/* test_platform_copying.c: the seam's contract on this host: pipes, and the wait for two streams.
 * What passes through a pipe: conformance/copying.c and copying.c. */
#if defined(__linux__) && !defined(FERRULE_PLAIN_POSIX)
#define _GNU_SOURCE /* sigset_t, pthread_sigmask */
#endif
#include "support/seam.h"

#include "platform/copying.h"

#if defined(__linux__) && !defined(FERRULE_PLAIN_POSIX)
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

static struct seam_pair one;
static struct seam_pair other;

static int begin(void **state)
{
    one = seam_open();
    other = seam_open();
    return 0;
}

static int end(void **state)
{
    seam_close(&one);
    seam_close(&other);
    return 0;
}

#define COPYING_TEST(function) TEST_WITH(function, begin, end)

/* ---- Pipes */

static void open_pipe(ferp_pipe *pipe, bool waits)
{
    fer_error error = ferp_pipe_open(100000, waits, pipe);
    if (error.kind == FER_UNSUPPORTED) {
        print_message("the system has no splice\n");
        skip();
    }
    assert_ok(error);
}

TEST(a_socket_that_cannot_be_spliced_is_unsupported)
{
    ferp_pipe pipe;
    size_t n = 77;
    open_pipe(&pipe, false);
    assert_kind(ferp_pipe_fill(&pipe, FER_RAW_SOCKET_NONE, 6, &n), FER_UNSUPPORTED);
    assert_int_equal(n, 0);
    ferp_pipe_close(&pipe);
}

#if defined(__linux__) && !defined(FERRULE_PLAIN_POSIX)

/* proc(5): the size of such a file is 0. */
COPYING_TEST(a_file_without_a_size_is_sent)
{
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    size_t n = 77;
    assert_true(file >= 0);
    fer_error error = ferp_send_file(one.client, file, 0, 5, &n);
    if (error.kind != FER_UNSUPPORTED) {
        assert_ok(error);
        assert_int_equal(n, 5);
        seam_expect(one.server, "Name:");
    }
    (void)close(file);
}

/* ---- SIGPIPE of a drain. I2: "No call raises SIGPIPE": its default action would end this program.
 * A signal of the program, which it has blocked, stays pending, and no other one is. */

static sigset_t only_sigpipe(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    return signals;
}

static void set_blocked(bool is_blocked)
{
    sigset_t signals = only_sigpipe();
    (void)signal(SIGPIPE, SIG_DFL);
    assert_int_equal(pthread_sigmask(is_blocked ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL), 0);
}

/* Takes the pending signals, and returns their number; -1: SIGPIPE is not blocked. */
static int take_pending(void)
{
    const struct timespec now = {0, 0};
    sigset_t signals;
    int count = 0;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &signals), 0);
    bool is_blocked = sigismember(&signals, SIGPIPE) == 1;
    signals = only_sigpipe();
    while (sigtimedwait(&signals, NULL, &now) == SIGPIPE) {
        count++;
    }
    return is_blocked ? count : count - 1;
}

enum sigpipe { UNBLOCKED, BLOCKED, PENDING, PENDING_FOR_THE_PROCESS, SIGPIPE_STATES };

static void begin_state(enum sigpipe state)
{
    set_blocked(state != UNBLOCKED);
    if (state >= PENDING) {
        assert_int_equal(
            state == PENDING ? pthread_kill(pthread_self(), SIGPIPE) : kill(getpid(), SIGPIPE), 0);
    }
}

static void assert_state(enum sigpipe state, int taken)
{
    assert_int_equal(taken, state == UNBLOCKED ? -1 : state >= PENDING);
    set_blocked(false);
}

/* 200 drains, because a pipe that does not wait holds the signal back for many of them. */
COPYING_TEST(a_drain_to_a_shut_stream_raises_no_sigpipe)
{
    assert_ok(ferp_shutdown(other.client, FER_SHUTDOWN_WRITE));
    for (int i = 0; i < 2 * SIGPIPE_STATES; i++) {
        enum sigpipe state = (enum sigpipe)(i / 2);
        ferp_pipe pipe;
        size_t n = 77;
        begin_state(state);
        open_pipe(&pipe, i % 2 != 0);
        seam_send(one.client, "abc");
        assert_ok(ferp_pipe_fill(&pipe, one.server, 3, &n));
        for (int drains = 0; drains < 200; drains++) {
            assert_kind(ferp_pipe_drain(&pipe, other.client, 3, &n), FER_BROKEN_PIPE);
            assert_int_equal(n, 0);
        }
        ferp_pipe_close(&pipe);
        assert_state(state, take_pending());
    }
}

static volatile sig_atomic_t handled;

static void handle(int signal_number)
{
    (void)signal_number;
    handled++;
}

/* The program's own, which pthread_kill has sent while the pipe holds SIGPIPE back: during a wait,
 * after 64 drains, or when the pipe is closed. A drain that is cut short is not the last of the 64:
 * it may have raised a signal, which the next drain takes. */
COPYING_TEST(a_sigpipe_of_the_program_comes_although_a_pipe_holds_it_back)
{
    enum { IN_WAIT, AFTER_DRAINS, AT_CLOSE, WAYS };
    const struct sigaction action = {.sa_handler = handle};
    set_blocked(false);
    assert_int_equal(sigaction(SIGPIPE, &action, NULL), 0);
    for (int way = IN_WAIT; way < WAYS; way++) {
        ferp_pipe pipe;
        ferp_ready_pair pair = {.raws = {one.client, other.client}, .pipe = &pipe};
        uint64_t until = ferp_now() + 60000 * FERP_NANOS_PER_MILLI;
        size_t n = 77;
        handled = 0;
        open_pipe(&pipe, false);
        assert_int_equal(pthread_kill(pthread_self(), SIGPIPE), 0);
        assert_int_equal(handled, 0);
        if (way == IN_WAIT) {
            assert_kind(ferp_wait_for_pair(&pair, until, until), FER_INTERRUPTED);
        }
        for (int drains = 0; way == AFTER_DRAINS && drains < 64; drains++) {
            if (drains == 63) {
                seam_send(other.client, "abc");
                assert_ok(ferp_pipe_fill(&pipe, other.server, 3, &n));
                assert_ok(ferp_pipe_drain(&pipe, one.client, 4, &n));
                assert_int_equal(n, 3);
                assert_int_equal(handled, 0);
            }
            assert_kind(ferp_pipe_drain(&pipe, one.client, 1, &n), FER_WOULD_BLOCK);
            assert_int_equal(handled, drains == 63);
        }
        assert_int_equal(handled, way != AT_CLOSE);
        ferp_pipe_close(&pipe);
        assert_int_equal(handled, 1);
    }
    set_blocked(false);
}

/* More than both buffers of a stream hold: those of the receiver are at most its first window of
 * 64 KiB, and those of the sender are the least that it may have. */
enum { WAITING_BYTES = 256 * 1024 };

struct waiting_drain {
    ferp_pipe pipe;
    enum sigpipe state;
    fer_error error;
    size_t n;
    int taken;
};

static void *drain_in_thread(void *argument)
{
    struct waiting_drain *drain = argument;
    begin_state(drain->state);
    drain->error = ferp_pipe_drain(&drain->pipe, one.client, WAITING_BYTES, &drain->n);
    drain->taken = take_pending();
    return NULL;
}

static void limit_buffer(fer_raw_socket raw, int option)
{
    const int least = 1;
    assert_int_equal(setsockopt((int)raw, SOL_SOCKET, option, &least, sizeof least), 0);
}

/* The drain waits in the system when the stream is shut down: a short count, and SIGPIPE. */
static void cut_a_drain_short(enum sigpipe state)
{
    static const char zeros[WAITING_BYTES];
    struct waiting_drain drain = {.n = 77, .state = state};
    pthread_t thread;
    open_pipe(&drain.pipe, true);
    if (fcntl(drain.pipe.ends[1], F_SETPIPE_SZ, WAITING_BYTES) < WAITING_BYTES) {
        ferp_pipe_close(&drain.pipe);
        print_message("this process may have no pipe of that length\n");
        skip();
    }
    assert_int_equal(write(drain.pipe.ends[1], zeros, sizeof zeros), sizeof zeros);
    limit_buffer(one.client, SO_SNDBUF);
    limit_buffer(one.server, SO_RCVBUF);
    assert_int_equal(pthread_create(&thread, NULL, drain_in_thread, &drain), 0);
    seam_await(one.server, FERP_READABLE); /* some bytes are sent, and not all of them can be */
    assert_ok(ferp_shutdown(one.client, FER_SHUTDOWN_WRITE));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(drain.error);
    assert_in_range(drain.n, 1, WAITING_BYTES - 1);
    assert_state(state, drain.taken);
    ferp_pipe_close(&drain.pipe);
}

COPYING_TEST(a_drain_that_ends_after_some_bytes_raises_no_sigpipe)
{
    cut_a_drain_short(UNBLOCKED);
}

COPYING_TEST(a_sigpipe_that_was_pending_stays_after_a_drain_that_ends_after_some_bytes)
{
    cut_a_drain_short(PENDING);
}

/* A stream that takes only a part raises none. */
COPYING_TEST(a_sigpipe_that_was_pending_stays_after_a_short_drain)
{
    static const char bytes[65536];
    ferp_pipe pipe;
    size_t filled = 77;
    size_t n = 0;
    assert_ok(ferp_set_nonblocking(other.client, true));
    begin_state(PENDING);
    open_pipe(&pipe, false);
    do {
        assert_ok(ferp_send(one.client, bytes, sizeof bytes, 0, &n));
        assert_ok(ferp_pipe_fill(&pipe, one.server, sizeof bytes, &filled));
    } while (ferp_pipe_drain(&pipe, other.client, filled, &n).kind == FER_OK && n == filled);
    ferp_pipe_close(&pipe);
    assert_state(PENDING, take_pending());
}

#endif

/* ---- The wait for two streams */

static fer_error wait_for(fer_interest in_one, fer_interest in_other, uint64_t millis)
{
    ferp_ready_pair pair = {.raws = {one.client, other.client}, .interests = {in_one, in_other}};
    uint64_t until = ferp_now() + millis * FERP_NANOS_PER_MILLI;
    return ferp_wait_for_pair(&pair, until, until);
}

/* A hang-up is reported in every direction (POSIX), and would end each wait at once. */
COPYING_TEST(a_stream_without_an_interest_is_not_waited_for)
{
    assert_ok(ferp_shutdown(one.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_shutdown(one.server, FER_SHUTDOWN_WRITE));
    seam_await(one.client, FERP_READABLE);
    assert_kind(wait_for(0, FER_READABLE, 1), FER_TIMED_OUT);
    assert_ok(wait_for(FER_READABLE, 0, 60000));
    struct seam_pair ended = one;
    one = other;
    other = ended;
    assert_kind(wait_for(FER_READABLE, 0, 1), FER_TIMED_OUT);
}

/* Of select nothing is reported. */
COPYING_TEST(the_directions_that_are_ready_are_reported)
{
    ferp_ready_pair pair = {.raws = {one.client, other.client},
                            .interests = {FER_READABLE, FER_READABLE | FER_WRITABLE}};
    const fer_interest every = ferp_traits()->write_wait_misses_shutdown ? 0 : ~0u;
    uint64_t until = ferp_now() + 60000 * FERP_NANOS_PER_MILLI;
    assert_ok(ferp_wait_for_pair(&pair, until, until));
    assert_int_equal(pair.ready[0], 0);
    assert_int_equal(pair.ready[1], FER_WRITABLE & every);
    pair.interests[1] = FER_READABLE;
    seam_send(one.server, "abc");
    assert_ok(ferp_wait_for_pair(&pair, until, until));
    assert_int_equal(pair.ready[0], FER_READABLE & every);
    assert_int_equal(pair.ready[1], 0);
}

TEST_MAIN("platform_copying")
