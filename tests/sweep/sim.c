/* sim.c: the sweep over the simulated network, in each dialect: what no error number reaches. Each
 * fault of the simulation (sim.h) occurs once and from then on; the peers act before a call, while
 * it waits and when its time ends; connects are answered in each way; and all of it occurs by
 * chance. After a run nothing of the simulation is left, the call has kept its time limit, and the
 * checks of sweep.c hold. */
#include "ferrule/sim.h"

#include <stdio.h>
#include <string.h>

#include "platform/sim/network.h"
#include "sweep/world.h"

/* In virtual time. The timeouts of Linux are rounded up to ticks; a nonblocking loop pays for its
 * polls; some waits have slices (sim.h, fer_sim_windows). */
#define LIMIT_MILLIS 40
#define SLACK_MILLIS 30
/* A connect without a limit ends after 127 s (sim.h), of one address after another. */
#define UNLIMITED_MILLIS 300000
#define SEEDS 60

static const struct system {
    const char *name;
    fer_sim_config config;
} systems[] = {{"Linux", {.dialect = FER_SIM_DIALECT_POSIX}},
               {"Windows", {.dialect = FER_SIM_DIALECT_WINSOCK}},
               {"documented Windows",
                {.dialect = FER_SIM_DIALECT_WINSOCK,
                 .windows = {.shared_options = true,
                             .shared_addresses = true,
                             .partial_sends = true,
                             .pending_has_no_peer = true,
                             .hangup_ends_write_waits = true}}},
               {"Windows that loses events",
                {.dialect = FER_SIM_DIALECT_WINSOCK,
                 .windows = {.loses_events = true, .loses_cancels = true}}},
               {"macOS", {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_MACOS}},
               {"FreeBSD", {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_FREEBSD}},
               {"NetBSD", {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_NETBSD}},
               {"OpenBSD", {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_OPENBSD}}};
#define SYSTEMS (sizeof systems / sizeof systems[0])

/* What the peers, or other users of the handle, do during a call. */
#define EVENTS(X)                                                            \
    X(NOTHING, "nothing")                                                    \
    X(SENDS, "the peer sends, reads or connects")                            \
    X(SENDS_AND_ENDS, "the same, and shuts down writing")                    \
    X(RESETS, "the peer resets")                                             \
    X(SENDS_AND_RESETS, "the peer sends, reads or connects, and resets")     \
    X(CLOSES_SOCKET, "the peer closes")                                      \
    X(CANCELS, "a cancel")                                                   \
    X(SHUTS_DOWN, "a shutdown of the socket")                                \
    X(STEALS, "what the peer sends is read by another handle of the socket") \
    X(STAGE_LEAVES, "the peers' sockets close")
enum event {
#define NAME(name, words) name,
    EVENTS(NAME)
#undef NAME
        EVENT_COUNT
};
static const char *const event_words[] = {
#define WORDS(name, words) words,
    EVENTS(WORDS)
#undef WORDS
};
static const char *const fault_words[] = {
#define WORDS(name, words, chances) words,
    FER_SIM_FAULTS(WORDS)
#undef WORDS
};

/* A run: one fault, one event, one answer to connects, or chances of each fault. */
static struct plan {
    const struct system *system;
    int fault;    /* -1: none */
    uint64_t nth; /* 0: every time */
    enum event event;
    uint64_t millis; /* of the event and of the answer */
    int answer;
    uint64_t seed;   /* 0: nothing by chance */
    uint32_t chance; /* of each fault, per million */
    bool is_held;    /* the peers do nothing before the event */
} now;

void describe_faults(char *text, size_t cap)
{
    snprintf(text, cap, "%s, %s %d, %s, %d ms, answer %d, seed %d", now.system->name,
             now.fault < 0 ? "no fault" : fault_words[now.fault], (int)now.nth,
             event_words[now.event], (int)now.millis, now.answer, (int)now.seed);
}

/* Every simulation has the same large block: with a sanitizer a new one takes a millisecond. */
static struct {
    void *block;
    size_t size;
    bool is_in_use;
} network_memory;

void *allocate(size_t size)
{
    if (size < 65536 || network_memory.is_in_use) {
        return __real_malloc(size);
    }
    if (size > network_memory.size) {
        __real_free(network_memory.block);
        network_memory.block = __real_malloc(size);
        network_memory.size = size;
    }
    network_memory.is_in_use = true;
    return network_memory.block;
}

void release(void *block)
{
    if (block != NULL && block == network_memory.block) {
        network_memory.is_in_use = false;
    } else {
        __real_free(block);
    }
}

/* ---- Events */

static bool is_listener(enum setup setup)
{
    return setup == TCP_LISTENER || setup == UNIX_LISTENER;
}

/* The peer of the socket under test, or -1. A listener gets a client. */
static fer_raw_socket peer_of(struct world *w, enum setup setup)
{
    if (is_listener(setup) && w->clients[0] == FER_RAW_SOCKET_NONE) {
        w->clients[0] = setup == TCP_LISTENER ? connect_client(&w->bound, NULL)
                                              : connect_client(NULL, stage.free_path);
    }
    if (is_listener(setup)) {
        return w->clients[0];
    }
    return w->peer != FER_RAW_SOCKET_NONE ? w->peer : w->unix_end;
}

static void act(struct world *w, const struct scenario *s)
{
    char taken[8192];
    fer_raw_socket peer = peer_of(w, s->setup);
    if ((s->flags & OUT) != 0) {
        drain(peer, true, taken, sizeof taken);
    } else if ((s->flags & (GRAM_IN | GRAM_PEEK)) != 0) {
        send_two(s->setup == UNIX_GRAM ? stage.gram : stage.udp, world_socket());
    } else if (!is_listener(s->setup) && peer != FER_RAW_SOCKET_NONE) {
        send_pattern(peer);
    }
}

static void shut_down(struct world *w, enum setup setup)
{
    switch ((int)setup) {
    case TCP:
    case TCP_AND_UNIX: FER_IGNORE(fer_tcp_stream_shutdown(&w->tcp, FER_SHUTDOWN_BOTH)); break;
    case UNIX: FER_IGNORE(fer_unix_stream_shutdown(&w->unix_, FER_SHUTDOWN_BOTH)); break;
    case UNIX_GRAM: FER_IGNORE(fer_unix_datagram_shutdown(&w->gram_, FER_SHUTDOWN_BOTH)); break;
    default: break;
    }
}

/* The scenario of the run in progress. */
static const struct scenario *scenario_now;

static void leave(struct world *w, bool resets)
{
    fer_raw_socket peer = peer_of(w, scenario_now->setup);
    if (resets) {
        reset_peer(peer);
    } else {
        fer_sim_peer_close(peer);
    }
    w->peer = w->peer == peer ? FER_RAW_SOCKET_NONE : w->peer;
    w->unix_end = w->unix_end == peer ? FER_RAW_SOCKET_NONE : w->unix_end;
    w->clients[0] = FER_RAW_SOCKET_NONE;
}

static void on_event(void *context)
{
    struct world *w = context;
    char taken[64];
    bool is_transfer = (scenario_now->flags & (TRANSFERS | STARTED)) != 0;
    if (now.event == SENDS || now.event == SENDS_AND_ENDS || now.event == SENDS_AND_RESETS ||
        now.event == STEALS) {
        act(w, scenario_now);
    }
    switch (now.event) {
    case SENDS_AND_ENDS: end_sending(peer_of(w, scenario_now->setup)); break;
    case RESETS:
    case SENDS_AND_RESETS: leave(w, true); break;
    case CLOSES_SOCKET: leave(w, false); break;
    case CANCELS: FER_IGNORE(fer_cancel_token_cancel(&w->stop)); break;
    case SHUTS_DOWN: shut_down(w, scenario_now->setup); break;
    case STEALS: drain(world_socket(), is_transfer, taken, sizeof taken); break;
    case STAGE_LEAVES: stage_close(); break;
    default: break;
    }
}

/* A write has to wait. */
static void fill(fer_raw_socket raw)
{
    static const char bytes[1024];
    size_t n = 0;
    while (ferp_send(raw, bytes, sizeof bytes, FERP_DONTWAIT, &n).kind == FER_OK) {
        settle();
    }
}

/* ---- Runs */

static void set_chances(uint32_t chance)
{
    for (int fault = 0; fault < FER_SIM_FAULT_COUNT; fault++) {
        REQUIRE_OK(fer_sim_set_fault_chance((fer_sim_fault)fault, chance));
    }
}

static void set_answers(int answer, uint64_t millis)
{
    const fer_socket_addr *addrs[] = {&stage.tcp_addr, &stage.udp_addr};
    for (int i = 0; i < 2; i++) {
        REQUIRE_OK(
            fer_sim_set_answer(addrs[i], (fer_sim_answer)answer, fer_duration_from_millis(millis)));
    }
}

static void arm(struct world *w)
{
    if (now.answer != FER_SIM_ANSWER_AS_IS || now.event == NOTHING) {
        set_answers(now.answer, now.millis);
    }
    if (now.event != NOTHING && now.millis == 0) {
        on_event(w);
    } else if (now.event != NOTHING) {
        REQUIRE_OK(fer_sim_after(fer_duration_from_millis(now.millis), on_event, w));
    }
    set_chances(now.chance);
    if (now.fault >= 0 && now.nth > 0) {
        REQUIRE_OK(fer_sim_fault_at((fer_sim_fault)now.fault, now.nth));
    } else if (now.fault >= 0) {
        REQUIRE_OK(fer_sim_set_fault_chance((fer_sim_fault)now.fault, 1000000));
    }
}

static void disarm(void)
{
    fer_sim_clear_faults();
    set_chances(0);
    now.event = NOTHING;
    set_answers(FER_SIM_ANSWER_AS_IS, 0);
}

static bool is_timed(const struct scenario *s, enum mode mode)
{
    bool waits = (s->flags & (WAITS | TRANSFERS | GRAMS)) != 0;
    return (s->flags & LIMITED) != 0 ||
           (waits && (mode == TIMEOUTS || mode == LIMITS || mode == NONBLOCKING));
}

/* A jump passes any limit. A timeout is that of each wait, of which a call has two if the event
 * ends one. */
static void check_time(const struct scenario *s, enum mode mode, fer_duration took)
{
    uint64_t millis = took.nanos / 1000000;
    bool jumps = now.chance > 0 || now.fault == FER_SIM_FAULT_TIME_JUMP;
    bool is_slow = now.fault == FER_SIM_FAULT_RESOLVE_SLOW;
    uint64_t limit = (mode == TIMEOUTS ? 2 * LIMIT_MILLIS : LIMIT_MILLIS) + SLACK_MILLIS;
    limit = is_timed(s, mode) ? limit : UNLIMITED_MILLIS;
    if (!jumps && !is_slow && millis > limit) {
        report("took %d ms", (int)millis);
    }
}

/* The simulation has no interfaces with names. */
static bool is_lacking(const struct scenario *s, fer_error error)
{
    return (error.kind == FER_UNSUPPORTED && now.system != &systems[0]) ||
           (error.kind == FER_NOT_FOUND && strcmp(s->name, "fer_socket_bind_device") == 0);
}

/* Without a fault every call succeeds, or the system lacks it. */
static void check_success(const struct scenario *s, fer_error error)
{
    bool is_pending = (s->flags & STARTS) != 0 && error.kind == FER_WOULD_BLOCK;
    if (error.kind != FER_OK && !is_pending && !is_lacking(s, error)) {
        report("%s/%d without a fault", fer_error_kind_name(error.kind), (int)error.os_code);
    }
}

/* Whether bytes or datagrams may be lost, or a peek may be cut. */
static bool changes_counts(const struct scenario *s)
{
    return now.fault == FER_SIM_FAULT_RESET || now.fault == FER_SIM_FAULT_DATAGRAM_LOST ||
           now.fault == FER_SIM_FAULT_DATAGRAM_DOUBLED ||
           now.fault == FER_SIM_FAULT_DATAGRAM_LATE ||
           (now.fault == FER_SIM_FAULT_PARTIAL_READ && (s->flags & PEEK) != 0);
}

/* The checks that need an undisturbed peer. */
static void check_result(struct world *w, const struct scenario *s, fer_error error)
{
    if (now.fault < 0) {
        check_success(s, error);
    }
    if (!changes_counts(s)) {
        check_counts(w, error);
    }
    bool is_queue_empty = now.fault == FER_SIM_FAULT_ACCEPT_ABORTED && now.nth == 0;
    if (!is_lacking(s, error) && !is_queue_empty) {
        check_repetition(w, error, now.fault == FER_SIM_FAULT_RESET, false);
    }
}

static void run_call(struct world *w, size_t row, enum mode mode)
{
    bool is_disturbed =
        now.is_held || now.millis != 0 || now.seed != 0 || now.answer != FER_SIM_ANSWER_AS_IS;
    const struct scenario *s = &scenarios[row];
    fer_raw_socket before[HANDLES];
    int open = world_begin_call(w, s->setup, mode, before);
    arm(w);
    fer_duration start = fer_sim_now();
    fer_error error = call_row(row, w);
    fer_duration took = {fer_sim_now().nanos - start.nanos};
    check_time(s, mode, took);
    disarm();
    count_kind(error);
    check_outputs(w, error);
    check_handles(before, open, error);
    if (!is_disturbed) {
        check_result(w, s, error);
    } else if ((s->flags & (TRANSFERS | GRAMS | WAITS | STARTED)) != 0) {
        count_kind(call_row(row, w)); /* what the next call reports */
    }
}

static void start_simulation(void)
{
    static const fer_sim_name name = {.host = "name.test", .addrs = &stage.tcp_addr, .count = 1};
    fer_sim_config config = now.system->config;
    config.seed = now.seed;
    config.loopback_latency = fer_duration_from_micros(now.is_held ? 50 : 0);
    config.send_buffer = config.receive_buffer = 2048;
    config.max_sockets = 48;
    config.names = &name;
    config.name_count = 1;
    stage.tcp_addr = fer_socket_addr_v4_new(loopback_v4, 1);
    REQUIRE_OK(fer_sim_start(&config));
    stage_open();
}

/* False: the system lacks what the setup needs. */
static bool run(size_t row, enum mode mode, struct plan plan)
{
    struct world *w = &world;
    const struct scenario *s = &scenarios[row];
    fer_sim_report left;
    now = plan;
    scenario_now = s;
    run_begin(row, mode);
    start_simulation();
    long blocks = allocated_blocks(); /* with that of the simulation, which the next one has too */
    world_begin(w, LIMIT_MILLIS);
    bool is_possible = world_open(w, s->setup, s->flags | (plan.is_held ? HELD : 0));
    if (is_possible) {
        if (plan.is_held && (s->flags & OUT) != 0) {
            fill(world_socket());
        }
        run_call(w, row, mode);
    }
    now = plan;
    world_end(w);
    stage_close();
    REQUIRE_OK(fer_sim_stop(&left));
    size_t others =
        left.leaked_lookups + left.leaked_waits + left.leaked_pollers + left.leaked_tokens;
    if (left.leaked_handles + others != 0 || allocated_blocks() != blocks) {
        report("leaks %d handles, %d others, %ld blocks", (int)left.leaked_handles, (int)others,
               allocated_blocks() - blocks);
    }
    return is_possible;
}

static void run_if_in_share(size_t row, enum mode mode, struct plan plan)
{
    if (is_in_my_share()) {
        run(row, mode, plan);
    }
}

static void run_faults(size_t row, enum mode mode, struct plan plan)
{
    for (plan.fault = 0; plan.fault < FER_SIM_FAULT_COUNT; plan.fault++) {
        for (plan.nth = 0; plan.nth <= 3; plan.nth++) {
            run_if_in_share(row, mode, plan);
        }
    }
}

static const uint64_t times[] = {0, LIMIT_MILLIS / 2, LIMIT_MILLIS, 2 * LIMIT_MILLIS};

static void run_events(size_t row, enum mode mode, struct plan plan)
{
    plan.is_held = true;
    for (int event = NOTHING; event < EVENT_COUNT; event++) {
        plan.event = (enum event)event;
        for (size_t i = 0; i < 4; i++) {
            plan.millis = times[i];
            run_if_in_share(row, mode, plan);
        }
    }
}

static void run_answers(size_t row, enum mode mode, struct plan plan)
{
    for (plan.answer = FER_SIM_ANSWER_AS_IS; plan.answer <= FER_SIM_ANSWER_NO_ROUTE;
         plan.answer++) {
        for (size_t i = 0; i < 4; i++) {
            plan.millis = times[i];
            run_if_in_share(row, mode, plan);
        }
    }
}

/* Rare and frequent faults, with an event and an answer. */
static void run_seeds(size_t row, enum mode mode, struct plan plan)
{
    static const uint32_t chances[] = {20000, 200000, 700000};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        plan.seed = seed;
        plan.chance = chances[seed % 3];
        plan.event = (enum event)(seed * 7 % EVENT_COUNT);
        plan.millis = times[seed % 4];
        plan.is_held = seed % 2 != 0;
        run_if_in_share(row, mode, plan);
    }
}

void sweep_row(size_t row, enum mode mode)
{
    for (size_t i = 0; i < SYSTEMS; i++) {
        struct plan plan = {.system = &systems[i], .fault = -1};
        if (!run(row, mode, plan)) {
            continue;
        }
        run_faults(row, mode, plan);
        run_events(row, mode, plan);
        run_answers(row, mode, plan);
        run_seeds(row, mode, plan);
    }
}
