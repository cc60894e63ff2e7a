/* probe.h: questions to the system, by plain system calls: the facts of ferp_traits, and rows of
 * docs/DIFFERENCES.md of which nobody knows what some system does. A probe is a test of cmocka: it
 * prints the answer that is expected of this system, if one is, and the system's, and fails if they
 * differ. */
#ifndef SELFTEST_PROBE_H
#define SELFTEST_PROBE_H

#ifdef _WIN32
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>
#define SHUT_RD SD_RECEIVE
#define SHUT_WR SD_SEND
typedef SOCKET raw_socket;
typedef int raw_len;
#else
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
typedef int raw_socket;
typedef socklen_t raw_len;
#endif

#include "platform/platform.h"
#include "support/fixture.h"

enum probe_system { LINUX, MACOS, FREEBSD, NETBSD, OPENBSD, WINDOWS, OTHER, PROBE_SYSTEMS };
#if defined(__linux__)
#define THIS_SYSTEM LINUX
#elif defined(__APPLE__)
#define THIS_SYSTEM MACOS
#elif defined(__FreeBSD__)
#define THIS_SYSTEM FREEBSD
#elif defined(__NetBSD__)
#define THIS_SYSTEM NETBSD
#elif defined(__OpenBSD__)
#define THIS_SYSTEM OPENBSD
#elif defined(_WIN32)
#define THIS_SYSTEM WINDOWS
#else
#define THIS_SYSTEM OTHER
#endif

/* Defines a probe of a row or a rule. Its body follows, and calls the functions below. The other
 * arguments are the expected answers, in the order of probe_system; NULL or none: nobody knows. */
#define PROBE(about, function, ...) \
    PROBE_OF(about, function, ((const char *const[PROBE_SYSTEMS]){__VA_ARGS__})[THIS_SYSTEM])
#define POSIX(text) text, text, text, text, text
/* Defines a probe of the member of ferp_traits with this name. Its body calls answer_fact. */
#define FACT(function) PROBE_OF("fact", function, ferp_traits()->function ? "yes" : "no")
#define PROBE_OF(about, function, expected)                                      \
    TEST_BY(function, (void), probe_run(function, expected, __FILE__, __LINE__), \
            TEST_ROW(about " " #function, function, NULL, probe_end, NULL))
void probe_run(void (*run)(void), const char *expected, const char *file, int line);
int probe_end(void **state);

/* Adds to the answer, which is compared, and to the report what is not. */
#define answer(...) probe_add(probe_answer, __VA_ARGS__)
#define answer_fact(is_so) answer((is_so) ? "yes" : "no")
#define note(...) probe_add(probe_note, __VA_ARGS__)
/* The system has no such thing, or refuses it: skips the probe. */
#define absent(...) (probe_note[0] = 0, note(__VA_ARGS__), skip_because(probe_note))
#define need(condition, ...) ((condition) ? (void)0 : absent(__VA_ARGS__))

enum { PROBE_TEXT_CAP = 500 };
extern char probe_answer[PROBE_TEXT_CAP];
extern char probe_note[PROBE_TEXT_CAP];
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void probe_add(char *text, const char *format, ...);

/* ---- System calls, beside the peers of conformance/peer.h */

/* "OK" or the name of the last failure, such as ECONNRESET, on Windows too (without WSA); there
 * WSAEWOULDBLOCK is EAGAIN. */
const char *raw_result(long result);
/* The count, or the name of the last failure. The texts are in one of a few buffers. */
const char *raw_count(long result);

/* A blocking socket of IPv4, closed after the probe. */
peer_socket raw_new(int type);
/* Adds a socket that the probe has made, and makes it blocking. */
peer_socket raw_keep(raw_socket made);
/* The results of the system. The addresses are those of IPv4, such as INADDR_LOOPBACK. */
int raw_bind(peer_socket socket, uint32_t address, uint16_t port);
int raw_connect(peer_socket socket, uint32_t address, uint16_t port);
int raw_send_to(peer_socket socket, uint32_t address, uint16_t port);
int raw_send(peer_socket socket, const void *bytes, size_t len);
int raw_receive(peer_socket socket, void *bytes, size_t len);
int raw_set(peer_socket socket, int level, int option, int value);
/* The value, or -1. */
int raw_get(peer_socket socket, int level, int option);
/* SO_ERROR as a name. */
const char *raw_error(peer_socket socket);
/* Whether poll, or WSAPoll, reports anything within the time. */
bool raw_ready(peer_socket socket, bool to_write, unsigned milliseconds);
/* A connected and an accepted stream, blocking, with a limit of time. Skips the probe if there is
 * no connection. */
void raw_pair(peer_socket two[2]);

#endif
