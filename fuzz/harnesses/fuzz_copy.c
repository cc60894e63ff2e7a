/* fuzz_copy.c: long copies, copies in both directions and files (rules M1 to M3), each run with and
 * without pipes and sendfile, with faults, urgent data and resets. In both runs the sink receives
 * the bytes of the source in order and its end after the last, the counts are true, and what was
 * read and not written is in the buffer. Without a reset both runs end alike. */
#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/copy_program.h"

/* More than a run needs: each call moves a byte, or lets a microsecond pass. */
enum { CALLS_MAX = 100000 };

struct outcome {
    fer_error_kind kind;
    uint64_t total;
    uint64_t back; /* of the other direction */
};

static uint8_t memory[2][COPY_CAP_MAX];

static fer_error call(struct copy_run *run, fer_copy_buffer buffers[2], fer_raw_file file,
                      uint64_t total, uint64_t n[2])
{
    fer_stream from = fer_tcp_stream_as_stream(&run->source);
    fer_stream to = fer_tcp_stream_as_stream(&run->sink);
    switch (run->plan.kind) {
    case COPY_ONE_WAY: return fer_copy(from, to, &buffers[0], n);
    case COPY_BOTH_WAYS:
        return fer_copy_bidirectional(from, to, &buffers[0], &buffers[1], &n[0], &n[1]);
    default: return fer_stream_send_file(to, file, total, run->plan.total - total, &buffers[0], n);
    }
}

/* Nothing that was read is lost. */
static void check_flow(const struct copy_flow *flow, const fer_copy_buffer *buffer, uint64_t copied,
                       bool is_whole)
{
    const uint8_t *kept = (const uint8_t *)buffer->base + buffer->start;
    FUZZ_CHECK(copied + buffer->len <= flow->total);
    FUZZ_CHECK(flow->received <= copied);
    FUZZ_CHECK(memcmp(kept, copy_contents + copied, buffer->len) == 0);
    FUZZ_CHECK(!is_whole || (copied == flow->total && buffer->len == 0));
}

/* Calls until the end. */
static struct outcome run_plan(const struct copy_plan *plan, bool has_pipes)
{
    static struct copy_run run;
    fer_copy_buffer buffers[2] = {{memory[0], plan->cap, 0, 0}, {memory[1], plan->cap, 0, 0}};
    struct outcome outcome = {FER_WOULD_BLOCK, 0, 0};
    fer_raw_file file = -1;
    copy_program_begin(&run, plan, has_pipes);
    FUZZ_CHECK(fer_sim_file_new(copy_contents, plan->total, &file).kind == FER_OK);
    for (int calls = 0; outcome.kind == FER_WOULD_BLOCK && calls < CALLS_MAX; calls++) {
        uint64_t n[2] = {77, 0};
        outcome.kind = call(&run, buffers, file, outcome.total, n).kind;
        outcome.total += n[0];
        outcome.back += n[1];
        check_flow(&run.there, &buffers[0], outcome.total, outcome.kind == FER_OK);
        check_flow(&run.back, &buffers[1], outcome.back, outcome.kind == FER_OK);
    }
    if (outcome.kind == FER_OK && plan->kind != COPY_BOTH_WAYS) {
        FER_IGNORE(fer_tcp_stream_shutdown(&run.sink, FER_SHUTDOWN_WRITE));
    }
    copy_program_end(&run);
    FUZZ_CHECK(outcome.kind != FER_OK || plan->resets ||
               (run.there.has_ended && run.there.received == plan->total));
    FUZZ_CHECK(outcome.kind != FER_OK || plan->resets || plan->back == 0 ||
               (run.back.has_ended && run.back.received == plan->back));
    return outcome;
}

static void choose_faults(choices *from, fer_sim_config *config)
{
    static const fer_sim_fault faults[] = {
        FER_SIM_FAULT_PARTIAL_READ,  FER_SIM_FAULT_PARTIAL_WRITE,  FER_SIM_FAULT_WOULD_BLOCK,
        FER_SIM_FAULT_INTERRUPTED,   FER_SIM_FAULT_SPURIOUS_READY, FER_SIM_FAULT_PIPE_FULL,
        FER_SIM_FAULT_SPLICE_REFUSED};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        config->fault_chances[faults[i]] = (uint32_t)choose_up_to(from, 4) * 50000;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    struct copy_plan plan = {.kind = (enum copy_kind)choose_up_to(&from, COPY_FILE),
                             .total =
                                 COPY_TOTAL_MAX - (size_t)choose_up_to(&from, COPY_TOTAL_MAX - 1),
                             .cap = COPY_CAP_MAX - (size_t)choose_up_to(&from, COPY_CAP_MAX - 1000),
                             .nonblocking = choose_bool(&from),
                             .has_clones = choose_bool(&from),
                             .resets = choose_bool(&from),
                             .reset_at = choose_up_to(&from, 30)};
    plan.config.dialect = (fer_sim_dialect)choose_up_to(&from, FER_SIM_DIALECT_BSD);
    plan.config.bsd = (fer_sim_bsd)choose_up_to(&from, FER_SIM_BSD_OPENBSD);
    plan.config.seed = choose_u32(&from);
    plan.config.loopback_latency.nanos = choose_up_to(&from, 3) * UINT64_C(100000);
    choose_faults(&from, &plan.config);
    if (plan.kind == COPY_BOTH_WAYS) {
        plan.back = (size_t)choose_up_to(&from, COPY_TOTAL_MAX);
    }
    plan.has_urgent = choose_bool(&from);
    plan.is_inline = choose_bool(&from);
    plan.config.fault_chances[FER_SIM_FAULT_URGENT] = (uint32_t)choose_up_to(&from, 4) * 50000;
    struct outcome with = run_plan(&plan, true);
    struct outcome without = run_plan(&plan, false);
    FUZZ_CHECK(plan.resets || (with.kind == without.kind && with.total == without.total &&
                               with.back == without.back));
    return 0;
}
