/* scripted_take.h: how a scripted function logs its call and takes its result. Only for the files
 * of the scripted seam. */
#ifndef TEST_SCRIPTED_TAKE_H
#define TEST_SCRIPTED_TAKE_H

#include "unit/scripted_platform.h"

/* Logs a call and returns its result. raw is FER_RAW_SOCKET_NONE if the function has no socket. */
const script_result *script_take(script_call call, fer_raw_socket raw, const char *format, ...);

#define TAKE(call, raw) script_take(SCRIPT_##call, raw, "%d", (int)(raw))
#define TAKE_WITH(call, raw, format, ...) \
    script_take(SCRIPT_##call, raw, "%d," format, (int)(raw), __VA_ARGS__)

/* A function of the seam that is one expression. The declaration takes the semicolon. */
#define SCRIPTED(type, name, parameters, ...) \
    type name parameters                      \
    {                                         \
        return __VA_ARGS__;                   \
    }                                         \
    extern struct script script
#define SCRIPTED_VOID(name, parameters, ...) \
    void name parameters                     \
    {                                        \
        __VA_ARGS__;                         \
    }                                        \
    extern struct script script

/* One that stores a value of its result. */
#define SCRIPTED_OUT(name, parameters, taken, out, written) \
    fer_error name parameters                               \
    {                                                       \
        const script_result *result = taken;                \
        return STORE(result, out, written);                 \
    }                                                       \
    extern struct script script

/* Stores a, b, c, ... as the received bytes. Each call starts with a. */
fer_error script_receive(const script_result *result, void *buf, size_t len, size_t *n);

/* Formats a time as it appears in the log. */
void script_format_time(char *buf, size_t cap, uint64_t time);

/* Stores the result's value as a count. The count is 0 on failure. */
fer_error script_store_count(const script_result *result, size_t *n);

/* Stores an output that is a plain value. */
#define STORE(result, out, written) \
    ((result)->error.kind == FER_OK ? (void)(*(out) = (written)) : (void)0, (result)->error)

#endif
