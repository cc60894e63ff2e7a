/* error_reference.h: the codes of generic Linux and of Windows, listed by kind. The maps of
 * platform/, which are listed by code, are compared with them. Only for tests. Sources: errno(3)
 * and asm-generic/errno.h; "Windows Sockets Error Codes" and "System Error Codes" (MSDN). */
#ifndef ERROR_REFERENCE_H
#define ERROR_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"

/* A list of codes ends at the first 0. */
struct reference_kind {
    fer_error_kind kind;
    int32_t codes[20];
};

static const struct reference_kind reference_linux[] = {
    {FER_ADDR_IN_USE, {98}},
    {FER_ADDR_NOT_AVAILABLE, {99}},
    {FER_ALREADY_CONNECTED, {106}},
    {FER_ALREADY_EXISTS, {17}},
    {FER_BAD_HANDLE, {9, 88}},
    {FER_BROKEN_PIPE, {32, 108}},
    {FER_CANCELLED, {125}},
    {FER_CONNECTION_ABORTED, {103}},
    {FER_CONNECTION_REFUSED, {111}},
    {FER_CONNECTION_RESET, {102, 104}},
    {FER_DEADLOCK, {35}},
    {FER_FILESYSTEM_LOOP, {40}},
    {FER_HOST_UNREACHABLE, {112, 113}},
    {FER_INTERRUPTED, {4}},
    {FER_INVALID_FILENAME, {36}},
    {FER_INVALID_INPUT, {14, 22}},
    {FER_IN_PROGRESS, {114, 115}},
    {FER_MESSAGE_TOO_LONG, {90}},
    {FER_NETWORK_DOWN, {100}},
    {FER_NETWORK_UNREACHABLE, {101}},
    {FER_NOT_A_DIRECTORY, {20}},
    {FER_NOT_CONNECTED, {89, 107}},
    {FER_NOT_FOUND, {2, 19}},
    {FER_NO_BUFFER_SPACE, {105}},
    {FER_OUT_OF_MEMORY, {12}},
    {FER_PERMISSION_DENIED, {1, 13}},
    {FER_READ_ONLY_FILESYSTEM, {30}},
    {FER_RESOURCE_BUSY, {16}},
    {FER_STORAGE_FULL, {28}},
    {FER_CONNECTION_TIMED_OUT, {110}},
    {FER_TOO_MANY_OPEN_FILES, {23, 24}},
    {FER_UNSUPPORTED, {38, 92, 93, 94, 95, 96, 97}},
    {FER_WOULD_BLOCK, {11}},
};

static const struct reference_kind reference_windows[] = {
    {FER_ADDR_IN_USE, {10048}},
    {FER_ADDR_NOT_AVAILABLE, {10049}},
    {FER_ALREADY_CONNECTED, {10056}},
    {FER_ALREADY_EXISTS, {80, 183}},
    {FER_BAD_HANDLE, {6, 10009, 10038}},
    {FER_BROKEN_PIPE, {109, 232, 10058}},
    {FER_CANCELLED, {1223, 10103, 10111}},
    {FER_CONNECTION_ABORTED, {1236, 10053}},
    {FER_CONNECTION_REFUSED, {1225, 10061}},
    {FER_CONNECTION_RESET, {64, 10052, 10054}},
    {FER_DEADLOCK, {1131}},
    {FER_FILESYSTEM_LOOP, {1921, 10062}},
    {FER_HOST_NOT_FOUND, {11001, 11004}},
    {FER_HOST_UNREACHABLE, {1232, 10064, 10065}},
    {FER_INTERRUPTED, {10004}},
    {FER_INVALID_FILENAME, {123, 161, 206, 10063}},
    {FER_INVALID_INPUT, {87, 10014, 10022}},
    {FER_IN_PROGRESS, {996, 997, 10036, 10037}},
    {FER_MESSAGE_TOO_LONG, {10040}},
    {FER_NETWORK_DOWN, {10050, 10091}},
    {FER_NETWORK_UNREACHABLE, {1231, 10051}},
    {FER_NOT_A_DIRECTORY, {267}},
    {FER_NOT_CONNECTED, {10039, 10057}},
    {FER_NOT_FOUND, {2, 3, 15, 53, 67}},
    {FER_NO_BUFFER_SPACE, {1450, 10055}},
    {FER_OUT_OF_MEMORY, {8, 14, 1453, 1455, 1816}},
    {FER_PERMISSION_DENIED, {5, 10013}},
    {FER_READ_ONLY_FILESYSTEM, {19}},
    {FER_RESOLVE_FAILED, {10108, 10109, 10112, 11003}},
    {FER_RESOLVE_TRY_AGAIN, {11002}},
    {FER_RESOURCE_BUSY, {170}},
    {FER_STORAGE_FULL, {39, 112}},
    {FER_CONNECTION_TIMED_OUT,
     {121, 258, 594, 995, 1053, 1121, 1460, 5910, 7012, 7040, 8014, 8226, 9705, 10060, 13805, 15402,
      15403}},
    {FER_TOO_MANY_OPEN_FILES, {4, 10024}},
    {FER_UNSUPPORTED, {50, 120, 10042, 10043, 10044, 10045, 10046, 10047, 10092}},
    {FER_WOULD_BLOCK, {10035}},
};

static inline fer_error_kind reference_kind_among(const struct reference_kind *kinds, size_t count,
                                                  int32_t code)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; kinds[i].codes[k] != 0; k++) {
            if (kinds[i].codes[k] == code) {
                return kinds[i].kind;
            }
        }
    }
    return code == 0 ? FER_OK : FER_UNCATEGORIZED;
}

static inline fer_error_kind reference_linux_kind(int32_t code)
{
    return reference_kind_among(reference_linux, sizeof reference_linux / sizeof *reference_linux,
                                code);
}

static inline fer_error_kind reference_windows_kind(int32_t code)
{
    return reference_kind_among(reference_windows,
                                sizeof reference_windows / sizeof *reference_windows, code);
}

/* NULL if the number is no kind. */
static inline const char *reference_phrase(fer_error_kind kind)
{
    static const struct {
        fer_error_kind kind;
        const char *phrase;
    } rows[] = {
#define KIND_ROW(name, value, rust_name, phrase) {name, phrase},
        FER_ERROR_KINDS(KIND_ROW)
#undef KIND_ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind == kind) {
            return rows[i].phrase;
        }
    }
    return NULL;
}

static inline bool reference_is_of_lookup(fer_error_kind kind)
{
    return kind == FER_HOST_NOT_FOUND || kind == FER_RESOLVE_TRY_AGAIN ||
           kind == FER_RESOLVE_FAILED;
}

#endif
