/* stream.h: the twins of a TCP connection, which stream.c, connect.c and transfer.c share. */
#ifndef TWINS_STREAM_H
#define TWINS_STREAM_H

#include "twins.h"

enum { CALL_MS = 40, CONNECT_MS = 5000, CHUNK = 65536 };

/* The states of both twins together. The twins are PENDING until both connects have a result. */
enum { NONE, PENDING, OPEN };

struct stream_twins {
    int state;
    int plain;
    fer_tcp_stream mine;
    int listener[TWINS]; /* of the peer */
    int peer[TWINS];
    uint64_t sent[TWINS], arrived[TWINS];  /* from here to the peer */
    uint64_t answered[TWINS], read[TWINS]; /* from the peer to here */
    fer_error_kind final[TWINS];           /* the fatal error, or FER_OK */
    bool has_read_end[TWINS], peer_has_end[TWINS];
    bool is_write_shut, peer_is_gone, peer_is_idle, peer_was_urgent;
    double pending_until;
    uint8_t bytes[CHUNK], more[CHUNK];
};

void stream_fill(struct stream_twins *s, uint64_t offset, size_t len);
/* The peers accept, and read what has arrived. */
void stream_pump(struct world *world);
int stream_listen_at_peer(struct world *world, struct sockaddr_storage *target);
void stream_reset(int *fd);
void stream_close_all(struct world *world);
/* A read, or another call, of ferrule has returned. */
void stream_take_read(struct world *world, const char *call, fer_error error, size_t n, size_t len);
void stream_mine_failed(struct world *world, const char *call, fer_error error);
void stream_plain_failed(struct world *world, int code);
/* What the plain twin has read, and how it has ended, ferrule reaches too. */
void stream_compare_reads(struct world *world);
/* Queries the pending connects; with is_last until both have a result. */
void stream_settle_pending(struct world *world, bool is_last);
/* Whether a call of the interest would block: a blocks_function. */
bool stream_blocks(struct world *world, fer_interest interest);
void stream_run_connect(struct world *world, const struct row *row, unsigned arg);
void stream_run_accept(struct world *world, const struct row *row, unsigned arg);

#endif
