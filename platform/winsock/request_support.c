/* request_support.c: whether a SOCKET supports requests that can be cancelled. The answer does not
 * change, so the system is queried at the first wait of a SOCKET only. */
#include <string.h>

#include "platform/winsock/wait.h"

/* ---- Answers. A word has a SOCKET, which is a multiple of 4, and the answer in its lower bits.
 * The last SOCKET of a word replaces the others, which are queried again. The library waits only on
 * SOCKETs that it has made, accepted or adopted. Each of these clears the answer of its number,
 * which may have been that of another socket. */

typedef enum support { UNKNOWN, SUPPORTED, NOT_SUPPORTED } support;

enum { ANSWER_WORDS = 4096, ANSWER_BITS = 3 };

static PVOID volatile answers[ANSWER_WORDS];

static PVOID volatile *answer_word_of(SOCKET socket)
{
    return &answers[(socket >> 2) % ANSWER_WORDS];
}

static void set_answer(SOCKET socket, support known)
{
    if ((socket & ANSWER_BITS) == 0) {
        (void)InterlockedExchangePointer(answer_word_of(socket), (PVOID)(socket | (SOCKET)known));
    }
}

void ferp_winsock_begin_socket(SOCKET socket)
{
    set_answer(socket, UNKNOWN);
}

/* ---- Queries. ferp_adopt has rejected a SOCKET that is not overlapped. */

/* Whether CancelIoEx works on the SOCKET. It fails with ERROR_INVALID_HANDLE on one of a layered
 * provider (libuv, src/win/tcp.c), and with ERROR_NOT_FOUND for a request that was never made
 * ("CancelIoEx function", MSDN). */
static bool can_cancel(SOCKET socket)
{
    OVERLAPPED never_used;
    memset(&never_used, 0, sizeof never_used);
    return CancelIoEx((HANDLE)socket, &never_used) || GetLastError() == ERROR_NOT_FOUND;
}

/* A layered provider may lack XP1_IFS_HANDLES: its SOCKETs are no handles of the system
 * ("WSAPROTOCOL_INFOW structure", MSDN). No program is known that makes a zero-byte receive on a
 * Unix or a raw socket. */
static bool is_suitable_protocol(SOCKET socket)
{
    WSAPROTOCOL_INFOW info;
    int size = (int)sizeof info;
    return getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size) == 0 &&
           (info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 && info.iAddressFamily != AF_UNIX &&
           info.iSocketType != SOCK_RAW;
}

bool ferp_winsock_supports_requests(SOCKET socket)
{
    SOCKET word = (SOCKET)InterlockedCompareExchangePointer(answer_word_of(socket), NULL, NULL);
    bool is_of_socket = (word & ~(SOCKET)ANSWER_BITS) == socket;
    support known = is_of_socket ? (support)(word & ANSWER_BITS) : UNKNOWN;
    if (known == UNKNOWN) {
        known = can_cancel(socket) && is_suitable_protocol(socket) ? SUPPORTED : NOT_SUPPORTED;
        set_answer(socket, known);
    }
    return known == SUPPORTED;
}
