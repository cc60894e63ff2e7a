/* file_sim.c: file.h on the simulated network. */
#include "support/file.h"

#include "ferrule/sim.h"

fer_raw_file test_file_new(const void *bytes, size_t len)
{
    fer_raw_file file = -1;
    FER_IGNORE(fer_sim_file_new(bytes, len, &file));
    return file;
}

/* A file of the simulation has all its bytes in memory. */
fer_raw_file test_file_new_at(const void *bytes, size_t len, uint64_t offset)
{
    return offset == 0 ? test_file_new(bytes, len) : -1;
}

void test_file_close(fer_raw_file file)
{
    fer_sim_file_close(file);
}
