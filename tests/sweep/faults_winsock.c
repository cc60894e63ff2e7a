/* faults_winsock.c: the replaced calls of Windows. The program's import table has the replacements,
 * and so has GetProcAddress for those of ntdll. A planned failure makes no system call, but
 * closesocket and CloseHandle have closed, and a connect whose failure means pending has begun. */
#include "sweep/faults.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <winternl.h>
#include <ws2tcpip.h>

#include "sweep/world.h"

static bool wsa_fails(int call)
{
    int code = sweep_failure_of(call);
    if (code != 0) {
        WSASetLastError(code);
    }
    return code != 0;
}

typedef void (*any_function)(void);

struct hook {
    const char *name;
    any_function replacement;
    void *real; /* the pointer to the real one */
};

static struct hook hooks[64];
static size_t hook_count;

/* A replacement; its body follows. Before main it adds itself to the hooks. */
#define HOOKED(type, name, parameters)                                             \
    static type(WINAPI *real_##name) parameters;                                   \
    static type WINAPI hook_##name parameters;                                     \
    __attribute__((constructor)) static void name##_registers(void)                \
    {                                                                              \
        hooks[hook_count++] =                                                      \
            (struct hook){#name, (any_function)hook_##name, (void *)&real_##name}; \
    }                                                                              \
    static type WINAPI hook_##name parameters

/* A call that returns failed and stores its error (WSASetLastError is SetLastError). row: the row
 * of the call, which may depend on its arguments. */
#define HOOK_AS(row, failed, type, name, parameters, arguments)       \
    HOOKED(type, name, parameters)                                    \
    {                                                                 \
        return wsa_fails(row) ? (type)failed : real_##name arguments; \
    }
#define HOOK(failed, type, name, parameters, arguments) \
    HOOK_AS(SWEEP_##name, failed, type, name, parameters, arguments)

/* A call that returns its error. */
#define HOOK_CODE(type, name, parameters, arguments)                 \
    HOOKED(type, name, parameters)                                   \
    {                                                                \
        int planned = sweep_failure_of(SWEEP_##name);                \
        return planned != 0 ? (type)planned : real_##name arguments; \
    }

/* ---- Handles */

static volatile LONG open_handles;
static volatile LONG bad_closes;

int sweep_open_handles(void)
{
    return (int)open_handles;
}

int sweep_bad_closes(void)
{
    return (int)InterlockedExchange(&bad_closes, 0);
}

static void count_opened(bool is_open)
{
    if (is_open) {
        InterlockedIncrement(&open_handles);
    }
}

static bool count_closed(bool was_open)
{
    InterlockedDecrement(&open_handles);
    if (!was_open) {
        InterlockedIncrement(&open_handles);
        InterlockedIncrement(&bad_closes);
    }
    return was_open;
}

/* A call that returns a new handle. */
#define HOOK_OPENS(row, none, type, name, parameters, arguments)         \
    HOOKED(type, name, parameters)                                       \
    {                                                                    \
        type made = wsa_fails(row) ? (type)none : real_##name arguments; \
        count_opened(made != (type)none);                                \
        return made;                                                     \
    }

HOOK_OPENS(SWEEP_CreateEventW, NULL, HANDLE, CreateEventW,
           (LPSECURITY_ATTRIBUTES a, BOOL b, BOOL c, LPCWSTR d), (a, b, c, d))
HOOK_OPENS(SWEEP_CreateThread, NULL, HANDLE, CreateThread,
           (LPSECURITY_ATTRIBUTES a, SIZE_T size, LPTHREAD_START_ROUTINE run, LPVOID of,
            DWORD flags, LPDWORD id),
           (a, size, run, of, flags, id))

HOOKED(HANDLE, CreateIoCompletionPort, (HANDLE file, HANDLE port, ULONG_PTR key, DWORD threads))
{
    bool opens = port == NULL;
    HANDLE made = wsa_fails(opens ? SWEEP_CreateIoCompletionPort : SWEEP_CreateIoCompletionPort_add)
                      ? NULL
                      : real_CreateIoCompletionPort(file, port, key, threads);
    count_opened(opens && made != NULL);
    return made;
}

HOOKED(NTSTATUS, NtCreateFile,
       (PHANDLE out, ACCESS_MASK a, POBJECT_ATTRIBUTES b, PIO_STATUS_BLOCK c, PLARGE_INTEGER d,
        ULONG e, ULONG f, ULONG g, ULONG h, PVOID i, ULONG j))
{
    int code = sweep_failure_of(SWEEP_NtCreateFile);
    NTSTATUS status = code != 0 ? code : real_NtCreateFile(out, a, b, c, d, e, f, g, h, i, j);
    count_opened(status >= 0);
    return status;
}

HOOKED(BOOL, CloseHandle, (HANDLE handle))
{
    return count_closed(real_CloseHandle(handle) != 0);
}

/* ---- Sockets. Unix sockets are TCP sockets (winsock.c). */

HOOKED(int, getsockopt, (SOCKET s, int level, int name, char *value, int *size))
{
    if (wsa_fails(SWEEP_getsockopt)) {
        return SOCKET_ERROR;
    }
    int result = real_getsockopt(s, level, name, value, size);
    if (result == 0 && level == SOL_SOCKET && name == SO_PROTOCOL_INFOW && unix_is(s)) {
        ((WSAPROTOCOL_INFOW *)(void *)value)->iAddressFamily = AF_UNIX;
    }
    return result;
}

static bool is_stream(SOCKET s)
{
    int type = SOCK_STREAM;
    int size = (int)sizeof type;
    DWORD before = GetLastError();
    (void)real_getsockopt(s, SOL_SOCKET, SO_TYPE, (char *)&type, &size);
    SetLastError(before);
    return type == SOCK_STREAM;
}

#define ROW_OF(s, name) (is_stream(s) ? SWEEP_##name : SWEEP_##name##_gram)

typedef struct sockaddr *address;
typedef const struct sockaddr *const_address;

HOOKED(SOCKET, WSASocketW,
       (int family, int type, int protocol, LPWSAPROTOCOL_INFOW info, GROUP group, DWORD flags))
{
    bool is_unix = family == AF_UNIX && type == SOCK_STREAM;
    SOCKET made = wsa_fails(SWEEP_WSASocketW) ? INVALID_SOCKET
                                              : real_WSASocketW(is_unix ? AF_INET : family, type,
                                                                protocol, info, group, flags);
    count_opened(made != INVALID_SOCKET);
    if (made != INVALID_SOCKET) {
        unix_begin(made, is_unix, info != NULL);
    }
    return made;
}

HOOKED(SOCKET, socket, (int family, int type, int protocol))
{
    bool is_unix = family == AF_UNIX && type == SOCK_STREAM;
    SOCKET made = real_socket(is_unix ? AF_INET : family, type, protocol);
    count_opened(made != INVALID_SOCKET);
    unix_begin(made, is_unix, false);
    return made;
}

HOOKED(int, WSADuplicateSocketW, (SOCKET s, DWORD process, LPWSAPROTOCOL_INFOW info))
{
    unix_duplicate(s);
    return wsa_fails(SWEEP_WSADuplicateSocketW) ? SOCKET_ERROR
                                                : real_WSADuplicateSocketW(s, process, info);
}

HOOKED(int, getsockname, (SOCKET s, address name, int *size))
{
    if (wsa_fails(SWEEP_getsockname)) {
        return SOCKET_ERROR;
    }
    int result = real_getsockname(s, name, size);
    return result == 0 && unix_is(s) ? unix_name(s, false, name, size) : result;
}

HOOKED(int, bind, (SOCKET s, const_address name, int size))
{
    if (wsa_fails(unix_is(s) ? SWEEP_bind_unix : SWEEP_bind)) {
        return SOCKET_ERROR;
    }
    return unix_is(s) ? unix_bind(s, name, real_bind, real_getsockname) : real_bind(s, name, size);
}

static bool means_pending(int code)
{
    return code == WSAEWOULDBLOCK || code == WSAEALREADY || code == WSAEINTR;
}

HOOKED(int, connect, (SOCKET s, const_address name, int size))
{
    bool connects = is_stream(s);
    int of_ip = connects ? SWEEP_connect : SWEEP_connect_gram;
    int code = sweep_failure_of(unix_is(s) ? SWEEP_connect_unix : of_ip);
    int result = SOCKET_ERROR;
    if (code == 0 || (connects && means_pending(code))) {
        result = unix_is(s) ? unix_connect(s, name, real_connect) : real_connect(s, name, size);
    }
    if (code != 0) {
        WSASetLastError(code);
    }
    return code != 0 ? SOCKET_ERROR : result;
}

HOOKED(SOCKET, accept, (SOCKET s, address name, int *size))
{
    SOCKET made = wsa_fails(SWEEP_accept) ? INVALID_SOCKET : real_accept(s, name, size);
    count_opened(made != INVALID_SOCKET);
    if (made != INVALID_SOCKET) {
        unix_accept(s, made, name, size);
    }
    return made;
}

HOOKED(int, getpeername, (SOCKET s, address name, int *size))
{
    if (wsa_fails(SWEEP_getpeername)) {
        return SOCKET_ERROR;
    }
    int result = real_getpeername(s, name, size);
    return result == 0 && unix_is(s) ? unix_name(s, true, name, size) : result;
}

static bool changes_membership(int level, int name)
{
    return level == IPPROTO_IP
               ? name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP ||
                     name == IP_ADD_SOURCE_MEMBERSHIP || name == IP_DROP_SOURCE_MEMBERSHIP
               : level == IPPROTO_IPV6 &&
                     (name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP || name == 45 ||
                      name == 46 /* MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP */);
}

/* A socket that lingers fails at most while it is nonblocking and while it lingers. */
HOOKED(int, closesocket, (SOCKET s))
{
    int code = sweep_failure_of(SWEEP_closesocket);
    if (code == WSAEWOULDBLOCK && sweep_failures() < 3) {
        WSASetLastError(code);
        return SOCKET_ERROR;
    }
    bool was_open = count_closed(real_closesocket(s) == 0);
    if (code != 0 && code != WSAEWOULDBLOCK) {
        WSASetLastError(code);
        return SOCKET_ERROR;
    }
    return was_open ? 0 : SOCKET_ERROR;
}

static int row_of_option(int level, int name)
{
    if (changes_membership(level, name)) {
        return SWEEP_setsockopt_member;
    }
    return level == SOL_SOCKET && name == SO_KEEPALIVE ? SWEEP_setsockopt_keepalive
                                                       : SWEEP_setsockopt;
}

HOOK_AS(row_of_option(level, name), SOCKET_ERROR, int, setsockopt,
        (SOCKET s, int level, int name, const char *v, int size), (s, level, name, v, size))
HOOK(SOCKET_ERROR, int, listen, (SOCKET s, int backlog), (s, backlog))
HOOK(SOCKET_ERROR, int, shutdown, (SOCKET s, int how), (s, how))
HOOK(SOCKET_ERROR, int, ioctlsocket, (SOCKET s, long command, u_long *v), (s, command, v))
HOOK(SOCKET_ERROR, int, WSAIoctl,
     (SOCKET s, DWORD control, void *in, DWORD in_size, void *out, DWORD out_size, DWORD *length,
      LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine),
     (s, control, in, in_size, out, out_size, length, overlapped, routine))
HOOK_AS(ROW_OF(s, recv), SOCKET_ERROR, int, recv, (SOCKET s, char *b, int len, int flags),
        (s, b, len, flags))
HOOK(SOCKET_ERROR, int, recvfrom, (SOCKET s, char *b, int len, int flags, address name, int *size),
     (s, b, len, flags, name, size))
HOOK_AS(overlapped == NULL ? SWEEP_WSARecv : ROW_OF(s, WSARecv_wait), SOCKET_ERROR, int, WSARecv,
        (SOCKET s, LPWSABUF b, DWORD count, DWORD *moved, DWORD *flags, LPWSAOVERLAPPED overlapped,
         LPWSAOVERLAPPED_COMPLETION_ROUTINE routine),
        (s, b, count, moved, flags, overlapped, routine))
HOOK_AS(ROW_OF(s, WSAGetOverlappedResult), FALSE, BOOL, WSAGetOverlappedResult,
        (SOCKET s, LPWSAOVERLAPPED overlapped, DWORD *moved, BOOL waits, DWORD *flags),
        (s, overlapped, moved, waits, flags))
HOOK_AS(ROW_OF(s, send), SOCKET_ERROR, int, send, (SOCKET s, const char *b, int len, int flags),
        (s, b, len, flags))
HOOK(SOCKET_ERROR, int, sendto,
     (SOCKET s, const char *b, int len, int flags, const_address name, int size),
     (s, b, len, flags, name, size))
HOOK(SOCKET_ERROR, int, WSASend,
     (SOCKET s, LPWSABUF b, DWORD count, DWORD *moved, DWORD flags, LPWSAOVERLAPPED overlapped,
      LPWSAOVERLAPPED_COMPLETION_ROUTINE routine),
     (s, b, count, moved, flags, overlapped, routine))
HOOK(SOCKET_ERROR, int, select,
     (int count, fd_set *a, fd_set *b, fd_set *c, const struct timeval *time),
     (count, a, b, c, time))
HOOK(SOCKET_ERROR, int, WSAPoll, (LPWSAPOLLFD entries, ULONG count, INT millis),
     (entries, count, millis))
HOOK_CODE(int, WSAStartup, (WORD version, LPWSADATA data), (version, data))

/* Every name is a loopback address, so the sweep depends on no name server. */
HOOKED(INT, GetAddrInfoW, (PCWSTR host, PCWSTR service, const ADDRINFOW *hints, PADDRINFOW *found))
{
    int code = sweep_failure_of(SWEEP_GetAddrInfoW);
    code = code != 0 ? code : real_GetAddrInfoW(L"127.0.0.1", service, hints, found);
    count_blocks(code == 0);
    return code;
}

HOOKED(void, FreeAddrInfoW, (PADDRINFOW found))
{
    count_blocks(-1);
    real_FreeAddrInfoW(found);
}

/* ---- Windows */

HOOK(FALSE, BOOL, CancelIoEx, (HANDLE file, LPOVERLAPPED overlapped), (file, overlapped))
HOOK(FALSE, BOOL, SetHandleInformation, (HANDLE handle, DWORD mask, DWORD flags),
     (handle, mask, flags))
HOOK(FALSE, BOOL, GetQueuedCompletionStatusEx,
     (HANDLE port, LPOVERLAPPED_ENTRY packets, ULONG cap, PULONG found, DWORD millis, BOOL alerts),
     (port, packets, cap, found, millis, alerts))
HOOK(FALSE, BOOL, PostQueuedCompletionStatus,
     (HANDLE port, DWORD bytes, ULONG_PTR key, LPOVERLAPPED overlapped),
     (port, bytes, key, overlapped))
HOOK(WAIT_FAILED, DWORD, WaitForMultipleObjects,
     (DWORD count, const HANDLE *handles, BOOL all, DWORD millis), (count, handles, all, millis))
HOOK(WAIT_FAILED, DWORD, WaitForSingleObject, (HANDLE handle, DWORD millis), (handle, millis))
HOOK(FALSE, BOOL, SleepConditionVariableSRW,
     (PCONDITION_VARIABLE condition, PSRWLOCK lock, DWORD millis, ULONG flags),
     (condition, lock, millis, flags))
HOOK(FALSE, BOOL, GetModuleHandleExW, (DWORD flags, LPCWSTR name, HMODULE *out), (flags, name, out))
HOOK(0, int, MultiByteToWideChar, (UINT page, DWORD flags, LPCCH from, int len, LPWSTR to, int cap),
     (page, flags, from, len, to, cap))
HOOK(FALSE, BOOL, SetFileCompletionNotificationModes, (HANDLE file, UCHAR modes), (file, modes))

HOOK_CODE(NTSTATUS, NtDeviceIoControlFile,
          (HANDLE file, HANDLE event, PIO_APC_ROUTINE routine, PVOID context,
           PIO_STATUS_BLOCK status, ULONG code, PVOID in, ULONG in_size, PVOID out, ULONG out_size),
          (file, event, routine, context, status, code, in, in_size, out, out_size))
HOOK_CODE(NTSTATUS, NtCancelIoFileEx,
          (HANDLE file, PIO_STATUS_BLOCK request, PIO_STATUS_BLOCK status), (file, request, status))
HOOK_CODE(NTSTATUS, NtQueryInformationFile,
          (HANDLE file, PIO_STATUS_BLOCK status, PVOID out, ULONG size, int of),
          (file, status, out, size, of))

void *allocate(size_t size)
{
    return wsa_fails(SWEEP_malloc) ? NULL : __real_malloc(size);
}

void release(void *block)
{
    __real_free(block);
}

/* ---- Replacing */

/* The backend looks up those of ntdll at run time. */
static bool is_looked_up(const struct hook *hook)
{
    return strncmp(hook->name, "Nt", 2) == 0;
}

HOOKED(FARPROC, GetProcAddress, (HMODULE module, LPCSTR name))
{
    FARPROC found = real_GetProcAddress(module, name);
    for (size_t i = 0; found != NULL && i < hook_count; i++) {
        if (is_looked_up(&hooks[i]) && strcmp(name, hooks[i].name) == 0) {
            memcpy(hooks[i].real, &found, sizeof found);
            memcpy(&found, &hooks[i].replacement, sizeof found);
            return found;
        }
    }
    return found;
}

static void replace(void **import, const struct hook *hook)
{
    DWORD protection = 0;
    memcpy(hook->real, import, sizeof *import);
    if (VirtualProtect((void *)import, sizeof *import, PAGE_READWRITE, &protection)) {
        memcpy((void *)import, &hook->replacement, sizeof *import);
    }
}

/* The number of hooks that a DLL's imports have. */
static size_t replace_imports(void **imports, HMODULE dll)
{
    size_t replaced = 0;
    for (size_t i = 0; i < hook_count; i++) {
        FARPROC exported = is_looked_up(&hooks[i]) ? NULL : GetProcAddress(dll, hooks[i].name);
        for (void **import = imports; exported != NULL && *import != NULL; import++) {
            if (memcmp(import, &exported, sizeof exported) == 0) {
                replace(import, &hooks[i]);
                replaced++;
            }
        }
    }
    return replaced;
}

/* "PE Format", MSDN. */
bool sweep_replace_calls(void)
{
    char *base = (char *)(void *)GetModuleHandleW(NULL);
    IMAGE_DOS_HEADER dos;
    IMAGE_NT_HEADERS nt;
    IMAGE_IMPORT_DESCRIPTOR dll;
    size_t missing = 0;
    memcpy(&dos, base, sizeof dos);
    memcpy(&nt, base + dos.e_lfanew, sizeof nt);
    DWORD at = nt.OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    for (;; at += (DWORD)sizeof dll) {
        memcpy(&dll, base + at, sizeof dll);
        if (dll.Name == 0) {
            break;
        }
        missing -= replace_imports((void **)(void *)(base + dll.FirstThunk),
                                   GetModuleHandleA(base + dll.Name));
    }
    for (size_t i = 0; i < hook_count; i++) {
        missing += !is_looked_up(&hooks[i]);
    }
    return missing == 0;
}
