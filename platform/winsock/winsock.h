/* winsock.h: what the Winsock backend's files share: the system's headers, and small helpers. Private to platform/winsock. */
#ifndef FERP_WINSOCK_H
#define FERP_WINSOCK_H

/* Windows 7. What came later is tried, or looked up when it runs. */
#if !defined(_WIN32_WINNT) || _WIN32_WINNT < 0x0601
#undef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>

#include "platform/platform.h"

#endif
