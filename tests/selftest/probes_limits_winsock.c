/* probes_limits_winsock.c: the probes of the limits in ferp_traits, with calls of Windows. */
#include "selftest/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/platform.h"
#include "selftest/probe.h"
#include "selftest/unix_winsock.h"

PROBE(poller_has_edges, "platform/*/traits.c")
{
    believe(ferp_traits()->poller_has_edges ? "yes" : "no");
    conclude_absent("AFD has no such request");
}

PROBE(receive_leaks_handles, "platform/*/traits.c")
{
    believe(ferp_traits()->receive_leaks_handles ? "yes" : "no");
    conclude_absent("Unix sockets pass no handles");
}

PROBE(unix_path_max, "platform/*/traits.c")
{
    struct unix_address address;
    size_t most = ferp_traits()->unix_path_max;
    SOCKET made = socket(AF_UNIX, SOCK_STREAM, 0);
    believe("%lu", (unsigned long)most);
    need(made != INVALID_SOCKET, "no AF_UNIX: %s", raw_text(-1));
    need(unix_path_of(&address, most), "the folder for temporary files has a longer path");
    int result = bind(made, (struct sockaddr *)&address, (int)sizeof address);
    see("bind of a path of %lu: %s", (unsigned long)most, result == 0 ? "OK" : raw_text(result));
    conclude(result == 0);
    raw_close(made);
    (void)DeleteFileA(address.path);
}

PROBE(has_abstract_unix_names, "platform/*/traits.c")
{
    struct unix_address address = {AF_UNIX, {0}};
    SOCKET made = socket(AF_UNIX, SOCK_STREAM, 0);
    need(made != INVALID_SOCKET, "no AF_UNIX: %s", raw_text(-1));
    snprintf(address.path + 1, 60, "ferrule-selftest-%lu", GetCurrentProcessId());
    int result = bind(made, (struct sockaddr *)&address, (int)sizeof address);
    see("bind of a name that begins with NUL: %s", result == 0 ? "OK" : raw_text(result));
    conclude_fact(ferp_traits()->has_abstract_unix_names, result == 0);
}

static int send_slices(SOCKET socket, size_t count)
{
    static char byte;
    DWORD sent = 0;
    WSABUF *slices = calloc(count, sizeof *slices);
    if (slices == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        slices[i].buf = &byte;
        slices[i].len = 1;
    }
    int result = WSASend(socket, slices, (DWORD)count, &sent, 0, NULL, NULL);
    int code = WSAGetLastError();
    free(slices);
    WSASetLastError(code);
    return result == 0 ? (int)sent : -1;
}

PROBE(io_slices_max, "platform/*/traits.c")
{
    raw_socket two[2];
    size_t most = ferp_traits()->io_slices_max;
    raw_pair(two);
    int n = send_slices(two[0], most);
    believe("%lu", (unsigned long)most);
    see("WSASend of %lu buffers: %s", (unsigned long)most, raw_text(n));
    conclude(n == (int)most);
    see("of one more: %s", raw_text(send_slices(two[0], most + 1)));
}
