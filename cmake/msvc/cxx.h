/* cxx.h: what libc++'s headers require of the C library in MSVC's dialect and Wine's headers lack
 * (version 8.0). The C++ compiler of cmake/msvc/sdk.sh includes it first. */
#define __UCHAR_H            /* Wine's <uchar.h> defines char16_t, which is a keyword of C++ */
#include <../msvcrt/wchar.h> /* mbstate_t; libc++ has its own <wchar.h> */

typedef double max_align_t;

constexpr bool isnan(double number)
{
    return __builtin_isnan(number);
}

constexpr bool isinf(double number)
{
    return __builtin_isinf(number);
}
