/* activation_posix.c: socket activation with fork and exec: the parent creates the sockets, and the
 * child receives only their numbers. */
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define __BSD_VISIBLE 1
#include "interop/interop_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ferrule.h"
#include "interop/sockets.h"
#include "support/fixture.h"

/* sd_listen_fds(3): SD_LISTEN_FDS_START and the numbers after it. */
enum { TCP_FD = 3, UNIX_FD, UDP_FD, FDS = 3, PATH_SIZE = 64, CHILD_SECONDS = 60 };

enum { SERVED = 0, NOT_STARTED = 77, NO_SOCKETS = 2, NO_TCP = 3, NO_UNIX = 4, NO_UDP = 5 };

static const char *program;

void activation_program(const char *path)
{
    program = path;
}

/* ---- The service: uses descriptor numbers and ferrule */

static bool is_activated(void)
{
    const char *count = getenv("LISTEN_FDS");
    const char *pid = getenv("LISTEN_PID");
    return count != NULL && pid != NULL && atoi(count) == FDS && atol(pid) == (long)getpid();
}

#define SERVE(name, type_of_listener, type_of_stream, fd)             \
    static fer_error name(void)                                       \
    {                                                                 \
        type_of_listener listener = {0};                              \
        type_of_stream stream = {0};                                  \
        char buf[8];                                                  \
        size_t n = 0;                                                 \
        FER_TRY(type_of_listener##_from_raw(&listener, fd));          \
        FER_TRY(type_of_listener##_accept(&listener, &stream, NULL)); \
        FER_TRY(type_of_stream##_read_exact(&stream, buf, 3, &n));    \
        FER_TRY(type_of_stream##_write_all(&stream, buf, n, NULL));   \
        type_of_stream##_close(&stream);                              \
        type_of_listener##_close(&listener);                          \
        return (fer_error){FER_OK, 0};                                \
    }
SERVE(serve_tcp, fer_tcp_listener, fer_tcp_stream, TCP_FD)
SERVE(serve_unix, fer_unix_listener, fer_unix_stream, UNIX_FD)

static fer_error serve_udp(void)
{
    fer_udp_socket socket = {0};
    fer_udp_received got;
    char buf[8];
    FER_TRY(fer_udp_socket_from_raw(&socket, UDP_FD));
    FER_TRY(fer_udp_socket_recv_from(&socket, buf, sizeof buf, &got));
    FER_TRY(fer_udp_socket_send_to(&socket, buf, got.len, &got.from, NULL));
    fer_udp_socket_close(&socket);
    return (fer_error){FER_OK, 0};
}

int activated_main(void)
{
    (void)alarm(CHILD_SECONDS);
    return !is_activated()               ? NO_SOCKETS
           : serve_tcp().kind != FER_OK  ? NO_TCP
           : serve_unix().kind != FER_OK ? NO_UNIX
           : serve_udp().kind != FER_OK  ? NO_UDP
                                         : SERVED;
}

/* ---- The service manager: uses only POSIX */

/* Runs in the child. Moves the three sockets to the numbers 3, 4 and 5, first away from these
 * numbers. */
static void start(const int sockets[FDS])
{
    char number[16];
    char *const arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)ACTIVATED, NULL};
    int moved[FDS];
    for (int i = 0; i < FDS; i++) {
        moved[i] = fcntl(sockets[i], F_DUPFD, TCP_FD + FDS);
    }
    for (int i = 0; i < FDS; i++) {
        (void)dup2(moved[i], TCP_FD + i);
        (void)close(moved[i]);
    }
    (void)snprintf(number, sizeof number, "%ld", (long)getpid());
    (void)setenv("LISTEN_PID", number, 1);
    (void)setenv("LISTEN_FDS", "3", 1);
    (void)execv(program, arguments);
    _exit(NOT_STARTED);
}

static bool echoes(int fd)
{
    char got[4] = {0};
    peer_adopt(fd);
    return peer_send_all(fd, "abc", 3) && peer_recv_exact(fd, got, 3) && memcmp(got, "abc", 3) == 0;
}

/* R1: sockets that another program has bound, listened on and connected to, inherited by number
 * across fork and exec, are adopted and served. The program that created them may have closed its
 * own descriptors. */
RULE_TEST("R1", sockets_of_a_service_manager_are_adopted)
{
    uint16_t port = 0;
    uint16_t udp_port = 0;
    uint16_t own_port = 0;
    char path[PATH_SIZE];
    int code = 0;
    const int sockets[FDS] = {plain_listener(&port), plain_unix_listener(path, sizeof path),
                              plain_bound(SOCK_DGRAM, &udp_port)};
    int tcp = plain_connection(port);
    int local = plain_unix_connection(path);
    int udp = plain_bound(SOCK_DGRAM, &own_port);
    plain_connect(udp, udp_port);
    pid_t child = fork();
    if (child == 0) {
        start(sockets);
    }
    assert_true(child > 0);
    for (int i = 0; i < FDS; i++) {
        (void)close(sockets[i]);
    }
    /* One after the other, in the order of the service. The kernel queues early requests. */
    bool has_echoed = echoes(tcp) && echoes(local) && echoes(udp);
    peer_close(tcp);
    peer_close(local);
    peer_close(udp);
    plain_remove(path);
    assert_true(waitpid(child, &code, 0) == child && WIFEXITED(code));
    if (WEXITSTATUS(code) == NOT_STARTED) {
        skip_because("this machine cannot start the program anew");
    }
    assert_int_equal(WEXITSTATUS(code), SERVED);
    assert_true(has_echoed);
}

RULE_TESTS_AS(activation_tests, "activation")
