/* file_posix.c: file.h with a temporary file. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* fileno, fseeko */
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#include "support/file.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

fer_raw_file test_file_new_at(const void *bytes, size_t len, uint64_t offset)
{
    FILE *file = tmpfile();
    if (file == NULL) {
        return -1;
    }
    bool is_written = fseeko(file, (off_t)offset, SEEK_SET) == 0 &&
                      fwrite(bytes, 1, len, file) == len && fflush(file) == 0;
    int copy = is_written ? dup(fileno(file)) : -1;
    (void)fclose(file);
    return copy;
}

fer_raw_file test_file_new(const void *bytes, size_t len)
{
    return test_file_new_at(bytes, len, 0);
}

void test_file_close(fer_raw_file file)
{
    (void)close((int)file);
}
