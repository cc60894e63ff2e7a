/* scripted_background.h: the seam's memory, monitors and threads, for tests of core. Memory is
 * counted and can be refused. A thread is begun and does nothing until the test runs its next step,
 * and other threads have their turn where one waits. It keeps the rules that a caller has to keep:
 * a monitor is entered once and left, and ended once. */
#ifndef TEST_SCRIPTED_BACKGROUND_H
#define TEST_SCRIPTED_BACKGROUND_H

#include "unit/scripted_platform.h"

enum { SCRIPT_THREADS_MAX = 128 };

/* Tests set the first group, and read the second. */
struct script_background {
    size_t memory_fails_at;   /* the n-th from now on; 0 for none */
    fer_error monitor_begins; /* what they answer */
    fer_error thread_starts;
    fer_error wait_ends;   /* unless the deadline has come */
    void (*on_wait)(void); /* what other threads do meanwhile */
    uint32_t process;      /* another one: after fork */

    size_t memory_live; /* pieces */
    size_t monitors_live;
    size_t notified; /* monitors, how often */
    size_t waits;
    uint64_t waited_until; /* the last wait's deadline */
    size_t threads_begun;
    size_t threads_running;
    bool is_inside;
};
extern struct script_background background;

/* Forgets everything. */
void script_background_begin(void);

/* Runs one step of the n-th thread that was begun, 0 being the first. False: it was the last. */
bool script_thread_step(size_t thread);

/* Runs it to its end. */
void script_thread_finish(size_t thread);

#endif
