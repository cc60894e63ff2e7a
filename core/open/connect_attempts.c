/* connect_attempts.c: performs the steps of the schedule of connection attempts with sockets (rules
 * K8, K9). */
#include "core/open/connect_attempts.h"

#include "core/base/compiler.h"
#include "core/handle/connection.h"
#include "core/handle/modes.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"

FER_STATIC_ASSERT(FERI_ATTEMPTS_MAX <= FERP_POLL_FEW,
                  "ferp_poll takes all open attempts without memory");

/* ---- Ends of attempts */

static void remove_attempt(feri_attempts *all, size_t index)
{
    all->open_count--;
    for (size_t i = index; i < all->open_count; i++) {
        all->open[i] = all->open[i + 1];
    }
}

/* An address of another form than options->local was not tried. Its failure is the result only if
 * every other address has failed in the same way. */
static void record_failure(feri_attempts *all, const feri_open_attempt *failed, fer_error error)
{
    if (all->failures < all->options->failures_cap) {
        all->options->failures[all->failures] =
            (fer_connect_failure){.addr = all->addrs[failed->at],
                                  .error = error,
                                  .elapsed = {ferp_now() - failed->began},
                                  .step = failed->step};
    }
    all->failures++;
    const fer_socket_addr *local = all->options->local;
    bool was_tried = local == NULL || feri_can_connect_from(local, &all->addrs[failed->at]);
    size_t number = was_tried ? all->schedule.attempts[failed->slot].number + 1 : 0;
    if (number >= all->last_number) {
        all->last_number = number;
        all->last_error = error;
    }
}

static void close_socket(feri_attempts *all, feri_open_attempt *closed)
{
    if (closed->is_watched) {
        all->unwatch(all, closed);
    }
    ferp_close(closed->raw);
}

/* The attempt is still open in the system, and may have connected by now. Then the peer must not
 * see an orderly end (rule K9). */
static void abort_attempt(feri_attempts *all, size_t index)
{
    FER_IGNORE(ferp_set_linger(all->open[index].raw, (struct ferp_linger){true, 0}));
    close_socket(all, &all->open[index]);
    remove_attempt(all, index);
}

/* Reports the end of an attempt to the schedule. */
static void end_attempt(feri_attempts *all, size_t index, fer_error error)
{
    feri_open_attempt *ended = &all->open[index];
    bool connected = error.kind == FER_OK;
    feri_connect_schedule_ended(&all->schedule, ended->slot, connected);
    if (connected) {
        return;
    }
    record_failure(all, ended, error);
    if (ended->raw != FER_RAW_SOCKET_NONE) {
        close_socket(all, ended);
    }
    remove_attempt(all, index);
}

static bool has_winner(const feri_attempts *all)
{
    return all->schedule.phase == FERI_SCHEDULE_CONNECTED;
}

static void stop(feri_attempts *all, fer_error error)
{
    all->stop_error = error;
    feri_connect_schedule_cancel(&all->schedule);
}

/* ---- Takes the addresses of a host alternately from the two families, by one cursor for each
 * (RFC 8305, 4). */

/* Moves the cursor of a family to its next address. Returns false if there is none. */
static bool seek(feri_attempts *all, bool ipv4)
{
    size_t *at = &all->next_at[ipv4];
    while (*at < all->schedule.addresses && feri_is_ipv4(&all->addrs[*at]) != ipv4) {
        (*at)++;
    }
    return *at < all->schedule.addresses;
}

/* The index of the next address, once for each of the addresses. The families take turns,
 * beginning with next_is_ipv4; the addresses of a family keep their order; when a family is
 * used up, the rest of the other follows. The time of all calls together is linear in their
 * number.
 *
 * An IPv4-mapped IPv6 address counts as IPv4, because its packets are IPv4 (RFC 4291, 2.5.5.2; Go
 * has the same rule: net/ipsock.go, isIPv4). */
static size_t next_in_order(feri_attempts *all)
{
    bool ipv4 = all->next_is_ipv4;
    if (!seek(all, ipv4)) {
        ipv4 = !ipv4;
        (void)seek(all, ipv4);
    }
    FERI_ASSERT(all->next_at[ipv4] < all->schedule.addresses);
    all->next_is_ipv4 = !ipv4;
    return all->next_at[ipv4]++;
}

/* ---- Steps */

static void start_attempt(feri_attempts *all, size_t slot)
{
    feri_open_attempt *next = &all->open[all->open_count];
    *next = (feri_open_attempt){
        .raw = FER_RAW_SOCKET_NONE, .slot = slot, .at = next_in_order(all), .began = ferp_now()};
    fer_error error =
        feri_start_attempt(&all->addrs[next->at], all->options, &next->raw, &next->step);
    if (error.kind == FER_IN_PROGRESS && all->watch != NULL) {
        error = all->watch(all, next);
    }
    all->open_count++;
    if (error.kind != FER_IN_PROGRESS) {
        end_attempt(all, all->open_count - 1, error);
    }
}

/* An attempt that another one has beaten is no failure. */
static void close_attempt(feri_attempts *all, size_t slot, fer_error error)
{
    size_t index = 0;
    while (all->open[index].slot != slot) {
        index++;
        FERI_ASSERT(index < all->open_count);
    }
    if (!has_winner(all)) {
        record_failure(all, &all->open[index], error);
    }
    abort_attempt(all, index);
}

bool feri_attempts_apply_ends(feri_attempts *all, uint32_t ended)
{
    feri_operation operation = feri_connect_operation_if(all->options->local != NULL);
    size_t waited = all->open_count;
    size_t index = 0;
    for (size_t i = 0; i < waited && !has_winner(all); i++) {
        fer_error status = feri_own_error(FER_WOULD_BLOCK);
        fer_error error = feri_ok();
        if ((ended >> i & 1) != 0) {
            fer_raw_socket raw = all->open[index].raw;
            error = feri_connect_status(raw, operation, &status);
            if (error.kind == FER_OK && status.kind == FER_WOULD_BLOCK &&
                feri_error_is_overdue(&all->false_hints)) {
                error = feri_connect_status_without_error(raw, operation, &status);
            }
        }
        if (error.kind != FER_OK) {
            stop(all, error);
            return true;
        }
        if (status.kind == FER_WOULD_BLOCK) {
            index++;
        } else {
            end_attempt(all, index, status);
        }
    }
    if (!has_winner(all) && all->open_count == waited) {
        return false;
    }
    all->false_hints = (feri_false_hints){0, 0, 0};
    return true;
}

/* A signal restarts the wait, unless the limits let it end the call. A cancel and the deadline
 * precede the signal (rule I4). If its handler has cancelled the call, the caller of this function
 * sees it. */
static void wait_for_ends(feri_attempts *all, uint64_t until)
{
    fer_poll_entry entries[FERI_ATTEMPTS_MAX];
    uint32_t ended = 0;
    size_t found = 0;
    FERI_ASSERT(all->open_count > 0);
    for (size_t i = 0; i < all->open_count; i++) {
        entries[i] = (fer_poll_entry){all->open[i].raw, FER_WRITABLE, 0};
    }
    fer_error error = ferp_poll(entries, all->open_count, until, all->limits.token, &found);
    for (size_t i = 0; i < all->open_count && found > 0; i++) {
        ended |= (uint32_t)(entries[i].ready != 0) << i;
    }
    if (error.kind == FER_OK && !feri_attempts_apply_ends(all, ended) &&
        feri_token_check(all->limits.token).kind == FER_OK) {
        error = feri_pause_after_false_hint(&all->false_hints, until, all->limits.token, NULL);
    }
    bool is_restarted = feri_retries_after_signal(&all->limits, &error);
    if (error.kind != FER_OK && !is_restarted && error.kind != FER_TIMED_OUT) {
        stop(all, error);
    }
}

bool feri_attempts_advance(feri_attempts *all, uint64_t *until, fer_error *result)
{
    bool ends_are_known = all->watch == NULL;
    for (;;) {
        fer_error checked = feri_token_check(all->limits.token);
        if (checked.kind != FER_OK) {
            stop(all, checked);
        }
        uint64_t now = ferp_now();
        if (!ends_are_known && all->open_count > 0 &&
            now >= feri_connect_schedule_limit(&all->schedule)) {
            /* the wait that reports the ends can come late: a connection that exists wins over a
             * limit that is reached */
            (void)feri_attempts_apply_ends(all, UINT32_MAX);
            ends_are_known = true;
        }
        feri_schedule_step step = feri_connect_schedule_next(&all->schedule, now);
        fer_error late = feri_own_error(FER_TIMED_OUT);
        /* of a call that its limits ended, or that could not wait */
        fer_error stopped = all->stop_error.kind != FER_OK ? all->stop_error : late;
        switch (step.action) {
        case FERI_SCHEDULE_DO_START: start_attempt(all, step.slot); break;
        case FERI_SCHEDULE_DO_TIME_OUT: close_attempt(all, step.slot, late); break;
        case FERI_SCHEDULE_DO_CLOSE: close_attempt(all, step.slot, stopped); break;
        case FERI_SCHEDULE_DO_WAIT: *until = step.until; return false;
        case FERI_SCHEDULE_DO_CONNECTED: *result = feri_ok(); return true;
        case FERI_SCHEDULE_DO_FAILED: *result = all->last_error; return true;
        default: *result = stopped; return true; /* LATE, CANCELLED */
        }
    }
}

void feri_attempts_abort(feri_attempts *all)
{
    while (all->open_count > 0) {
        abort_attempt(all, 0);
    }
}

/* ---- Options */

const fer_connect_options *feri_connect_options_or_default(const fer_connect_options *options)
{
    static const fer_connect_options defaults = {.failures_cap = 0};
    return options == NULL ? &defaults : options;
}

fer_error feri_connect_options_check(const fer_connect_options *options)
{
    feri_store_count(options->failures_count, 0);
    FERI_REQUIRE(feri_is_buffer(options->failures, options->failures_cap), FER_MISUSE);
    int unused = options->unused_[0] | options->unused_[1] | options->unused_[2];
    bool is_valid = unused == 0 && feri_are_zero(options->reserved_, sizeof options->reserved_) &&
                    feri_is_family_choice(options->family) &&
                    feri_limits_are_valid(&options->limits) &&
                    (options->local == NULL || feri_addresses_are_valid(options->local, 1));
    return is_valid ? feri_ok() : feri_own_error(FER_INVALID_INPUT);
}

/* ---- The connection */

fer_error feri_attempts_begin(feri_attempts *all, const fer_socket_addr *addrs, size_t count)
{
    all->addrs = addrs;
    all->next_is_ipv4 = feri_is_ipv4(&addrs[0]);
    FER_TRY(feri_limits_check(&all->limits));
    const fer_connect_options *options = all->options;
    uint64_t timeout = options->attempt_timeout.nanos;
    uint64_t delay = options->attempt_delay.nanos;
    delay = delay == 0 ? FERI_ATTEMPT_DELAY_DEFAULT_NANOS : delay;
    /* two attempts cannot have the same local port */
    delay = options->local != NULL && options->local->port != 0 ? FERI_NEVER : delay;
    feri_connect_schedule_begin(&all->schedule, count, delay, timeout == 0 ? FERI_NEVER : timeout,
                                all->limits.deadline);
    return feri_ok();
}

fer_error feri_connect_first(fer_handle *handle, fer_error error, const fer_socket_addr *addrs,
                             size_t count, const fer_connect_options *options)
{
    feri_attempts all = {.options = options, .limits = feri_limits_from(&options->limits)};
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    error = error.kind == FER_OK ? feri_attempts_begin(&all, addrs, count) : error;
    if (error.kind == FER_OK) {
        uint64_t until = 0;
        while (!feri_attempts_advance(&all, &until, &error)) {
            wait_for_ends(&all, until);
        }
    }
    feri_store_count(options->failures_count, all.failures);
    uint32_t flags = 0;
    if (error.kind == FER_OK) {
        FERI_ASSERT(all.open_count == 1 && has_winner(&all));
        raw = all.open[0].raw;
        flags = feri_family_flag(&addrs[all.open[0].at]);
        error = feri_set_connect_mode(raw, false); /* like every new stream */
    }
    return feri_finish_opening(handle, error, raw, flags);
}
