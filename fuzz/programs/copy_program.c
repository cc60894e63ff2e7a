/* copy_program.c: the peers of a copy: one sends whenever it can, and then its end; the other
 * checks each byte that arrives. */
#include "fuzz/programs/copy_program.h"

#include "fuzz/driver/fuzz.h"
#include "fuzz/driver/windows.h"

enum { PART = 30000 };

uint8_t copy_contents[COPY_TOTAL_MAX];

/* The last byte of an urgent part is urgent, unless an earlier one is still on its way. */
static size_t send_part(fer_sim_peer peer, const struct copy_flow *flow, size_t len)
{
    const uint8_t *part = copy_contents + flow->sent;
    size_t n = 0;
    if (flow->has_urgent && flow->is_inline) {
        FER_IGNORE(fer_sim_peer_send_urgent(peer, part, len, &n));
    }
    if (n == 0) {
        FER_IGNORE(fer_sim_peer_send(peer, part, len, &n));
    }
    if (n > 0 && flow->has_urgent && !flow->is_inline) {
        FER_IGNORE(fer_sim_peer_send_urgent(peer, "!", 1, NULL));
    }
    return n;
}

static void send_more(fer_sim_peer peer, struct copy_flow *flow)
{
    size_t n = 1;
    while (flow->sent < flow->total && n > 0) {
        size_t left = flow->total - flow->sent;
        n = send_part(peer, flow, left < PART ? left : PART);
        flow->sent += n;
    }
    if (flow->sent == flow->total) {
        FER_IGNORE(fer_sim_peer_shutdown(peer));
    }
}

static void receive_more(fer_sim_peer peer, struct copy_flow *flow, bool may_end_early)
{
    uint8_t part[PART];
    size_t n = 1;
    while (n > 0 && fer_sim_peer_recv(peer, part, sizeof part, &n).kind == FER_OK) {
        FUZZ_CHECK(n <= flow->total - flow->received);
        FUZZ_CHECK(memcmp(part, copy_contents + flow->received, n) == 0);
        flow->received += n;
        flow->has_ended = n == 0;
        FUZZ_CHECK(!flow->has_ended || flow->received == flow->total || may_end_early);
    }
}

static void act_as_source(fer_sim_peer peer, fer_sim_event event, void *context)
{
    struct copy_run *run = context;
    (void)event;
    send_more(peer, &run->there);
    receive_more(peer, &run->back, run->is_closing);
}

static void act_as_sink(fer_sim_peer peer, fer_sim_event event, void *context)
{
    struct copy_run *run = context;
    (void)event;
    receive_more(peer, &run->there, run->is_closing);
    send_more(peer, &run->back);
}

static void reset(void *context)
{
    struct copy_run *run = context;
    fer_sim_peer_reset(run->plan.kind == COPY_ONE_WAY ? run->far_source : run->far_sink);
}

static fer_tcp_stream connected(const char *text, fer_sim_peer *peer)
{
    fer_tcp_stream stream = {0};
    fer_sim_peer listener;
    fer_socket_addr addr;
    FER_IGNORE(fer_socket_addr_parse(&addr, text));
    FUZZ_CHECK(fer_sim_peer_listen(&addr, 8, &listener).kind == FER_OK);
    FUZZ_CHECK(fer_tcp_stream_connect(&stream, text).kind == FER_OK);
    FUZZ_CHECK(fer_sim_peer_accept(listener, peer).kind == FER_OK);
    fer_sim_peer_close(listener);
    return stream;
}

static void fill_contents(void)
{
    for (size_t i = 0; i < COPY_TOTAL_MAX; i++) {
        copy_contents[i] = (uint8_t)(i % 251 ^ i / 251);
    }
}

static void set_modes(struct copy_run *run)
{
    fer_tcp_stream *setter = run->plan.has_clones ? &run->clone : &run->sink;
    if (run->plan.has_clones) {
        FUZZ_CHECK(fer_tcp_stream_try_clone(&run->sink, &run->clone).kind == FER_OK);
    }
    FER_IGNORE(fer_tcp_stream_set_nonblocking(&run->source, run->plan.nonblocking));
    FER_IGNORE(fer_tcp_stream_set_nonblocking(setter, run->plan.nonblocking));
}

void copy_program_begin(struct copy_run *run, const struct copy_plan *plan, bool has_pipes)
{
    fer_sim_config calm = plan->config;
    memset(calm.fault_chances, 0, sizeof calm.fault_chances);
    *run = (struct copy_run){.plan = *plan,
                             .there = {.total = plan->total,
                                       .has_urgent = plan->has_urgent,
                                       .is_inline = plan->is_inline},
                             .back = {.total = plan->back}};
    if (copy_contents[1] == 0) {
        fill_contents();
    }
    if (!has_pipes) {
        run->plan.config.fault_chances[FER_SIM_FAULT_NO_PIPE] = 1000000;
        run->plan.config.fault_chances[FER_SIM_FAULT_SPLICE_REFUSED] = 1000000;
    }
    FUZZ_CHECK(fer_sim_start(&calm).kind == FER_OK);
    run->source = connected("127.0.0.1:80", &run->far_source);
    run->sink = connected("127.0.0.1:81", &run->far_sink);
    set_modes(run);
    FUZZ_CHECK(
        fer_sim_set_urgent_inline(fer_tcp_stream_as_raw(&run->source), plan->is_inline).kind ==
        FER_OK);
    for (int i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        FER_IGNORE(fer_sim_set_fault_chance((fer_sim_fault)i, run->plan.config.fault_chances[i]));
    }
    FER_IGNORE(fer_sim_peer_set_handler(run->far_sink, act_as_sink, run));
    send_more(run->far_sink, &run->back);
    if (plan->resets) {
        FER_IGNORE(fer_sim_after(fer_duration_from_millis(plan->reset_at), reset, run));
    }
    FER_IGNORE(fer_sim_peer_set_handler(run->far_source, act_as_source, run));
    send_more(run->far_source, &run->there);
}

void copy_program_end(struct copy_run *run)
{
    FER_IGNORE(fer_sim_advance(fer_duration_from_secs(9)));
    run->is_closing = true;
    fer_tcp_stream_close(&run->source);
    fer_tcp_stream_close(&run->sink);
    fer_tcp_stream_close(&run->clone);
    (void)fuzz_stop();
}
