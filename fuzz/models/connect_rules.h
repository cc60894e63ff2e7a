/* connect_rules.h: what rules K8 and K9 say about the result of a connect within limits, for
 * fuzz_connect_with. */
#ifndef FUZZ_CONNECT_RULES_H
#define FUZZ_CONNECT_RULES_H

#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/connect_program.h"

/* select notices a cancel this late (row cancel_is_late), and the last round trip may have
 * begun. */
enum { CANCEL_SLACK = 25 };

static void check_nothing_is_left(const struct connect_result *result)
{
    FUZZ_CHECK(result->has_socket == (result->error.kind == FER_OK));
    FUZZ_CHECK(result->report.leaked_handles == 0);
    FUZZ_CHECK(result->report.leaked_tokens == 0);
    FUZZ_CHECK(result->report.leaked_lookups == 0);
    FUZZ_CHECK(result->report.leaked_waits == 0);
}

static bool is_own_timeout(fer_error error)
{
    return error.kind == FER_TIMED_OUT;
}

/* Whether the limits can have ended the call. */
static bool ended_by_limits(const struct connect_program *program,
                            const struct connect_result *result)
{
    return result->error.kind == FER_CANCELLED ||
           (is_own_timeout(result->error) && program->deadline != CONNECT_NEVER &&
            result->took >= program->deadline);
}

static void check_limits(const struct connect_program *program, const struct connect_result *result)
{
    fer_error error = result->error;
    FUZZ_CHECK(program->deadline == CONNECT_NEVER || result->took <= program->deadline);
    FUZZ_CHECK(program->cancel == CONNECT_NEVER || result->took <= program->cancel + CANCEL_SLACK);
    if (error.kind == FER_CANCELLED) {
        FUZZ_CHECK(error.os_code == 0 && program->cancel != CONNECT_NEVER &&
                   result->took >= program->cancel);
    }
    if (is_own_timeout(error)) {
        FUZZ_CHECK(ended_by_limits(program, result) || program->attempt_timeout.nanos != 0);
    }
}

static bool is_of_program(const struct connect_program *program, const fer_socket_addr *addr)
{
    for (size_t i = 0; i < program->count; i++) {
        if (fer_socket_addr_eq(&program->addrs[i], addr)) {
            return true;
        }
    }
    return false;
}

/* Whether the address of the failure was tried: local fits it. */
static bool was_tried(const fer_connect_failure *failure)
{
    return failure->error.kind != FER_INVALID_INPUT || failure->error.os_code != 0;
}

/* The list is filled up to its end or the number of failures, and not further. */
static void check_failures(const struct connect_program *program,
                           const struct connect_result *result)
{
    bool error_is_listed = false, some_tried = false;
    size_t listed = result->failed < program->failures_cap ? result->failed : program->failures_cap;
    FUZZ_CHECK(result->failed <= program->count);
    for (size_t i = 0; i < CONNECT_HOSTS; i++) {
        const fer_connect_failure *failure = &result->failures[i];
        if (i >= listed) {
            FUZZ_CHECK(fuzz_is_untouched(failure, sizeof *failure));
            continue;
        }
        FUZZ_CHECK(is_of_program(program, &failure->addr) && failure->error.kind != FER_OK);
        FUZZ_CHECK(failure->elapsed.nanos / 1000000 <= result->took);
        error_is_listed |= failure->error.kind == result->error.kind;
        some_tried |= was_tried(failure);
    }
    FUZZ_CHECK(result->error.kind == FER_OK || result->failed == 0 || listed < result->failed ||
               error_is_listed || ended_by_limits(program, result));
    FUZZ_CHECK(!some_tried || result->error.kind != FER_INVALID_INPUT ||
               result->error.os_code != 0);
}

/* All addresses were tried, unless one connected, the limits ended the call, or the name was not
 * found. */
static void check_result(const struct connect_program *program, const struct connect_result *result)
{
    bool no_name = program->is_by_name && program->name_fails;
    FUZZ_CHECK((result->error.kind == FER_HOST_NOT_FOUND) ==
               (no_name && !ended_by_limits(program, result)));
    if (result->error.kind == FER_OK) {
        FUZZ_CHECK(is_of_program(program, &result->peer) && result->failed < program->count);
    } else if (!no_name && !ended_by_limits(program, result)) {
        FUZZ_CHECK(result->failed == program->count);
    }
}

/* All of them. */
static void connect_check(const struct connect_program *program,
                          const struct connect_result *result)
{
    check_nothing_is_left(result);
    check_limits(program, result);
    check_failures(program, result);
    check_result(program, result);
}

#endif
