/* poll_connects.h: the wait of the seam for several started connects, with a bit for each that has
 * ended. */
#ifndef TESTS_SUPPORT_POLL_CONNECTS_H
#define TESTS_SUPPORT_POLL_CONNECTS_H

#include "platform/platform.h"

/* *ended is unchanged after an error. */
static inline fer_error poll_connects(const fer_raw_socket *raws, size_t count, uint64_t deadline,
                                      const fer_cancel_token *token, uint32_t *ended)
{
    fer_poll_entry entries[FERP_POLL_FEW];
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        entries[i] = (fer_poll_entry){raws[i], FER_WRITABLE, 77};
    }
    fer_error error = ferp_poll(entries, count, deadline, token, &found);
    for (size_t i = 0; i < count && error.kind == FER_OK; i++) {
        *ended = (i == 0 ? 0 : *ended) | (uint32_t)(found > 0 && entries[i].ready != 0) << i;
    }
    return error;
}

#endif
