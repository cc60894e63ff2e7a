/* fuzz_connect_with.c: connecting to several addresses, or to a name, within limits. After each
 * connect the rules K8 and K9 are checked against its program, without a model of the schedule
 * (tests/proof has its rules): nothing is left, the limits were kept, and the list of failures is
 * that of the attempts. Then the dialects are compared (K10), and each call with a connector in an
 * event loop (K12 to K14). */
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/connect_rules.h"
#include "fuzz/programs/connect_program.h"

/* Whether Windows must agree: it differs in what a router's report means, in when it notices a
 * cancel and a refusal, and in its own limit of a connect. */
static bool is_comparable(const struct connect_program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        if (program->answers[i] == FER_SIM_ANSWER_REFUSES ||
            program->answers[i] == FER_SIM_ANSWER_SILENT) {
            return false;
        }
    }
    return program->cancel == CONNECT_NEVER && !connect_has_paths(program);
}

static void check_are_equal(const struct connect_result *one, const struct connect_result *other)
{
    FUZZ_CHECK(one->error.kind == other->error.kind);
    FUZZ_CHECK(one->failed == other->failed);
    FUZZ_CHECK(one->error.kind != FER_OK || fer_socket_addr_eq(&one->peer, &other->peer));
}

/* K12: a connector has the result of the call, at the same time. Only a cancel may be noticed at
 * another one. */
static void check_connector(const struct connect_program *program,
                            const struct connect_result *call,
                            const struct connect_result *connector)
{
    if (program->cancel == CONNECT_NEVER) {
        check_are_equal(call, connector);
        FUZZ_CHECK(call->took == connector->took);
        for (size_t i = 0; i < call->failed && i < program->failures_cap; i++) {
            const fer_connect_failure *one = &call->failures[i];
            const fer_connect_failure *other = &connector->failures[i];
            FUZZ_CHECK(fer_socket_addr_eq(&one->addr, &other->addr));
            FUZZ_CHECK(one->error.kind == other->error.kind && one->step == other->step);
            FUZZ_CHECK(one->elapsed.nanos == other->elapsed.nanos);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct connect_program program = connect_program_of(data, size);
    enum { DIALECTS = FER_SIM_DIALECT_BSD + 1 };
    struct connect_result results[DIALECTS];
    for (int i = 0; i < DIALECTS; i++) {
        results[i] = connect_program_run(&program, (fer_sim_dialect)i, false);
        connect_check(&program, &results[i]);
        if (program.is_by_name && program.has_resolver) {
            const struct connect_result by_connector =
                connect_program_run(&program, (fer_sim_dialect)i, true);
            connect_check(&program, &by_connector);
            check_connector(&program, &results[i], &by_connector);
            FUZZ_CHECK(connect_program_leave(&program, (fer_sim_dialect)i));
        }
    }
    if (is_comparable(&program)) {
        check_are_equal(&results[0], &results[1]);
    }
    if (!connect_is_refused_by_openbsd(&program) && !connect_has_paths(&program)) {
        check_are_equal(&results[0], &results[FER_SIM_DIALECT_BSD]);
    }
    return 0;
}
