/* limits.h: <sys/syslimits.h> warns unless this macro says that <limits.h> includes it. */
#ifndef _LIMITS_H_
#define _LIMITS_H_
#endif
#include_next <limits.h>
