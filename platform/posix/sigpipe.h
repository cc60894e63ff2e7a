/* sigpipe.h: holds SIGPIPE back. */
#ifndef FERP_POSIX_SIGPIPE_H
#define FERP_POSIX_SIGPIPE_H

#include "platform/copying.h"

/* The calling thread blocks SIGPIPE until it releases it. take: after a call that has raised it. */
void ferp_posix_hold_sigpipe(ferp_held_signal *held);
bool ferp_posix_take_sigpipe(const ferp_held_signal *held);
void ferp_posix_release_sigpipe(const ferp_held_signal *held);

#endif
