/* process_fixture.c: see process_fixture.h. */
#include "support/process_fixture.h"

void skip_without_interrupting_signals(void)
{
    static enum { NOT_KNOWN, INTERRUPTED, NOT_INTERRUPTED } kernel = NOT_KNOWN;
    if (kernel == NOT_KNOWN) {
        bool has_signals = process_signals_start();
        kernel = has_signals && peer_is_interrupted() ? INTERRUPTED : NOT_INTERRUPTED;
        process_signals_stop();
    }
    skip_if(kernel == NOT_INTERRUPTED, "this OS has no signals that interrupt a call");
}

void skip_without_handles(size_t count)
{
    static peer_socket made[512];
    size_t made_count = 0;
    assert_true(count <= sizeof made / sizeof made[0]);
    while (made_count < count && (made[made_count] = peer_unconnected()) != PEER_NONE) {
        made_count++;
    }
    for (size_t i = 0; i < made_count; i++) {
        peer_close(made[i]);
    }
    skip_if(made_count < count, "this process cannot have enough sockets");
}
