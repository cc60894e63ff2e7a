/* handles_program.h: sends and receives on a pair of Unix streams, with handles or without. A model
 * counts the references to each socket that passes. */
#ifndef FUZZ_HANDLES_PROGRAM_H
#define FUZZ_HANDLES_PROGRAM_H

#include <stdbool.h>

#include "ferrule/unix.h"
#include "fuzz/driver/choice.h"

enum { HANDLES_SOCKETS = 3, HANDLES_MESSAGES = 32, HANDLES_KEPT = 24, HANDLES_MAX = 4 };
enum { HANDLES_BUFFER = 16 };

/* Bytes that came with handles: of these sockets, from `begin` to `end` of the stream. */
struct handles_message {
    size_t begin, end, count;
    int sockets[HANDLES_MAX];
};

struct handles_program {
    fer_unix_stream writer, reader;
    fer_unix_stream passed[HANDLES_SOCKETS],
        left[HANDLES_SOCKETS]; /* a passed end, and what shows that it is open */
    int references[HANDLES_SOCKETS];
    struct handles_message messages[HANDLES_MESSAGES]; /* those whose first byte is not received */
    size_t count;
    size_t sent, received;
    fer_raw_socket kept[HANDLES_KEPT]; /* received handles, and their sockets */
    int kept_sockets[HANDLES_KEPT];
    size_t kept_count;
    bool has_fault;
};

void handles_program_begin(struct handles_program *program);
/* Decodes and makes one call. */
void handles_program_step(struct handles_program *program, choices *from);
/* Closes all handles. */
void handles_program_end(struct handles_program *program);

#endif
