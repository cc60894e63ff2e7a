/* poller.h: what the rest of core may know of a poller. */
#ifndef FERI_POLLER_H
#define FERI_POLLER_H

#include <stdbool.h>

#include "ferrule/poller.h"

/* Not NULL, and OPEN. */
bool feri_poller_is_open(const fer_poller *poller);

#endif
