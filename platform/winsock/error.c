/* error.c: Windows codes to kinds. The table is errors_winsock.h's, checked here against the headers. */
#include "platform/winsock/winsock.h"

#include "platform/winsock/errors_winsock.h"

/* Names that some SDKs' WinError.h lack; where one has them, it says the same. */
#ifndef ERROR_DIRECTORY_NOT_SUPPORTED
#define ERROR_DIRECTORY_NOT_SUPPORTED 336
#endif
#ifndef ERROR_DRIVER_CANCEL_TIMEOUT
#define ERROR_DRIVER_CANCEL_TIMEOUT 594
#endif
#ifndef ERROR_DISK_QUOTA_EXCEEDED
#define ERROR_DISK_QUOTA_EXCEEDED 1295
#endif
#ifndef ERROR_RESOURCE_CALL_TIMED_OUT
#define ERROR_RESOURCE_CALL_TIMED_OUT 5910
#endif

#define CHECK_NUMBER(number, name, kind) _Static_assert((number) == (name), #name " is another number in WinError.h");
FERP_WINSOCK_ERRORS(CHECK_NUMBER)
#undef CHECK_NUMBER

fer_error_kind ferp_error_kind(int32_t os_code)
{
    switch (os_code) {
    case 0:
        return FER_OK;
#define CASE(number, name, kind) \
    case number:                 \
        return kind;
        FERP_WINSOCK_ERRORS(CASE)
#undef CASE
    default:
        return FER_UNCATEGORIZED;
    }
}
