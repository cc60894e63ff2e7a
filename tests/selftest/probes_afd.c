/* probes_afd.c: probes of AFD, the driver below Winsock, with the requests of
 * platform/winsock/afd.c. */
#include "selftest/raw.h"

#include <stdio.h>
#include <string.h>

#include "platform/winsock/afd.h"
#include "selftest/probe.h"
#include "selftest/system.h"

#define IOCTL_AFD_POLL 0x00012024u
#define PENDING ((NTSTATUS)0x00000103)

typedef NTSTATUS(NTAPI *nt_create_file)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK,
                                        PLARGE_INTEGER, ULONG, ULONG, ULONG, ULONG, PVOID, ULONG);
typedef NTSTATUS(NTAPI *nt_device_io_control_file)(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID,
                                                   PIO_STATUS_BLOCK, ULONG, PVOID, ULONG, PVOID,
                                                   ULONG);

static nt_create_file create_file;
static nt_device_io_control_file control_file;

struct poll {
    HANDLE afd;
    HANDLE event;
    IO_STATUS_BLOCK status;
    ferp_afd_poll data;
};

static bool find_functions(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    FARPROC create = GetProcAddress(ntdll, "NtCreateFile");
    FARPROC control = GetProcAddress(ntdll, "NtDeviceIoControlFile");
    memcpy(&create_file, &create, sizeof create_file);
    memcpy(&control_file, &control, sizeof control_file);
    return create != NULL && control != NULL;
}

static bool open_poll(struct poll *poll)
{
    static WCHAR path[] = L"\\Device\\Afd\\FerruleSelftest";
    UNICODE_STRING name = {sizeof path - sizeof path[0], sizeof path, path};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK status;
    memset(poll, 0, sizeof *poll);
    memset(&attributes, 0, sizeof attributes);
    attributes.Length = (ULONG)sizeof attributes;
    attributes.ObjectName = &name;
    poll->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return create_file(&poll->afd, SYNCHRONIZE, &attributes, &status, NULL, 0,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0) >= 0;
}

static void begin_poll(struct poll *poll, SOCKET socket, ULONG events)
{
    (void)ResetEvent(poll->event);
    poll->data.timeout.QuadPart = INT64_MAX;
    poll->data.count = 1;
    poll->data.is_exclusive = 0;
    poll->data.socket = (HANDLE)socket;
    poll->data.events = events;
    poll->data.status = 0;
    (void)control_file(poll->afd, poll->event, NULL, NULL, &poll->status, IOCTL_AFD_POLL,
                       &poll->data, (ULONG)sizeof poll->data, &poll->data,
                       (ULONG)sizeof poll->data);
}

/* Waits, or cancels. Returns the reported events, 0 if it was cancelled. */
static ULONG end_poll(struct poll *poll, DWORD milliseconds)
{
    if (WaitForSingleObject(poll->event, milliseconds) != WAIT_OBJECT_0) {
        (void)CancelIoEx(poll->afd, NULL);
        (void)WaitForSingleObject(poll->event, 2000);
        return 0;
    }
    return poll->data.count > 0 ? poll->data.events : 0;
}

static void close_poll(struct poll *poll)
{
    (void)CloseHandle(poll->afd);
    (void)CloseHandle(poll->event);
}

/* trio#52, wepoll#35: one poll waits for SEND of a socket without room, the other for RECEIVE. */
PROBE(two_polls_of_a_socket, "platform/winsock/afd_sources.c")
{
    enum { ROUNDS = 30 };
    static struct poll sends;
    static struct poll receives;
    unsigned right = 0;
    unsigned lost = 0;
    unsigned mixed = 0;
    need(find_functions() && open_poll(&sends) && open_poll(&receives), "there is no AFD");
    for (int i = 0; i < ROUNDS; i++) {
        raw_socket two[2];
        raw_pair(two);
        if (i == 0) {
            (void)raw_fill(two[0]);
        }
        (void)raw_fill(two[0]);
        begin_poll(&sends, two[0], FERP_AFD_SEND | FERP_AFD_LOCAL_CLOSE);
        begin_poll(&receives, two[0], FERP_AFD_RECEIVE | FERP_AFD_LOCAL_CLOSE);
        (void)raw_send(two[1], "x", 1);
        ULONG received = end_poll(&receives, 300);
        ULONG sent = end_poll(&sends, received != 0 ? 0 : 300);
        right += received == FERP_AFD_RECEIVE && sent == 0;
        lost += received == 0;
        mixed += (sent & FERP_AFD_RECEIVE) != 0 || (received & FERP_AFD_SEND) != 0;
        raw_reset(two[0]);
        raw_close(two[1]);
    }
    close_poll(&sends);
    close_poll(&receives);
    believe("each poll reports its own event");
    see("%u of %d rounds: so; %u lost the event, %u mixed the polls up", right, ROUNDS, lost,
        mixed);
    conclude(right == ROUNDS);
}

PROBE(poll_reports_a_close, "platform/winsock/poller_afd.c")
{
    static struct poll poll;
    raw_socket two[2];
    need(find_functions() && open_poll(&poll), "there is no AFD");
    raw_pair(two);
    begin_poll(&poll, two[0], FERP_AFD_RECEIVE | FERP_AFD_LOCAL_CLOSE);
    raw_close(two[0]);
    ULONG events = end_poll(&poll, 2000);
    believe("AFD_POLL_LOCAL_CLOSE (20)");
    see("%lx", events);
    conclude((events & FERP_AFD_LOCAL_CLOSE) != 0);
}
