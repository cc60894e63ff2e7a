/* poller_list.c: a poller over poll(2), which gets all sockets anew for each wait. Its system calls
 * are behind poller_list.h.
 *
 * One of the waiting threads is the leader. It polls a copy of the armed sources without the lock,
 * so a polled array never changes. The other threads sleep until the leader has finished or their
 * own timeout expires. A thread that changes something wakes the leader. The leader's wait then
 * ends without events, core repeats it, and the leader makes a new copy. A result counts only if
 * its source is still the copied one.
 *
 * Linux' poll keeps a socket open that is closed during the poll, and its port stays in use. Delete
 * therefore returns only after no poll uses the socket. */
#include "platform/posix/poller_list.h"

#if FERP_POSIX_POLLER == FERP_POSIX_POLLER_POLL

#include <string.h>

#include "platform/common/sources.h"
#include "platform/posix/poll_set.h"

typedef struct source {
    struct source *previous;
    struct source *next;
    fer_raw_socket raw;
    fer_event interest;
    uint64_t serial; /* unique in the list */
    fer_poll_mode mode;
    bool armed;
    ferp_list_identity identity;
} source;

typedef struct ferp_list {
    ferp_mutex mutex; /* notified after each poll of the leader */
    ferp_list_waker waker;
    ferp_sources sources;
    /* head of the ring; sentinel.next was reported least recently */
    source sentinel;
    uint64_t last_serial;
    uint64_t poll_count; /* finished polls of leaders */
    ferp_poll_set leader_set;
    ferp_poll_set other_set;   /* for polls under the lock */
    ferp_poll_set retired_set; /* the leader polls it, and leader_set has replaced it */
    size_t capacity;           /* of leader_set and other_set */
    bool has_leader;
    bool change_sent; /* FERP_LIST_CHANGED was sent and not yet received */
} ferp_list;

/* Indexes of a poller's words. */
enum { AT_LIST };

enum { ENTRIES_MIN = 16 };

static const fer_error list_ok = {FER_OK, 0};
static const fer_error list_no_memory = {FER_OUT_OF_MEMORY, 0};

static ferp_list *list_of(const fer_poller *poller)
{
    return (ferp_list *)poller->p_.system_[AT_LIST];
}

/* ---- Sources, least recently reported first */

static void unlink_source(source *one)
{
    one->previous->next = one->next;
    one->next->previous = one->previous;
}

static void link_last(ferp_list *list, source *one)
{
    one->previous = list->sentinel.previous;
    one->next = &list->sentinel;
    one->previous->next = one;
    list->sentinel.previous = one;
}

static void drop_source(ferp_list *list, source *one)
{
    ferp_sources_remove(&list->sources, one->raw);
    unlink_source(one);
    ferp_free(one);
}

/* An empty interest is not polled, so it does not report a hang-up either. */
static void set_entry_interest(ferp_list *list, source *one, fer_event interest, fer_poll_mode mode)
{
    one->interest = interest;
    one->mode = mode;
    one->armed = interest.interest != 0;
    one->serial = ++list->last_serial;
}

/* ---- Poll sets */

/* The leader polls the set that it began with, so the first replacement retires this set, and the
 * leader frees it after its poll. A set of a later replacement was never polled. */
static void replace_sets(ferp_list *list, ferp_poll_set leader_set, ferp_poll_set other_set)
{
    if (list->has_leader && list->retired_set.entries == NULL) {
        list->retired_set = list->leader_set;
    } else {
        ferp_poll_set_free(&list->leader_set);
    }
    ferp_poll_set_free(&list->other_set);
    list->leader_set = leader_set;
    list->other_set = other_set;
}

/* Reserves entries for the waker and one more source. */
static bool reserve(ferp_list *list)
{
    size_t needed = list->sources.count + 2;
    if (needed <= list->capacity) {
        return true;
    }
    size_t capacity = list->capacity == 0 ? ENTRIES_MIN : list->capacity * 2;
    ferp_poll_set leader_set;
    ferp_poll_set other_set;
    if (capacity < needed || !ferp_poll_set_new(&leader_set, capacity)) {
        return false;
    }
    if (!ferp_poll_set_new(&other_set, capacity)) {
        ferp_poll_set_free(&leader_set);
        return false;
    }
    replace_sets(list, leader_set, other_set);
    list->capacity = capacity;
    return true;
}

static short events_of(fer_event interest)
{
    return (short)(((interest.interest & FER_READABLE) != 0 ? POLLIN | FERP_POSIX_POLLRDHUP : 0) |
                   ((interest.interest & FER_WRITABLE) != 0 ? POLLOUT : 0) |
                   ((interest.interest & FER_PRIORITY) != 0 ? FERP_POSIX_POLLPRI : 0) |
                   ((interest.interest & FER_READ_CLOSED) != 0 ? FERP_POSIX_POLLRDHUP : 0));
}

static void fill_set(const ferp_list *list, ferp_poll_set *out)
{
    out->count = 0;
    ferp_poll_set_append(out, ferp_list_waker_fd(&list->waker), POLLIN, 0);
    for (const source *one = list->sentinel.next; one != &list->sentinel; one = one->next) {
        if (one->armed) {
            ferp_poll_set_append(out, (int)one->raw, events_of(one->interest), one->serial);
        }
    }
}

/* ---- Registered sockets */

/* Called under the lock, before the change is made. The leader can make its next copy only after
 * the change. If the wakeup fails, nothing changes. */
static fer_error wake_leader(ferp_list *list)
{
    if (!list->has_leader || list->change_sent) {
        return list_ok;
    }
    FER_TRY(ferp_list_waker_send(&list->waker, FERP_LIST_CHANGED));
    list->change_sent = true;
    return list_ok;
}

/* Finds the source of raw, or NULL. A source whose socket was closed without a delete is dropped
 * here, even if its number names a new socket now. */
static fer_error current_source(ferp_list *list, fer_raw_socket raw, ferp_list_identity *identity,
                                source **out)
{
    source *one = ferp_sources_find(&list->sources, raw);
    fer_error err = ferp_list_identity_of(raw, identity);
    bool stale =
        one != NULL && (err.kind != FER_OK || !ferp_list_identity_fits(&one->identity, identity));
    if (stale) {
        drop_source(list, one);
    }
    *out = stale ? NULL : one;
    return err;
}

/* Every step that can fail comes before the first change. */
static fer_error insert(ferp_list *list, fer_raw_socket raw, source **out)
{
    source *added = reserve(list) ? ferp_alloc(sizeof *added) : NULL;
    if (added == NULL) {
        return list_no_memory;
    }
    fer_error err = wake_leader(list);
    if (err.kind != FER_OK || !ferp_sources_insert(&list->sources, raw, added)) {
        ferp_free(added);
        return err.kind != FER_OK ? err : list_no_memory;
    }
    added->raw = raw;
    link_last(list, added);
    *out = added;
    return list_ok;
}

static fer_error add_to_list(ferp_list *list, fer_raw_socket raw, fer_event interest,
                             fer_poll_mode mode)
{
    ferp_list_identity identity;
    source *one = NULL;
    FER_TRY(current_source(list, raw, &identity, &one));
    if (one != NULL) {
        return (fer_error){FER_ALREADY_EXISTS, 0};
    }
    FER_TRY(insert(list, raw, &one));
    one->identity = identity;
    set_entry_interest(list, one, interest, mode);
    return list_ok;
}

fer_error ferp_list_add(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                        fer_poll_mode mode)
{
    ferp_list *list = list_of(poller);
    ferp_mutex_lock(&list->mutex);
    fer_error err = add_to_list(list, raw, interest, mode);
    ferp_mutex_unlock(&list->mutex);
    return err;
}

static fer_error find(ferp_list *list, fer_raw_socket raw, ferp_list_identity *identity,
                      source **out)
{
    FER_TRY(current_source(list, raw, identity, out));
    return *out != NULL ? list_ok : (fer_error){FER_NOT_FOUND, 0};
}

static fer_error modify_in_list(ferp_list *list, fer_raw_socket raw, fer_event interest,
                                fer_poll_mode mode)
{
    ferp_list_identity identity;
    source *one = NULL;
    FER_TRY(find(list, raw, &identity, &one));
    FER_TRY(wake_leader(list));
    one->identity = identity;
    set_entry_interest(list, one, interest, mode);
    return list_ok;
}

fer_error ferp_list_modify(fer_poller *poller, fer_raw_socket raw, fer_event interest,
                           fer_poll_mode mode)
{
    ferp_list *list = list_of(poller);
    ferp_mutex_lock(&list->mutex);
    fer_error err = modify_in_list(list, raw, interest, mode);
    ferp_mutex_unlock(&list->mutex);
    return err;
}

/* This is soon, because the leader has been woken. */
static void wait_for_poll_end(ferp_list *list)
{
    uint64_t polls_before = list->poll_count;
    while (list->has_leader && list->poll_count == polls_before) {
        (void)ferp_cond_wait(&list->mutex, FERP_NO_DEADLINE);
    }
}

static fer_error delete_from_list(ferp_list *list, fer_raw_socket raw)
{
    ferp_list_identity identity;
    source *one = NULL;
    FER_TRY(find(list, raw, &identity, &one));
    FER_TRY(wake_leader(list));
    drop_source(list, one);
    wait_for_poll_end(list);
    return list_ok;
}

fer_error ferp_list_delete(fer_poller *poller, fer_raw_socket raw)
{
    ferp_list *list = list_of(poller);
    ferp_mutex_lock(&list->mutex);
    fer_error err = delete_from_list(list, raw);
    ferp_mutex_unlock(&list->mutex);
    return err;
}

/* ---- Results of a poll */

static fer_event event_of_entry(const source *one, const struct pollfd *entry)
{
    const fer_interest both = FER_READABLE | FER_WRITABLE;
    bool has_error = (entry->revents & POLLERR) != 0;
    bool has_ended =
        (entry->revents & POLLHUP & FERP_POSIX_POLLENDED) != 0 || ferp_list_hides_end(entry);
    fer_interest ready = ((entry->revents & POLLIN) != 0 ? FER_READABLE : 0) |
                         ((entry->revents & POLLOUT) != 0 ? FER_WRITABLE : 0) |
                         ((entry->revents & POLLPRI) != 0 ? FER_PRIORITY : 0);
    fer_interest always = ((entry->revents & FERP_POSIX_POLLRDHUP) != 0 ? FER_READ_CLOSED : 0) |
                          (has_error ? both | FER_FAILED : 0) |
                          (has_ended ? both | FER_READ_CLOSED | FER_WRITE_CLOSED : 0);
    return (fer_event){.key = one->interest.key,
                       .interest = (ready & one->interest.interest) | always};
}

/* Whether the number still names the added socket. poll has examined the socket that has the number
 * now. */
static bool is_current(source *one, int revents)
{
    ferp_list_identity identity;
    if ((revents & POLLNVAL) != 0 || ferp_list_identity_of(one->raw, &identity).kind != FER_OK) {
        return false;
    }
    bool fits = ferp_list_identity_fits(&one->identity, &identity);
    one->identity = fits ? identity : one->identity;
    return fits;
}

static bool report_event(ferp_list *list, const struct pollfd *entry, uint64_t serial,
                         fer_event *out)
{
    source *one = ferp_sources_find(&list->sources, (fer_raw_socket)entry->fd);
    if (one == NULL || one->serial != serial || !one->armed) {
        return false;
    }
    if (!is_current(one, entry->revents)) {
        drop_source(list, one);
        return false;
    }
    *out = event_of_entry(one, entry);
    if (out->interest == 0) {
        return false;
    }
    one->armed = one->mode != FER_POLL_ONESHOT;
    unlink_source(one);
    link_last(list, one);
    return true;
}

static size_t report_events(ferp_list *list, const ferp_poll_set *polled, fer_event *events,
                            size_t cap)
{
    size_t reported = 0;
    for (size_t i = 1; i < polled->count && reported < cap; i++) {
        if (polled->entries[i].revents != 0 &&
            report_event(list, &polled->entries[i], polled->serials[i], &events[reported])) {
            reported++;
        }
    }
    return reported;
}

/* ---- Waiting */

static bool take_wakeups(ferp_list *list, const ferp_poll_set *polled)
{
    if (polled->entries[0].revents == 0 && !list->change_sent) {
        return false;
    }
    list->change_sent = false;
    return ferp_list_waker_take(&list->waker);
}

static fer_error poll_as_leader(ferp_list *list, fer_event *events, size_t cap,
                                fer_duration timeout, size_t *count, bool *notified)
{
    fill_set(list, &list->leader_set);
    ferp_poll_set set = list->leader_set; /* a thread that adds a source may replace it */
    list->has_leader = true;
    ferp_mutex_unlock(&list->mutex);
    fer_error err = ferp_list_poll(set.entries, set.count, timeout);
    ferp_mutex_lock(&list->mutex);
    list->has_leader = false;
    list->poll_count++;
    if (err.kind == FER_OK) {
        *notified = take_wakeups(list, &set);
        *count = report_events(list, &set, events, cap);
    }
    ferp_poll_set_free(&list->retired_set);
    ferp_cond_broadcast(&list->mutex);
    return err;
}

/* A poll with a timeout of 0 needs no leader and keeps the lock. It does not poll the waker while
 * there is a leader: a notification wakes the leader. */
static fer_error poll_now(ferp_list *list, fer_event *events, size_t cap, size_t *count,
                          bool *notified)
{
    ferp_poll_set *set = &list->other_set;
    size_t first = list->has_leader ? 1 : 0;
    fill_set(list, set);
    FER_TRY(ferp_list_poll(set->entries + first, set->count - first, (fer_duration){0}));
    *notified = first == 0 && take_wakeups(list, set);
    *count = report_events(list, set, events, cap);
    return list_ok;
}

/* Waits until there is no leader. Returns the rest of timeout, or 0 if it expired. */
static fer_duration wait_for_leader(ferp_list *list, fer_duration timeout)
{
    uint64_t now = ferp_now();
    uint64_t deadline =
        timeout.nanos < FERP_NO_DEADLINE - now ? now + timeout.nanos : FERP_NO_DEADLINE;
    while (list->has_leader && now < deadline) {
        (void)ferp_cond_wait(&list->mutex, deadline);
        now = ferp_now();
    }
    if (deadline == FERP_NO_DEADLINE) {
        return FER_DURATION_NONE;
    }
    return (fer_duration){now < deadline ? deadline - now : 0};
}

static fer_error wait_locked(ferp_list *list, fer_event *events, size_t cap, fer_duration timeout,
                             size_t *count, bool *notified)
{
    fer_duration left =
        list->has_leader && timeout.nanos != 0 ? wait_for_leader(list, timeout) : timeout;
    if (left.nanos != 0) {
        return poll_as_leader(list, events, cap, left, count, notified);
    }
    return poll_now(list, events, cap, count, notified);
}

fer_error ferp_list_wait(fer_poller *poller, fer_event *events, size_t cap, fer_duration timeout,
                         size_t *count, bool *notified)
{
    ferp_list *list = list_of(poller);
    *count = 0;
    *notified = false;
    ferp_mutex_lock(&list->mutex);
    fer_error err = wait_locked(list, events, cap, timeout, count, notified);
    ferp_mutex_unlock(&list->mutex);
    return err;
}

fer_error ferp_list_notify(fer_poller *poller)
{
    return ferp_list_waker_send(&list_of(poller)->waker, FERP_LIST_NOTIFIED);
}

/* ---- The poller */

static fer_error make_list(ferp_list *list)
{
    FER_TRY(ferp_mutex_init(&list->mutex));
    fer_error err = ferp_list_waker_open(&list->waker);
    if (err.kind != FER_OK) {
        ferp_mutex_destroy(&list->mutex);
    }
    return err;
}

static void end_list(ferp_list *list)
{
    ferp_poll_set_free(&list->leader_set);
    ferp_poll_set_free(&list->other_set);
    ferp_list_waker_close(&list->waker);
    ferp_mutex_destroy(&list->mutex);
    ferp_free(list);
}

fer_error ferp_list_open(fer_poller *poller)
{
    ferp_list *list = ferp_alloc(sizeof *list);
    if (list == NULL) {
        return list_no_memory;
    }
    memset(list, 0, sizeof *list);
    list->sentinel.next = &list->sentinel;
    list->sentinel.previous = &list->sentinel;
    fer_error err = make_list(list);
    if (err.kind != FER_OK) {
        ferp_free(list);
        return err;
    }
    if (!reserve(list)) {
        end_list(list);
        return list_no_memory;
    }
    poller->p_.system_[AT_LIST] = (uintptr_t)list;
    return list_ok;
}

void ferp_list_close(fer_poller *poller)
{
    ferp_list *list = list_of(poller);
    while (list->sentinel.next != &list->sentinel) {
        drop_source(list, list->sentinel.next);
    }
    ferp_sources_end(&list->sources);
    end_list(list);
}

#else

/* ISO C requires a declaration in each file. */
typedef int ferp_list_is_not_needed;

#endif
