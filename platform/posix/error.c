/* error.c: maps errno to a kind. The table is in errors_posix.h. */
#include "platform/posix/posix.h"

#include <netdb.h>
#include <string.h>

#include "platform/posix/errors_posix.h"

#if defined(__linux__) && !defined(__mips__) && !defined(__sparc__) && !defined(__alpha__) && \
    !defined(__hppa__)
#define CHECK_NUMBER(name, on_linux, on_bsd, kind) \
    _Static_assert((on_linux) == (name), #name " is another number in <errno.h>");
FERP_POSIX_ERRORS(CHECK_NUMBER)
FERP_POSIX_OTHER_ERRORS(CHECK_NUMBER)
#undef CHECK_NUMBER
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
#define CHECK_NUMBER(name, on_linux, on_bsd, kind)            \
    _Static_assert((on_bsd) == (name) || (on_bsd) == ENOTSUP, \
                   #name " is another number in <errno.h>");
FERP_POSIX_ERRORS(CHECK_NUMBER)
#undef CHECK_NUMBER
#endif

fer_error_kind ferp_error_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK;
#define CASE(name, on_linux, on_bsd, kind) \
    case name: return kind;
        FERP_POSIX_ERRORS(CASE)
        FERP_POSIX_OTHER_ERRORS(CASE)
#undef CASE
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK: return FER_WOULD_BLOCK;
#endif
#if ENOTSUP != EOPNOTSUPP
    case ENOTSUP: return FER_UNSUPPORTED;
#endif
    default: return FER_UNCATEGORIZED;
    }
}

fer_error ferp_posix_error_of(int code)
{
    fer_error error = {ferp_error_kind(code), code};
    switch (error.kind) {
    case FER_INTERRUPTED:
    case FER_WOULD_BLOCK:
    case FER_IN_PROGRESS: return (fer_error){FER_RESOURCE_BUSY, code};
    default: return error;
    }
}

static void store_text(const char *text, char *buf, size_t cap)
{
    size_t len = strnlen(text, cap - 1);
    memcpy(buf, text, len);
    buf[len] = '\0';
}

/* strerror_r returns the text (GNU's, which Bionic has too), or stores it and returns an error
 * (POSIX'): strerror_r(3). */
static const char *text_returned(const char *text, const char *stored)
{
    (void)stored;
    return text;
}

static const char *text_stored(int error, const char *stored)
{
    (void)error;
    return stored;
}

static void store_errno_text(int code, char *buf, size_t cap)
{
    char text[256] = "";
    const char *got = _Generic(strerror_r(code, text, sizeof text),
                               char *: text_returned,
                               int: text_stored)(strerror_r(code, text, sizeof text), text);
    store_text(got, buf, cap);
}

/* The resolver's codes are negative on every system (resolve.c), and an errno of a failed lookup is
 * none of them. Only a system whose own are negative has INT32_MIN. errno stays as it was, so
 * that a text can be made before errno is read. */
void ferp_error_text(fer_error error, char *buf, size_t cap)
{
    int previous = errno;
    bool is_negated = EAI_NONAME > 0 && error.os_code != INT32_MIN;
    if (error.kind == FER_UNCATEGORIZED || ferp_posix_is_errno(error.os_code)) {
        store_errno_text(error.os_code, buf, cap);
    } else {
        store_text(gai_strerror(is_negated ? -error.os_code : error.os_code), buf, cap);
    }
    errno = previous;
}

/* A positive code of RESOLVE_FAILED is errno (resolve.c, error_of). */
int ferp_errno(fer_error error)
{
    bool is_exact = error.kind == FER_RESOLVE_FAILED ||
                    (error.kind != FER_OK && ferp_error_kind(error.os_code) == error.kind);
    return is_exact && ferp_posix_is_errno(error.os_code) ? error.os_code
                                                          : ferp_errno_of_kind(error.kind);
}
