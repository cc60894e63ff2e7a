/* between.h: failures of the programs that run in a network namespace of network.sh. */
#ifndef BETWEEN_H
#define BETWEEN_H

#include <stdio.h>
#include <stdlib.h>

#include "ferrule/error.h"

static inline void fail(const char *what)
{
    fprintf(stderr, "between: %s\n", what);
    exit(1);
}

static inline void check_kind(fer_error error, fer_error_kind kind, const char *what)
{
    char text[FER_ERROR_TEXT_CAP];
    if (error.kind != kind) {
        (void)fer_error_format(error, text, sizeof text);
        fprintf(stderr, "between: %s: %s\n", what, text);
        exit(1);
    }
}

static inline void check(fer_error error, const char *what)
{
    check_kind(error, FER_OK, what);
}

#endif
