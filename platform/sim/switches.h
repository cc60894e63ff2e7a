/* switches.h: what distinguishes the systems of the BSD dialect from Linux and from each other. One
 * table has a row for each system, and the seam's functions ask a switch, never the system. Each
 * switch is false in the POSIX and the WINSOCK dialect, and for a peer. */
#ifndef FERP_SIM_SWITCHES_H
#define FERP_SIM_SWITCHES_H

#include <stdbool.h>

#include "ferrule/sim.h"

typedef struct ferp_sim_switches {
    /* A connect to a Unix listener whose queue is full is ECONNREFUSED, and does not wait
     * (sonewconn; unp_connect in XNU, FreeBSD, NetBSD and OpenBSD). */
    bool unix_full_queue_refuses;
    /* The backend makes a poller's ALREADY_EXISTS and NOT_FOUND itself, without a code: kevent
     * reports the missing registration by ENOENT only, and poll has no registrations
     * (platform/posix/poller_kqueue.c, platform/common/poller_list.c). */
    bool poller_errors_without_code;
} ferp_sim_switches;

/* Returns the switches of the config's dialect and system. */
const ferp_sim_switches *ferp_sim_switches_of(const fer_sim_config *config);

#endif
