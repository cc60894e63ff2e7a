/* poll_set.c: the memory of the array that one poll is given. */
#include "platform/posix/poller_list.h"

#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_POLL

#include "platform/posix/poll_set.h"

bool ferp_poll_set_new(ferp_poll_set *out, size_t capacity)
{
    if (capacity > SIZE_MAX / sizeof *out->entries || capacity > SIZE_MAX / sizeof *out->serials) {
        return false;
    }
    ferp_poll_set set = {ferp_alloc(capacity * sizeof *out->entries),
                         ferp_alloc(capacity * sizeof *out->serials), 0};
    if (set.entries == NULL || set.serials == NULL) {
        ferp_poll_set_free(&set);
        return false;
    }
    *out = set;
    return true;
}

void ferp_poll_set_free(ferp_poll_set *set)
{
    ferp_free(set->entries);
    ferp_free(set->serials);
    *set = (ferp_poll_set){NULL, NULL, 0};
}

#else

/* ISO C requires a declaration in each file. */
typedef int ferp_poll_set_is_not_needed;

#endif
