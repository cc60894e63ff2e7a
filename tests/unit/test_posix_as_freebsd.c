/* test_posix_as_freebsd.c: platform/posix/copying.c, compiled as for FreeBSD, over a sendfile that
 * fails as its kernel's does. Linux only. Rules E3, M3. */
#define FERP_HAS_SPLICE 0
#define FERP_SENDFILE 2
#include "platform/posix/posix.h"

#include <sys/uio.h>
#include <unistd.h>

#include "platform/copying.h"
#include "support/seam.h"

#undef FERP_POSIX_IS_BSD
#define FERP_POSIX_IS_BSD true

static int sendfile_error;
static off_t sendfile_count;

static int freebsd_sendfile(int file, int fd, off_t offset, size_t len, void *headers, off_t *sent,
                            int flags)
{
    assert_true(file == 8 && fd == 9 && offset == 10 && len == 1000);
    assert_true(headers == NULL && flags == 0);
    *sent = sendfile_count;
    errno = sendfile_error;
    return sendfile_error == 0 ? 0 : -1;
}

#define sendfile freebsd_sendfile
#include "platform/posix/copying.c"

/* M3: no byte is sent twice: what the kernel has sent is counted, whatever the error is. EPERM is a
 * firewall, and the bytes of its segment are queued without a count (tcp_output.c, tcp_output). */
TEST(a_sendfile_counts_the_bytes_before_an_error)
{
    static const struct {
        int code;
        off_t count;
        fer_error_kind kind;
    } rows[] = {{0, 1000, FER_OK},
                {0, 0, FER_OK},
                {EAGAIN, 300, FER_WOULD_BLOCK},
                {EINTR, 7, FER_INTERRUPTED},
                {EPIPE, 1000, FER_BROKEN_PIPE},
                {EPERM, 0, FER_PERMISSION_DENIED},
                {EPERM, 300, FER_PERMISSION_DENIED},
                {EINVAL, 0, FER_UNSUPPORTED},
                {EINVAL, 300, FER_UNSUPPORTED},
                {EBADF, 300, FER_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = 77;
        sendfile_error = rows[i].code;
        sendfile_count = rows[i].count;
        fer_error error = ferp_send_file(9, 8, 10, 1000, &n);
        assert_kind(error, rows[i].kind);
        assert_int_equal(error.os_code, rows[i].code);
        assert_int_equal(n, rows[i].count);
    }
}

TEST_MAIN("posix_as_freebsd")
