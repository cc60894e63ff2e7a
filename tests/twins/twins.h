/* twins.h: what the files of the twins share. A sequence of steps runs over a network of three
 * namespaces. Each call of a step is made twice, by plain system calls and by ferrule. */
#ifndef TWINS_TWINS_H
#define TWINS_TWINS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <ferrule.h>

/* The namespaces: the twins are here, a router is between here and the peers. */
enum { HERE, ROUTER, PEER, PLACES };

/* The families of a network. MAPPED is IPv4 by IPv6 sockets. */
enum { V4 = 1, V6 = 2, MAPPED = 4, ALL = 7 };

/* The kinds of a sequence. */
enum { STREAM = 1, DATAGRAM = 2, RELAY = 4, ANY = 7 };

/* The twins, as an index. */
enum { PLAIN, MINE, TWINS };

/* The addresses that the twins use, as an index of TARGETS. */
enum { T_PEER, T_SECOND, T_BALANCED, T_DEAD, T_LOOPBACK, T_ROUTER, T_BPF, T_COUNT };

/* The peer to which the cgroup translates T_BPF. */
#define BPF_PEER "10.2.0.9"

enum { MAX_STEPS = 16, ECHO_PORT = 7, DEAD_PORT = 9 };

/* How long a call of ferrule may take beyond its limit, and how long ferrule has to reach what the
 * plain twin has reached, on a loaded machine. */
enum { SLACK_MS = 1000, PATIENCE_MS = 4000 };

struct world;
struct row;

typedef void run_function(struct world *world, const struct row *row, unsigned arg);

/* An event or a call. chance is its weight in a draw. Texts are commands of ip(8) or nft(8), or a
 * file below /proc/sys and its value: for IPv4 and IPv6. An event with is_repeated is repeated
 * during a call that waits. */
struct row {
    const char *name;
    unsigned chance;
    unsigned kinds;
    unsigned families;
    run_function *run;
    int place;
    int tool;
    const char *text[2];
    bool is_repeated;
};

/* A row of a call. */
#define CALL_ROW(kind, families, name, chance, run)                  \
    {                                                                \
        name, chance, kind, families, run, 0, 0, {NULL, NULL}, false \
    }

struct step {
    const struct row *row;
    uint16_t arg;
    bool is_meanwhile; /* an event that occurs during the call before it, if that waits */
};

struct plan {
    unsigned family;
    unsigned kind;
    uint64_t seed;
    size_t count;
    struct step steps[MAX_STEPS];
};

/* A packet that was sent from here, as the router saw it. */
struct packet {
    uint32_t len;
    uint8_t bytes[2048];
};

enum { PACKETS = 8 };

struct world {
    const struct plan *plan;
    unsigned family;
    int v6; /* the index of a row's text */
    int place[PLACES];
    int tap;       /* sees the packets of the router */
    int forger[2]; /* raw ICMP sockets of the router, by v6 */
    struct packet packets[PACKETS];
    size_t packets_count;
    bool is_disturbed; /* an event has occurred */
    const struct step *later;
    bool later_ran;
    pthread_t helper;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended;
    double began, cpu_began;
    size_t now; /* the number of the step */
    char difference[512];
    struct stream_twins *stream;
    struct datagram_twins *datagram;
    struct relay_twins *relay;
};

/* ---- network.c */

enum { TOOL_IP, TOOL_NFT, TOOL_SYSCTL, TOOL_CONNTRACK };

/* Returns NULL, or the reason why this machine cannot have the network. */
const char *network_missing(void);
void network_open(struct world *world);
void network_close(struct world *world);
void network_heal(struct world *world);
/* Waits until datagrams go to the peer and back. */
void network_wait(struct world *world);
void network_enter(const struct world *world, int place);
void network_run(struct world *world, int place, int tool, const char *text);
/* Makes a socket in a namespace. */
int network_socket(const struct world *world, int place, int domain, int type, int protocol);
/* Reads the packets that the router has seen. */
void network_look(struct world *world);
/* Stores the address of a target in the form of the family of the sequence. */
socklen_t target_address(const struct world *world, unsigned target, struct sockaddr_storage *out);
fer_socket_addr target_for_mine(const struct world *world, unsigned target);
socklen_t address_of(const char *text, unsigned port, bool is_mapped, struct sockaddr_storage *out);
const char *target_name(unsigned target);

/* ---- balancer.c: programs of the cgroup (BPF), if this machine permits them */
bool balancer_start(void);
void balancer_stop(void);
extern bool balancer_translates, balancer_is_quick;

/* ---- events.c, stream.c, datagram.c, relay.c: the tables of rows */
extern const struct row EVENT_ROWS[], STREAM_ROWS[], DATAGRAM_ROWS[], RELAY_ROWS[];
void forge_run(struct world *world, const struct row *row, unsigned arg);

void stream_open(struct world *world);
void stream_settle(struct world *world); /* after each step */
void stream_finish(struct world *world); /* heals the network, and compares a last time */
void stream_close(struct world *world);
void datagram_open(struct world *world);
void datagram_settle(struct world *world);
void datagram_finish(struct world *world);
void datagram_close(struct world *world);
void relay_open(struct world *world);
void relay_settle(struct world *world);
void relay_finish(struct world *world);
void relay_close(struct world *world);

/* ---- compare.c */

/* The result of one call of a twin. */
enum outcome_class { DONE, WAITS, ENDED, FAILED };

struct outcome {
    enum outcome_class class;
    size_t n;
    int code;        /* the errno of the plain twin */
    fer_error error; /* the error of ferrule */
};

double now_ms(void);
void pause_ms(int ms);
/* Reports the first difference of the sequence. */
void differ(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool differs(const struct world *world);
struct outcome plain_outcome(ssize_t result);
struct outcome mine_outcome(fer_error error, size_t n);
/* Returns true if ferrule may report the errno of the plain twin as kind. */
bool is_kind_of(int code, fer_error_kind kind);
/* Returns true if the kind means that a network does not deliver. */
bool is_of_network(fer_error_kind kind);
const char *text_of(fer_error error);
/* Between them is a call of ferrule that may wait, and the event that occurs meanwhile. The second
 * compares the time and the processor time with the limit, -1 if the call has none. */
void call_begins(struct world *world);
void call_ends(struct world *world, const char *call, int limit_ms);
/* Waits on a socket by every kind of poller, by fer_poll and by _ready, and reports a wait that
 * turns in a circle. try reports whether a call of the interest would block. */
typedef bool blocks_function(struct world *world, fer_interest interest);
void compare_waits(struct world *world, fer_raw_socket mine, int plain, unsigned arg,
                   blocks_function *blocks);
int tcp_state(fer_raw_socket socket);

#endif
