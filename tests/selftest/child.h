/* child.h: processes of this program, started with other arguments, and their output. The functions
 * never wait. */
#ifndef SELFTEST_CHILD_H
#define SELFTEST_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct child {
    uintptr_t process;
    uintptr_t output;
    bool is_running;
    /* Set when the process has ended: of a crash the signal or the exception, else the exit
     * code. */
    bool has_crashed;
    uint32_t code;
};

/* Starts this program with the arguments, of which NULL is the last. Its standard output and its
 * standard error can be read, its input is empty. */
bool child_start(struct child *child, const char *const *arguments);

/* Copies output that is there. 0: none now, or no more. */
size_t child_read(struct child *child, char *buf, size_t cap);

/* Updates is_running. */
void child_check(struct child *child);

/* Ends a process that is running. */
void child_kill(struct child *child);

/* Closes the output. The process has ended. */
void child_close(struct child *child);

#endif
