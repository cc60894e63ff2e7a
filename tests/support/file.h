/* file.h: a file of the system, or of the simulated network, for tests that send one. */
#ifndef TEST_FILE_H
#define TEST_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/io.h"

/* Makes a file of these bytes, which must outlive it. It is open for reading and has no name.
 * Returns -1 if the system makes no files. */
fer_raw_file test_file_new(const void *bytes, size_t len);

/* Makes a sparse file of zeros up to an offset, and these bytes there. Returns -1 if the system
 * makes no such file. */
fer_raw_file test_file_new_at(const void *bytes, size_t len, uint64_t offset);
void test_file_close(fer_raw_file file);

#endif
