/* fidelity.h: one program of seeded random calls of ferrule, built twice: over this host's own
 * sockets and over the simulated network. Both print what each call came to; compare.awk compares
 * them line by line. Here: what the program keeps of its handles and of what is under way between
 * them, so that it knows which calls cannot wait for ever, and when all that was sent has
 * arrived. */
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

/* ---- What is under way: the tracker. One end of a connection, or a listening socket; all clones
 * share it. */

struct end {
    int other;      /* the connection's other end */
    int handles;    /* open ones */
    bool is_queued; /* nobody has accepted it yet */
    bool is_closed; /* its last handle is gone */
    size_t unread;  /* bytes that came and were not read */
    uint64_t sent;  /* of this end, ever: the n-th byte of each end is known */
    uint64_t received;
    bool fin_arrived; /* the other end's FIN */
    bool fin_sent;
    bool is_reset;    /* a reset came, or was sent */
    bool shut_read;   /* by the system */
    bool marked_read; /* Windows: the library's mark for clones */
    bool nonblocking;
    bool has_timeout[2];
    bool resets_at_close; /* linger 0 */
    bool is_in_flight;    /* something is under way to it */
    bool reset_seen;      /* the system has shown the reset */
    const char *mask;     /* why nothing more of it is compared, or NULL */
};

struct listening {
    int handles;
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
    bool winsock; /* which system's rules the tracker follows */
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

/* Makes both ends of a connection; the accepting one is queued at the listener. The connecting one,
 * or NONE where there is no room. */
int tracker_connect(struct program *program, int listening);
/* What accept will give: the first in the queue that it does not pass over, or NONE. */
int tracker_accept(struct program *program, int listening);
void tracker_wrote(struct program *program, int end, size_t n);
void tracker_shut(struct program *program, struct stream *stream, fer_shutdown how);
void tracker_closed(struct program *program, int end);
void tracker_stopped_listening(struct program *program, int listening);
bool tracker_is_over(const struct program *program, const struct end *end);
/* Waits until everything that is under way has come to where it can be seen. False: it has not
 * after a long time. */
bool tracker_wait(struct program *program);
bool tracker_has_room(const struct program *program);

/* ---- print.c: a line for each call. After " ; " comes what is not compared. */

void print_step(struct program *program, const char *op, int handle);
void print_text(const char *format, ...);
/* The kind; with a mask it is not compared, as long as it is one that the mask may hide. */
void print_kind(fer_error error, const char *mask);
/* A socket's first time to live is 128 on Windows, and Linux' 64 under Wine; no step sets
 * either. */
void print_ttl(const struct program *program, uint32_t ttl);
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

/* ---- os_*.c: looks at a socket from outside, which take nothing from it. */

void os_start(bool winsock, uint64_t seed);
/* A word about what is left open, or NULL. */
const char *os_stop(void);
bool os_is_simulated(void);
bool os_is_winsock(void);
/* On the simulated network time passes. */
void os_wait_for_arrival(void);
/* Whether what the tracker expects of a stream has come. */
bool os_has_arrived(fer_raw_socket raw, struct end *end, bool is_over);
void os_close(fer_raw_socket raw);
/* Whether somebody waits for accept. */
bool os_is_acceptable(fer_raw_socket raw);
bool os_is_queued(fer_raw_socket raw, int count);
/* Lets others run for a moment; false after 20 s of nothing else. */
bool os_yield(unsigned attempts);

#endif
