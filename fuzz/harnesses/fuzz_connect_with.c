/* fuzz_connect_with.c: connecting to several addresses, or to a name, within limits. After each
 * connect the rules K8 and K9 are checked against its program, without a model of the schedule
 * (fuzz_connect_schedule has one): nothing is left, the limits were kept, and the list of failures
 * is that of the attempts. Then the dialects are compared (K10), and each call with a connector in
 * an event loop (K12 to K14). */
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/connect_program.h"

/* select notices a cancel this late (row cancel_is_late), and the last round trip may have
 * begun. */
enum { CANCEL_SLACK = 25 };

FUZZ_UNCOUNTED static void check_nothing_is_left(const struct connect_result *result)
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

FUZZ_UNCOUNTED static void check_limits(const struct connect_program *program,
                                        const struct connect_result *result)
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
FUZZ_UNCOUNTED static void check_failures(const struct connect_program *program,
                                          const struct connect_result *result)
{
    bool error_is_listed = false;
    bool some_tried = false;
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
FUZZ_UNCOUNTED static void check_result(const struct connect_program *program,
                                        const struct connect_result *result)
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

/* Whether Windows must agree: it differs in when it notices a cancel and a refusal, and in its own
 * limit of a connect. */
static bool is_comparable(const struct connect_program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        if (program->answers[i] == FER_SIM_ANSWER_REFUSES ||
            program->answers[i] == FER_SIM_ANSWER_SILENT) {
            return false;
        }
    }
    return program->cancel == CONNECT_NEVER;
}

FUZZ_UNCOUNTED static void check_are_equal(const struct connect_result *one,
                                           const struct connect_result *other)
{
    FUZZ_CHECK(one->error.kind == other->error.kind);
    FUZZ_CHECK(one->failed == other->failed);
    FUZZ_CHECK(one->error.kind != FER_OK || fer_socket_addr_eq(&one->peer, &other->peer));
}

FUZZ_UNCOUNTED static void check_one(const struct connect_program *program,
                                     const struct connect_result *result)
{
    check_nothing_is_left(result);
    check_limits(program, result);
    check_failures(program, result);
    check_result(program, result);
}

/* K12: a connector has the result of the call, at the same time. Only a cancel may be noticed at
 * another one. */
FUZZ_UNCOUNTED static void check_connector(const struct connect_program *program,
                                           const struct connect_result *call,
                                           const struct connect_result *connector)
{
    if (program->cancel == CONNECT_NEVER) {
        check_are_equal(call, connector);
        FUZZ_CHECK(call->took == connector->took);
        FUZZ_CHECK(memcmp(call->failures, connector->failures, sizeof call->failures) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct connect_program program = connect_program_of(data, size);
    enum { DIALECTS = FER_SIM_DIALECT_BSD + 1 };
    struct connect_result results[DIALECTS];
    connect_check_misuse();
    for (int i = 0; i < DIALECTS; i++) {
        results[i] = connect_program_run(&program, (fer_sim_dialect)i, false);
        check_one(&program, &results[i]);
        if (program.is_by_name && program.has_resolver) {
            const struct connect_result by_connector =
                connect_program_run(&program, (fer_sim_dialect)i, true);
            check_one(&program, &by_connector);
            check_connector(&program, &results[i], &by_connector);
        }
    }
    if (is_comparable(&program)) {
        check_are_equal(&results[0], &results[1]);
    }
    if (!connect_is_refused_by_openbsd(&program)) {
        check_are_equal(&results[0], &results[FER_SIM_DIALECT_BSD]);
    }
    return 0;
}
