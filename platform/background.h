/* background.h: the part of the seam for lookups in the background: memory, threads and names; for
 * names of network interfaces; and for texts. The rules of platform.h apply, which includes this
 * file. */
#ifndef FERP_BACKGROUND_H
#define FERP_BACKGROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/socket.h"
#include "ferrule/socket_addr.h"

/* ---- Memory, for the tables of pollers, the records of sockets with clones, and lookups only.
 * NULL: out of memory. malloc, free. */

void *ferp_alloc(size_t size);
void ferp_free(void *memory);

/* ---- Threads: a lock with a condition variable, for the resolver and for pollers that keep their
 * sockets; a detached thread, for the resolver. */

/* A mutex and its condition variable. */
typedef struct ferp_mutex {
    uint64_t words[16]; /* the backend's state; must not move */
} ferp_mutex;

/* OUT_OF_MEMORY: there is nothing to destroy. pthread_mutex_init, pthread_cond_init | SRWLOCK,
 * CONDITION_VARIABLE. */
fer_error ferp_mutex_init(ferp_mutex *mutex);
void ferp_mutex_destroy(ferp_mutex *mutex); /* no thread holds it or waits */
void ferp_mutex_lock(ferp_mutex *mutex);
void ferp_mutex_unlock(ferp_mutex *mutex);

/* Called with the mutex locked. Unlocks it, waits for a broadcast, and locks it again. OK: woken by
 * a broadcast, or a spurious wakeup. TIMED_OUT, os_code 0: the deadline by ferp_now expired; other
 * threads could lock it meanwhile. pthread_cond_timedwait | SleepConditionVariableSRW. */
fer_error ferp_cond_wait(ferp_mutex *mutex, uint64_t deadline);
void ferp_cond_broadcast(ferp_mutex *mutex); /* called with it locked */

/* The work of a thread, in steps: step is called until it returns false. A long operation
 * (ferp_lookup_run) comes last in its step. The simulation has one thread: there each step is an
 * event, and the duration of a lookup passes between two steps. */
typedef struct ferp_thread {
    bool (*step)(void *argument);
    void *argument;
    uint64_t id;
} ferp_thread;

/* Starts a thread, which has the resolver's name and blocks all signals. It does not read *thread
 * after its last step has begun. OUT_OF_MEMORY: the system cannot create a thread. pthread_create |
 * CreateThread. */
fer_error ferp_thread_start(ferp_thread *thread);

/* Releases a thread, once. waits: its last step is about to return, and afterwards it executes
 * nothing of the library. A module of Windows is kept while a thread runs in it. pthread_join or
 * pthread_detach | nothing. */
void ferp_thread_release(ferp_thread *thread, bool waits);

/* Identifies the process, to detect a copy made by fork: the child has another number. getpid and
 * pthread_atfork | 0, because there is no fork. */
uint64_t ferp_process(void);

/* ---- Names */

/* The results of one lookup, for one iteration; a copy of this struct can be iterated again. The
 * caller owns the struct, and the system owns the results until ferp_lookup_end. */
typedef struct ferp_lookup {
    void *first;
    void *next;
} ferp_lookup;

/* Looks up the addresses of a family, or of both, of a NUL-terminated, non-empty UTF-8 host, for
 * streams. HOST_NOT_FOUND, RESOLVE_TRY_AGAIN or RESOLVE_FAILED with the resolver's code (EAI_
 * numbers negative). After a failure there is nothing to end. getaddrinfo | GetAddrInfoW. */
#define FERP_ANY_FAMILY ((fer_ip_family)0)
fer_error ferp_lookup_run(ferp_lookup *lookup, const char *host, fer_ip_family family);

/* Stores the next IP address, with port 0, possibly of the other family. False: there are no more
 * addresses. */
bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out);

void ferp_lookup_end(ferp_lookup *lookup);

/* Looks up the port of a NUL-terminated name of a service, of at most 63 bytes of ASCII with a
 * letter, for streams or datagrams. NOT_FOUND with code 0, RESOLVE_TRY_AGAIN or RESOLVE_FAILED with
 * the code of ferp_lookup_run. getaddrinfo | GetAddrInfoW. */
fer_error ferp_service_port(const char *service, fer_type type, uint16_t *out);

/* ---- Texts */

/* Stores the system's text of an error with a code other than 0, cut to cap - 1 bytes and
 * NUL-terminated; empty if there is none. It may have line ends and an incomplete last character.
 * The code of HOST_NOT_FOUND, RESOLVE_TRY_AGAIN and RESOLVE_FAILED is that of ferp_lookup_run.
 * strerror_r, gai_strerror | FormatMessageW. */
void ferp_error_text(fer_error error, char *buf, size_t cap);

/* The number of <errno.h> for an error: its code, if it is an errno of this kind, else the kind's.
 * The second one is the same for all backends (platform/common). EIO: a kind without a number. */
int ferp_errno(fer_error error);
int ferp_errno_of_kind(fer_error_kind kind);

/* ---- Network interfaces: the index of a NUL-terminated name, and the name of an index, of
 * FER_INTERFACE_NAME_CAP bytes. NOT_FOUND: there is none. if_nametoindex, if_indextoname; Linux:
 * SIOCGIFINDEX, SIOCGIFNAME | the same of iphlpapi.dll. */

fer_error ferp_interface_index(const char *interface_name, uint32_t *out);
fer_error ferp_interface_name(uint32_t index, char *name);

#endif
