/* test_connect_schedule.c: the schedule of connection attempts, step by step: the numbers of RFC
 * 8305, the limit of 16 attempts, the timeouts of attempts, events that the schedule sees together,
 * and the bugs that other implementations had. docs/STATE.md has its table (check_copies), and
 * fuzz/models/schedule_model.c checks any order of ends, times and cancels. */
#include <stdlib.h>
#include <string.h>

#include "core/open/connect_attempts.h"
#include "core/open/connect_schedule.h"
#include "support/group.h"

#define MILLI UINT64_C(1000000)
#define NEVER FERI_NEVER

/* All times are in ms. The steps are words with a space between them: `AT:ACTION`, the action that
 * the schedule must return at that time, with its slot or the end of its WAIT (without a number:
 * never); `connect` and `fail`, the end of the attempt in a slot that is reported; `cancel`. */
struct row {
    const char *name;
    size_t addresses;
    uint64_t delay, attempt_timeout, deadline;
    const char *steps;
};

#define ACTION_NAME(name, text) #name,
static const char *const actions[] = {FERI_SCHEDULE_ACTIONS(ACTION_NAME)};

static feri_connect_schedule schedule;

static uint64_t nanos(uint64_t millis)
{
    return millis == NEVER ? NEVER : millis * MILLI;
}

static void begin(size_t addresses, uint64_t delay, uint64_t attempt_timeout, uint64_t deadline)
{
    feri_connect_schedule_begin(&schedule, addresses, nanos(delay), nanos(attempt_timeout),
                                nanos(deadline));
}

static bool returns(uint64_t at, feri_schedule_action action, uint64_t number)
{
    feri_schedule_step step = feri_connect_schedule_next(&schedule, nanos(at));
    bool waits = action == FERI_SCHEDULE_DO_WAIT;
    bool has_slot = !waits && number != NEVER;
    uint64_t slot = has_slot ? number : 0;
    uint64_t until = waits ? nanos(number) : 0;
    return step.action == action && step.slot == slot && step.until == until;
}

/* A result is final: whatever happens later, it is returned again. */
static bool stays(uint64_t at, feri_schedule_action result, uint64_t number)
{
    bool is_same = returns(at, result, number);
    feri_connect_schedule_cancel(&schedule);
    return is_same && returns(at + 1000000, result, number);
}

static bool is_word(const char *word, size_t length, const char *wanted)
{
    return strlen(wanted) == length && strncmp(word, wanted, length) == 0;
}

static bool run_step(const char *step)
{
    char *end;
    uint64_t at = strtoull(step, &end, 10);
    const char *word = *end == ':' ? end + 1 : end;
    size_t length = strcspn(word, "0123456789 ");
    bool has_number = word[length] != '\0' && word[length] != ' ';
    uint64_t number = has_number ? strtoull(word + length, NULL, 10) : NEVER;
    if (is_word(word, length, "connect") || is_word(word, length, "fail")) {
        feri_connect_schedule_ended(&schedule, (size_t)number, *word == 'c');
        return true;
    }
    if (is_word(word, length, "cancel")) {
        feri_connect_schedule_cancel(&schedule);
        return true;
    }
    int action = 0;
    while (action < FERI_SCHEDULE_ACTION_COUNT && !is_word(word, length, actions[action])) {
        action++;
    }
    bool is_result = action >= FERI_SCHEDULE_DO_CONNECTED;
    return returns(at, (feri_schedule_action)action, number) &&
           (!is_result || stays(at, (feri_schedule_action)action, number));
}

static void run_steps(const char *name, const char *steps)
{
    for (const char *step = steps; *step != '\0'; step += strspn(step, " ")) {
        if (!run_step(step)) {
            fail_msg("%s: not %s", name, step);
        }
        step += strcspn(step, " ");
    }
}

static void run_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        begin(rows[i].addresses, rows[i].delay, rows[i].attempt_timeout, rows[i].deadline);
        run_steps(rows[i].name, rows[i].steps);
    }
}

#define START_16_AT_0                                                          \
    "0:START0 0:START1 0:START2 0:START3 0:START4 0:START5 0:START6 0:START7 " \
    "0:START8 0:START9 0:START10 0:START11 0:START12 0:START13 0:START14 0:START15 "
#define START_16_EVERY_10                                                             \
    "0:START0 10:START1 20:START2 30:START3 40:START4 50:START5 60:START6 70:START7 " \
    "80:START8 90:START9 100:START10 110:START11 120:START12 130:START13 140:START14 150:START15 "

TEST(the_schedule_is_that_of_rfc_8305)
{
    static const struct row rows[] = {
        /* RFC 8305, 5 and 8 */
        {"the next attempt is started 250 ms after the latest", 3, 250, NEVER, NEVER,
         "0:START0 0:WAIT250 249:WAIT250 250:START1 250:WAIT500 500:START2 500:WAIT connect1 "
         "510:CLOSE0 510:CLOSE2 510:CONNECTED1"},
        {"an attempt that connects before the delay is over is the only one", 8, 250, NEVER, NEVER,
         "0:START0 connect0 249:CONNECTED0"},
        {"a failure of the latest attempt starts the next at once", 3, 250, NEVER, NEVER,
         "0:START0 250:START1 fail1 260:START1 260:WAIT"},
        {"a failure of an earlier attempt changes nothing of the timer", 3, 250, NEVER, NEVER,
         "0:START0 250:START1 fail0 260:WAIT500 499:WAIT500 500:START0"},
        {"the delay begins with the start and not when it was due", 3, 250, NEVER, NEVER,
         "7:START0 300:START1 300:WAIT550"},
        {"a delay of never starts one after another", 3, NEVER, NEVER, NEVER,
         "0:START0 0:WAIT 1000000000:WAIT fail0 1000000000:START0 1000000000:WAIT fail0 "
         "1000000001:START0 fail0 1000000002:FAILED"},
        {"when every address has failed the schedule has failed", 2, 250, NEVER, NEVER,
         "0:START0 250:START1 fail0 251:WAIT fail1 252:FAILED"},
        {"a clock that steps back delays nothing twice", 2, 250, NEVER, NEVER,
         "100:START0 50:WAIT350 350:START1"},
        /* At most 16 attempts */
        {"a delay of 0 starts 16 at once and then one for each that fails", 18, 0, NEVER, NEVER,
         START_16_AT_0 "0:WAIT fail3 1:START3 1:WAIT fail15 2:START15 2:WAIT connect4 "
                       "3:CLOSE0 3:CLOSE1 3:CLOSE2 3:CLOSE3 3:CLOSE5 3:CLOSE6 3:CLOSE7 3:CLOSE8 "
                       "3:CLOSE9 3:CLOSE10 3:CLOSE11 3:CLOSE12 3:CLOSE13 3:CLOSE14 3:CLOSE15 "
                       "3:CONNECTED4"},
        {"the attempt to the 16th of 16 addresses is the last", 16, 0, NEVER, NEVER,
         START_16_AT_0 "fail7 1:WAIT"},
        {"while 16 are open an attempt timeout ends a wait", 17, 0, 40, NEVER,
         START_16_AT_0 "1:WAIT40 40:TIME_OUT0"},
        {"while 16 are open the deadline ends a wait, and no delay", 17, 10, NEVER, 1000,
         START_16_EVERY_10 "150:WAIT1000 500:WAIT1000"},
        {"after 16 were open the delay since the latest start counts", 20, 10, NEVER, NEVER,
         START_16_EVERY_10 "150:WAIT fail2 155:WAIT160 160:START2 300:WAIT fail0 300:START0 "
                           "fail0 301:START0"}, /* the latest */
        /* The timeout of an attempt */
        {"an attempt that times out has failed and the next is started", 3, NEVER, 100, NEVER,
         "0:START0 0:WAIT100 99:WAIT100 100:TIME_OUT0 100:START0 100:WAIT200 250:TIME_OUT0 "
         "251:START0 351:TIME_OUT0 351:FAILED"},
        {"an earlier attempt that times out changes nothing of the timer", 3, 250, 300, NEVER,
         "0:START0 250:START1 250:WAIT300 300:TIME_OUT0 300:WAIT500 500:START0 500:WAIT550"},
        /* Slots are used again, so their order is not that of the attempts. */
        {"attempts that are due together time out in the order of their starts", 5, 10, 100, NEVER,
         "0:START0 10:START1 fail0 20:START0 30:START2 125:TIME_OUT1 125:TIME_OUT0 125:START0 "
         "125:WAIT130 500:TIME_OUT2 500:TIME_OUT0 500:FAILED"},
        {"attempts of one moment time out in the order of their starts", 4, 0, 100, NEVER,
         "0:START0 0:START1 fail0 0:START0 0:START2 100:TIME_OUT1 100:TIME_OUT0 100:TIME_OUT2 "
         "100:FAILED"},
        {"an attempt without a timeout waits for the OS", 1, 250, NEVER, NEVER,
         "0:START0 0:WAIT 1000000000:WAIT"},
    };
    assert_true(FERI_ATTEMPT_DELAY_DEFAULT_NANOS == 250 * MILLI);
    run_rows(rows, sizeof rows / sizeof rows[0]);
}

TEST(bugs_of_curl_are_not_repeated)
{
    static const struct row rows[] = {
        /* PR 1928: the timer expired a moment before the delay was over by another clock reading,
         * and was never set again. */
        {"a wait that returns a moment too early is repeated", 2, 200, 1000, 5000,
         "3:START0 200:WAIT203 201:WAIT203 202:WAIT203 203:START1 1002:WAIT1003 1003:TIME_OUT0 "
         "1203:TIME_OUT1 1203:FAILED"},
        /* PR 5089: [::1], [::2], 127.0.0.1. Both IPv6 addresses failed at once, and IPv4 was never
         * tried. The order of the addresses is ::1, 127.0.0.1, ::2. */
        {"a family whose addresses fail at once does not end the other", 3, 250, NEVER, NEVER,
         "0:START0 fail0 0:START0 0:WAIT250 250:START1 fail1 250:WAIT connect0 400:CONNECTED0"},
        /* Issue 18767, and PR 11939 for a single address. */
        {"when all are started no timer of the delay runs", 1, 250, NEVER, NEVER,
         "0:START0 0:WAIT"},
        {"when both are started no timer of the delay runs", 2, 200, NEVER, 9000,
         "0:START0 0:WAIT200 200:START1 200:WAIT9000 400:WAIT9000 fail1 400:WAIT9000"},
        /* Issue 14144: Windows refuses a connect to ::1 only after 2 s. */
        {"a refusal that takes 2 s delays localhost by 250 ms", 2, 250, NEVER, NEVER,
         "0:START0 250:START1 connect1 250:CLOSE0 250:CONNECTED1"},
    };
    run_rows(rows, sizeof rows / sizeof rows[0]);
}

TEST(simultaneous_events_have_an_order)
{
    static const struct row rows[] = {
        {"of two that connect together the first reported wins", 3, 250, NEVER, NEVER,
         "0:START0 250:START1 connect1 connect0 251:CLOSE0 251:CONNECTED1"},
        {"a failure before a connection leaves nothing to close", 3, 250, NEVER, NEVER,
         "0:START0 250:START1 fail1 connect0 251:CONNECTED0"},
        {"a failure after a connection leaves nothing to close", 3, 250, NEVER, NEVER,
         "0:START0 250:START1 connect0 fail1 251:CONNECTED0"},
        {"a connection at the moment of the deadline wins", 2, 250, 500, 500,
         "0:START0 250:START1 250:WAIT500 connect0 500:CLOSE1 500:CONNECTED0"},
        {"a connection that is reported after the deadline is closed", 3, 250, NEVER, 500,
         "0:START0 250:START1 500:CLOSE0 connect1 500:CLOSE1 500:LATE"},
        {"an earlier failure after the latest one delays nothing", 4, 250, NEVER, NEVER,
         "0:START0 250:START1 fail1 fail0 251:START0 251:WAIT501"},
        {"failures at the moment of the deadline are failures", 2, 250, NEVER, 500,
         "0:START0 250:START1 fail1 fail0 500:FAILED"},
        {"the deadline comes before a timeout", 1, 250, 500, 500, "0:START0 500:CLOSE0 500:LATE"},
        {"the deadline comes before a start", 3, 250, NEVER, 250, "0:START0 fail0 250:LATE"},
        {"the deadline comes before the first start", 1, 250, NEVER, 250, "250:LATE"},
        {"a timeout comes before the start of the same moment", 3, 250, 250, NEVER,
         "0:START0 250:TIME_OUT0 250:START0 250:WAIT500"},
        {"a cancel closes every attempt once", 3, 250, 300, 1000,
         "0:START0 250:START1 cancel 1000:CLOSE0 fail1 1000:CANCELLED"},
        {"a cancel before the first start", 1, 250, NEVER, NEVER, "cancel 0:CANCELLED"},
        {"a connection that was reported before a cancel wins", 2, 250, NEVER, NEVER,
         "0:START0 250:START1 connect1 cancel 250:CLOSE0 250:CONNECTED1"},
        {"a connection that is reported after a cancel is closed", 2, 250, NEVER, NEVER,
         "0:START0 cancel connect0 250:CLOSE0 250:CANCELLED"},
    };
    run_rows(rows, sizeof rows / sizeof rows[0]);
}

TEST(ten_thousand_addresses_that_fail_immediately_are_each_tried_once)
{
    begin(10000, 250, NEVER, NEVER);
    for (size_t i = 0; i < 10000; i++) {
        assert_true(returns(i / 100, FERI_SCHEDULE_DO_START, 0));
        feri_connect_schedule_ended(&schedule, 0, false);
    }
    run_steps("each has failed", "100:FAILED");
}

/* curl, PR 22897: a list of addresses that fail at once was tried to its end, whatever the time. */
TEST(the_deadline_is_checked_before_each_start)
{
    begin(10000, 250, NEVER, 50);
    for (size_t i = 0; i < 50; i++) {
        assert_true(returns(i, FERI_SCHEDULE_DO_START, 0));
        feri_connect_schedule_ended(&schedule, 0, false);
    }
    run_steps("the deadline is reached", "50:LATE");
}

/* ---- Times between ms, and those that the clock does not reach */

static void expect_wait(uint64_t at, uint64_t until)
{
    feri_schedule_step step = feri_connect_schedule_next(&schedule, at);
    assert_true(step.action == FERI_SCHEDULE_DO_WAIT && step.until == until);
}

TEST(a_wait_ends_at_its_last_nanosecond)
{
    begin(2, 200, NEVER, NEVER);
    run_steps("the first starts", "3:START0");
    expect_wait(203 * MILLI - 1, 203 * MILLI);
    run_steps("the second starts", "203:START1");
}

TEST(a_time_beyond_the_clock_is_never)
{
    const uint64_t end = UINT64_MAX;
    feri_connect_schedule_begin(&schedule, 2, 10, 20, end);
    assert_int_equal(feri_connect_schedule_next(&schedule, end - 11).action,
                     FERI_SCHEDULE_DO_START);
    expect_wait(end - 11, end - 1);
    assert_int_equal(feri_connect_schedule_next(&schedule, end - 1).action, FERI_SCHEDULE_DO_START);
    expect_wait(end, NEVER);
    feri_connect_schedule_begin(&schedule, 2, 11, 11, end);
    assert_int_equal(feri_connect_schedule_next(&schedule, end - 11).action,
                     FERI_SCHEDULE_DO_START);
    expect_wait(end, NEVER);
}

/* ---- The order in which the addresses of a host are tried (RFC 8305, 4) */

/* '4' and '6' are addresses of these families, 'm' is an IPv4-mapped IPv6 address, '?' has a bad
 * family. The port is the index. */
static fer_socket_addr addr_of(char kind, uint16_t index)
{
    static const fer_ipv4_addr v4 = {{192, 0, 2, 1}};
    fer_socket_addr addr = {0};
    addr.port = index;
    if (kind == '4' || kind == 'm') {
        addr.ip.family = FER_IP_V4;
        addr.ip.u.v4 = v4;
    }
    if (kind == 'm') {
        addr.ip.family = FER_IP_V6;
        addr.ip.u.v6 = fer_ipv4_addr_to_ipv6_mapped(v4);
    }
    if (kind == '6') {
        addr.ip.family = FER_IP_V6;
        addr.ip.u.v6.octets[15] = 1;
    }
    return addr;
}

/* Compares the order of the kinds with the indices of `want`, a digit for each. */
static void expect_order(const char *kinds, const char *want)
{
    fer_socket_addr addrs[10];
    size_t count = 0;
    for (; kinds[count] != '\0'; count++) {
        addrs[count] = addr_of(kinds[count], (uint16_t)count);
    }
    feri_address_order order = {0};
    size_t index = 99;
    for (size_t i = 0; i < count; i++) {
        assert_true(feri_address_order_next(&order, addrs, count, &index));
        assert_int_equal(index, want[i] - '0');
    }
    index = 99;
    assert_false(feri_address_order_next(&order, addrs, count, &index));
    assert_false(feri_address_order_next(&order, addrs, count, &index));
    assert_int_equal(index, 99);
}

/* The packets of an IPv4-mapped address are IPv4: it stands or falls with the IPv4 network. An
 * address of a bad family is tried too. */
TEST(an_ipv4_mapped_address_and_one_of_a_bad_family_count_as_ipv4)
{
    static const char *const rows[][2] = {
        {"m466", "0213"}, {"66m4", "0213"}, {"4m6", "021"}, {"44?", "021"}, {"??", "01"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_order(rows[i][0], rows[i][1]);
    }
}

/* Every list of up to 8 addresses, against two lists that are merged. */
TEST(every_short_list_is_merged_from_the_lists_of_its_families)
{
    for (size_t count = 0; count <= 8; count++) {
        for (unsigned bits = 0; bits < 1u << count; bits++) {
            char kinds[9] = {0};
            char of_family[2][9] = {{0}};
            char want[9] = {0};
            size_t len[2] = {0, 0};
            for (size_t i = 0; i < count; i++) {
                unsigned family = bits >> i & 1;
                kinds[i] = family == 0 ? '6' : '4';
                of_family[family][len[family]++] = (char)('0' + i);
            }
            unsigned first = bits & 1;
            size_t stored = 0;
            for (size_t round = 0; stored < count; round++) {
                for (unsigned k = 0; k < 2; k++) {
                    unsigned family = k == 0 ? first : 1 - first;
                    if (round < len[family]) {
                        want[stored++] = of_family[family][round];
                    }
                }
            }
            expect_order(kinds, want);
        }
    }
}

TEST_MAIN("connect_schedule")
