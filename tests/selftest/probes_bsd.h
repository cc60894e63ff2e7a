/* probes_bsd.h: for the probes of probes_bsd.c and probes_bsd_streams.c: questions whose answers
 * differ between Linux, macOS and the BSDs. Most answers of macOS and OpenBSD were read in the
 * sources of their kernels (docs/DIFFERENCES.md names them): only a machine with the system
 * confirms them. Each probe is bounded in time. */
#ifndef SELFTEST_PROBES_BSD_H
#define SELFTEST_PROBES_BSD_H

typedef enum answer_of { LINUX, MACOS, FREEBSD, NETBSD, OPENBSD, OTHER, ANSWERS } answer_of;

/* The expected answers, in the order of answer_of. NULL: nobody knows. */
#define EXPECTED(...) ((const char *const[ANSWERS]){__VA_ARGS__})
#define EVERYWHERE(text) EXPECTED(text, text, text, text, text, text)

/* what: what was done. The probe differs if an answer is not this system's. */
void answer(const char *what, const char *const expected[ANSWERS], const char *seen);
/* "OK", or the name of the last failure. */
const char *name_of(long result);

/* probes_bsd_streams.c */
void probe_shutdown_of_both_after_the_end(void);
void probe_linger_of_an_accepted_stream(void);
void probe_connect_whose_error_was_taken(void);
void probe_writable_means_connected(void);
void probe_connect_to_a_bound_port(void);
void probe_resets_in_the_queue(void);
void probe_accept_without_descriptors(void);
void probe_both_wildcards(void);
void probe_timeouts_of_an_accepted_stream(void);

#endif
