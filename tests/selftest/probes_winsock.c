/* probes_winsock.c: probes that have system calls of Windows. Those of AFD: probes_afd.c. */
#include <winsock2.h>

#include <mswsock.h>
#include <stdio.h>
#include <string.h>

#include "selftest/probe.h"
#include "selftest/raw.h"
#include "selftest/system.h"
#include "selftest/unix_winsock.h"

bool unix_path_of(struct unix_address *out, size_t len)
{
    char folder[MAX_PATH + 1];
    memset(out, 0, sizeof *out);
    out->family = AF_UNIX;
    DWORD used = GetTempPathA(MAX_PATH, folder);
    if (used == 0 || used + 12 > (len != 0 ? len : sizeof out->path - 1)) {
        return false;
    }
    snprintf(out->path, sizeof out->path, "%sf%05lu.s", folder, GetCurrentProcessId() % 100000);
    for (size_t at = strlen(out->path); at < len; at++) {
        out->path[at] = 'x';
    }
    return true;
}

/* ---- Words and modes of duplicates */

PROBE(clones_share_timeouts, "rule T6; platform/winsock/modes.c")
{
    raw_socket two[2];
    int value = 0;
    raw_pair(two);
    raw_set_timeouts(two[0], 1111);
    SOCKET clone = raw_duplicate(two[0]);
    believe("MSDN and Wine: shared; rust#95336: not shared");
    (void)raw_int_option(clone, SOL_SOCKET, SO_RCVTIMEO, &value);
    see("1111 set before the clone is made: it reads %d", value);
    raw_set_timeouts(clone, 2222);
    (void)raw_int_option(two[0], SOL_SOCKET, SO_RCVTIMEO, &value);
    see("2222 set through the clone: the original reads %d", value);
    raw_set_timeouts(two[0], 3333);
    (void)raw_int_option(clone, SOL_SOCKET, SO_RCVTIMEO, &value);
    see("3333 set through the original: the clone reads %d", value);
}

PROBE(timeout_words_keep_bits, "platform/winsock/modes.c")
{
    static const unsigned words[] = {0x80001234u, 0xC0000001u, 0x40000000u, 0xFFFFFFFFu};
    bool is_kept = true;
    raw_socket socket = raw_new(SOCK_STREAM);
    believe("every word is read as it was set");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        int value = 0;
        int result = raw_set_int_option(socket, SOL_SOCKET, SO_RCVTIMEO, (int)words[i]);
        const char *text = result == 0 ? "OK" : raw_text(result);
        (void)raw_int_option(socket, SOL_SOCKET, SO_RCVTIMEO, &value);
        see("%08X: %s, read as %08X", words[i], text, (unsigned)value);
        is_kept = is_kept && result == 0 && (unsigned)value == words[i];
    }
    conclude(is_kept);
}

/* ---- Inheritance */

static const char *flags_text(SOCKET socket)
{
    DWORD flags = 0;
    if (!GetHandleInformation((HANDLE)socket, &flags)) {
        return "unknown";
    }
    return (flags & HANDLE_FLAG_INHERIT) != 0 ? "inherited" : "not inherited";
}

PROBE(inheritance_of_handles, "ferp_accept")
{
    raw_socket two[2];
    raw_pair(two);
    believe("accepted SOCKETs are inherited, until SetHandleInformation");
    see("socket: %s, accept: %s", flags_text(two[0]), flags_text(two[1]));
    SOCKET made = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0,
                             WSA_FLAG_OVERLAPPED | 0x80 /* WSA_FLAG_NO_HANDLE_INHERIT */);
    see("WSA_FLAG_NO_HANDLE_INHERIT: %s", made == INVALID_SOCKET ? raw_text(-1) : flags_text(made));
    BOOL is_set = SetHandleInformation((HANDLE)two[1], HANDLE_FLAG_INHERIT, 0);
    see("SetHandleInformation: %s, then %s", is_set ? "OK" : raw_text(-1), flags_text(two[1]));
    conclude(is_set && strcmp(flags_text(two[1]), "not inherited") == 0);
}

PROBE(providers, "platform/winsock/afd.c")
{
    WSAPROTOCOL_INFOW info;
    int len = (int)sizeof info;
    DWORD n = 0;
    SOCKET base = INVALID_SOCKET;
    SOCKET socket = raw_new(SOCK_STREAM);
    memset(&info, 0, sizeof info);
    (void)getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &len);
    believe("IFS handles, and no layered provider");
    see("%s, chain of %d", (info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 ? "IFS handles" : "no IFS",
        info.ProtocolChain.ChainLen);
    int result = WSAIoctl(socket, 0x48000022u /* SIO_BASE_HANDLE */, NULL, 0, &base,
                          (DWORD)sizeof base, &n, NULL, NULL);
    see("SIO_BASE_HANDLE: %s", result != 0 ? raw_text(-1) : base == socket ? "itself" : "another");
    conclude((info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0 && base == socket);
}

/* ---- Overlapped receives */

struct request {
    OVERLAPPED overlapped;
    WSABUF buffer;
    DWORD flags;
};

/* WSARecv without room. Returns its code, 0 if it has completed. */
static int begin_receive(struct request *request, SOCKET socket)
{
    memset(request, 0, sizeof *request);
    request->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    return WSARecv(socket, &request->buffer, 1, NULL, &request->flags, &request->overlapped,
                   NULL) == 0
               ? 0
               : WSAGetLastError();
}

static const char *end_of(struct request *request, SOCKET socket, DWORD milliseconds)
{
    DWORD n = 0;
    DWORD flags = 0;
    if (WaitForSingleObject(request->overlapped.hEvent, milliseconds) != WAIT_OBJECT_0) {
        return "still pending";
    }
    return WSAGetOverlappedResult(socket, &request->overlapped, &n, FALSE, &flags) ? "OK"
                                                                                   : raw_text(-1);
}

/* A receive without room waits, completes with data, and can be cancelled. */
static void see_empty_receives(SOCKET reader, SOCKET writer)
{
    struct request request;
    char bytes[8];
    int code = begin_receive(&request, reader);
    see("empty WSARecv: %s", code == 0 ? "completed at once" : raw_code_text(code));
    see("without data: %s", end_of(&request, reader, 50));
    (void)raw_send(writer, "data", 4);
    see("with data: %s", end_of(&request, reader, 2000));
    see("then recv %s", raw_text(raw_recv(reader, bytes, sizeof bytes)));
    /* eventcore PR 225: a cancel may end reading. */
    for (int i = 0; i < 5; i++) {
        (void)begin_receive(&request, reader);
        BOOL is_cancelled = CancelIoEx((HANDLE)reader, &request.overlapped);
        int cancel_code = (int)GetLastError();
        see("CancelIoEx: %s, then %s", is_cancelled ? "OK" : raw_code_text(cancel_code),
            end_of(&request, reader, 2000));
    }
    (void)raw_send(writer, "data", 4);
    see("later data: recv %s", raw_text(raw_recv(reader, bytes, sizeof bytes)));
}

PROBE(empty_receives, "platform/winsock/wait.c")
{
    raw_socket two[2];
    struct request request;
    char byte = 0;
    raw_pair(two);
    believe("pending, OK with data, WSA_OPERATION_ABORTED after a cancel; nothing is lost");
    see_empty_receives(two[0], two[1]);
    raw_close(two[0]);
    int n = raw_recv(two[1], &byte, 1);
    see("then a close; the peer's recv: %s%s", raw_text(n), n == 0 ? ", the end of file" : "");
    raw_close(two[1]);
    raw_pair(two);
    (void)begin_receive(&request, two[0]);
    raw_reset(two[1]);
    see("a reset meanwhile: %s", end_of(&request, two[0], 2000));
    see("then recv: %s", raw_text(raw_recv(two[0], &byte, 1)));
}

PROBE(empty_receives_of_unix_sockets, "platform/winsock/unix.c")
{
    struct unix_address address;
    SOCKET listener = socket(AF_UNIX, SOCK_STREAM, 0);
    SOCKET client = socket(AF_UNIX, SOCK_STREAM, 0);
    need(listener != INVALID_SOCKET, "no AF_UNIX: %s", raw_text(-1));
    need(unix_path_of(&address, 0) &&
             bind(listener, (struct sockaddr *)&address, (int)sizeof address) == 0 &&
             listen(listener, 4) == 0 &&
             connect(client, (struct sockaddr *)&address, (int)sizeof address) == 0,
         "no connection: %s", raw_text(-1));
    SOCKET accepted = accept(listener, NULL, NULL);
    raw_set_timeouts(accepted, 3000);
    believe("as on TCP");
    see_empty_receives(accepted, client);
    raw_close(accepted);
    raw_close(client);
    raw_close(listener);
    (void)DeleteFileA(address.path);
    strcpy(address.path, "Q:\\no\\such\\folder\\f.s");
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    int result = connect(client, (struct sockaddr *)&address, (int)sizeof address);
    see("connect to a folder that does not exist: %s", raw_text(result));
    result = bind(client, (struct sockaddr *)&address, (int)sizeof address);
    see("bind there: %s", raw_text(result));
}

/* ---- Connects and modes */

PROBE(initial_rto, "ferp_connect")
{
    struct {
        USHORT rtt;
        UCHAR retries;
    } parameters = {0xFFFF, 0xFE}; /* TCP_INITIAL_RTO_UNSPECIFIED_RTT, _NO_SYN_RETRANSMISSIONS */
    DWORD n = 0;
    SOCKET client = raw_new(SOCK_STREAM);
    int result = WSAIoctl(client, 0x98000011u, &parameters, (DWORD)sizeof parameters, NULL, 0, &n,
                          NULL, NULL);
    believe("a refused connect is reported without retries");
    see("SIO_TCP_INITIAL_RTO: %s", result == 0 ? "OK" : raw_text(result));
    uint64_t began = system_now_ms();
    result = raw_connect(client, raw_refused_port());
    const char *text = raw_text(result);
    uint64_t took = system_now_ms() - began;
    see("connect: %s after %u ms", text, (unsigned)took);
    conclude(took < 500);
}

/* NtQueryInformationFile, FileModeInformation: 0x10 and 0x20 are the synchronous modes. */
static const char *mode_text(SOCKET socket)
{
    LONG(WINAPI * query)(HANDLE, void *, void *, ULONG, int) = NULL;
    FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQueryInformationFile");
    ULONG mode = 0;
    uintptr_t status[2] = {0, 0};
    memcpy(&query, &found, sizeof query);
    if (query == NULL || query((HANDLE)socket, status, &mode, (ULONG)sizeof mode, 16) != 0) {
        return "unknown";
    }
    return (mode & 0x30u) != 0 ? "synchronous" : "overlapped";
}

PROBE(file_mode_of_sockets, "ferp_adopt")
{
    SOCKET overlapped = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    SOCKET synchronous = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, 0);
    believe("FileModeInformation tells whether WSA_FLAG_OVERLAPPED was given");
    see("with it: %s; without it: %s", mode_text(overlapped), mode_text(synchronous));
    conclude(strcmp(mode_text(overlapped), "overlapped") == 0 &&
             strcmp(mode_text(synchronous), "synchronous") == 0);
}
