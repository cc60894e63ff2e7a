/* winsock_kernel.c: the calls of kernel32 and ntdll of scripted_winsock.h: handles, events,
 * completion ports, requests of the AFD driver, time. */
#include "unit/winsock_script.h"

#include <string.h>

#define STATUS_PENDING_REQUEST ((NTSTATUS)0x103)

static int64_t number_of(const void *handle)
{
    return (int64_t)(intptr_t)handle;
}

static HANDLE handle_of(int64_t number)
{
    return (HANDLE)(intptr_t)number;
}

/* ---- Open handles, and the events among them */

enum { HANDLES_MAX = 640, EVENTS_MAX = 600 };

static struct {
    int64_t number;
    bool is_inheritable;
} handles[HANDLES_MAX];
static int handle_count;
static bool event_is_set[EVENTS_MAX];
static int event_count;

void script_add_socket(int64_t socket, bool is_inheritable)
{
    if (handle_count == HANDLES_MAX) {
        script_fail("too many handles:", socket);
    }
    handles[handle_count].number = socket;
    handles[handle_count++].is_inheritable = is_inheritable;
}

void script_add_handle(int64_t handle)
{
    script_add_socket(handle, false);
}

void script_check_inheritance(void)
{
    for (int i = 0; i < handle_count; i++) {
        if (handles[i].is_inheritable) {
            script_fail("child processes inherit the SOCKET", handles[i].number);
        }
    }
}

bool script_remove_handle(int64_t handle)
{
    for (int i = 0; i < handle_count; i++) {
        if (handles[i].number == handle) {
            handles[i] = handles[--handle_count];
            return true;
        }
    }
    return false;
}

static bool *event_of(HANDLE handle)
{
    int64_t index = (number_of(handle) - EVENT(0)) / 4;
    bool is_event = number_of(handle) % 4 == 0 && index >= 0 && index < event_count;
    if (!is_event) {
        script_fail("no event has the handle", number_of(handle));
    }
    return &event_is_set[is_event ? index : 0];
}

HANDLE WINAPI scripted_CreateEventW(LPSECURITY_ATTRIBUTES attributes, BOOL is_manual, BOOL is_set,
                                    LPCWSTR name)
{
    const struct step *step = script_take(ANSWER_CreateEventW, ANY, ANY, ANY);
    if (step != NULL && !script_succeeds(step)) {
        return NULL;
    }
    if (attributes != NULL || !is_manual || is_set || name != NULL || event_count == EVENTS_MAX) {
        script_fail("an event of another kind, or too many:", event_count);
    }
    event_is_set[event_count] = false;
    int64_t made = EVENT(event_count++);
    script_add_handle(made);
    return handle_of(made);
}

BOOL WINAPI scripted_SetEvent(HANDLE event)
{
    *event_of(event) = true;
    return TRUE;
}

BOOL WINAPI scripted_ResetEvent(HANDLE event)
{
    *event_of(event) = false;
    return TRUE;
}

BOOL WINAPI scripted_CloseHandle(HANDLE handle)
{
    (void)script_take(ANSWER_CloseHandle, number_of(handle), ANY, ANY);
    if (!script_remove_handle(number_of(handle))) {
        script_fail("a handle that is not open is closed:", number_of(handle));
    }
    (void)script_succeeds(NULL);
    return TRUE;
}

/* In the order of the code: after the place of a request is free, another thread may use it. */
LONG WINAPI scripted_release(volatile LONG *word, LONG value)
{
    LONG before = *word;
    *word = value;
    (void)script_take(ANSWER_release, ANY, ANY, ANY);
    return before;
}

/* ---- Waits for events. result: the index, or WAIT_TIMEOUT. */

DWORD WINAPI scripted_WaitForMultipleObjects(DWORD count, const HANDLE *events, BOOL all,
                                             DWORD millis)
{
    for (DWORD i = 0; i < count; i++) {
        (void)event_of(events[i]);
    }
    const struct step *step = script_take(ANSWER_WaitForMultipleObjects, number_of(events[0]),
                                          millis, count > 1 ? number_of(events[1]) : NONE);
    if (all || (step->result != WAIT_TIMEOUT && step->result >= (int64_t)count)) {
        script_fail("a wait without the event of the index", step->result);
    }
    script_now_nanos += step->result == WAIT_TIMEOUT ? (int64_t)millis * 1000000 : 0;
    return script_succeeds(step) ? (DWORD)step->result : WAIT_FAILED;
}

/* Without a step: whether the event is set. */
DWORD WINAPI scripted_WaitForSingleObject(HANDLE event, DWORD millis)
{
    bool is_set = *event_of(event);
    const struct step *step =
        script_take(ANSWER_WaitForSingleObject, number_of(event), millis, ANY);
    if (step != NULL) {
        (void)script_succeeds(step);
        is_set = step->result == WAIT_OBJECT_0;
    } else if (millis != 0) {
        script_fail("a wait that is not in the script, of milliseconds:", millis);
    }
    script_now_nanos += is_set ? 0 : (int64_t)millis * 1000000;
    return is_set ? WAIT_OBJECT_0 : WAIT_TIMEOUT;
}

VOID WINAPI scripted_Sleep(DWORD millis)
{
    (void)script_take(ANSWER_Sleep, ANY, millis, ANY);
    script_now_nanos += (int64_t)millis * 1000000;
}

/* ---- Requests of a SOCKET */

BOOL WINAPI scripted_CancelIoEx(HANDLE handle, LPOVERLAPPED request)
{
    int which = request == NULL           ? CANCELS_ALL
                : request->hEvent == NULL ? CANCELS_UNUSED
                                          : CANCELS_REQUEST;
    return script_succeeds(script_take(ANSWER_CancelIoEx, number_of(handle), which, ANY));
}

/* A SOCKET that refuses the call is not the system's, and no child process inherits it. */
BOOL WINAPI scripted_SetHandleInformation(HANDLE handle, DWORD mask, DWORD flags)
{
    for (int i = 0; i < handle_count; i++) {
        if (handles[i].number == number_of(handle)) {
            handles[i].is_inheritable = flags != 0;
        }
    }
    return script_succeeds(
        script_take(ANSWER_SetHandleInformation, number_of(handle), mask, flags));
}

BOOL WINAPI scripted_GetHandleInformation(HANDLE handle, LPDWORD flags)
{
    const struct step *step = script_take(ANSWER_GetHandleInformation, number_of(handle), ANY, ANY);
    *flags = (DWORD)step->out;
    return script_succeeds(step);
}

/* ---- Files. in: the offset. in2: the length. */

BOOL WINAPI scripted_ReadFile(HANDLE file, LPVOID buf, DWORD len, LPDWORD moved,
                              LPOVERLAPPED request)
{
    if (((uintptr_t)request->hEvent & 1) == 0) {
        script_fail("a read whose packet reaches a completion port:", 0);
    }
    const struct step *step =
        script_take(ANSWER_ReadFile, number_of(file),
                    (int64_t)request->OffsetHigh << 32 | request->Offset, len);
    *moved = (DWORD)step->out;
    return script_succeeds(step);
}

BOOL WINAPI scripted_GetOverlappedResult(HANDLE file, LPOVERLAPPED request, LPDWORD moved,
                                         BOOL waits)
{
    const struct step *step = script_take(ANSWER_GetOverlappedResult, number_of(file), waits, ANY);
    *moved = (DWORD)step->out;
    return script_succeeds(step);
}

/* ---- The driver and its completion port. Requests are numbered in the order in which they were
 * made or posted. */

enum { REQUESTS_MAX = 32 };

static struct {
    void *context;
    IO_STATUS_BLOCK *status;
    ferp_afd_poll *poll;
} requests[REQUESTS_MAX];
static int request_count;

void script_forget_handles(void)
{
    handle_count = 0;
    event_count = 0;
    request_count = 0;
}

int script_open_handles(void)
{
    return handle_count;
}

static void add_request(void *context, IO_STATUS_BLOCK *status, ferp_afd_poll *poll)
{
    if (request_count == REQUESTS_MAX) {
        script_fail("too many requests:", request_count);
    }
    requests[request_count].context = context;
    requests[request_count].status = status;
    requests[request_count++].poll = poll;
}

HANDLE WINAPI scripted_CreateIoCompletionPort(HANDLE file, HANDLE port, ULONG_PTR key,
                                              DWORD threads)
{
    const struct step *step =
        script_take(ANSWER_CreateIoCompletionPort, number_of(file), number_of(port), ANY);
    if (step != NULL && !script_succeeds(step)) {
        return NULL;
    }
    if (port == NULL) {
        if (threads != INT32_MAX) {
            script_fail("a port runs threads:", threads);
        }
        script_add_handle(PORT);
    }
    return handle_of(PORT);
}

BOOL WINAPI scripted_SetFileCompletionNotificationModes(HANDLE file, UCHAR flags)
{
    if (flags != FILE_SKIP_SET_EVENT_ON_HANDLE) {
        script_fail("the driver's handle has the modes", flags);
    }
    return TRUE;
}

NTSTATUS WINAPI scripted_NtCreateFile(PHANDLE out, ACCESS_MASK access, POBJECT_ATTRIBUTES object,
                                      PIO_STATUS_BLOCK status, PLARGE_INTEGER size, ULONG file,
                                      ULONG share, ULONG disposition, ULONG options, PVOID buffer,
                                      ULONG length)
{
    const struct step *step = script_take(ANSWER_NtCreateFile, ANY, ANY, ANY);
    if (object->Attributes != 0) {
        script_fail("the driver's handle has the attributes", object->Attributes);
    }
    if (step != NULL && step->code != 0) {
        return step->code;
    }
    script_add_handle(DRIVER);
    *out = handle_of(DRIVER);
    return 0;
}

/* on: the SOCKET. in: the requested events. Pending, or failed with the code. */
NTSTATUS WINAPI scripted_NtDeviceIoControlFile(HANDLE driver, HANDLE event, PIO_APC_ROUTINE routine,
                                               PVOID context, PIO_STATUS_BLOCK status, ULONG code,
                                               PVOID in, ULONG in_size, PVOID out, ULONG out_size)
{
    ferp_afd_poll *poll = in;
    if (driver != handle_of(DRIVER) || in != out || in_size != out_size || poll->count != 1 ||
        poll->is_exclusive || poll->timeout.QuadPart != INT64_MAX) {
        script_fail("a request of the driver is not as every one, of sockets:", poll->count);
    }
    const struct step *step =
        script_take(ANSWER_NtDeviceIoControlFile, number_of(poll->socket), poll->events, ANY);
    if (step->code != 0) {
        return step->code;
    }
    status->Status = STATUS_PENDING_REQUEST;
    add_request(context, status, poll);
    return STATUS_PENDING_REQUEST;
}

/* in: the number of the request. */
NTSTATUS WINAPI scripted_NtCancelIoFileEx(HANDLE driver, PIO_STATUS_BLOCK request,
                                          PIO_STATUS_BLOCK status)
{
    int index = request_count - 1;
    while (index >= 0 && requests[index].status != request) {
        index--;
    }
    return script_take(ANSWER_NtCancelIoFileEx, ANY, index, ANY)->code;
}

NTSTATUS WINAPI scripted_NtQueryInformationFile(HANDLE file, PIO_STATUS_BLOCK status, PVOID out,
                                                ULONG size, int what)
{
    const struct step *step =
        script_take(ANSWER_NtQueryInformationFile, number_of(file), what, size);
    uint32_t modes = (uint32_t)step->out;
    memcpy(out, &modes, sizeof modes);
    return step->code;
}

BOOL WINAPI scripted_PostQueuedCompletionStatus(HANDLE port, DWORD moved, ULONG_PTR key,
                                                LPOVERLAPPED context)
{
    const struct step *step =
        script_take(ANSWER_PostQueuedCompletionStatus, number_of(port), context != NULL, ANY);
    if (context != NULL && step->code == 0) {
        add_request(context, NULL, NULL);
    }
    return script_succeeds(step);
}

/* in: the milliseconds. in2: the most packets. Without a packet the time has expired. */
BOOL WINAPI scripted_GetQueuedCompletionStatusEx(HANDLE port, LPOVERLAPPED_ENTRY entries, ULONG cap,
                                                 PULONG found, DWORD millis, BOOL is_alertable)
{
    const struct step *step =
        script_take(ANSWER_GetQueuedCompletionStatusEx, number_of(port), millis, cap);
    const struct step *packet;
    if (is_alertable || !script_succeeds(step)) {
        return FALSE;
    }
    *found = 0;
    while (*found < cap && (packet = script_take_packet()) != NULL) {
        entries[*found].lpOverlapped = NULL;
        if (packet->in >= 0) {
            int64_t index = packet->in;
            entries[*found].lpOverlapped = requests[index].context;
            if (requests[index].status != NULL) {
                requests[index].status->Status = packet->code;
                requests[index].poll->events = (ULONG)packet->out;
                requests[index].poll->count = packet->out != 0;
            }
        }
        (*found)++;
    }
    if (*found == 0) {
        script_now_nanos += (int64_t)millis * 1000000;
        SetLastError(WAIT_TIMEOUT);
    }
    return *found > 0;
}

/* ---- Time and the start of Winsock */

ULONGLONG WINAPI scripted_GetTickCount64(void)
{
    return (ULONGLONG)(script_now_nanos / 1000000);
}

/* No whole number of nanoseconds. */
BOOL WINAPI scripted_QueryPerformanceCounter(LARGE_INTEGER *counter)
{
    counter->QuadPart = script_now_nanos / 1000 * 24 + script_now_nanos % 1000 * 24 / 1000;
    return TRUE;
}

BOOL WINAPI scripted_QueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
    frequency->QuadPart = 24000000;
    return TRUE;
}

int WINAPI scripted_WSAStartup(WORD version, LPWSADATA data)
{
    const struct step *step = script_take(ANSWER_WSAStartup, ANY, version, ANY);
    int result = WSAStartup(version, data); /* htons and the like need it under some systems */
    return step != NULL && step->code != 0 ? step->code : result;
}
