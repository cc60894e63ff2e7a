/* handle_limit.h: a process that can open no more handles. */
#ifndef TEST_HANDLE_LIMIT_H
#define TEST_HANDLE_LIMIT_H

#include "conformance/peer.h"
#include "support/process.h"

/* process_forbid_new_handles, if the limit applies to sockets too. */
static inline bool forbid_new_handles(void)
{
    if (!process_forbid_new_handles()) {
        return false;
    }
    if (peer_still_opens_sockets()) {
        process_allow_new_handles();
        return false;
    }
    return true;
}

#endif
