/* test_posix_as_macos.c: platform/posix/socket.c, compiled as for macOS: without accept4 and
 * SOCK_CLOEXEC, with SO_NOSIGPIPE, and with system calls that fail as reported of it. Linux only.
 * Rules I2, I3, L3. */
#include "platform/posix/posix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "support/seam.h"

#undef FERP_POSIX_SOCK_CLOEXEC
#undef FERP_POSIX_HAS_ACCEPT4
#define FERP_POSIX_SOCK_CLOEXEC 0
#ifndef SO_NOSIGPIPE
#define SO_NOSIGPIPE 0x1022
#endif

/* ---- The system's calls. An error that is not 0 is the next result. */

static int fcntl_error;
static int setsockopt_error;
static bool accept_omits_address;
static int last_accepted = -1;

static int fail_with_code(int *code)
{
    errno = *code;
    *code = 0;
    return -1;
}

static int macos_fcntl(int fd, int command, int argument)
{
    return fcntl_error != 0 ? fail_with_code(&fcntl_error) : fcntl(fd, command, argument);
}

static int macos_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    (void)level;
    (void)value;
    (void)len;
    assert_true(fd >= 0 && name == SO_NOSIGPIPE);
    return setsockopt_error != 0 ? fail_with_code(&setsockopt_error) : 0;
}

static int macos_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
    socklen_t unused = 0;
    last_accepted =
        accept(fd, accept_omits_address ? NULL : addr, accept_omits_address ? &unused : len);
    *len = accept_omits_address ? 0 : *len;
    return last_accepted;
}

#define fcntl(fd, command, argument) macos_fcntl(fd, command, argument)
#define setsockopt(fd, level, name, value, len) macos_setsockopt(fd, level, name, value, len)
#define accept(fd, addr, len) macos_accept(fd, addr, len)
#include "platform/posix/socket.c"
#undef fcntl
#undef setsockopt
#undef accept

/* ---- Tests */

struct queued {
    fer_raw_socket listener;
    fer_raw_socket client;
};

static struct queued queue_one(void)
{
    fer_socket_addr addr;
    struct queued queued = {seam_listener(&addr), seam_socket()};
    assert_ok(ferp_connect(queued.client, &addr));
    return queued;
}

static void unqueue(struct queued queued)
{
    ferp_close(queued.client);
    ferp_close(queued.listener);
}

static void an_accepted_descriptor_is_not_inherited(void **state)
{
    (void)state;
    struct queued queued = queue_one();
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr peer;
    assert_ok(ferp_accept(queued.listener, &raw, &peer));
    assert_int_equal(fcntl((int)raw, F_GETFD), FD_CLOEXEC);
    ferp_close(raw);
    unqueue(queued);
}

/* L3: EINVAL is a connection that has ended, any other failure is not. No descriptor stays. */
static void a_descriptor_that_fcntl_refuses_is_a_dead_connection(void **state)
{
    static const struct {
        int code;
        fer_error_kind kind;
    } rows[] = {{EINVAL, FER_CONNECTION_ABORTED}, {EBADF, FER_BAD_HANDLE}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct queued queued = queue_one();
        fer_raw_socket raw = FER_RAW_SOCKET_NONE;
        fer_socket_addr peer;
        fcntl_error = rows[i].code;
        fer_error error = ferp_accept(queued.listener, &raw, &peer);
        assert_kind(error, rows[i].kind);
        assert_int_equal(error.os_code, rows[i].code);
        assert_int_equal(fcntl(last_accepted, F_GETFD), -1);
        unqueue(queued);
    }
}

static void a_descriptor_without_an_address_is_a_dead_connection(void **state)
{
    (void)state;
    struct queued queued = queue_one();
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_socket_addr peer;
    accept_omits_address = true;
    fer_error error = ferp_accept(queued.listener, &raw, &peer);
    accept_omits_address = false;
    assert_kind(error, FER_CONNECTION_ABORTED);
    assert_int_equal(fcntl(last_accepted, F_GETFD), -1);
    unqueue(queued);
}

/* A socket that has ended raises no signal, so EINVAL is no failure. */
static void a_dead_socket_is_created_and_adopted_without_nosigpipe(void **state)
{
    (void)state;
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    setsockopt_error = EINVAL;
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0, &raw));
    setsockopt_error = EINVAL;
    assert_ok(ferp_adopt(raw));
    setsockopt_error = ENOBUFS;
    assert_kind(ferp_adopt(raw), FER_NO_BUFFER_SPACE);
    ferp_close(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_accepted_descriptor_is_not_inherited),
        cmocka_unit_test(a_descriptor_that_fcntl_refuses_is_a_dead_connection),
        cmocka_unit_test(a_descriptor_without_an_address_is_a_dead_connection),
        cmocka_unit_test(a_dead_socket_is_created_and_adopted_without_nosigpipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
