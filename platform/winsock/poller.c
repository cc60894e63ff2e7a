/* poller.c: a poller on Windows: over AFD, which every Windows since 2000 has, or over WSAPoll if
 * there is no AFD. ferp_poller_open decides. */
#include "platform/winsock/poller.h"

#include "platform/common/poller_list.h"

/* The last of a poller's words, which both implementations leave unused. */
enum { AT_KIND = 3 };

enum { KIND_AFD, KIND_LIST };

static bool is_list(const fer_poller *poller)
{
    return poller->p_.system_[AT_KIND] == KIND_LIST;
}

bool ferp_winsock_is_transient(fer_error failure)
{
    switch (failure.kind) {
    case FER_OUT_OF_MEMORY:
    case FER_RESOURCE_BUSY:
    case FER_NO_BUFFER_SPACE:
    case FER_TOO_MANY_OPEN_FILES: return true;
    default: return false;
    }
}

/* Tests can predefine FERP_WINSOCK_POLLER_LIST_ALONE to select WSAPoll. */
static fer_error open_afd(fer_poller *poller)
{
#ifdef FERP_WINSOCK_POLLER_LIST_ALONE
    (void)poller;
    return (fer_error){FER_UNSUPPORTED, 0};
#else
    return ferp_winsock_afd_open(poller);
#endif
}

fer_error ferp_poller_open(fer_poller *poller)
{
    FER_TRY(ferp_winsock_start());
    poller->p_.system_[AT_KIND] = KIND_AFD;
    fer_error err = open_afd(poller);
    if (err.kind != FER_UNSUPPORTED) {
        return err;
    }
    poller->p_.system_[AT_KIND] = KIND_LIST;
    return ferp_list_open(poller);
}

void ferp_poller_close(fer_poller *poller)
{
    if (is_list(poller)) {
        ferp_list_close(poller);
    } else {
        ferp_winsock_afd_close(poller);
    }
}

fer_error ferp_poller_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                          fer_poll_mode mode)
{
    return is_list(poller) ? ferp_list_add(poller, raw, interest, mode)
                           : ferp_winsock_afd_add(poller, raw, interest, mode);
}

fer_error ferp_poller_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    return is_list(poller) ? ferp_list_modify(poller, raw, interest, mode)
                           : ferp_winsock_afd_modify(poller, raw, interest, mode);
}

fer_error ferp_poller_delete(fer_poller *poller, fer_raw_socket raw)
{
    return is_list(poller) ? ferp_list_delete(poller, raw) : ferp_winsock_afd_delete(poller, raw);
}

fer_error ferp_poller_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                           size_t *count, bool *notified)
{
    return is_list(poller) ? ferp_list_wait(poller, events, cap, timeout, count, notified)
                           : ferp_winsock_afd_wait(poller, events, cap, timeout, count, notified);
}

fer_error ferp_poller_notify(fer_poller *poller)
{
    return is_list(poller) ? ferp_list_notify(poller) : ferp_winsock_afd_notify(poller);
}
