/* fake_afd.c: a driver in place of platform/winsock/afd.c, which completes, loses and delays
 * requests as a test decides. Any thread may call its functions. A test includes this file. */
#include <string.h>

#include "platform/winsock/afd.h"

/* The number of sockets and of requests that the driver can have. */
enum { FAKE_SOCKETS = 128, FAKE_REQUESTS = 512 };

/* What happens to the requests of a socket. */
typedef enum fake_fault {
    FAKE_NONE,
    FAKE_LOSES_COMPLETIONS, /* a readiness completes no request that is pending; a cancel does */
    FAKE_LOSES_REQUESTS,    /* nothing completes a request that is pending */
    FAKE_DELAYS_CANCELS     /* a cancel's packet comes with fake_deliver */
} fake_fault;

struct fake_socket {
    SOCKET number;
    bool is_open;
    ULONG ready;
    fake_fault fault;
    fer_error failure;
    int begins;
};

enum request_state { UNUSED, PENDING, LOST, DELAYED, QUEUED };

struct fake_request {
    enum request_state state;
    struct fake_socket *socket;
    HANDLE port;
    ferp_afd_request *request;
    void *context;
    ULONG events;
};

static SRWLOCK fake_lock = SRWLOCK_INIT;
static struct fake_socket opened[FAKE_SOCKETS];
static size_t opened_count;
static struct fake_request requests[FAKE_REQUESTS];
static int violations;
static int cancels;

/* The port of each handle of the driver. */
static struct {
    HANDLE afd;
    HANDLE port;
} ports[FAKE_SOCKETS];
static size_t port_count;

#define CANCELLED ((NTSTATUS)0xC0000120u)

/* ---- The driver's state */

/* The last socket that had the number. */
static struct fake_socket *socket_of(SOCKET number)
{
    for (size_t i = opened_count; i > 0; i--) {
        if (opened[i - 1].number == number) {
            return &opened[i - 1];
        }
    }
    return NULL;
}

static void post(struct fake_request *request, NTSTATUS status, ULONG events)
{
    request->request->status.Status = status;
    request->request->poll.events = events;
    request->request->poll.count = events != 0;
    request->state = QUEUED;
    PostQueuedCompletionStatus(request->port, 0, 0, request->context);
}

/* Completes the requests of a socket that are in this state, with the events that match. */
static void complete_all(const struct fake_socket *socket, enum request_state state, ULONG events)
{
    for (size_t i = 0; i < FAKE_REQUESTS; i++) {
        if (requests[i].socket == socket && requests[i].state == state &&
            (requests[i].events & events) != 0) {
            post(&requests[i], 0, requests[i].events & events);
        }
    }
}

/* ---- The driver */

fer_error ferp_afd_open(HANDLE port, HANDLE *out)
{
    *out = CreateEventW(NULL, TRUE, FALSE, NULL);
    AcquireSRWLockExclusive(&fake_lock);
    ports[port_count].afd = *out;
    ports[port_count].port = port;
    port_count++;
    ReleaseSRWLockExclusive(&fake_lock);
    return FERP_WINSOCK_OK;
}

static HANDLE port_of(HANDLE afd)
{
    for (size_t i = port_count; i > 0; i--) {
        if (ports[i - 1].afd == afd) {
            return ports[i - 1].port;
        }
    }
    return NULL;
}

/* A lost request may remain: no cancel brought its packet. */
static void check_single(const struct fake_socket *socket, HANDLE port,
                         const ferp_afd_request *request)
{
    for (size_t i = 0; i < FAKE_REQUESTS; i++) {
        bool is_outstanding = requests[i].state != UNUSED && requests[i].state != LOST;
        bool is_same_socket = requests[i].socket == socket && requests[i].port == port;
        bool is_same_memory = requests[i].state != UNUSED && requests[i].request == request;
        violations += (is_outstanding && is_same_socket) || is_same_memory;
    }
}

static struct fake_request *unused_request(void)
{
    for (size_t i = 0; i < FAKE_REQUESTS; i++) {
        if (requests[i].state == UNUSED) {
            return &requests[i];
        }
    }
    violations++;
    return &requests[0];
}

static void start(struct fake_request *made, struct fake_socket *socket)
{
    if ((made->events & socket->ready) != 0) {
        post(made, 0, made->events & socket->ready);
    } else if (socket->fault == FAKE_LOSES_REQUESTS) {
        made->state = LOST;
    }
}

static fer_error begin_locked(HANDLE port, ferp_afd_request *request, struct fake_socket *socket,
                              ULONG events, void *context)
{
    if (socket == NULL || !socket->is_open) {
        return ferp_winsock_error(WSAENOTSOCK);
    }
    socket->begins++;
    if (socket->failure.kind != FER_OK) {
        return socket->failure;
    }
    check_single(socket, port, request);
    struct fake_request *made = unused_request();
    *made = (struct fake_request){.state = PENDING,
                                  .socket = socket,
                                  .port = port,
                                  .request = request,
                                  .context = context,
                                  .events = events | FERP_AFD_LOCAL_CLOSE};
    start(made, socket);
    return FERP_WINSOCK_OK;
}

fer_error ferp_afd_begin(HANDLE afd, ferp_afd_request *request, SOCKET base, ULONG events,
                         void *context)
{
    AcquireSRWLockExclusive(&fake_lock);
    fer_error err = begin_locked(port_of(afd), request, socket_of(base), events, context);
    ReleaseSRWLockExclusive(&fake_lock);
    return err;
}

static struct fake_request *request_of(const ferp_afd_request *request)
{
    for (size_t i = 0; i < FAKE_REQUESTS; i++) {
        if (requests[i].state != UNUSED && requests[i].request == request) {
            return &requests[i];
        }
    }
    return NULL;
}

void ferp_afd_cancel(HANDLE afd, ferp_afd_request *request)
{
    AcquireSRWLockExclusive(&fake_lock);
    struct fake_request *found = request_of(request);
    cancels++;
    if (found != NULL && found->state == PENDING) {
        if (found->socket->fault == FAKE_DELAYS_CANCELS) {
            found->state = DELAYED;
        } else {
            post(found, CANCELLED, 0);
        }
    }
    ReleaseSRWLockExclusive(&fake_lock);
}

fer_error ferp_afd_base_of(SOCKET socket, SOCKET *out)
{
    *out = socket;
    return FERP_WINSOCK_OK;
}

/* The poller has taken the packet. */
fer_error ferp_afd_result(const ferp_afd_request *request, ULONG *reported)
{
    AcquireSRWLockExclusive(&fake_lock);
    struct fake_request *found = request_of(request);
    violations += found != NULL && found->state != QUEUED;
    if (found != NULL) {
        found->state = UNUSED;
    }
    ReleaseSRWLockExclusive(&fake_lock);
    *reported = request->poll.count == 0 ? 0 : request->poll.events;
    return FERP_WINSOCK_OK;
}

/* ---- For tests */

/* Forgets all sockets and requests. */
static void fake_begin(void)
{
    memset(opened, 0, sizeof opened);
    memset(requests, 0, sizeof requests);
    opened_count = 0;
    port_count = 0;
    violations = 0;
    cancels = 0;
}

/* How often a request began while another one of the same poller and socket was outstanding, or
 * while its own packet had not been taken. */
static int fake_violations(void)
{
    AcquireSRWLockExclusive(&fake_lock);
    int count = violations;
    ReleaseSRWLockExclusive(&fake_lock);
    return count;
}

/* An open socket of this number. A socket that had the number must be closed. */
static void fake_open(SOCKET number)
{
    AcquireSRWLockExclusive(&fake_lock);
    if (opened_count < FAKE_SOCKETS) {
        opened[opened_count++] = (struct fake_socket){.number = number, .is_open = true};
    } else {
        violations++;
    }
    ReleaseSRWLockExclusive(&fake_lock);
}

/* Completes its requests with LOCAL_CLOSE. */
static void fake_close(SOCKET number)
{
    AcquireSRWLockExclusive(&fake_lock);
    struct fake_socket *socket = socket_of(number);
    socket->is_open = false;
    complete_all(socket, PENDING, FERP_AFD_LOCAL_CLOSE);
    ReleaseSRWLockExclusive(&fake_lock);
}

/* Sets what it is ready for. */
static void fake_set_ready(SOCKET number, ULONG events)
{
    AcquireSRWLockExclusive(&fake_lock);
    struct fake_socket *socket = socket_of(number);
    socket->ready = events;
    if (socket->fault != FAKE_LOSES_COMPLETIONS) {
        complete_all(socket, PENDING, events);
    }
    ReleaseSRWLockExclusive(&fake_lock);
}

static void fake_set_fault(SOCKET number, fake_fault fault)
{
    AcquireSRWLockExclusive(&fake_lock);
    struct fake_socket *socket = socket_of(number);
    socket->fault = fault;
    for (size_t i = 0; i < FAKE_REQUESTS; i++) {
        if (fault == FAKE_LOSES_REQUESTS && requests[i].socket == socket &&
            requests[i].state == PENDING) {
            requests[i].state = LOST;
        }
    }
    ReleaseSRWLockExclusive(&fake_lock);
}

/* Lets its later requests fail when they begin. OK: they do not. */
static void fake_set_failure(SOCKET number, fer_error failure)
{
    AcquireSRWLockExclusive(&fake_lock);
    socket_of(number)->failure = failure;
    ReleaseSRWLockExclusive(&fake_lock);
}

/* Queues the packets of cancelled and lost requests of the number, also after its close. */
static void fake_deliver(SOCKET number)
{
    AcquireSRWLockExclusive(&fake_lock);
    for (size_t i = 0; i < FAKE_REQUESTS; i++) {
        bool is_held = requests[i].state == DELAYED || requests[i].state == LOST;
        if (is_held && requests[i].socket->number == number) {
            post(&requests[i], CANCELLED, 0);
            /* The poller may have abandoned it, and then does not ask for its result. */
            requests[i].state = UNUSED;
        }
    }
    ReleaseSRWLockExclusive(&fake_lock);
}

/* Numbers of calls so far. */
static int fake_begins(SOCKET number)
{
    AcquireSRWLockExclusive(&fake_lock);
    int count = socket_of(number)->begins;
    ReleaseSRWLockExclusive(&fake_lock);
    return count;
}

static int fake_cancels(void)
{
    AcquireSRWLockExclusive(&fake_lock);
    int count = cancels;
    ReleaseSRWLockExclusive(&fake_lock);
    return count;
}
