/* fuzz_udp.c: one program of datagrams in both dialects, each against a model of who may have which datagram, and both against each other:
 * equal but for the rows of "Not reconciled" that are known here by their predicates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/udp_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = UDP_STEPS + 8 };

static struct run {
    struct udp_program program;
    struct udp_record records[RECORDS];
    size_t count;
} runs[2];

/* What of a socket the predicates must know. */
static bool sent_to_another[UDP_SOCKETS];
static bool has_muted[2]; /* somebody's loop is off: IPv4's, IPv6's */

static bool is_send(const struct udp_record *record)
{
    return record->op == UDP_SEND || record->op == UDP_SEND_TO || record->op == UDP_PEER_SEND;
}

/* Where POSIX means the loopback and Windows nobody. */
static bool wildcard_destination(const struct udp_record *posix, const struct udp_record *winsock)
{
    (void)winsock;
    return (posix->op == UDP_CONNECT || posix->op == UDP_SEND_TO) && fer_ip_addr_is_unspecified(&posix->addr.ip);
}

/* Windows tells a connected socket of what it sent to others, too. */
static bool refusal_of_another(const struct udp_record *posix, const struct udp_record *winsock)
{
    fer_error_kind told = winsock->op == UDP_TAKE_ERROR ? (fer_error_kind)winsock->value : winsock->error.kind;
    fer_error_kind other = posix->op == UDP_TAKE_ERROR ? (fer_error_kind)posix->value : posix->error.kind;
    return posix->socket >= 0 && posix->socket < UDP_SOCKETS && sent_to_another[posix->socket] && told != other &&
           (told == FER_CONNECTION_REFUSED || told == FER_HOST_UNREACHABLE);
}

/* The sender's word on POSIX, the receiver's on Windows: from here on queues differ. */
static bool multicast_loop(const struct udp_record *posix, const struct udp_record *winsock)
{
    (void)winsock;
    return is_send(posix) && posix->error.kind == FER_OK && fer_ip_addr_is_multicast(&posix->addr.ip) &&
           has_muted[posix->addr.ip.family == FER_IP_V6];
}

static struct row {
    const char *tag;
    bool (*is_hit)(const struct udp_record *posix, const struct udp_record *winsock);
    unsigned long long hits;
} rows[] = {
    {"wildcard_destination", wildcard_destination, 0},
    {"refusal_of_another", refusal_of_another, 0},
    {"multicast_loop", multicast_loop, 0},
};

static void print_hits(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fprintf(stderr, "not reconciled: %-22s %llu\n", rows[i].tag, rows[i].hits);
    }
}

static void note(const struct udp_record *record)
{
    if (record->socket >= 0 && record->socket < UDP_SOCKETS && record->op == UDP_SEND_TO && record->error.kind == FER_OK) {
        sent_to_another[record->socket] = true;
    }
    if (record->op == UDP_LOOP && record->value == 0) {
        has_muted[record->asked == 0] = true;
    }
}

static bool is_equal(const struct udp_record *one, const struct udp_record *other)
{
    return one->error.kind == other->error.kind && one->n == other->n && one->truncated == other->truncated && one->value == other->value &&
           one->serial == other->serial && one->has_addr == other->has_addr && (!one->has_addr || fer_socket_addr_eq(&one->addr, &other->addr));
}

static void fail_at(size_t at)
{
    fprintf(stderr, "udp: the dialects differ\n");
    for (size_t i = 0; i <= at; i++) {
        udp_print_record("posix", &runs[0].records[i]);
        udp_print_record("winsock", &runs[1].records[i]);
    }
    abort();
}

/* Up to the first difference that is forgiven: what follows from it cannot be compared. */
static void compare(void)
{
    memset(sent_to_another, 0, sizeof sent_to_another);
    memset(has_muted, 0, sizeof has_muted);
    for (size_t i = 0; i < runs[0].count; i++) {
        const struct udp_record *posix = &runs[0].records[i];
        const struct udp_record *winsock = &runs[1].records[i];
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            if (rows[r].is_hit(posix, winsock)) {
                rows[r].hits++;
                return;
            }
        }
        if (!is_equal(posix, winsock)) {
            fail_at(i);
        }
        note(posix);
    }
}

static void observe(void *context, const struct udp_record *record)
{
    struct run *run = context;
    run->records[run->count++] = *record;
    if (getenv("FERRULE_FUZZ_TRACE") != NULL) {
        udp_print_record(run == runs ? "posix" : "winsock", record);
    }
    udp_model_check(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool told;
    if (!told && getenv("FERRULE_FUZZ_HITS") != NULL) {
        (void)atexit(print_hits);
    }
    told = true;
    for (int dialect = FER_SIM_POSIX; dialect <= FER_SIM_WINSOCK; dialect++) {
        struct run *run = &runs[dialect];
        memset(run, 0, sizeof *run);
        run->program.context = run;
        run->program.observe = observe;
        udp_model_begin((fer_sim_dialect)dialect);
        udp_program_run(&run->program, (fer_sim_dialect)dialect, data, size);
        udp_model_end(&run->program.report);
    }
    compare();
    return 0;
}
