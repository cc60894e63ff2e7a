/* stream_calls.h: functions that the files of a program of streams share. */
#ifndef FUZZ_STREAM_CALLS_H
#define FUZZ_STREAM_CALLS_H

#include "fuzz/programs/stream_program.h"

/* The bytes of a connection: side 0 is the program, 1 the peer. */
void program_fill(uint8_t *buf, size_t len, int connection, int side, size_t at);
bool program_is_right(const uint8_t *buf, size_t len, int connection, int side, size_t at);

size_t program_length(uint8_t arg);
uint64_t program_timeout(uint8_t arg);
struct connection *program_connection(struct program *program, int handle);

/* stream_opening.c: connections and listeners. */
void program_do_connect(struct program *program, int handle, uint8_t arg, struct record *record);
void program_do_connect_failing(struct program *program, int handle, uint8_t arg,
                                struct record *record);
void program_do_connect_with(struct program *program, int handle, uint8_t arg,
                             struct record *record);
void program_do_accept(struct program *program, int handle, uint8_t arg, struct record *record);
void program_do_accept_second(struct program *program, int handle, uint8_t arg,
                              struct record *record);
void program_do_bind(struct program *program, uint8_t arg, struct record *record);
void program_do_listener(struct program *program, uint8_t arg, struct record *record);

/* stream_poller.c */
void program_do_poller(struct program *program, int handle, uint8_t arg, struct record *record);

/* stream_calls.c */
void program_do_read(struct program *program, int handle, uint8_t arg, struct record *record);
void program_do_write(struct program *program, int handle, uint8_t arg, struct record *record);
void program_do_shutdown(struct program *program, int handle, uint8_t arg, struct record *record);
void program_do_clone(struct program *program, int handle, uint8_t arg, struct record *record);
/* Removes the step's fault, if no call has met it. */
void program_clear_faults(struct record *record);
void program_do_close(struct program *program, int handle);
void program_do_through_raw(struct program *program, int handle, struct record *record);
void program_do_timeout(fer_tcp_stream *stream, uint8_t arg, struct record *record);
void program_do_option(fer_tcp_stream *stream, uint8_t arg, struct record *record);
void program_do_ready(fer_tcp_stream *stream, uint8_t arg, struct record *record);
void program_do_query(fer_tcp_stream *stream, struct record *record);

#endif
