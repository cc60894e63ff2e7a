/* file_posix.c: file.h with a temporary file. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* fileno */
#endif
#include "support/file.h"

#include <stdio.h>
#include <unistd.h>

fer_raw_file test_file_new(const void *bytes, size_t len)
{
    FILE *file = tmpfile();
    if (file == NULL) {
        return -1;
    }
    int copy = fwrite(bytes, 1, len, file) == len && fflush(file) == 0 ? dup(fileno(file)) : -1;
    (void)fclose(file);
    return copy;
}

void test_file_close(fer_raw_file file)
{
    (void)close((int)file);
}
