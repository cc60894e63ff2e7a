/* fidelity.h: one program of seeded random calls of ferrule, built twice: over this host's sockets
 * and over the simulated network. Both print the result of each call, and compare.awk compares the
 * lines. The program tracks its handles and the data in flight between them. So it avoids calls
 * that would wait without end, and waits until all sent data has arrived. */
#ifndef FIDELITY_H
#define FIDELITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"

enum {
    STREAMS = 10,
    LISTENERS = 3,
    SOCKETS = 160,
    QUEUE_MAX = 60,
    STEPS = 60,
    BUFFER = 4096,
    UNREAD_MAX = 12000
};
enum { NONE = -1 };

/* The systems whose rules the tracker follows. */
enum fidelity_system {
    FIDELITY_LINUX,
    FIDELITY_WINSOCK,
    FIDELITY_FREEBSD,
    FIDELITY_NETBSD,
    FIDELITY_MACOS
};

/* ---- The tracker's state: an end of a connection, or a listening socket. All clones share it. */

struct end {
    int other;      /* the connection's other end */
    int handles;    /* open handles */
    bool is_queued; /* not accepted yet */
    bool is_closed; /* its last handle is closed */
    size_t unread;  /* received bytes that were not read */
    uint64_t sent;  /* all bytes of this end: its n-th byte is predictable */
    uint64_t received;
    bool fin_arrived; /* from the other end */
    bool fin_sent;
    bool is_reset;    /* a reset has arrived, or was sent */
    bool shut_read;   /* in the system */
    bool marked_read; /* Windows, macOS: the library's mark for clones */
    bool nonblocking;
    bool has_timeout[2];
    bool resets_at_close; /* linger 0 */
    bool is_in_flight;    /* data is in flight to it */
    bool peer_discards;   /* bytes that the other end discards and does not count were sent */
    bool saw_reset;       /* the system has reported the reset */
    const char *mask;     /* the reason why its results are not compared, or NULL */
};

struct listening {
    int handles;
    bool is_shared; /* cloned or adopted */
    bool nonblocking;
    fer_socket_addr addr;
    int queue[QUEUE_MAX]; /* the accepting ends */
    int queued;
    bool is_in_flight;
};

struct stream {
    fer_tcp_stream handle;
    int end;        /* or NONE */
    bool shut_read; /* through this handle */
    bool shut_write;
    bool is_shared;
};

struct listener {
    fer_tcp_listener handle;
    int listening; /* or NONE */
};

struct program {
    enum fidelity_system system;
    bool winsock; /* the tracker follows Windows' rules */
    bool bsd;     /* the tracker follows the rules of macOS and the BSDs */
    bool macos;   /* and of macOS alone */
    bool is_simulated;
    uint64_t random;
    uint64_t seed;
    int step;
    struct stream streams[STREAMS];
    struct listener listeners[LISTENERS];
    struct end ends[SOCKETS];
    int end_count;
    struct listening listenings[SOCKETS];
    int listening_count;
};

/* ---- Choices */

uint32_t below(struct program *program, uint32_t bound);
bool chance(struct program *program, uint32_t in_a_hundred);

/* ---- tracker.c */

/* Makes both ends of a connection, and queues the accepting one at the listener. Returns the
 * connecting one, or NONE if there is no room. */
int tracker_connect(struct program *program, int listening);
/* Whether accept does not return a queued end, because its connection was reset. */
bool tracker_skips(const struct program *program, const struct listening *queue,
                   const struct end *end);
/* Returns the end that accept will return, or NONE. */
int tracker_accept(struct program *program, int listening);
void tracker_wrote(struct program *program, int end, size_t n);
void tracker_shut(struct program *program, struct stream *stream, fer_shutdown how);
/* A handle is closed. resets_unread: on the BSDs the library turns the close into a reset if input
 * is unread (rule S7). */
void tracker_closed(struct program *program, int end, bool resets_unread);
void tracker_stopped_listening(struct program *program, int listening);
bool tracker_is_over(const struct program *program, const struct end *end);
/* Whether setting an option is OK and has no effect ("ended_option"). */
bool tracker_ignores_options(const struct program *program, const struct end *end);
/* Waits until all data in flight has arrived. Returns false after a long time. */
bool tracker_wait(struct program *program);
bool tracker_has_space(const struct program *program);

/* ---- print.c: a line for each call. The text after " ; " is not compared. */

void print_step(struct program *program, const char *op, int handle);
void print_text(const char *format, ...);
/* Prints the kind. A mask excludes it from the comparison if the mask allows this kind. */
void print_kind(fer_error error, const char *mask);
/* A socket's default TTL is 128 on Windows, but Linux' 64 under Wine. No step sets either value. */
void print_ttl(const struct program *program, uint32_t ttl);
/* Ends the line, if there is one. */
void print_end(void);
uint64_t digest_of(const void *bytes, size_t len);

/* ---- The steps */

void step_stream(struct program *program);
void step_connect(struct program *program);
void step_accept(struct program *program);
void step_listener(struct program *program);
void step_burst(struct program *program);
void step_full_backlog(struct program *program);
void step_full_pipe(struct program *program);
void step_close_stream(struct program *program, struct stream *stream, int handle);
int open_listener(struct program *program);
void join(struct program *program, struct stream *stream, int end);
void byte_pattern(const struct program *program, int from, uint64_t at, uint8_t *buf, size_t len);

/* ---- os_*.c: queries of the system that do not change a socket's state */

void os_start(enum fidelity_system system, uint64_t seed);
/* Returns a message if something is left open, or NULL. */
const char *os_stop(void);
bool os_is_simulated(void);
/* Whether the program's sockets are those of the system, or can simulate them. */
bool os_has(enum fidelity_system system);
/* Lets time pass on the simulated network. Does nothing over real sockets. */
void os_wait_for_arrival(void);
/* Whether all data that the tracker expects at a stream has arrived. */
bool os_has_arrived(fer_raw_socket raw, struct end *end, bool is_over);
void os_close(fer_raw_socket raw);
/* Whether a connection is queued. */
bool os_is_acceptable(fer_raw_socket raw);
bool os_is_queued(fer_raw_socket raw, int count);
/* Yields the processor for a moment. Returns false after 20 s in all. */
bool os_yield(unsigned attempts);

#endif
