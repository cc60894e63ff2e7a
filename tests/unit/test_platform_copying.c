/* test_platform_copying.c: the seam's contract on this host: pipes, and the wait for two
 * streams. */
#ifdef __linux__
#define _GNU_SOURCE /* sigset_t, pthread_sigmask */
#endif
#include "support/seam.h"

#include "platform/copying.h"

#ifdef __linux__
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

/* ---- Pipes */

static bool opens(ferp_pipe *pipe, bool waits)
{
    fer_error error = ferp_pipe_open(100000, waits, pipe);
    if (error.kind == FER_UNSUPPORTED) {
        print_message("the system has no splice\n");
        skip();
    }
    return error.kind == FER_OK;
}

TEST(bytes_pass_through_a_pipe)
{
    struct seam_pair in = seam_open();
    struct seam_pair out = seam_open();
    ferp_pipe pipe;
    size_t n = 77;
    char rest[8];
    assert_true(opens(&pipe, true));
    seam_send(in.client, "abcdefgh");
    assert_ok(ferp_pipe_fill(&pipe, in.server, 6, &n));
    assert_int_equal(n, 6);
    assert_ok(ferp_pipe_drain(&pipe, out.client, 4, &n));
    assert_int_equal(n, 4);
    seam_expect(out.server, "abcd");
    assert_ok(ferp_pipe_read(&pipe, rest, 2, &n));
    assert_int_equal(n, 2);
    assert_memory_equal(rest, "ef", 2);
    seam_expect(in.server, "gh");
    ferp_pipe_close(&pipe);
    seam_close(&in);
    seam_close(&out);
}

TEST(a_pipe_that_does_not_wait_reports_an_empty_stream)
{
    struct seam_pair in = seam_open();
    ferp_pipe pipe;
    size_t n = 77;
    assert_true(opens(&pipe, false));
    assert_ok(ferp_set_nonblocking(in.server, true));
    assert_kind(ferp_pipe_fill(&pipe, in.server, 6, &n), FER_WOULD_BLOCK);
    assert_int_equal(n, 0);
    assert_ok(ferp_shutdown(in.client, FER_SHUTDOWN_WRITE));
    seam_await(in.server, FERP_READABLE);
    assert_ok(ferp_pipe_fill(&pipe, in.server, 6, &n));
    assert_int_equal(n, 0);
    ferp_pipe_close(&pipe);
    seam_close(&in);
}

TEST(a_socket_that_cannot_be_spliced_is_unsupported)
{
    ferp_pipe pipe;
    size_t n = 77;
    assert_true(opens(&pipe, false));
    assert_kind(ferp_pipe_fill(&pipe, FER_RAW_SOCKET_NONE, 6, &n), FER_UNSUPPORTED);
    assert_int_equal(n, 0);
    ferp_pipe_close(&pipe);
}

#ifdef __linux__

static bool is_pending(void)
{
    sigset_t signals;
    assert_int_equal(sigpending(&signals), 0);
    return sigismember(&signals, SIGPIPE) == 1;
}

static void set_blocked(bool is_blocked)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    assert_int_equal(pthread_sigmask(is_blocked ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL), 0);
}

static bool is_blocked(void)
{
    sigset_t signals;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &signals), 0);
    return sigismember(&signals, SIGPIPE) == 1;
}

/* proc(5): the size of such a file is 0. */
TEST(a_file_without_a_size_is_sent)
{
    struct seam_pair pair = seam_open();
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    size_t n = 77;
    assert_true(file >= 0);
    fer_error error = ferp_send_file(pair.client, file, 0, 5, &n);
    if (error.kind != FER_UNSUPPORTED) {
        assert_ok(error);
        assert_int_equal(n, 5);
        seam_expect(pair.server, "Name:");
    }
    (void)close(file);
    seam_close(&pair);
}

static void drain_after_shutdown(void)
{
    struct seam_pair in = seam_open();
    struct seam_pair out = seam_open();
    ferp_pipe pipe;
    size_t n = 77;
    assert_true(opens(&pipe, true));
    seam_send(in.client, "abc");
    assert_ok(ferp_pipe_fill(&pipe, in.server, 3, &n));
    assert_ok(ferp_shutdown(out.client, FER_SHUTDOWN_WRITE));
    assert_kind(ferp_pipe_drain(&pipe, out.client, 3, &n), FER_BROKEN_PIPE);
    assert_int_equal(n, 0);
    ferp_pipe_close(&pipe);
    seam_close(&in);
    seam_close(&out);
}

/* I2: "No call raises SIGPIPE": its default action would end this program. */
TEST(a_drain_raises_no_sigpipe_and_keeps_the_mask)
{
    (void)signal(SIGPIPE, SIG_DFL);
    drain_after_shutdown();
    assert_false(is_blocked());
    assert_false(is_pending());
    set_blocked(true);
    drain_after_shutdown();
    assert_true(is_blocked());
    assert_false(is_pending());
    set_blocked(false);
}

/* Takes the pending signals, and returns their number. */
static int take_pending(void)
{
    const struct timespec now = {0, 0};
    sigset_t signals;
    int count = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    while (sigtimedwait(&signals, NULL, &now) == SIGPIPE) {
        count++;
    }
    return count;
}

/* I2: a signal of the program, which it has blocked, stays pending, and no other one is. It is
 * directed at the thread or at the process. */
TEST(a_sigpipe_that_was_pending_stays)
{
    (void)signal(SIGPIPE, SIG_DFL);
    set_blocked(true);
    assert_int_equal(pthread_kill(pthread_self(), SIGPIPE), 0);
    drain_after_shutdown();
    assert_int_equal(take_pending(), 1);
    assert_int_equal(kill(getpid(), SIGPIPE), 0);
    drain_after_shutdown();
    assert_int_equal(take_pending(), 1);
    set_blocked(false);
}

/* ---- A drain that waits in the system when the stream is shut down: a short count, and SIGPIPE */

/* More than both buffers of a stream hold: those of the receiver are at most its first window of
 * 64 KiB, and those of the sender are the least that it may have. */
enum { WAITING_BYTES = 256 * 1024 };

struct waiting_drain {
    ferp_pipe pipe;
    fer_raw_socket to;
    fer_error error;
    size_t n;
    bool blocks; /* the thread has blocked SIGPIPE, and one is pending */
    int taken;   /* the number of signals that are pending after it */
    bool is_blocked_after;
};

static void *drain_in_thread(void *argument)
{
    struct waiting_drain *drain = argument;
    set_blocked(drain->blocks);
    if (drain->blocks) {
        (void)pthread_kill(pthread_self(), SIGPIPE);
    }
    drain->error = ferp_pipe_drain(&drain->pipe, drain->to, WAITING_BYTES, &drain->n);
    drain->is_blocked_after = is_blocked();
    drain->taken = take_pending();
    return NULL;
}

static void limit_buffer(fer_raw_socket raw, int option)
{
    const int least = 1;
    assert_int_equal(setsockopt((int)raw, SOL_SOCKET, option, &least, sizeof least), 0);
}

static struct waiting_drain cut_a_drain_short(bool blocks)
{
    static const char zeros[WAITING_BYTES];
    struct waiting_drain drain = {.n = 77, .blocks = blocks};
    struct seam_pair out = seam_open();
    pthread_t thread;
    assert_true(opens(&drain.pipe, true));
    if (fcntl(drain.pipe.ends[1], F_SETPIPE_SZ, WAITING_BYTES) < WAITING_BYTES) {
        ferp_pipe_close(&drain.pipe);
        seam_close(&out);
        print_message("this process may have no pipe of that length\n");
        skip();
    }
    assert_int_equal(write(drain.pipe.ends[1], zeros, sizeof zeros), sizeof zeros);
    limit_buffer(out.client, SO_SNDBUF);
    limit_buffer(out.server, SO_RCVBUF);
    drain.to = out.client;
    assert_int_equal(pthread_create(&thread, NULL, drain_in_thread, &drain), 0);
    seam_await(out.server, FERP_READABLE); /* some bytes are sent, and not all of them can be */
    assert_ok(ferp_shutdown(out.client, FER_SHUTDOWN_WRITE));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(drain.error);
    assert_in_range(drain.n, 1, WAITING_BYTES - 1);
    ferp_pipe_close(&drain.pipe);
    seam_close(&out);
    return drain;
}

/* I2: "No call raises SIGPIPE": its default action would end this program. */
TEST(a_drain_that_ends_after_some_bytes_raises_no_sigpipe)
{
    (void)signal(SIGPIPE, SIG_DFL);
    struct waiting_drain drain = cut_a_drain_short(false);
    assert_false(drain.is_blocked_after);
    assert_int_equal(drain.taken, 0);
}

TEST(a_sigpipe_that_was_pending_stays_after_a_drain_that_ends_after_some_bytes)
{
    (void)signal(SIGPIPE, SIG_DFL);
    struct waiting_drain drain = cut_a_drain_short(true);
    assert_true(drain.is_blocked_after);
    assert_int_equal(drain.taken, 1);
}

/* A stream that takes only a part raises none. */
TEST(a_sigpipe_that_was_pending_stays_after_a_short_drain)
{
    static const size_t size = 65536;
    struct seam_pair in = seam_open();
    struct seam_pair out = seam_open();
    ferp_pipe pipe;
    size_t filled = 77;
    size_t n = 0;
    assert_true(opens(&pipe, false));
    assert_ok(ferp_set_nonblocking(out.client, true));
    set_blocked(true);
    assert_int_equal(pthread_kill(pthread_self(), SIGPIPE), 0);
    do {
        static const char bytes[65536];
        assert_ok(ferp_send(in.client, bytes, size, 0, &n));
        assert_ok(ferp_pipe_fill(&pipe, in.server, size, &filled));
    } while (ferp_pipe_drain(&pipe, out.client, filled, &n).kind == FER_OK && n == filled);
    assert_int_equal(take_pending(), 1);
    set_blocked(false);
    ferp_pipe_close(&pipe);
    seam_close(&in);
    seam_close(&out);
}

#endif

/* ---- The wait for two streams */

static fer_error wait_for(struct seam_pair one, fer_interest in_one, struct seam_pair other,
                          fer_interest in_other, uint64_t millis)
{
    ferp_ready_pair pair = {.raws = {one.client, other.client}, .interests = {in_one, in_other}};
    uint64_t until = ferp_now() + millis * FERP_NANOS_PER_MILLI;
    return ferp_wait_for_pair(&pair, until, until);
}

TEST(either_stream_ends_the_wait)
{
    struct seam_pair first = seam_open();
    struct seam_pair second = seam_open();
    assert_kind(wait_for(first, FER_READABLE, second, FER_READABLE, 1), FER_TIMED_OUT);
    assert_ok(wait_for(first, FER_WRITABLE, second, FER_READABLE, 60000));
    assert_ok(wait_for(first, FER_READABLE, second, FER_WRITABLE, 60000));
    seam_send(second.server, "x");
    assert_ok(wait_for(first, FER_READABLE, second, FER_READABLE, 60000));
    seam_close(&first);
    seam_close(&second);
}

/* A hang-up is reported in every direction (POSIX), and would end each wait at once. */
TEST(a_stream_without_an_interest_is_not_waited_for)
{
    struct seam_pair first = seam_open();
    struct seam_pair second = seam_open();
    assert_ok(ferp_shutdown(first.client, FER_SHUTDOWN_WRITE));
    assert_ok(ferp_shutdown(first.server, FER_SHUTDOWN_WRITE));
    seam_await(first.client, FERP_READABLE);
    assert_kind(wait_for(first, 0, second, FER_READABLE, 1), FER_TIMED_OUT);
    assert_kind(wait_for(second, FER_READABLE, first, 0, 1), FER_TIMED_OUT);
    assert_ok(wait_for(first, FER_READABLE, second, 0, 60000));
    seam_close(&first);
    seam_close(&second);
}

TEST(either_token_ends_the_wait)
{
    struct seam_pair first = seam_open();
    struct seam_pair second = seam_open();
    fer_cancel_token token = {0};
    assert_ok(fer_cancel_token_new(&token));
    fer_cancel_token_cancel(&token);
    for (int i = 0; i < 2; i++) {
        ferp_ready_pair pair = {.raws = {first.client, second.client},
                                .interests = {FER_READABLE, FER_READABLE}};
        pair.tokens[i] = &token;
        assert_ok(ferp_wait_for_pair(&pair, FERP_NO_DEADLINE, FERP_NO_DEADLINE));
    }
    fer_cancel_token_close(&token);
    seam_close(&first);
    seam_close(&second);
}

TEST_MAIN("platform_copying")
