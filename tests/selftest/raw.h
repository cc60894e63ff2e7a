/* raw.h: system calls on plain sockets for the probes, with the names of POSIX. */
#ifndef SELFTEST_RAW_H
#define SELFTEST_RAW_H

#ifdef _WIN32
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#include <winsock2.h>

#include <windows.h>
#include <ws2tcpip.h>
typedef SOCKET raw_socket;
typedef int raw_len;
#define RAW_NONE INVALID_SOCKET
#else
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
typedef int raw_socket;
typedef socklen_t raw_len;
#define RAW_NONE (-1)
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAW_READ = 1, RAW_WRITE = 2, RAW_ERROR = 4, RAW_HANGUP = 8 };

/* ---- Different in the two systems: raw_posix.c, raw_winsock.c */

/* The code of the last failure. */
int raw_code(void);
bool raw_is_would_block(int code);
/* A name such as ECONNRESET, or NULL. */
const char *raw_name(int code);
void raw_close(raw_socket socket);
void raw_set_nonblocking(raw_socket socket, bool nonblocking);
/* SO_RCVTIMEO and SO_SNDTIMEO. */
void raw_set_timeouts(raw_socket socket, unsigned milliseconds);

#ifdef _WIN32
/* Another SOCKET of the socket, or INVALID_SOCKET. */
SOCKET raw_duplicate(SOCKET socket);
#endif

/* ---- The same in both: raw.c */

void raw_set_linger(raw_socket socket, bool on, unsigned seconds);
bool raw_linger(raw_socket socket, bool *on, long *seconds);
/* A bit set of RAW_, of poll or WSAPoll. 0: none within the time. */
int raw_poll(raw_socket socket, int interest, int milliseconds);
int raw_send(raw_socket socket, const void *bytes, size_t len);
int raw_recv(raw_socket socket, void *bytes, size_t len);
int raw_shutdown_read(raw_socket socket);
int raw_shutdown_write(raw_socket socket);

/* The last failure or the result as text, in one of a few buffers. */
const char *raw_text(long result);
const char *raw_code_text(int code);
raw_socket raw_new(int type);
struct sockaddr_in raw_address(uint16_t port);
/* Binds to loopback; 0: any port. */
int raw_bind(raw_socket socket, uint16_t port);
uint16_t raw_port(raw_socket socket);
int raw_connect(raw_socket socket, uint16_t port);
/* These two end the probe if they fail, by conclude_absent. */
raw_socket raw_listen(int backlog, uint16_t *port);
/* A connected and an accepted stream, with time limits. */
void raw_pair(raw_socket two[2]);
void raw_close_pair(raw_socket two[2]);
/* A close that resets the connection. */
void raw_reset(raw_socket socket);
/* A port on which nothing listens. */
uint16_t raw_refused_port(void);
int raw_int_option(raw_socket socket, int level, int name, int *value);
int raw_set_int_option(raw_socket socket, int level, int name, int value);
int raw_socket_error(raw_socket socket);
/* The second bind of two datagram sockets to one port, which both have set the option: "OK", or
 * the name of the failure. */
const char *raw_share_port(int option);
/* Makes the socket nonblocking, and sends until no more is accepted. */
size_t raw_fill(raw_socket socket);
/* "READ WRITE ERROR HANGUP" of the set bits, or "nothing". */
const char *raw_poll_text(int bits);

#endif
