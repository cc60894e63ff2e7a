/* shim.h: what the shims share. A shim defines bsd_NAME for each function NAME of the C library
 * that the files compiled with the kernel's headers call. This system's headers compile the shim,
 * so the kernel's structures are pointers to void in it. */
#ifndef TEST_BSD_SHIM_H
#define TEST_BSD_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Prints the call and its result if the environment has BSD_TRACE. Returns the result. */
long shim_traced(const char *call, long argument, long result);

enum { SHIM_LOOPBACK = 1 }; /* the index of lo0 */

/* ---- By the shim of each system */

extern const int shim_family_v6; /* AF_INET6 */

/* A directory in the kernel's file system. */
bool shim_make_directory(const char *path);

#endif
