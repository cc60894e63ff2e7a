/* test_cancelled_handles.c: platform/posix/handles.c in a thread that is cancelled directly after
 * its receive. Linux only. Rules I1, X8. */
#include "platform/handles.h"

#include <pthread.h>
#include <unistd.h>

#include "platform/posix/unix.h"
#include "support/seam.h"

static ssize_t receive_and_cancel(int fd, struct msghdr *header, int flags)
{
    ssize_t moved = recvmsg(fd, header, flags);
    (void)pthread_cancel(pthread_self()); /* ends the thread at its next cancellation point */
    return moved;
}

#define recvmsg(fd, header, flags) receive_and_cancel(fd, header, flags)
#define ferp_unix_send_handles test_send_handles
#define ferp_unix_recv_handles test_recv_handles
#define ferp_posix_recv_and_close_handles test_recv_and_close_handles
#include "platform/posix/handles.c"
#undef recvmsg

static struct {
    fer_raw_socket ends[2];
    fer_raw_socket handle;
    char bytes[4];
    struct ferp_received_handles message;
    bool has_returned;
} receiver;

static void *receive(void *unused)
{
    receiver.message = (struct ferp_received_handles){
        .buf = receiver.bytes, .len = sizeof receiver.bytes, .handles = &receiver.handle, .cap = 1};
    fer_error error = test_recv_handles(receiver.ends[1], &receiver.message, 0);
    receiver.has_returned = error.kind == FER_OK;
    pthread_testcancel();
    return unused;
}

TEST(handles_are_stored_although_the_thread_is_cancelled)
{
    pthread_t thread;
    void *result = NULL;
    size_t n = 0;
    assert_ok(ferp_unix_pair(FER_TYPE_STREAM, &receiver.ends[0], &receiver.ends[1]));
    fer_raw_socket sent[2] = {receiver.ends[0], receiver.ends[0]};
    struct ferp_sent_handles message = {.buf = "x", .len = 1, .handles = sent, .count = 2};
    assert_ok(test_send_handles(receiver.ends[0], &message, 0, &n));
    assert_int_equal(pthread_create(&thread, NULL, receive, NULL), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_true(receiver.has_returned);
    assert_true(receiver.message.count == 1 && receiver.message.handles_truncated);
    ferp_close(receiver.handle);
    ferp_close(receiver.ends[0]);
    ferp_close(receiver.ends[1]);
}

TEST_MAIN("cancelled_handles")
