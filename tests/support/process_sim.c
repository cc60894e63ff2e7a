/* process_sim.c: process.h on the simulated network. The codes are the dialect's, as numbers,
 * because the host's may differ. */
#include "support/process.h"

#include <stdlib.h>

#include "platform/sim/network.h"

bool process_forbid_new_handles(void)
{
    ferp_sim_network *network = ferp_sim_current();
    network->handle_limit = ferp_sim_handles_open(network);
    return true;
}

void process_allow_new_handles(void)
{
    ferp_sim_network *network = ferp_sim_current();
    network->handle_limit = network->config.max_sockets;
}

bool process_allow_handles(size_t count)
{
    return count <= ferp_sim_current()->handle_limit;
}

/* The simulated program has none. */
bool process_drop_privileges(void)
{
    return true;
}
void process_regain_privileges(void)
{
}

void *process_reserve(size_t len)
{
    return calloc(1, len);
}

void process_unreserve(void *area, size_t len)
{
    free(area);
}

/* The simulation has no threads. tests/sim counts its calls instead. */
uint64_t process_thread_time_us(void)
{
    return 0;
}

#if defined(FERRULE_SIM_DIALECT_WINSOCK)
#include "support/error_codes_winsock.h"

#define CODE(name, number, kind) {#name, number, kind},
const struct process_error_code process_rust_error_codes[] = {
    RUST_ERROR_CODES(CODE){NULL, 0, FER_OK}};
const struct process_error_code process_other_error_codes[] = {
    OTHER_ERROR_CODES(CODE){NULL, 0, FER_OK}};

int32_t process_code_refused(void)
{
    return 10061;
}
#else
/* The numbers of generic Linux and of 4.4BSD. */
#if defined(FERRULE_SIM_DIALECT_BSD)
#define NUMBER(linux_number, bsd_number) bsd_number
#else
#define NUMBER(linux_number, bsd_number) linux_number
#endif

/* Rust 1.95, library/std/src/sys/io/error/unix.rs, decode_error_kind. */
const struct process_error_code process_rust_error_codes[] = {
    {"EPERM", NUMBER(1, 1), FER_PERMISSION_DENIED},
    {"ENOENT", NUMBER(2, 2), FER_NOT_FOUND},
    {"EINTR", NUMBER(4, 4), FER_INTERRUPTED},
    {"EAGAIN", NUMBER(11, 35), FER_WOULD_BLOCK},
    {"ENOMEM", NUMBER(12, 12), FER_OUT_OF_MEMORY},
    {"EACCES", NUMBER(13, 13), FER_PERMISSION_DENIED},
    {"EEXIST", NUMBER(17, 17), FER_ALREADY_EXISTS},
    {"EINVAL", NUMBER(22, 22), FER_INVALID_INPUT},
    {"EPIPE", NUMBER(32, 32), FER_BROKEN_PIPE},
    {"EADDRINUSE", NUMBER(98, 48), FER_ADDR_IN_USE},
    {"EADDRNOTAVAIL", NUMBER(99, 49), FER_ADDR_NOT_AVAILABLE},
    {"ENETDOWN", NUMBER(100, 50), FER_NETWORK_DOWN},
    {"ENETUNREACH", NUMBER(101, 51), FER_NETWORK_UNREACHABLE},
    {"ECONNABORTED", NUMBER(103, 53), FER_CONNECTION_ABORTED},
    {"ECONNRESET", NUMBER(104, 54), FER_CONNECTION_RESET},
    {"ENOTCONN", NUMBER(107, 57), FER_NOT_CONNECTED},
    {"ETIMEDOUT", NUMBER(110, 60), FER_CONNECTION_TIMED_OUT},
    {"ECONNREFUSED", NUMBER(111, 61), FER_CONNECTION_REFUSED},
    {"EHOSTUNREACH", NUMBER(113, 65), FER_HOST_UNREACHABLE},
    {"EINPROGRESS", NUMBER(115, 36), FER_IN_PROGRESS},
    {NULL, 0, FER_OK},
};

const struct process_error_code process_other_error_codes[] = {
    {"EMFILE", NUMBER(24, 24), FER_TOO_MANY_OPEN_FILES},
    {"ENFILE", NUMBER(23, 23), FER_TOO_MANY_OPEN_FILES},
    {"EMSGSIZE", NUMBER(90, 40), FER_MESSAGE_TOO_LONG},
    {"ENOBUFS", NUMBER(105, 55), FER_NO_BUFFER_SPACE},
    {"EBADF", NUMBER(9, 9), FER_BAD_HANDLE},
    {"ENOTSOCK", NUMBER(88, 38), FER_BAD_HANDLE},
    {"EISCONN", NUMBER(106, 56), FER_ALREADY_CONNECTED},
#if !defined(FERRULE_SIM_DIALECT_BSD)
    {"ECANCELED", 125, FER_CANCELLED},
#endif
    {NULL, 0, FER_OK},
};

int32_t process_code_refused(void)
{
    return NUMBER(111, 61);
}
#endif
