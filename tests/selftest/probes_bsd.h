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

#endif
