/* batch_setup.c: the beginning of a program of batches: the ends, their addresses and modes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/batch_program.h"

enum { TIMEOUT_MS = 8 /* a whole number of Linux' ticks */ };

fer_socket_addr batch_address(const char *text, uint16_t port)
{
    fer_socket_addr addr;
    memset(&addr, 0, sizeof addr);
    FUZZ_CHECK(fer_ip_addr_parse(&addr.ip, text).kind == FER_OK);
    addr.port = port;
    return addr;
}

static void set_addresses(struct batch_model *model)
{
    static const char *const texts[2][4] = {{"127.0.0.1", "10.0.0.1", "127.0.0.1", "10.0.0.7"},
                                            {"::1", "fd00::1", "::1", "fd00::7"}};
    const char *const *own = texts[model->is_v6];
    for (int i = 0; i < BATCH_ADDRESSES; i++) {
        model->addresses[i] = batch_address(own[i], 0).ip;
    }
    model->local[BATCH_CLIENT] = batch_address(own[0], 2000);
    model->local[BATCH_SERVER] = batch_address(own[0], 2001);
    model->local[BATCH_NEAR] = batch_address(own[0], 1002);
    model->local[BATCH_FAR] = batch_address(own[3], 1000);
}

static void open_socket(struct batch_program *program, int end, const fer_socket_addr *at)
{
    fer_socket socket;
    fer_udp_socket *udp = &program->sockets[end];
    bool is_v6 = at->ip.family == FER_IP_V6;
    memset(&socket, 0, sizeof socket);
    FUZZ_CHECK(fer_socket_new(&socket, is_v6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4, FER_TYPE_DGRAM,
                              FER_PROTOCOL_DEFAULT)
                   .kind == FER_OK);
    if (is_v6) {
        FUZZ_CHECK(fer_socket_set_only_v6(&socket, !program->model.is_dual).kind == FER_OK);
    }
    FUZZ_CHECK(fer_socket_set_tos(&socket, program->model.tos[end]).kind == FER_OK);
    FUZZ_CHECK(fer_socket_bind(&socket, at).kind == FER_OK);
    FUZZ_CHECK(fer_socket_into_udp_socket(&socket, udp).kind == FER_OK);
    FUZZ_CHECK(fer_udp_socket_set_nonblocking(udp, !program->waits).kind == FER_OK);
    FUZZ_CHECK(fer_udp_socket_set_read_timeout(udp, fer_duration_from_millis(TIMEOUT_MS)).kind ==
               FER_OK);
}

/* An address that the client can be connected to: the server at two addresses, the near peer, and a
 * port that refuses. */
static fer_socket_addr remote_of(const struct batch_model *model, unsigned which)
{
    fer_socket_addr remote = model->local[which % 4 == 2 ? BATCH_NEAR : BATCH_SERVER];
    remote.ip = which % 4 == 1 ? model->addresses[2] : remote.ip;
    remote.port = which % 4 == 3 ? 9 : remote.port;
    return remote;
}

/* The near peer sends to the client before it is connected. A receive drops these datagrams, unless
 * the client is connected to that peer (rule B10). */
static void send_before_connect(struct batch_program *program, unsigned count)
{
    struct batch_model *model = &program->model;
    uint8_t buf[8];
    for (unsigned i = 0; i < count; i++) {
        fer_datagram_send message = {
            .buf = buf, .len = 3 + i, .sent = 3 + i, .to = &model->local[BATCH_CLIENT]};
        int serial = model->count;
        for (size_t at = 0; at < message.len; at++) {
            buf[at] = batch_byte(serial, at);
        }
        batch_model_add(model, BATCH_NEAR, &message, message.len);
        batch_model_sent(model, &message, serial, 0, true);
        FUZZ_CHECK(fer_sim_peer_send_to(program->peers[0], buf, message.len, message.to).kind ==
                   FER_OK);
    }
    FUZZ_CHECK(fer_sim_advance(fer_duration_from_millis(count * 10)).kind == FER_OK);
}

static void open_ends(struct batch_program *program, unsigned connects_to, unsigned sent_before)
{
    struct batch_model *model = &program->model;
    fer_socket_addr any = batch_address(model->is_v6 || model->is_dual ? "::" : "0.0.0.0", 2001);
    set_addresses(model);
    for (int i = 0; i < 2; i++) {
        FUZZ_CHECK(fer_sim_peer_bind(&model->local[BATCH_NEAR + i], &program->peers[i]).kind ==
                   FER_OK);
    }
    open_socket(program, BATCH_CLIENT, &model->local[BATCH_CLIENT]);
    open_socket(program, BATCH_SERVER, &any);
    if (connects_to < 4) {
        model->remote = remote_of(model, connects_to);
        model->is_connected = true;
        send_before_connect(program, sent_before);
        FUZZ_CHECK(
            fer_udp_socket_connect_addr(&program->sockets[BATCH_CLIENT], &model->remote).kind ==
            FER_OK);
    }
}

static void print_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "  %s\n", line);
}

/* Four bytes: the family and the modes, the client's peer, the octets, the features that the system
 * lacks. */
void batch_start(struct batch_program *program, fer_sim_dialect dialect, choices *from)
{
    static const uint8_t no_tape[1];
    struct batch_model *model = &program->model;
    uint8_t modes = choose_byte(from);
    uint8_t connects_to = choose_byte(from);
    unsigned tos = choose_byte(from);
    model->lacks = choose_byte(from);
    model->dialect = dialect;
    model->bsd = dialect == FER_SIM_DIALECT_BSD ? (fer_sim_bsd)(modes >> 2 & 3) : FER_SIM_BSD_MACOS;
    bool has_dual_stack = (modes >> 2 & 3) != FER_SIM_BSD_OPENBSD;
    model->is_v6 = (modes & 3) == 1;
    model->is_dual = (modes & 3) == 2 && has_dual_stack;
    program->waits = (modes >> 4 & 1) != 0;
    program->has_paths = (modes >> 6 & 1) != 0;
    model->tos[BATCH_CLIENT] = tos & 0xfcu;
    model->tos[BATCH_SERVER] = (tos << 2 & 0xfcu) | (tos & 3u);
    /* The seed decides what is coalesced. */
    fer_sim_config config = {.dialect = dialect,
                             .bsd = model->bsd,
                             .seed = tos,
                             .max_sockets = 16,
                             .lacks_udp_features = model->lacks};
    config.tape = (modes >> 5 & 1) != 0 ? no_tape : NULL;
    config.trace = getenv("FERRULE_FUZZ_TRACE") != NULL ? print_line : NULL;
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    open_ends(program, connects_to % 8, connects_to >> 3 & 3);
}
