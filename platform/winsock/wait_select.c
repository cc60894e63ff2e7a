/* wait_select.c: the waits that no request can do: to write, accept or connect, for either
 * direction, for several sockets, and to receive on a SOCKET without requests. select never
 * reports the end of the peer's half as writable. WSAPoll does (POLLHUP), at once and without
 * space. */
#include "platform/winsock/wait.h"

#include "platform/background.h"
#include "platform/copying.h"

/* A check without waiting. It answers for this moment only, so it can neither delay a call nor
 * replace a wait. No other call shows a reset on Wine, where recv returns 0 and SO_ERROR is 0. */
bool ferp_winsock_is_broken(SOCKET socket)
{
    WSAPOLLFD entry = {socket, POLLRDNORM, 0};
    return WSAPoll(&entry, 1, 0) > 0 && (entry.revents & POLLERR) != 0;
}

/* A select that another thread's CancelIoEx ended has been woken, which is no error. */
static fer_error wait_failure(void)
{
    fer_error err = ferp_winsock_last_error();
    return ferp_winsock_is_cancelled(err.os_code) ? FERP_WINSOCK_OK : err;
}

static fd_set set_of(SOCKET socket)
{
    fd_set set;
    set.fd_count = 1;
    set.fd_array[0] = socket;
    return set;
}

static struct timeval timeval_of(int millis)
{
    return (struct timeval){millis / 1000, millis % 1000 * 1000};
}

/* A failed connect is only in the except set. A connected socket may be in it too, for urgent data,
 * which would end every wait to write ("select function", MSDN). */
fer_error ferp_winsock_select(SOCKET socket, ferp_readiness readiness, int millis)
{
    struct timeval limit = timeval_of(millis);
    bool is_connect = readiness == FERP_CONNECTED;
    bool is_write = is_connect || readiness == FERP_WRITABLE;
    fd_set first = set_of(socket);
    fd_set failed = set_of(socket);
    int found = select(0, is_write ? NULL : &first, is_write ? &first : NULL,
                       is_connect ? &failed : NULL, &limit);
    if (found < 0) {
        return wait_failure();
    }
    if (found == 0) {
        return FERP_WINSOCK_EXPIRED;
    }
    return is_connect && first.fd_count == 0 ? (fer_error){FER_CONNECTION_REFUSED, 0}
                                             : FERP_WINSOCK_OK;
}

/* ---- Either direction */

/* One slice. OK: *ready is what select has found, or nothing if it was woken. */
static fer_error select_either(SOCKET socket, fer_interest interest, int millis,
                               fer_interest *ready)
{
    struct timeval limit = timeval_of(millis);
    fd_set readable = set_of(socket);
    fd_set writable = set_of(socket);
    bool reads = (interest & FER_READABLE) != 0;
    bool writes = (interest & FER_WRITABLE) != 0;
    int found = select(0, reads ? &readable : NULL, writes ? &writable : NULL, NULL, &limit);
    *ready = 0;
    if (found < 0) {
        return wait_failure();
    }
    if (found == 0) {
        return FERP_WINSOCK_EXPIRED;
    }
    *ready = (reads && readable.fd_count > 0 ? FER_READABLE : 0) |
             (writes && writable.fd_count > 0 ? FER_WRITABLE : 0);
    return FERP_WINSOCK_OK;
}

/* A failure makes every interest ready. A reset is in the sets to read and to write (Wine's
 * test_tcp_reset, which Windows passes). No page documents the sets of other failures, so a check
 * follows each slice that has not found everything. The last select does not wait, as in
 * wait.c. */
fer_error ferp_ready(fer_raw_socket raw, fer_interest interest, uint64_t until, uint64_t deadline,
                     const fer_cancel_token *token, fer_interest *ready)
{
    SOCKET socket = ferp_winsock_socket(raw);
    fer_interest found = 0;
    fer_error err;
    int millis;
    (void)deadline;
    do {
        millis = ferp_winsock_millis_until(until, ferp_winsock_select_slice(token));
        err = select_either(socket, interest, millis, &found);
        err = ferp_winsock_or_signalled(err, token);
        if (found != interest && ferp_winsock_is_broken(socket)) {
            err = FERP_WINSOCK_OK;
            found = interest;
        }
    } while (err.kind == FER_TIMED_OUT && millis > 0);
    if (err.kind == FER_OK) {
        *ready = found;
    }
    return err;
}

/* ---- Two streams */

static void add_to(fd_set *set, SOCKET socket, bool is_wanted)
{
    if (is_wanted) {
        set->fd_array[set->fd_count++] = socket;
    }
}

/* One slice of the sockets from first to last. select fails without a socket. */
static fer_error select_pair(const ferp_ready_pair *pair, int first, int last, int millis)
{
    struct timeval limit = timeval_of(millis);
    fd_set readable = {0};
    fd_set writable = {0};
    for (int i = first; i <= last; i++) {
        SOCKET socket = ferp_winsock_socket(pair->raws[i]);
        add_to(&readable, socket, (pair->interests[i] & FER_READABLE) != 0);
        add_to(&writable, socket, (pair->interests[i] & FER_WRITABLE) != 0);
    }
    if (readable.fd_count + writable.fd_count == 0) {
        Sleep((DWORD)millis);
        return FERP_WINSOCK_EXPIRED;
    }
    int found = select(0, &readable, &writable, NULL, &limit);
    if (found < 0) {
        return wait_failure();
    }
    return found == 0 ? FERP_WINSOCK_EXPIRED : FERP_WINSOCK_OK;
}

/* One slice without a common select: see check_each. */
static fer_error select_each_of_pair(const ferp_ready_pair *pair, int millis)
{
    int half = (millis < FERP_WINSOCK_TOKEN_SLICE ? millis : FERP_WINSOCK_TOKEN_SLICE) / 2;
    fer_error err = select_pair(pair, 0, 0, half);
    return err.kind == FER_TIMED_OUT ? select_pair(pair, 1, 1, half) : err;
}

static bool has_broken(const ferp_ready_pair *pair, int index)
{
    return pair->interests[index] != 0 &&
           ferp_winsock_is_broken(ferp_winsock_socket(pair->raws[index]));
}

/* As ferp_ready. */
fer_error ferp_wait_for_pair(ferp_ready_pair *pair, uint64_t until, uint64_t deadline)
{
    bool has_token = pair->tokens[0] != NULL || pair->tokens[1] != NULL;
    int slice = has_token ? FERP_WINSOCK_TOKEN_SLICE : FERP_WINSOCK_SELECT_SLICE;
    fer_error err;
    int millis;
    (void)deadline;
    do {
        millis = ferp_winsock_millis_until(until, slice);
        err = select_pair(pair, 0, 1, millis);
        if (err.kind != FER_OK && err.kind != FER_TIMED_OUT) {
            err = select_each_of_pair(pair, millis);
        }
        err = ferp_winsock_or_signalled(err, pair->tokens[0]);
        err = ferp_winsock_or_signalled(err, pair->tokens[1]);
        if (err.kind == FER_TIMED_OUT && (has_broken(pair, 0) || has_broken(pair, 1))) {
            err = FERP_WINSOCK_OK;
        }
    } while (err.kind == FER_TIMED_OUT && millis > 0);
    return err;
}

/* ---- Any number of sockets */

enum { TO_READ, TO_WRITE, TO_FAIL, SETS };

/* Memory for three sets. select reads as many sockets of a set as fd_count says, so a set may have
 * more than FD_SETSIZE ("select function", MSDN). */
typedef struct select_sets {
    fd_set few[SETS];
    fd_set *sets[SETS];
    void *memory;
} select_sets;

_Static_assert(FERP_POLL_FEW <= FD_SETSIZE, "a set holds few sockets");

static fer_error open_sets(select_sets *sets, size_t count)
{
    size_t size = offsetof(fd_set, fd_array) + count * sizeof(SOCKET);
    bool is_few = count <= FERP_POLL_FEW;
    bool fits = count < SIZE_MAX / SETS / sizeof(SOCKET) / 2;
    sets->memory = !is_few && fits ? ferp_alloc(SETS * size) : NULL;
    for (size_t i = 0; i < SETS; i++) {
        sets->sets[i] = is_few ? &sets->few[i] : (fd_set *)((char *)sets->memory + i * size);
    }
    return is_few || sets->memory != NULL ? FERP_WINSOCK_OK : (fer_error){FER_OUT_OF_MEMORY, 0};
}

/* Not FD_ISSET, which asks Winsock. */
static bool is_in_set(const fd_set *set, SOCKET socket)
{
    for (u_int i = 0; i < set->fd_count; i++) {
        if (set->fd_array[i] == socket) {
            return true;
        }
    }
    return false;
}

/* The except set has failed connects and urgent data. A failure makes every interest ready: see
 * ferp_ready. Nothing is in a set after a reset that only PRIORITY waits for. */
static fer_interest ready_in(const select_sets *sets, const fer_poll_entry *entry)
{
    SOCKET socket = ferp_winsock_socket(entry->raw);
    fer_interest found = (is_in_set(sets->sets[TO_READ], socket) ? FER_READABLE : 0) |
                         (is_in_set(sets->sets[TO_WRITE], socket) ? FER_WRITABLE : 0);
    if (is_in_set(sets->sets[TO_FAIL], socket)) {
        found |= ferp_check_connected(entry->raw).kind == FER_OK ? FER_PRIORITY : entry->interest;
    }
    found &= entry->interest;
    bool may_be_broken = found != 0 || entry->interest == FER_PRIORITY;
    bool is_broken = may_be_broken && found != entry->interest && ferp_winsock_is_broken(socket);
    return is_broken ? entry->interest : found;
}

/* One slice. OK: the ready entries, or none if select was woken. Urgent data that nobody wants ends
 * a select, and core pauses. */
static fer_error select_entries(fer_poll_entry *entries, size_t count, select_sets *sets,
                                int millis, size_t *found)
{
    struct timeval limit = timeval_of(millis);
    *found = 0;
    for (size_t i = 0; i < SETS; i++) {
        sets->sets[i]->fd_count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        fer_interest interest = entries[i].raw == FER_RAW_SOCKET_NONE ? 0 : entries[i].interest;
        SOCKET socket = ferp_winsock_socket(entries[i].raw);
        add_to(sets->sets[TO_READ], socket, (interest & FER_READABLE) != 0);
        add_to(sets->sets[TO_WRITE], socket, (interest & FER_WRITABLE) != 0);
        add_to(sets->sets[TO_FAIL], socket, interest != 0);
        entries[i].ready = 0;
    }
    if (sets->sets[TO_FAIL]->fd_count == 0) {
        Sleep((DWORD)millis);
        return FERP_WINSOCK_EXPIRED;
    }
    int ready = select(0, sets->sets[TO_READ], sets->sets[TO_WRITE], sets->sets[TO_FAIL], &limit);
    if (ready < 0) {
        return wait_failure();
    }
    for (size_t i = 0; i < count; i++) {
        entries[i].ready = ready_in(sets, &entries[i]);
        *found += entries[i].ready != 0;
    }
    return ready == 0 && *found == 0 ? FERP_WINSOCK_EXPIRED : FERP_WINSOCK_OK;
}

/* One slice without a common select, which is limited to the sockets of one provider ("Multiple
 * Provider Restrictions on Select", MSDN). A layered provider may serve one IP family only. */
static fer_error check_each(fer_poll_entry *entries, size_t count, select_sets *sets, int millis,
                            size_t *found)
{
    *found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t is_ready = 0;
        fer_error err = select_entries(&entries[i], 1, sets, 0, &is_ready);
        if (err.kind != FER_OK && err.kind != FER_TIMED_OUT) {
            return err;
        }
        *found += is_ready;
    }
    if (*found != 0) {
        return FERP_WINSOCK_OK;
    }
    Sleep((DWORD)(millis < FERP_WINSOCK_TOKEN_SLICE ? millis : FERP_WINSOCK_TOKEN_SLICE));
    return FERP_WINSOCK_EXPIRED;
}

/* A failure of one socket fails both checks. */
fer_error ferp_poll(fer_poll_entry *entries, size_t count, uint64_t deadline,
                    const fer_cancel_token *token, size_t *found)
{
    select_sets sets;
    fer_error err;
    int millis;
    FER_TRY(ferp_winsock_start());
    FER_TRY(open_sets(&sets, count));
    do {
        millis = ferp_winsock_millis_until(deadline, ferp_winsock_select_slice(token));
        err = select_entries(entries, count, &sets, millis, found);
        if (err.kind != FER_OK && err.kind != FER_TIMED_OUT) {
            err = check_each(entries, count, &sets, millis, found);
        }
        err = ferp_winsock_or_signalled(err, token);
    } while (err.kind == FER_TIMED_OUT && millis > 0);
    ferp_free(sets.memory);
    return err;
}
