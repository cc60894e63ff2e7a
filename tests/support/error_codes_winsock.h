/* error_codes_winsock.h: error codes of Windows, their numbers (WinError.h) and kinds, for
 * process.h. */
#ifndef TEST_ERROR_CODES_WINSOCK_H
#define TEST_ERROR_CODES_WINSOCK_H

/* Rust 1.95, library/std/src/sys/io/error/windows.rs, decode_error_kind. */
#define RUST_ERROR_CODES(X)                                     \
    X(ERROR_ACCESS_DENIED, 5, FER_PERMISSION_DENIED)            \
    X(ERROR_ALREADY_EXISTS, 183, FER_ALREADY_EXISTS)            \
    X(ERROR_BROKEN_PIPE, 109, FER_BROKEN_PIPE)                  \
    X(ERROR_FILE_NOT_FOUND, 2, FER_NOT_FOUND)                   \
    X(ERROR_PATH_NOT_FOUND, 3, FER_NOT_FOUND)                   \
    X(ERROR_NO_DATA, 232, FER_BROKEN_PIPE)                      \
    X(ERROR_INVALID_PARAMETER, 87, FER_INVALID_INPUT)           \
    X(ERROR_NOT_ENOUGH_MEMORY, 8, FER_OUT_OF_MEMORY)            \
    X(ERROR_OUTOFMEMORY, 14, FER_OUT_OF_MEMORY)                 \
    X(ERROR_OPERATION_ABORTED, 995, FER_CONNECTION_TIMED_OUT)   \
    X(ERROR_HOST_UNREACHABLE, 1232, FER_HOST_UNREACHABLE)       \
    X(ERROR_NETWORK_UNREACHABLE, 1231, FER_NETWORK_UNREACHABLE) \
    X(WSAEACCES, 10013, FER_PERMISSION_DENIED)                  \
    X(WSAEADDRINUSE, 10048, FER_ADDR_IN_USE)                    \
    X(WSAEADDRNOTAVAIL, 10049, FER_ADDR_NOT_AVAILABLE)          \
    X(WSAECONNABORTED, 10053, FER_CONNECTION_ABORTED)           \
    X(WSAECONNREFUSED, 10061, FER_CONNECTION_REFUSED)           \
    X(WSAECONNRESET, 10054, FER_CONNECTION_RESET)               \
    X(WSAEINVAL, 10022, FER_INVALID_INPUT)                      \
    X(WSAENOTCONN, 10057, FER_NOT_CONNECTED)                    \
    X(WSAEWOULDBLOCK, 10035, FER_WOULD_BLOCK)                   \
    X(WSAETIMEDOUT, 10060, FER_CONNECTION_TIMED_OUT)            \
    X(WSAEHOSTUNREACH, 10065, FER_HOST_UNREACHABLE)             \
    X(WSAENETDOWN, 10050, FER_NETWORK_DOWN)                     \
    X(WSAENETUNREACH, 10051, FER_NETWORK_UNREACHABLE)           \
    X(WSAEDQUOT, 10069, FER_UNCATEGORIZED)

#endif
