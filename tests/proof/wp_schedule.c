/* wp_schedule.c: the schedule of connection attempts as an independent set of rules. Frama-C's WP
 * proves them for its tables and for every function that reads them. */
#include "core/open/connect_schedule.h"

/*@ predicate is_open{L}(feri_connect_schedule *s, integer i) = s->attempts[i].is_open != 0;

    // The attempt i times out before k, or is the same.
    predicate ends_first{L}(feri_connect_schedule *s, integer i, integer k) =
      s->attempts[i].ends_at < s->attempts[k].ends_at ||
      (s->attempts[i].ends_at == s->attempts[k].ends_at &&
       s->attempts[i].number <= s->attempts[k].number);
*/

#define IS_UNDECIDED(phase)                                                \
    ((phase) == FERI_SCHEDULE_READY || (phase) == FERI_SCHEDULE_DELAYED || \
     (phase) == FERI_SCHEDULE_FULL || (phase) == FERI_SCHEDULE_ALL_STARTED)

/*@ // What a phase and an event are.
    predicate is_undecided(integer phase) = IS_UNDECIDED(phase);
    predicate is_limit(integer phase) =
      phase == FERI_SCHEDULE_LATE || phase == FERI_SCHEDULE_CANCELLED;
    predicate is_phase(integer phase) =
      is_undecided(phase) || is_limit(phase) || phase == FERI_SCHEDULE_CONNECTED ||
      phase == FERI_SCHEDULE_FAILED;
    predicate is_start(integer e) =
      e == FERI_SCHEDULE_EVENT_START || e == FERI_SCHEDULE_EVENT_START_IN_LAST_SLOT ||
      e == FERI_SCHEDULE_EVENT_START_LAST;
    predicate is_failure(integer e) =
      e == FERI_SCHEDULE_EVENT_LATEST_FAILED || e == FERI_SCHEDULE_EVENT_EARLIER_FAILED ||
      e == FERI_SCHEDULE_EVENT_LAST_FAILED;
    predicate is_event(integer e) =
      is_start(e) || is_failure(e) || e == FERI_SCHEDULE_EVENT_DELAY_OVER ||
      e == FERI_SCHEDULE_EVENT_CONNECT || e == FERI_SCHEDULE_EVENT_DEADLINE ||
      e == FERI_SCHEDULE_EVENT_CANCEL;

    // The events that a phase allows.
    predicate allows(integer phase, integer e) =
      (is_start(e) ==> phase == FERI_SCHEDULE_READY) &&
      (e == FERI_SCHEDULE_EVENT_DELAY_OVER ==> phase == FERI_SCHEDULE_DELAYED) &&
      (is_failure(e) || e == FERI_SCHEDULE_EVENT_CONNECT ==> phase != FERI_SCHEDULE_FAILED) &&
      (e == FERI_SCHEDULE_EVENT_LATEST_FAILED ==> phase != FERI_SCHEDULE_READY) &&
      (e == FERI_SCHEDULE_EVENT_LAST_FAILED ==>
        phase == FERI_SCHEDULE_ALL_STARTED || is_limit(phase));

    // The first decision stays.
    logic integer phase_after(integer phase, integer e) =
      !IS_UNDECIDED(phase) ? phase :
      e == FERI_SCHEDULE_EVENT_CONNECT ? FERI_SCHEDULE_CONNECTED :
      e == FERI_SCHEDULE_EVENT_DEADLINE ? FERI_SCHEDULE_LATE :
      e == FERI_SCHEDULE_EVENT_CANCEL ? FERI_SCHEDULE_CANCELLED :
      e == FERI_SCHEDULE_EVENT_LAST_FAILED ? FERI_SCHEDULE_FAILED :
      phase == FERI_SCHEDULE_ALL_STARTED || e == FERI_SCHEDULE_EVENT_START_LAST ?
        FERI_SCHEDULE_ALL_STARTED :
      e == FERI_SCHEDULE_EVENT_START ? FERI_SCHEDULE_DELAYED :
      e == FERI_SCHEDULE_EVENT_START_IN_LAST_SLOT ? FERI_SCHEDULE_FULL :
      e == FERI_SCHEDULE_EVENT_EARLIER_FAILED ?
        (phase == FERI_SCHEDULE_FULL ? FERI_SCHEDULE_DELAYED : phase) :
      FERI_SCHEDULE_READY;

    logic integer action_of(integer phase) =
      phase == FERI_SCHEDULE_READY ? FERI_SCHEDULE_DO_START :
      phase == FERI_SCHEDULE_CONNECTED ? FERI_SCHEDULE_DO_CONNECTED :
      phase == FERI_SCHEDULE_FAILED ? FERI_SCHEDULE_DO_FAILED :
      phase == FERI_SCHEDULE_LATE ? FERI_SCHEDULE_DO_LATE :
      phase == FERI_SCHEDULE_CANCELLED ? FERI_SCHEDULE_DO_CANCELLED : FERI_SCHEDULE_DO_WAIT;

    predicate has_come(integer at, integer now) = at != FERI_NEVER && at <= now;

    // The attempts.
    predicate all_open{L}(feri_connect_schedule *s) =
      \forall integer i; 0 <= i < FERI_ATTEMPTS_MAX ==> is_open(s, i);
    predicate none_open{L}(feri_connect_schedule *s, integer except) =
      \forall integer i; 0 <= i < FERI_ATTEMPTS_MAX && i != except ==> !is_open(s, i);
    predicate is_latest{L}(feri_connect_schedule *s, integer i) =
      s->attempts[i].number + 1 == s->started;
    predicate latest_is_open{L}(feri_connect_schedule *s) =
      \exists integer i; 0 <= i < FERI_ATTEMPTS_MAX && is_open(s, i) && is_latest(s, i);
    predicate are_numbered{L}(feri_connect_schedule *s) =
      (\forall integer i; 0 <= i < FERI_ATTEMPTS_MAX && is_open(s, i) ==>
        s->attempts[i].number < s->started) &&
      (\forall integer i, k; 0 <= i < k < FERI_ATTEMPTS_MAX && is_open(s, i) && is_open(s, k) ==>
        s->attempts[i].number != s->attempts[k].number);

    // What each phase says of the attempts.
    predicate is_schedule{L}(feri_connect_schedule *s) =
      is_phase(s->phase) && 0 < s->addresses && s->started <= s->addresses && are_numbered(s) &&
      (s->phase == FERI_SCHEDULE_READY ==>
        s->started < s->addresses && !all_open(s) && !latest_is_open(s)) &&
      (s->phase == FERI_SCHEDULE_DELAYED ==>
        s->started < s->addresses && !all_open(s) && latest_is_open(s)) &&
      (s->phase == FERI_SCHEDULE_FULL ==>
        s->started < s->addresses && all_open(s) && latest_is_open(s)) &&
      (s->phase == FERI_SCHEDULE_ALL_STARTED ==>
        s->started == s->addresses && !none_open(s, FERI_ATTEMPTS_MAX)) &&
      (s->phase == FERI_SCHEDULE_CONNECTED ==>
        s->winner < FERI_ATTEMPTS_MAX && is_open(s, s->winner)) &&
      (s->phase != FERI_SCHEDULE_CONNECTED ==> s->winner == FERI_ATTEMPTS_MAX) &&
      (s->phase == FERI_SCHEDULE_FAILED ==>
        s->started == s->addresses && none_open(s, FERI_ATTEMPTS_MAX));

    predicate is_first_to_end{L}(feri_connect_schedule *s, integer slot) =
      is_open(s, slot) &&
      \forall integer i; 0 <= i < FERI_ATTEMPTS_MAX && is_open(s, i) ==> ends_first(s, slot, i);

    // The timers of a schedule in its phase.
    predicate has_timer_at{L}(feri_connect_schedule *s, integer at) =
      at == s->deadline ||
      (s->phase == FERI_SCHEDULE_DELAYED && at == s->delayed_until) ||
      \exists integer i; 0 <= i < FERI_ATTEMPTS_MAX && is_open(s, i) &&
        at == s->attempts[i].ends_at;
    predicate no_timer_is_before{L}(feri_connect_schedule *s, integer at) =
      at <= s->deadline &&
      (s->phase == FERI_SCHEDULE_DELAYED ==> at <= s->delayed_until) &&
      \forall integer i; 0 <= i < FERI_ATTEMPTS_MAX && is_open(s, i) ==>
        at <= s->attempts[i].ends_at;

    predicate same_attempt{A, B}(feri_connect_schedule *s, integer i) =
      \at(s->attempts[i].is_open, A) == \at(s->attempts[i].is_open, B) &&
      \at(s->attempts[i].number, A) == \at(s->attempts[i].number, B) &&
      \at(s->attempts[i].ends_at, A) == \at(s->attempts[i].ends_at, B);
    predicate same_attempts_but{A, B}(feri_connect_schedule *s, integer slot) =
      \forall integer i; 0 <= i < FERI_ATTEMPTS_MAX && i != slot ==> same_attempt{A, B}(s, i);
*/

#include "core/open/connect_schedule.c"

/*@ requires is_phase(phase) && is_event(event);
    assigns \nothing;
    ensures allows(phase, event) ==> \result == phase_after(phase, event);
    ensures !allows(phase, event) ==> \result == FERI_SCHEDULE_MISUSE; */
feri_schedule_phase feri_schedule_next_phase(feri_schedule_phase phase, feri_schedule_event event);

/*@ requires is_phase(phase);
    assigns \nothing;
    ensures \result == action_of(phase); */
feri_schedule_action feri_schedule_action_of(feri_schedule_phase phase);

/*@ requires is_phase(phase);
    assigns \nothing;
    ensures \result == 0 || \result == 1;
    ensures \result != 0 <==> phase == FERI_SCHEDULE_DELAYED; */
bool feri_schedule_delay_runs(feri_schedule_phase phase);

/*@ requires is_phase(phase);
    assigns \nothing;
    ensures \result == 0 || \result == 1;
    ensures \result != 0 <==> is_undecided(phase); */
bool feri_schedule_limits_run(feri_schedule_phase phase);

/*@ assigns \nothing;
    ensures \result ==
      (start + timeout.nanos < FERI_NEVER ? start + timeout.nanos : FERI_NEVER); */
static inline uint64_t feri_deadline_from(uint64_t start, fer_duration timeout);

/*@ assigns \nothing;
    ensures \result == 0 || \result == 1;
    ensures \result != 0 <==> has_come(at, now); */
static bool is_reached(uint64_t at, uint64_t now);

/*@ assigns \nothing;
    ensures \result == (one < other ? one : other); */
static inline uint64_t feri_earlier(uint64_t one, uint64_t other);

/*@ requires \valid_read(schedule);
    assigns \nothing;
    ensures \result <= FERI_ATTEMPTS_MAX;
    ensures \result < FERI_ATTEMPTS_MAX ==> !is_open(schedule, \result);
    ensures \result == FERI_ATTEMPTS_MAX ==> all_open(schedule); */
static size_t find_free_slot(const feri_connect_schedule *schedule);

/*@ requires \valid_read(schedule);
    assigns \nothing;
    ensures \result <= FERI_ATTEMPTS_MAX;
    ensures \result < FERI_ATTEMPTS_MAX ==> is_open(schedule, \result) && \result != except;
    ensures \result == FERI_ATTEMPTS_MAX ==> none_open(schedule, except); */
static size_t find_open_slot(const feri_connect_schedule *schedule, size_t except);

/*@ requires \valid_read(attempt) && \valid_read(other);
    assigns \nothing;
    ensures \result == 0 || \result == 1;
    ensures \result != 0 <==> attempt->ends_at < other->ends_at ||
      (attempt->ends_at == other->ends_at && attempt->number < other->number); */
static bool ends_before(const feri_attempt *attempt, const feri_attempt *other);

/*@ requires \valid_read(schedule);
    assigns \nothing;
    ensures \result <= FERI_ATTEMPTS_MAX;
    ensures \result < FERI_ATTEMPTS_MAX ==> is_first_to_end(schedule, \result);
    ensures \result == FERI_ATTEMPTS_MAX ==> none_open(schedule, FERI_ATTEMPTS_MAX); */
static size_t find_first_to_end(const feri_connect_schedule *schedule);

/*@ requires \valid_read(schedule);
    assigns \nothing;
    ensures \result <= FERI_ATTEMPTS_MAX;
    ensures \result < FERI_ATTEMPTS_MAX ==> is_first_to_end(schedule, \result) &&
      has_come(schedule->attempts[\result].ends_at, now);
    ensures \result == FERI_ATTEMPTS_MAX ==> (\forall integer k;
      0 <= k < FERI_ATTEMPTS_MAX && is_open(schedule, k) ==>
        !has_come(schedule->attempts[k].ends_at, now)); */
static size_t find_expired(const feri_connect_schedule *schedule, uint64_t now);

/*@ requires \valid_read(schedule);
    assigns \nothing;
    ensures \forall integer k; 0 <= k < FERI_ATTEMPTS_MAX && is_open(schedule, k) ==>
      \result <= schedule->attempts[k].ends_at;
    ensures \result == FERI_NEVER ||
      (\exists integer k; 0 <= k < FERI_ATTEMPTS_MAX && is_open(schedule, k) &&
        \result == schedule->attempts[k].ends_at); */
static uint64_t first_end(const feri_connect_schedule *schedule);

/*@ requires \valid(schedule) && is_phase(schedule->phase) && is_event(event) &&
      allows(schedule->phase, event);
    assigns schedule->phase;
    ensures schedule->phase == phase_after(\old(schedule->phase), event);
    ensures is_phase(schedule->phase); */
static void apply(feri_connect_schedule *schedule, feri_schedule_event event);

/*@ requires \valid_read(schedule) && slot < FERI_ATTEMPTS_MAX;
    assigns \nothing;
    ensures \result == FERI_SCHEDULE_EVENT_LAST_FAILED ||
      \result == FERI_SCHEDULE_EVENT_LATEST_FAILED ||
      \result == FERI_SCHEDULE_EVENT_EARLIER_FAILED;
    ensures \result == FERI_SCHEDULE_EVENT_LAST_FAILED <==>
      schedule->started == schedule->addresses && none_open(schedule, FERI_ATTEMPTS_MAX);
    ensures schedule->attempts[slot].number < schedule->started &&
      \result == FERI_SCHEDULE_EVENT_LATEST_FAILED ==> is_latest(schedule, slot);
    ensures \result == FERI_SCHEDULE_EVENT_EARLIER_FAILED ==> !is_latest(schedule, slot); */
static feri_schedule_event event_of_failure(const feri_connect_schedule *schedule, size_t slot);

/*@ requires \valid(schedule) && is_schedule(schedule);
    requires slot < FERI_ATTEMPTS_MAX && is_open(schedule, slot) && slot != schedule->winner;
    assigns schedule->phase, schedule->attempts[slot].is_open;
    ensures is_schedule(schedule) && !is_open(schedule, slot);
    ensures \old(is_latest(schedule, slot)) && schedule->started < schedule->addresses &&
      is_undecided(\old(schedule->phase)) ==> schedule->phase == FERI_SCHEDULE_READY;
    ensures !\old(is_latest(schedule, slot)) && \old(schedule->phase) == FERI_SCHEDULE_DELAYED ==>
      schedule->phase == FERI_SCHEDULE_DELAYED;
    ensures !is_undecided(\old(schedule->phase)) ==> schedule->phase == \old(schedule->phase); */
static void fail_attempt(feri_connect_schedule *schedule, size_t slot);

/*@ requires \valid_read(schedule);
    assigns \nothing;
    ensures \result == FERI_SCHEDULE_EVENT_START_LAST <==>
      schedule->started == schedule->addresses;
    ensures \result == FERI_SCHEDULE_EVENT_START_IN_LAST_SLOT <==>
      schedule->started != schedule->addresses && all_open(schedule);
    ensures is_start(\result); */
static feri_schedule_event event_of_start(const feri_connect_schedule *schedule);

/*@ requires \valid(schedule) && schedule->phase == FERI_SCHEDULE_READY;
    requires 0 < schedule->addresses && schedule->started < schedule->addresses;
    requires are_numbered(schedule) && !all_open(schedule);
    requires schedule->winner == FERI_ATTEMPTS_MAX;
    assigns schedule->phase, schedule->started, schedule->delayed_until,
      schedule->attempts[0 .. FERI_ATTEMPTS_MAX - 1];
    ensures is_schedule(schedule);
    ensures \result.action == FERI_SCHEDULE_DO_START && \result.slot < FERI_ATTEMPTS_MAX;
    ensures \result.until == 0;
    ensures !\at(schedule->attempts[\result.slot].is_open, Pre);
    ensures is_open(schedule, \result.slot);
    ensures schedule->attempts[\result.slot].number == \old(schedule->started);
    ensures schedule->attempts[\result.slot].ends_at ==
      (now + schedule->attempt_timeout < FERI_NEVER ? now + schedule->attempt_timeout :
                                                      FERI_NEVER);
    ensures schedule->delayed_until ==
      (now + schedule->delay < FERI_NEVER ? now + schedule->delay : FERI_NEVER);
    ensures schedule->started == \old(schedule->started) + 1;
    ensures same_attempts_but{Pre, Post}(schedule, \result.slot); */
static feri_schedule_step start_next(feri_connect_schedule *schedule, uint64_t now);

/*@ requires \valid_read(schedule) && is_phase(schedule->phase);
    assigns \nothing;
    ensures !is_undecided(schedule->phase) ==> \result == FERI_NEVER;
    ensures \result == FERI_NEVER || \result == schedule->deadline ||
      (\exists integer k; 0 <= k < FERI_ATTEMPTS_MAX && is_open(schedule, k) &&
        \result == schedule->attempts[k].ends_at);
    ensures is_undecided(schedule->phase) ==> \result <= schedule->deadline &&
      (\forall integer k; 0 <= k < FERI_ATTEMPTS_MAX && is_open(schedule, k) ==>
        \result <= schedule->attempts[k].ends_at); */
uint64_t feri_connect_schedule_limit(const feri_connect_schedule *schedule);

/*@ requires \valid_read(schedule) && is_phase(schedule->phase) && is_undecided(schedule->phase);
    assigns \nothing;
    ensures \result.action == FERI_SCHEDULE_DO_WAIT && \result.slot == 0;
    ensures \result.until == FERI_NEVER || has_timer_at(schedule, \result.until);
    ensures no_timer_is_before(schedule, \result.until); */
static feri_schedule_step wait_for_end(const feri_connect_schedule *schedule);

/*@ requires \valid(schedule) && is_schedule(schedule) && !is_undecided(schedule->phase);
    assigns schedule->attempts[0 .. FERI_ATTEMPTS_MAX - 1];
    ensures is_schedule(schedule) && \result.until == 0;
    ensures \result.action == FERI_SCHEDULE_DO_CLOSE ||
      \result.action == action_of(schedule->phase);
    ensures \result.action == FERI_SCHEDULE_DO_CLOSE ==>
      \result.slot < FERI_ATTEMPTS_MAX && \result.slot != schedule->winner &&
      \at(schedule->attempts[\result.slot].is_open, Pre) && !is_open(schedule, \result.slot) &&
      same_attempts_but{Pre, Post}(schedule, \result.slot);
    ensures \result.action != FERI_SCHEDULE_DO_CLOSE ==>
      none_open(schedule, schedule->winner) && same_attempts_but{Pre, Post}(schedule, -1);
    ensures \result.action == FERI_SCHEDULE_DO_CONNECTED ==> \result.slot == schedule->winner;
    ensures \result.slot < FERI_ATTEMPTS_MAX; */
static feri_schedule_step close_rest(feri_connect_schedule *schedule);

#define WAS_OPEN(slot) (\at(schedule->attempts[slot].is_open, Pre) != 0)
#define IS_DUE                                             \
    (\old(schedule->phase) == FERI_SCHEDULE_READY ||       \
        (\old(schedule->phase) == FERI_SCHEDULE_DELAYED && \
            has_come(\old(schedule->delayed_until), now)))

/*@ requires \valid(schedule) && is_schedule(schedule);
    assigns schedule->phase, schedule->started, schedule->delayed_until,
      schedule->attempts[0 .. FERI_ATTEMPTS_MAX - 1];
    ensures is_schedule(schedule);
    // An action changes its slot only.
    ensures \result.slot < FERI_ATTEMPTS_MAX;
    ensures \result.action == FERI_SCHEDULE_DO_START ==>
      same_attempts_but{Pre, Post}(schedule, \result.slot);
    ensures \result.action == FERI_SCHEDULE_DO_TIME_OUT ==>
      same_attempts_but{Pre, Post}(schedule, \result.slot);
    ensures \result.action == FERI_SCHEDULE_DO_CLOSE ==>
      same_attempts_but{Pre, Post}(schedule, \result.slot);
    ensures \result.action >= FERI_SCHEDULE_DO_WAIT ==>
      same_attempts_but{Pre, Post}(schedule, -1);
    // The first decision stays, and a deadline that is reached is one.
    ensures !is_undecided(\old(schedule->phase)) ==> schedule->phase == \old(schedule->phase);
    ensures is_undecided(\old(schedule->phase)) && has_come(schedule->deadline, now) ==>
      schedule->phase == FERI_SCHEDULE_LATE;
    // No attempt starts early, twice, out of order, or in a slot that is open.
    ensures \result.action == FERI_SCHEDULE_DO_START ==>
      IS_DUE && !has_come(schedule->deadline, now) && !WAS_OPEN(\result.slot) &&
      is_open(schedule, \result.slot) &&
      schedule->attempts[\result.slot].number == \old(schedule->started) &&
      schedule->started == \old(schedule->started) + 1;
    ensures \result.action != FERI_SCHEDULE_DO_START ==>
      schedule->started == \old(schedule->started) &&
      schedule->delayed_until == \old(schedule->delayed_until);
    // A timeout is reached, and that of no other attempt is earlier.
    ensures \result.action == FERI_SCHEDULE_DO_TIME_OUT ==>
      WAS_OPEN(\result.slot) && !is_open(schedule, \result.slot) &&
      has_come(schedule->attempts[\result.slot].ends_at, now) &&
      (\forall integer k; 0 <= k < FERI_ATTEMPTS_MAX && is_open(schedule, k) ==>
        ends_first(schedule, \result.slot, k));
    ensures \result.action == FERI_SCHEDULE_DO_CLOSE ==>
      WAS_OPEN(\result.slot) && !is_open(schedule, \result.slot) &&
      \result.slot != schedule->winner && !is_undecided(schedule->phase);
    // A wait ends at the first timer, which is not reached, and changes nothing.
    ensures \result.action == FERI_SCHEDULE_DO_WAIT ==>
      is_undecided(schedule->phase) && schedule->phase == \old(schedule->phase);
    ensures \result.action == FERI_SCHEDULE_DO_WAIT ==>
      \result.until == FERI_NEVER || (has_timer_at(schedule, \result.until) && \result.until > now);
    ensures \result.action == FERI_SCHEDULE_DO_WAIT ==>
      no_timer_is_before(schedule, \result.until);
    // A result comes after every other attempt was closed.
    ensures \result.action >= FERI_SCHEDULE_DO_CONNECTED ==>
      \result.action == action_of(schedule->phase) && none_open(schedule, schedule->winner);
    ensures \result.action == FERI_SCHEDULE_DO_CONNECTED ==>
      \result.slot == schedule->winner && is_open(schedule, schedule->winner); */
feri_schedule_step feri_connect_schedule_next(feri_connect_schedule *schedule, uint64_t now);

/*@ requires \valid(schedule) && addresses > 0;
    assigns *schedule;
    ensures is_schedule(schedule) && schedule->phase == FERI_SCHEDULE_READY;
    ensures schedule->addresses == addresses && schedule->started == 0;
    ensures schedule->delay == delay && schedule->attempt_timeout == attempt_timeout &&
      schedule->deadline == deadline;
    ensures none_open(schedule, FERI_ATTEMPTS_MAX); */
void feri_connect_schedule_begin(feri_connect_schedule *schedule, size_t addresses, uint64_t delay,
                                 uint64_t attempt_timeout, uint64_t deadline);

/*@ requires \valid(schedule) && is_schedule(schedule);
    requires slot < FERI_ATTEMPTS_MAX && is_open(schedule, slot) && slot != schedule->winner;
    assigns schedule->phase, schedule->winner, schedule->attempts[slot].is_open;
    ensures is_schedule(schedule);
    ensures connected != 0 && is_undecided(\old(schedule->phase)) ==>
      schedule->phase == FERI_SCHEDULE_CONNECTED && schedule->winner == slot;
    ensures is_open(schedule, slot) <==> connected != 0;
    // The failure of the latest attempt starts the next. That of an earlier one does not.
    ensures connected == 0 && \old(is_latest(schedule, slot)) &&
      schedule->started < schedule->addresses && is_undecided(\old(schedule->phase)) ==>
      schedule->phase == FERI_SCHEDULE_READY;
    ensures connected == 0 && !\old(is_latest(schedule, slot)) &&
      \old(schedule->phase) == FERI_SCHEDULE_DELAYED ==>
      schedule->phase == FERI_SCHEDULE_DELAYED;
    ensures !is_undecided(\old(schedule->phase)) ==>
      schedule->phase == \old(schedule->phase) && schedule->winner == \old(schedule->winner); */
void feri_connect_schedule_ended(feri_connect_schedule *schedule, size_t slot, bool connected);

/*@ requires \valid(schedule) && is_schedule(schedule);
    assigns schedule->phase;
    ensures is_schedule(schedule);
    ensures is_undecided(\old(schedule->phase)) ==> schedule->phase == FERI_SCHEDULE_CANCELLED;
    ensures !is_undecided(\old(schedule->phase)) ==> schedule->phase == \old(schedule->phase); */
void feri_connect_schedule_cancel(feri_connect_schedule *schedule);
