/* time.h: adds clock_getres. */
#include_next <time.h>

#ifndef FERRULE_BSD_TIME_H
#define FERRULE_BSD_TIME_H
int clock_getres(int clock, struct timespec *out);
#endif
