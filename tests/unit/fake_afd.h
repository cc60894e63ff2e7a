/* fake_afd.h: a driver in place of platform/winsock/afd.c, which completes, loses and delays
 * requests as a test decides. Any thread may call its functions. */
#ifndef TEST_FAKE_AFD_H
#define TEST_FAKE_AFD_H

#include "platform/winsock/afd.h"

/* The number of sockets and of requests that the driver can have. */
enum { FAKE_SOCKETS = 128, FAKE_REQUESTS = 512 };

/* What happens to the requests of a socket. */
typedef enum fake_fault {
    FAKE_NONE,
    FAKE_LOSES_COMPLETIONS, /* a readiness completes no request that is pending; a cancel does */
    FAKE_LOSES_REQUESTS,    /* nothing completes a request that is pending */
    FAKE_DELAYS_CANCELS     /* a cancel's packet comes with fake_deliver */
} fake_fault;

/* Forgets all sockets and requests. */
void fake_begin(void);

/* How often a request began while another one of the same poller and socket was outstanding, or
 * while its own packet had not been taken. */
int fake_violations(void);

/* An open socket of this number. A socket that had the number must be closed. */
void fake_open(SOCKET number);
/* Completes its requests with LOCAL_CLOSE. */
void fake_close(SOCKET number);
/* Sets what it is ready for. */
void fake_set_ready(SOCKET number, ULONG events);
void fake_set_fault(SOCKET number, fake_fault fault);
/* Lets its requests fail when they begin, or complete with this failure if completes. OK: neither.
 * Only requests that begin later. */
void fake_set_failure(SOCKET number, fer_error failure, bool completes);
/* Queues the packets of cancelled and lost requests of the number, also after its close. */
void fake_deliver(SOCKET number);

/* Numbers of calls so far. */
int fake_begins(SOCKET number);
int fake_cancels(void);

#endif
