/* connect_misuse.h: misuse of connecting and of lookups within limits. */
#ifndef FUZZ_CONNECT_MISUSE_H
#define FUZZ_CONNECT_MISUSE_H

/* Checks that misuse is refused before anything is opened. */
void connect_check_misuse(void);

#endif
