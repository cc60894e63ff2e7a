/* afd_base.c: the SOCKET of the base provider, below the layered providers of Winsock. */
#include "platform/winsock/afd.h"

/* "Winsock IOCTLs", MSDN, describes SIO_BASE_HANDLE and SIO_BSP_HANDLE_SELECT. The other two are
 * only in mswsock.h. */
#define IOCTL_BASE_HANDLE 0x48000022u
#define IOCTL_BSP_HANDLE 0x4800001Bu
#define IOCTL_BSP_HANDLE_SELECT 0x4800001Cu
#define IOCTL_BSP_HANDLE_POLL 0x4800001Du

/* The maximum number of layers that are passed. A provider may answer with a SOCKET of its own. */
enum { LAYERS_MAX = 16 };

static fer_error query_socket(SOCKET socket, DWORD control_code, SOCKET *out)
{
    DWORD length = 0;
    SOCKET found = INVALID_SOCKET;
    FER_TRY(ferp_winsock_result(
        WSAIoctl(socket, control_code, NULL, 0, &found, (DWORD)sizeof found, &length, NULL, NULL)));
    if (found == INVALID_SOCKET) {
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    *out = found;
    return FERP_WINSOCK_OK;
}

/* The SOCKET below this layer. False: no answer, or the same SOCKET. */
static bool next_layer(SOCKET *layer)
{
    static const DWORD codes[] = {IOCTL_BSP_HANDLE_SELECT, IOCTL_BSP_HANDLE_POLL, IOCTL_BSP_HANDLE};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        SOCKET lower = *layer;
        if (query_socket(*layer, codes[i], &lower).kind == FER_OK && lower != *layer) {
            *layer = lower;
            return true;
        }
    }
    return false;
}

/* A layered provider must not intercept SIO_BASE_HANDLE ("Winsock IOCTLs", MSDN), but those over
 * Komodia's library fail it and forward SIO_BSP_HANDLE_POLL (wepoll, src/ws.c, which queries each
 * lower layer again). Another one answers only one of the other codes (mio, issue 1314 and pull
 * request 1316). If no layer answers, the lowest known SOCKET is tried: the request's failure
 * shows whether the driver accepts it. */
fer_error ferp_afd_base_of(SOCKET socket, SOCKET *out)
{
    SOCKET layer = socket;
    for (int layers = 0; layers < LAYERS_MAX; layers++) {
        fer_error err = query_socket(layer, IOCTL_BASE_HANDLE, out);
        if (err.kind == FER_OK || (err.kind == FER_BAD_HANDLE && layer == socket)) {
            return err;
        }
        if (!next_layer(&layer)) {
            break;
        }
    }
    *out = layer;
    return FERP_WINSOCK_OK;
}
