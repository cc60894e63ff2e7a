/* unix_winsock.h: AF_UNIX on Windows, for the probes. Older headers lack <afunix.h>. */
#ifndef SELFTEST_UNIX_WINSOCK_H
#define SELFTEST_UNIX_WINSOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "selftest/raw.h"

/* struct sockaddr_un */
struct unix_address {
    ADDRESS_FAMILY family;
    char path[108];
};

/* A path in the folder for temporary files that does not exist, with so many bytes (0: any
 * number). False: that folder's path is too long. */
bool unix_path_of(struct unix_address *out, size_t len);

#endif
