/* scripted_take.h: how a scripted function notes its call and takes its answer. For the files of
 * the scripted seam alone. */
#ifndef TEST_SCRIPTED_TAKE_H
#define TEST_SCRIPTED_TAKE_H

#include "unit/scripted_platform.h"

/* Logs a call and tells its answer. raw is FER_RAW_SOCKET_NONE where it takes no socket. */
const script_answer *script_take(script_call call, fer_raw_socket raw, const char *format, ...);

#define TAKE(call, raw) script_take(SCRIPT_##call, raw, "%d", (int)(raw))
#define TAKE_WITH(call, raw, format, ...) \
    script_take(SCRIPT_##call, raw, "%d," format, (int)(raw), __VA_ARGS__)

/* What is received is a, b, c, …, begun anew with each call. */
fer_error script_receive(const script_answer *answer, void *buf, size_t len, size_t *n);

/* An answer that is a count, which is 0 on failure. */
fer_error script_store_count(const script_answer *answer, size_t *n);

#endif
