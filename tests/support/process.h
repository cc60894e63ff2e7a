/* process.h: what a test does with its own process: limits, signals, a large area of memory, the
 * OS's error codes by name. What an OS has not is false, 0 or NULL there; a test that needs it is
 * skipped. */
#ifndef TEST_PROCESS_H
#define TEST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"

/* From now on no new handle can be opened, until allowed again. */
bool process_forbid_new_handles(void);
void process_allow_new_handles(void);
/* So many handles at once are allowed. False where they cannot be. */
bool process_allow_handles(size_t count);

/* Until regained the process may do no more than any user's. False where that cannot be had. */
bool process_drop_privileges(void);
void process_regain_privileges(void);

/* A handled signal, without SA_RESTART, every few milliseconds, for threads that did not call
 * process_shield_thread. */
bool process_signals_start(void);
void process_signals_stop(void);
unsigned process_signals_seen(void);
/* What the signals' handler does besides counting, from the next start on; NULL: nothing. */
void process_signals_call(void (*action)(void));
void process_shield_thread(void);

/* Gives SIGPIPE its default action, which is to end the program. False where there is no such
 * signal. */
bool process_let_sigpipe_kill(void);
bool process_remember_signal_handlers(void);
bool process_signal_handlers_are_as_remembered(void);

/* A large area of zeros that costs no memory until it is written to, or NULL. */
void *process_reserve(size_t len);
void process_unreserve(void *area, size_t len);

/* Error codes by this OS's own names, and their kinds. Both lists are ended by a NULL name. */
struct process_error_code {
    const char *name;
    int32_t code;
    fer_error_kind kind;
};
extern const struct process_error_code
    process_rust_error_codes[]; /* those that Rust's decode_error_kind names */
extern const struct process_error_code
    process_other_error_codes[]; /* those that it leaves Uncategorized */
int32_t process_code_refused(void);

#endif
