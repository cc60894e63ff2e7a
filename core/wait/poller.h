/* poller.h: the part of a poller that the rest of core uses. */
#ifndef FERI_POLLER_H
#define FERI_POLLER_H

#include <stdbool.h>

#include "ferrule/poller.h"

/* Whether poller is not NULL, and OPEN. */
bool feri_poller_is_open(const fer_poller *poller);

/* Notifies a poller, unless it is not open. If the system refuses to wake a running wait, the next
 * wait gets the notification. */
void feri_poller_notify(fer_poller *poller);

#endif
