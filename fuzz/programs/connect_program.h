/* connect_program.h: one connect to several addresses, or to their name, within limits: its
 * network, its options and its result. No checks here. */
#ifndef FUZZ_CONNECT_PROGRAM_H
#define FUZZ_CONNECT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"

enum { CONNECT_HOSTS = 6 };

/* Times in milliseconds; CONNECT_NEVER: none. */
#define CONNECT_NEVER UINT64_MAX

struct connect_program {
    size_t count; /* of the hosts */
    fer_socket_addr addrs[CONNECT_HOSTS];
    fer_sim_answer answers[CONNECT_HOSTS];
    uint64_t delays[CONNECT_HOSTS];
    bool is_by_name, has_resolver, name_fails;
    uint64_t lookup_takes;
    fer_duration attempt_delay, attempt_timeout;
    uint64_t deadline, cancel;
    size_t failures_cap;
    unsigned local;   /* 0: none */
    fer_sim_bsd bsd;  /* the system of the BSD dialect */
    uint64_t left_at; /* when a connector is left */
    bool is_started_again;
    bool loses_poller; /* which is closed before the connector */
    fer_sim_path paths[CONNECT_HOSTS];
    uint64_t path_from, path_until; /* the paths are open before and after; 0: at once */
    unsigned lost_syns;             /* bit i: the SYN i of a connect meets a soft error */
};

struct connect_result {
    fer_error error;
    size_t failed;
    fer_connect_failure failures[CONNECT_HOSTS];
    fer_socket_addr peer; /* after FER_OK */
    uint64_t took;        /* virtual milliseconds */
    bool has_socket;
    fer_sim_report report;
};

struct connect_program connect_program_of(const uint8_t *data, size_t size);

/* Whether a path is ever cut, or a SYN lost. */
bool connect_has_paths(const struct connect_program *program);

/* Row `no_dual_stack` (driver/windows.h). */
bool connect_is_refused_by_openbsd(const struct connect_program *program);

/* Runs the connect in a simulation of its own. by_connector: in an event loop, for a program by
 * name that has a resolver. */
struct connect_result connect_program_run(const struct connect_program *program,
                                          fer_sim_dialect dialect, bool by_connector);

/* Runs the connect by a connector that is closed at some time, in any phase. Returns whether it
 * had no event afterwards and nothing is left. */
bool connect_program_leave(const struct connect_program *program, fer_sim_dialect dialect);

#endif
