/* afd_groups.c: a poller's handles of the driver. */
#include "platform/winsock/afd_sources.h"

/* The maximum number of requests on one handle of the driver. The cost of a cancel grows with their
 * number (trio, issue 1280: negligible below a thousand). */
enum { GROUP_MAX = 500 };

fer_error ferp_afd_group_add(ferp_afd_poller *poller)
{
    ferp_afd_group *group = ferp_alloc(sizeof *group);
    if (group == NULL) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    *group = (ferp_afd_group){NULL, 0, poller->groups, NULL};
    fer_error err = ferp_afd_open(poller->port, &group->driver);
    if (err.kind != FER_OK) {
        ferp_free(group);
        return err;
    }
    poller->groups = group;
    poller->not_full = group;
    return FERP_WINSOCK_OK;
}

fer_error ferp_afd_group_join(ferp_afd_poller *poller, ferp_afd_source *source)
{
    if (poller->not_full == NULL) {
        FER_TRY(ferp_afd_group_add(poller));
    }
    ferp_afd_group *group = poller->not_full;
    source->group = group;
    group->count++;
    if (group->count == GROUP_MAX) {
        poller->not_full = group->next_not_full;
    }
    return FERP_WINSOCK_OK;
}

void ferp_afd_group_leave(ferp_afd_poller *poller, const ferp_afd_source *source)
{
    ferp_afd_group *group = source->group;
    if (group->count == GROUP_MAX) {
        group->next_not_full = poller->not_full;
        poller->not_full = group;
    }
    group->count--;
}

void ferp_afd_groups_end(ferp_afd_poller *poller)
{
    while (poller->groups != NULL) {
        ferp_afd_group *group = poller->groups;
        poller->groups = group->next;
        CloseHandle(group->driver);
        ferp_free(group);
    }
}
