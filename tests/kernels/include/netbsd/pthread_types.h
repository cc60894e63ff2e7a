/* pthread_types.h: the type that <signal.h> needs. The kernel's folder has an empty file of this
 * name. */
#ifndef FERRULE_BSD_PTHREAD_TYPES_H
#define FERRULE_BSD_PTHREAD_TYPES_H
typedef struct __pthread_st *pthread_t;
#endif
