/* afd.c: the calls of the AFD driver, and the SOCKET that it uses. afd_sources.c decides which
 * requests to make. */
#include "platform/winsock/afd.h"

#include <string.h>

#define IOCTL_AFD_POLL 0x00012024u

/* NTSTATUS values. Errors are FIRST_ERROR and above; a request that fails with one when it is made
 * queues no packet. */
#define CANCELLED ((NTSTATUS)0xC0000120u)
#define FIRST_ERROR 0xC0000000u

typedef NTSTATUS(NTAPI *nt_create_file)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK,
                                        PLARGE_INTEGER, ULONG, ULONG, ULONG, ULONG, PVOID, ULONG);
typedef NTSTATUS(NTAPI *nt_device_io_control_file)(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID,
                                                   PIO_STATUS_BLOCK, ULONG, PVOID, ULONG, PVOID,
                                                   ULONG);
typedef NTSTATUS(NTAPI *nt_cancel_io_file_ex)(HANDLE, PIO_STATUS_BLOCK, PIO_STATUS_BLOCK);
typedef ULONG(NTAPI *rtl_nt_status_to_dos_error)(NTSTATUS);

/* ntdll is loaded in every process, but not every toolchain has its import library. */
static struct {
    nt_create_file create_file;
    nt_device_io_control_file device_io_control_file;
    nt_cancel_io_file_ex cancel_io_file_ex;
    rtl_nt_status_to_dos_error status_to_dos_error;
} nt;

static bool find_in_ntdll(const char *name, void *pointer)
{
    return ferp_winsock_find_function(L"ntdll.dll", name, pointer);
}

static BOOL CALLBACK find_functions(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    (void)once;
    (void)parameter;
    (void)context;
    return find_in_ntdll("NtCreateFile", &nt.create_file) &&
           find_in_ntdll("NtDeviceIoControlFile", &nt.device_io_control_file) &&
           find_in_ntdll("NtCancelIoFileEx", &nt.cancel_io_file_ex) &&
           find_in_ntdll("RtlNtStatusToDosError", &nt.status_to_dos_error);
}

static bool has_failed(NTSTATUS status)
{
    return (ULONG)status >= FIRST_ERROR;
}

/* A request that is cancelled while it is made says nothing about its socket. Its code,
 * ERROR_OPERATION_ABORTED, would be TIMED_OUT. */
static fer_error error_of(NTSTATUS status)
{
    fer_error err = ferp_winsock_error((int32_t)nt.status_to_dos_error(status));
    return status == CANCELLED ? (fer_error){FER_RESOURCE_BUSY, err.os_code} : err;
}

/* ---- The driver's handle */

/* Any name below the device's is valid. */
static NTSTATUS open_driver(HANDLE *out)
{
    static WCHAR path[] = L"\\Device\\Afd\\Ferrule";
    UNICODE_STRING name = {sizeof path - sizeof path[0], sizeof path, path};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK status;
    memset(&attributes, 0, sizeof attributes);
    attributes.Length = (ULONG)sizeof attributes;
    attributes.ObjectName = &name;
    return nt.create_file(out, SYNCHRONIZE, &attributes, &status, NULL, 0,
                          FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0);
}

fer_error ferp_afd_open(HANDLE port, HANDLE *out)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    HANDLE afd = NULL;
    if (!InitOnceExecuteOnce(&once, find_functions, NULL, NULL)) {
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    NTSTATUS status = open_driver(&afd);
    if (has_failed(status)) {
        fer_error err = error_of(status);
        return ferp_afd_is_transient(err) ? err : (fer_error){FER_UNSUPPORTED, err.os_code};
    }
    if (CreateIoCompletionPort(afd, port, 0, 0) == NULL) {
        fer_error err = ferp_winsock_last_error();
        CloseHandle(afd);
        return err;
    }
    /* No thread waits for the handle itself, so its event need not be set
     * ("SetFileCompletionNotificationModes function", MSDN). */
    (void)SetFileCompletionNotificationModes(afd, FILE_SKIP_SET_EVENT_ON_HANDLE);
    *out = afd;
    return FERP_WINSOCK_OK;
}

/* ---- Requests */

fer_error ferp_afd_begin(HANDLE afd, ferp_afd_request *request, SOCKET base, ULONG events,
                         void *context)
{
    memset(&request->status, 0, sizeof request->status);
    request->poll.timeout.QuadPart = INT64_MAX;
    request->poll.count = 1;
    request->poll.is_exclusive = FALSE;
    request->poll.socket = (HANDLE)base;
    request->poll.events = events | FERP_AFD_LOCAL_CLOSE;
    request->poll.status = 0;
    NTSTATUS status = nt.device_io_control_file(
        afd, NULL, NULL, context, &request->status, IOCTL_AFD_POLL, &request->poll,
        (ULONG)sizeof request->poll, &request->poll, (ULONG)sizeof request->poll);
    return has_failed(status) ? error_of(status) : FERP_WINSOCK_OK;
}

/* "NtCancelIoFileEx function", MSDN. It finds no request if the packet is already in the port. */
void ferp_afd_cancel(HANDLE afd, ferp_afd_request *request)
{
    IO_STATUS_BLOCK status;
    (void)nt.cancel_io_file_ex(afd, &request->status, &status);
}

fer_error ferp_afd_result(const ferp_afd_request *request, ULONG *reported)
{
    NTSTATUS status = request->status.Status;
    *reported = 0;
    if (status == CANCELLED) {
        return FERP_WINSOCK_OK;
    }
    if (has_failed(status)) {
        return error_of(status);
    }
    *reported = request->poll.count == 0 ? 0 : request->poll.events;
    return FERP_WINSOCK_OK;
}

/* ---- The base SOCKET, below the layered providers of Winsock */

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
