/* probes_limits.h: the probes of the limits in ferp_traits, which have other system calls on each
 * system: probes_limits_posix.c, probes_limits_winsock.c, and probes_limits.c for both. */
#ifndef SELFTEST_PROBES_LIMITS_H
#define SELFTEST_PROBES_LIMITS_H

#include <stdint.h>

#include "selftest/raw.h"

void probe_poller_has_edges(void);
void probe_unix_path_max(void);
void probe_has_abstract_unix_names(void);
void probe_io_slices_max(void);

void probe_io_length_max(void);
void probe_datagram_length_max(void);
void probe_no_buffer_space_is_transient(void);
void probe_linger_seconds_max(void);
void probe_keepalive_seconds_max(void);
void probe_keepalive_retries_max(void);

#endif
