/* poller.h: the part of a poller that the rest of core uses. */
#ifndef FERI_POLLER_H
#define FERI_POLLER_H

#include <stdbool.h>

#include "ferrule/poller.h"

/* Whether poller is not NULL, and OPEN. */
bool feri_poller_is_open(const fer_poller *poller);

#endif
