/* test_poller_wsapoll.c: a WSAPoll that fails because of one socket: the other sockets are still
 * reported, and the one has failed or was closed. Wakeups by several threads at the same time. */
#include <stddef.h>
#include <stdint.h>

#include "platform/winsock/winsock.h"
#include "support/group.h"
#include "support/thread.h"

static int WINAPI scripted_poll(WSAPOLLFD *entries, ULONG count, INT millis);

#define WSAPoll scripted_poll
#include "platform/winsock/poller_wsapoll.c"

enum { GOOD = 4, QUIET = 8, BAD = 12 };

/* The error of a call with BAD, and of one with several sockets. */
static int bad_error;
static int common_error;

static int WINAPI scripted_poll(WSAPOLLFD *entries, ULONG count, INT millis)
{
    int error = count > 1 ? common_error : 0;
    int ready = 0;
    assert_true(count > 1 || millis == 0);
    for (ULONG i = 0; i < count; i++) {
        error = entries[i].fd == BAD ? bad_error : error;
        entries[i].revents = entries[i].fd == GOOD ? entries[i].events : 0;
        ready += entries[i].revents != 0;
    }
    WSASetLastError(error);
    return error == 0 ? ready : SOCKET_ERROR;
}

static fer_error poll_three(ferp_list_entry *entries)
{
    entries[0] = (ferp_list_entry){QUIET, FERP_LIST_READABLE, 0};
    entries[1] = (ferp_list_entry){BAD, FERP_LIST_READABLE, 0};
    entries[2] = (ferp_list_entry){GOOD, FERP_LIST_WRITABLE, 0};
    return ferp_list_poll(entries, 3, FER_DURATION_NONE);
}

TEST(one_socket_that_fails_does_not_hide_the_others)
{
    static const struct {
        int error;
        int revents;
    } rows[] = {{WSAENOTSOCK, POLLNVAL}, {WSAEINVAL, POLLERR}, {WSAENETDOWN, POLLERR}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ferp_list_entry entries[3];
        bad_error = rows[i].error;
        common_error = 0;
        assert_int_equal(poll_three(entries).kind, FER_OK);
        assert_int_equal(entries[0].revents, 0);
        assert_int_equal(entries[1].revents, rows[i].revents);
        assert_int_equal(entries[2].revents, FERP_LIST_WRITABLE);
        assert_int_equal(ferp_list_has_failed(&entries[1]), rows[i].revents == POLLERR);
    }
}

/* No socket has failed. */
TEST(a_failure_of_the_system_is_no_failure_of_a_socket)
{
    ferp_list_entry entries[3];
    bad_error = WSAENOBUFS;
    common_error = WSAENOBUFS;
    ferp_list_entry quiet[2] = {{QUIET, FERP_LIST_READABLE, 0}, {BAD, FERP_LIST_READABLE, 0}};
    assert_int_equal(ferp_list_poll(quiet, 2, FER_DURATION_NONE).kind, FER_NO_BUFFER_SPACE);
    assert_int_equal(poll_three(entries).kind, FER_OK);
    assert_int_equal(entries[1].revents, 0);
    assert_int_equal(entries[2].revents, FERP_LIST_WRITABLE);
}

TEST(a_cancelled_poll_is_interrupted)
{
    ferp_list_entry entries[3];
    bad_error = WSA_OPERATION_ABORTED;
    common_error = WSA_OPERATION_ABORTED;
    assert_int_equal(poll_three(entries).kind, FER_INTERRUPTED);
}

struct sender {
    ferp_list_waker *waker;
    test_thread thread;
    unsigned failures;
};

static void send_often(void *argument)
{
    struct sender *self = argument;
    for (int i = 0; i < 2000; i++) {
        self->failures += ferp_list_waker_send(self->waker, FERP_LIST_NOTIFIED).kind != FER_OK;
        (void)ferp_list_waker_take(self->waker);
    }
}

/* Under Wine 8 a nonblocking send fails while another one is in progress on the same socket. */
TEST(wakeups_by_several_threads_are_all_sent)
{
    struct sender senders[3];
    ferp_list_waker waker;
    unsigned failures = 0;
    assert_int_equal(ferp_list_waker_open(&waker).kind, FER_OK);
    for (int i = 0; i < 3; i++) {
        senders[i] = (struct sender){.waker = &waker};
        test_thread_start(&senders[i].thread, send_often, &senders[i]);
    }
    for (int i = 0; i < 3; i++) {
        test_thread_join(&senders[i].thread);
        failures += senders[i].failures;
    }
    ferp_list_waker_close(&waker);
    assert_int_equal(failures, 0);
}

TEST_MAIN("poller_wsapoll")
