/* simulation_peers.c: calls of ferrule/sim.h: peers, scripts, answers, faults and files. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/simulation_program.h"

/* Mostly a peer of the program, sometimes a number that is none. */
static fer_sim_peer choose_peer(struct simulation_program *p)
{
    size_t nth = choose_below(&p->from, SIMULATION_PEERS + 2);
    if (nth < SIMULATION_PEERS) {
        return p->peers[nth];
    }
    return nth == SIMULATION_PEERS ? fer_tcp_stream_as_raw(&p->streams[0])
                                   : (fer_sim_peer)choose_byte(&p->from);
}

/* A place for a new peer; the old one, if any, stays open. */
static fer_sim_peer *choose_place(struct simulation_program *p)
{
    return &p->peers[choose_below(&p->from, SIMULATION_PEERS)];
}

static void make(struct simulation_program *p)
{
    fer_sim_peer made = FER_SIM_PEER_NONE;
    fer_socket_addr addr = simulation_address(p);
    fer_error error = {FER_OK, 0};
    switch (choose_below(&p->from, 4)) {
    case 0: error = fer_sim_peer_listen(&addr, 1 + (int)choose_below(&p->from, 4), &made); break;
    case 1: error = fer_sim_peer_accept(choose_peer(p), &made); break;
    case 2: error = fer_sim_peer_connect(NULL, &addr, &made); break;
    default: error = fer_sim_peer_bind(&addr, &made); break;
    }
    FUZZ_CHECK((error.kind == FER_OK) == (made != FER_SIM_PEER_NONE));
    if (made != FER_SIM_PEER_NONE) {
        *choose_place(p) = made;
    }
}

static void move(struct simulation_program *p)
{
    size_t n = 0;
    size_t len = simulation_length(p);
    fer_sim_peer peer = choose_peer(p);
    fer_udp_received got;
    fer_socket_addr addr;
    switch (choose_below(&p->from, 4)) {
    case 0: FER_IGNORE(fer_sim_peer_send(peer, p->buf, len, &n)); break;
    case 1: FER_IGNORE(fer_sim_peer_recv(peer, p->buf, len, &n)); break;
    case 2:
        addr = simulation_address(p);
        FER_IGNORE(fer_sim_peer_send_to(peer, p->buf, len, &addr));
        break;
    default: FER_IGNORE(fer_sim_peer_recv_from(peer, p->buf, len, &got)); break;
    }
    FUZZ_CHECK(n <= len);
}

static void end(struct simulation_program *p)
{
    fer_sim_peer peer = choose_peer(p);
    switch (choose_below(&p->from, 3)) {
    case 0: FER_IGNORE(fer_sim_peer_shutdown(peer)); break;
    case 1: fer_sim_peer_close(peer); break;
    default: fer_sim_peer_reset(peer); break;
    }
}

static void query(struct simulation_program *p)
{
    fer_sim_peer peer = choose_peer(p);
    fer_socket_addr addr;
    uint32_t tos;
    FER_IGNORE(fer_sim_peer_local_addr(peer, &addr));
    FER_IGNORE(fer_sim_peer_remote_addr(peer, &addr));
    FER_IGNORE(fer_sim_peer_tos(peer, &tos));
}

/* Two peers that send each other back what they receive never end: only a listener's may. */
static bool may_play(fer_sim_peer peer, const fer_sim_step *script, size_t count)
{
    fer_socket_addr addr;
    bool echoes = false;
    for (size_t i = 0; i < count; i++) {
        echoes = echoes || script[i].action == FER_SIM_ACTION_ECHO;
    }
    return !echoes || fer_sim_peer_remote_addr(peer, &addr).kind != FER_OK;
}

static void play(struct simulation_program *p)
{
    fer_sim_step *script = p->scripts[p->script_count % SIMULATION_SCRIPTS];
    size_t count = choose_below(&p->from, SIMULATION_SCRIPT_STEPS + 1);
    if (p->script_count < SIMULATION_SCRIPTS) {
        for (size_t i = 0; i < count; i++) {
            script[i] = (fer_sim_step){
                .action = (fer_sim_action)choose_below(&p->from, FER_SIM_ACTION_RESET + 1),
                .delay = simulation_duration(p),
                .bytes = p->buf,
                .len = simulation_length(p)};
        }
    }
    p->script_count++;
    fer_sim_peer peer = choose_peer(p);
    if (!may_play(peer, script, count)) {
        return;
    }
    for (size_t left = simulation_times(p); left > 0; left--) {
        FER_IGNORE(fer_sim_peer_play(peer, script, count));
        FER_IGNORE(fer_sim_advance((fer_duration){1}));
    }
}

static void fault(struct simulation_program *p)
{
    fer_sim_fault fault = (fer_sim_fault)choose_below(&p->from, FER_SIM_FAULT_COUNT + 1);
    if (choose_bool(&p->from)) {
        FER_IGNORE(fer_sim_fault_at(fault, choose_below(&p->from, 4)));
    } else {
        FER_IGNORE(fer_sim_set_fault_chance(fault, 10000u * choose_byte(&p->from)));
    }
}

static void answer(struct simulation_program *p)
{
    fer_socket_addr addr = simulation_address(p);
    fer_sim_answer chosen = (fer_sim_answer)choose_below(&p->from, FER_SIM_ANSWER_NO_ROUTE + 1);
    FER_IGNORE(fer_sim_set_answer(&addr, chosen, simulation_duration(p)));
}

/* What happens between the hosts. */
static void change_path(struct simulation_program *p)
{
    fer_socket_addr addr = simulation_address(p);
    const fer_ip_addr *host = choose_bool(&p->from) ? &addr.ip : NULL;
    switch (choose_below(&p->from, 6)) {
    case 0:
    case 1:
        FER_IGNORE(fer_sim_set_path(
            host, (fer_sim_path)choose_below(&p->from, FER_SIM_PATH_ROUTE_BLACKHOLE + 2)));
        break;
    case 2: FER_IGNORE(fer_sim_set_path(host, FER_SIM_PATH_OPEN)); break;
    case 3: FER_IGNORE(fer_sim_set_address(addr.ip)); break;
    case 4: FER_IGNORE(fer_sim_forget(host, choose_bool(&p->from))); break;
    default: FER_IGNORE(fer_sim_peer_set_source(choose_peer(p), host == NULL ? NULL : &addr));
    }
}

static void file(struct simulation_program *p)
{
    fer_raw_file *place = &p->files[choose_below(&p->from, SIMULATION_FILES)];
    if (choose_bool(&p->from)) {
        fer_sim_file_close(*place);
        *place = 0;
        FER_IGNORE(fer_sim_file_new(p->buf, sizeof p->buf, place));
    } else {
        FER_IGNORE(fer_sim_file_set_len(*place, simulation_length(p)));
    }
}

void simulation_peer_step(struct simulation_program *p)
{
    switch (choose_below(&p->from, 16)) {
    case 0:
    case 1:
    case 2:
    case 3: make(p); break;
    case 4:
    case 5:
    case 6:
    case 7: move(p); break;
    case 8:
    case 9: end(p); break;
    case 10: play(p); break;
    case 11:
        FER_IGNORE(fer_sim_peer_set_handler(choose_peer(p),
                                            choose_bool(&p->from) ? simulation_handler : NULL, p));
        break;
    case 12: choose_below(&p->from, 8) < 6 ? answer(p) : change_path(p); break;
    case 13: fault(p); break;
    case 14: file(p); break;
    default: query(p); break;
    }
}
