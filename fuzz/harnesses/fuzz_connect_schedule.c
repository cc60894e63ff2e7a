/* fuzz_connect_schedule.c: the schedule of connection attempts with ends, times and cancels in any
 * order, each step checked by schedule_model.c; and the order of its addresses. */
#include <stdbool.h>

#include "core/open/connect_attempts.h"
#include "core/open/connect_schedule.h"
#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/schedule_model.h"

struct run {
    feri_connect_schedule schedule;
    schedule_model model;
    feri_address_order order;
    fer_socket_addr addrs[SCHEDULE_ADDRESSES_MAX];
    size_t expected[SCHEDULE_ADDRESSES_MAX]; /* the indices in the order in which they are tried */
    uint64_t now;
    uint64_t until; /* of the last step, 0 unless it was WAIT */
    bool is_idle;   /* the last step was WAIT or a result */
};

static const schedule_action actions[FERI_SCHEDULE_ACTION_COUNT] = {
    [FERI_SCHEDULE_DO_START] = SCHEDULE_START,
    [FERI_SCHEDULE_DO_TIME_OUT] = SCHEDULE_TIME_OUT,
    [FERI_SCHEDULE_DO_CLOSE] = SCHEDULE_CLOSE,
    [FERI_SCHEDULE_DO_WAIT] = SCHEDULE_WAIT,
    [FERI_SCHEDULE_DO_CONNECTED] = SCHEDULE_CONNECTED,
    [FERI_SCHEDULE_DO_FAILED] = SCHEDULE_FAILED,
    [FERI_SCHEDULE_DO_LATE] = SCHEDULE_LATE,
    [FERI_SCHEDULE_DO_CANCELLED] = SCHEDULE_CANCELLED,
};

/* Two bits for each address: 0 is IPv4, 1 is IPv4-mapped, 2 and 3 are IPv6. */
static void choose_addrs(struct run *run, choices *from, size_t count)
{
    static const fer_ipv4_addr v4 = {{192, 0, 2, 1}};
    bool is_ipv4[SCHEDULE_ADDRESSES_MAX];
    uint8_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits = i % 4 == 0 ? choose_byte(from) : bits >> 2;
        is_ipv4[i] = (bits & 3) < 2;
        run->addrs[i].ip.family = (bits & 3) == 0 ? FER_IP_V4 : FER_IP_V6;
        if ((bits & 3) == 0) {
            run->addrs[i].ip.u.v4 = v4;
        } else if ((bits & 3) == 1) {
            run->addrs[i].ip.u.v6 = fer_ipv4_addr_to_ipv6_mapped(v4);
        }
    }
    schedule_model_order(is_ipv4, count, run->expected);
}

static void step(struct run *run)
{
    size_t nth = run->model.tried;
    size_t index = SIZE_MAX;
    feri_schedule_step next = feri_connect_schedule_next(&run->schedule, run->now);
    schedule_model_check(&run->model, run->now, actions[next.action], next.slot, next.until);
    if (next.action == FERI_SCHEDULE_DO_START) {
        FUZZ_CHECK(feri_address_order_next(&run->order, run->addrs, run->model.addresses, &index));
        FUZZ_CHECK(index == run->expected[nth]);
    }
    run->is_idle = next.action >= FERI_SCHEDULE_DO_WAIT;
    run->until = next.until;
}

/* As a caller does: until it has to wait, or the result is known. */
static void step_until_idle(struct run *run)
{
    size_t steps = 0;
    do {
        FUZZ_CHECK(steps++ <= 2 * SCHEDULE_ADDRESSES_MAX);
        step(run);
    } while (!run->is_idle);
}

static void advance(struct run *run, uint64_t by)
{
    run->now = by > UINT64_MAX - run->now ? UINT64_MAX : run->now + by;
}

static void advance_to(struct run *run, uint64_t time)
{
    run->now = time > run->now && time < UINT64_MAX - 1 ? time : run->now;
}

static void report(struct run *run, size_t nth, bool connected)
{
    size_t slot = 0;
    size_t count = schedule_model_open(&run->model, SIZE_MAX, &slot);
    if (count > 0) {
        (void)schedule_model_open(&run->model, nth % count, &slot);
        feri_connect_schedule_ended(&run->schedule, slot, connected);
        schedule_model_report(&run->model, slot, connected);
    }
}

static void cancel(struct run *run)
{
    feri_connect_schedule_cancel(&run->schedule);
    schedule_model_cancel(&run->model);
}

static void choose_step(struct run *run, choices *from)
{
    uint8_t byte = choose_byte(from);
    size_t argument = byte >> 3;
    switch (byte & 7) {
    case 0: step(run); break;
    case 1: step_until_idle(run); break;
    case 2: advance(run, argument); break;
    case 3: advance_to(run, run->until); break;
    case 4: advance_to(run, run->until == 0 ? 0 : run->until - 1); break;
    case 5: report(run, argument, false); break;
    case 6: report(run, argument, argument < 4); break;
    default: argument == 31 ? cancel(run) : advance(run, UINT64_C(1) << 2 * argument); break;
    }
}

static uint64_t choose_time(choices *from)
{
    uint8_t byte = choose_byte(from);
    return byte < 128 ? byte : byte < 192 ? UINT64_MAX : UINT64_C(1) << (byte - 192);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    static struct run run;
    memset(&run, 0, sizeof run);
    size_t count = 1 + choose_below(&from, SCHEDULE_ADDRESSES_MAX);
    uint64_t delay = choose_time(&from);
    uint64_t attempt_timeout = choose_time(&from);
    uint64_t deadline = choose_time(&from);
    choose_addrs(&run, &from, count);
    memset(&run.schedule, 1, sizeof run.schedule); /* none of it stays */
    feri_connect_schedule_begin(&run.schedule, count, delay, attempt_timeout, deadline);
    schedule_model_begin(&run.model, count, delay, attempt_timeout, deadline);
    while (from.left > 0) {
        choose_step(&run, &from);
    }
    cancel(&run);
    step_until_idle(&run);
    size_t index = 0;
    FUZZ_CHECK(run.model.tried < count ||
               !feri_address_order_next(&run.order, run.addrs, count, &index));
    return 0;
}
