/* process.h: a test's own process: limits, signals, a large area of memory, processor time, the
 * OS's error codes by name. A function that the OS does not support returns false, 0 or NULL; the
 * test that needs it is skipped. */
#ifndef TEST_PROCESS_H
#define TEST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"

/* Forbids new handles until they are allowed again. */
bool process_forbid_new_handles(void);
void process_allow_new_handles(void);
/* Allows so many open handles. False if that is not possible. */
bool process_allow_handles(size_t count);

/* Drops root's privileges until they are regained. False if that is not possible. */
bool process_drop_privileges(void);
void process_regain_privileges(void);

/* A handled signal, without SA_RESTART, every few milliseconds, for threads that did not call
 * process_shield_thread. */
bool process_signals_start(void);
void process_signals_stop(void);
unsigned process_signals_caught(void);
/* An action of the signal handler besides counting, from the next start on; NULL: none. */
void process_signals_call(void (*action)(void));
void process_shield_thread(void);

/* Gives SIGPIPE its default action, which ends the program. False if there is no such signal. */
bool process_let_sigpipe_kill(void);
bool process_remember_signal_handlers(void);
bool process_signal_handlers_are_as_remembered(void);

/* A large zeroed area that uses no memory until it is written, or NULL. */
void *process_reserve(size_t len);
void process_unreserve(void *area, size_t len);

/* The processor time that the calling thread has used, in microseconds. A system may count it in
 * ticks of 10 or 16 ms. */
uint64_t process_thread_time_us(void);

/* The error codes that Rust's decode_error_kind names, by this OS's names, and their kinds. A NULL
 * name ends the list. On POSIX systems: peer_posix.c. */
struct process_error_code {
    const char *name;
    int32_t code;
    fer_error_kind kind;
};
extern const struct process_error_code process_rust_error_codes[];
int32_t process_code_refused(void);

#endif
