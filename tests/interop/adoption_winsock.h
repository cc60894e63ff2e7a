/* adoption_winsock.h: a socket that only the tests of Windows use. */
#ifndef INTEROP_ADOPTION_WINSOCK_H
#define INTEROP_ADOPTION_WINSOCK_H

#include "interop/adoption.h"

SOCKET tcp_accepted(SOCKET *other);

#endif
