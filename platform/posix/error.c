/* error.c: maps errno to a kind. The table is in errors_posix.h. */
#include "platform/posix/posix.h"

#include "platform/posix/errors_bsd.h"
#include "platform/posix/errors_linux.h"
#include "platform/posix/errors_posix.h"

#if defined(__linux__) && !defined(__mips__) && !defined(__sparc__) && !defined(__alpha__) && \
    !defined(__hppa__)
#define CHECK_NUMBER(number, name, kind) \
    _Static_assert((number) == (name), #name " is another number in <errno.h>");
FERP_LINUX_ERRORS(CHECK_NUMBER)
#undef CHECK_NUMBER
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
#define CHECK_NUMBER(number, name, kind)                      \
    _Static_assert((number) == (name) || (number) == ENOTSUP, \
                   #name " is another number in <errno.h>");
FERP_BSD_ERRORS(CHECK_NUMBER)
#undef CHECK_NUMBER
#endif

fer_error_kind ferp_error_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK;
#define CASE(name, kind) \
    case name: return kind;
        FERP_POSIX_ERRORS(CASE)
#undef CASE
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
