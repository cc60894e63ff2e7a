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
    (void)len;
    free(area);
}

/* The simulation has no threads. tests/sim counts its calls instead. */
uint64_t process_thread_time_us(void)
{
    return 0;
}

#if defined(FERRULE_SIM_DIALECT_WINSOCK)
/* Rust 1.95, library/std/src/sys/io/error/windows.rs, decode_error_kind; numbers: WinError.h. */
const struct process_error_code process_rust_error_codes[] = {
    {"ERROR_ACCESS_DENIED", 5, FER_PERMISSION_DENIED},
    {"ERROR_ALREADY_EXISTS", 183, FER_ALREADY_EXISTS},
    {"ERROR_BROKEN_PIPE", 109, FER_BROKEN_PIPE},
    {"ERROR_FILE_NOT_FOUND", 2, FER_NOT_FOUND},
    {"ERROR_NO_DATA", 232, FER_BROKEN_PIPE},
    {"ERROR_NOT_ENOUGH_MEMORY", 8, FER_OUT_OF_MEMORY},
    {"ERROR_OPERATION_ABORTED", 995, FER_CONNECTION_TIMED_OUT},
    {"WSAEACCES", 10013, FER_PERMISSION_DENIED},
    {"WSAEADDRINUSE", 10048, FER_ADDR_IN_USE},
    {"WSAEADDRNOTAVAIL", 10049, FER_ADDR_NOT_AVAILABLE},
    {"WSAECONNABORTED", 10053, FER_CONNECTION_ABORTED},
    {"WSAECONNREFUSED", 10061, FER_CONNECTION_REFUSED},
    {"WSAECONNRESET", 10054, FER_CONNECTION_RESET},
    {"WSAEINVAL", 10022, FER_INVALID_INPUT},
    {"WSAENOTCONN", 10057, FER_NOT_CONNECTED},
    {"WSAEWOULDBLOCK", 10035, FER_WOULD_BLOCK},
    {"WSAETIMEDOUT", 10060, FER_CONNECTION_TIMED_OUT},
    {"WSAEHOSTUNREACH", 10065, FER_HOST_UNREACHABLE},
    {"WSAENETDOWN", 10050, FER_NETWORK_DOWN},
    {"WSAENETUNREACH", 10051, FER_NETWORK_UNREACHABLE},
    {"WSAEDQUOT", 10069, FER_UNCATEGORIZED},
    {NULL, 0, FER_OK},
};

const struct process_error_code process_other_error_codes[] = {
    {"WSAEMFILE", 10024, FER_TOO_MANY_OPEN_FILES},
    {"WSAEMSGSIZE", 10040, FER_MESSAGE_TOO_LONG},
    {"WSAENOBUFS", 10055, FER_NO_BUFFER_SPACE},
    {"WSAENOTSOCK", 10038, FER_BAD_HANDLE},
    {"WSAEISCONN", 10056, FER_ALREADY_CONNECTED},
    {"WSAEINTR", 10004, FER_INTERRUPTED},
    {"WSAEOPNOTSUPP", 10045, FER_UNSUPPORTED},
    {"WSAESHUTDOWN", 10058, FER_BROKEN_PIPE},
    {NULL, 0, FER_OK},
};

int32_t process_code_refused(void)
{
    return 10061;
}
#elif defined(FERRULE_SIM_DIALECT_BSD)
/* Rust 1.95, library/std/src/sys/io/error/unix.rs, decode_error_kind; numbers: 4.4BSD. */
const struct process_error_code process_rust_error_codes[] = {
    {"EPERM", 1, FER_PERMISSION_DENIED},
    {"ENOENT", 2, FER_NOT_FOUND},
    {"EINTR", 4, FER_INTERRUPTED},
    {"ENOMEM", 12, FER_OUT_OF_MEMORY},
    {"EACCES", 13, FER_PERMISSION_DENIED},
    {"EEXIST", 17, FER_ALREADY_EXISTS},
    {"EINVAL", 22, FER_INVALID_INPUT},
    {"EPIPE", 32, FER_BROKEN_PIPE},
    {"EAGAIN", 35, FER_WOULD_BLOCK},
    {"EINPROGRESS", 36, FER_IN_PROGRESS},
    {"EADDRINUSE", 48, FER_ADDR_IN_USE},
    {"EADDRNOTAVAIL", 49, FER_ADDR_NOT_AVAILABLE},
    {"ENETDOWN", 50, FER_NETWORK_DOWN},
    {"ENETUNREACH", 51, FER_NETWORK_UNREACHABLE},
    {"ECONNABORTED", 53, FER_CONNECTION_ABORTED},
    {"ECONNRESET", 54, FER_CONNECTION_RESET},
    {"ENOTCONN", 57, FER_NOT_CONNECTED},
    {"ETIMEDOUT", 60, FER_CONNECTION_TIMED_OUT},
    {"ECONNREFUSED", 61, FER_CONNECTION_REFUSED},
    {"EHOSTUNREACH", 65, FER_HOST_UNREACHABLE},
    {NULL, 0, FER_OK},
};

const struct process_error_code process_other_error_codes[] = {
    {"EBADF", 9, FER_BAD_HANDLE},
    {"EMFILE", 24, FER_TOO_MANY_OPEN_FILES},
    {"ENFILE", 23, FER_TOO_MANY_OPEN_FILES},
    {"ENOTSOCK", 38, FER_BAD_HANDLE},
    {"EMSGSIZE", 40, FER_MESSAGE_TOO_LONG},
    {"ENOBUFS", 55, FER_NO_BUFFER_SPACE},
    {"EISCONN", 56, FER_ALREADY_CONNECTED},
    {NULL, 0, FER_OK},
};

int32_t process_code_refused(void)
{
    return 61;
}
#else
/* Rust 1.95, library/std/src/sys/io/error/unix.rs, decode_error_kind; numbers: generic Linux. */
const struct process_error_code process_rust_error_codes[] = {
    {"EPERM", 1, FER_PERMISSION_DENIED},
    {"ENOENT", 2, FER_NOT_FOUND},
    {"EINTR", 4, FER_INTERRUPTED},
    {"EAGAIN", 11, FER_WOULD_BLOCK},
    {"ENOMEM", 12, FER_OUT_OF_MEMORY},
    {"EACCES", 13, FER_PERMISSION_DENIED},
    {"EEXIST", 17, FER_ALREADY_EXISTS},
    {"EINVAL", 22, FER_INVALID_INPUT},
    {"EPIPE", 32, FER_BROKEN_PIPE},
    {"EADDRINUSE", 98, FER_ADDR_IN_USE},
    {"EADDRNOTAVAIL", 99, FER_ADDR_NOT_AVAILABLE},
    {"ENETDOWN", 100, FER_NETWORK_DOWN},
    {"ENETUNREACH", 101, FER_NETWORK_UNREACHABLE},
    {"ECONNABORTED", 103, FER_CONNECTION_ABORTED},
    {"ECONNRESET", 104, FER_CONNECTION_RESET},
    {"ENOTCONN", 107, FER_NOT_CONNECTED},
    {"ETIMEDOUT", 110, FER_CONNECTION_TIMED_OUT},
    {"ECONNREFUSED", 111, FER_CONNECTION_REFUSED},
    {"EHOSTUNREACH", 113, FER_HOST_UNREACHABLE},
    {"EINPROGRESS", 115, FER_IN_PROGRESS},
    {NULL, 0, FER_OK},
};

const struct process_error_code process_other_error_codes[] = {
    {"EMFILE", 24, FER_TOO_MANY_OPEN_FILES},
    {"ENFILE", 23, FER_TOO_MANY_OPEN_FILES},
    {"EMSGSIZE", 90, FER_MESSAGE_TOO_LONG},
    {"ENOBUFS", 105, FER_NO_BUFFER_SPACE},
    {"EBADF", 9, FER_BAD_HANDLE},
    {"ENOTSOCK", 88, FER_BAD_HANDLE},
    {"EISCONN", 106, FER_ALREADY_CONNECTED},
    {"ECANCELED", 125, FER_CANCELLED},
    {NULL, 0, FER_OK},
};

int32_t process_code_refused(void)
{
    return 111;
}
#endif
