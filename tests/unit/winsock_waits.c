/* winsock_waits.c: the calls of the seam that wait, of pollers, names and threads, for the rows of
 * winsock_script.h. */
#include "unit/winsock_script.h"

#include <string.h>

#include "platform/background.h"
#include "platform/copying.h"
#include "platform/winsock/wait.h"
#include "support/poll_connects.h"

static struct {
    ferp_wait waits[2]; /* of A, and of another thread's SOCKET */
    fer_cancel_token token;
    bool has_token;
    fer_poller poller;
} seam;

void script_forget_calls(void)
{
    memset(&seam, 0, sizeof seam);
    script_forget_library();
    for (SOCKET socket = A; socket <= C; socket += 4) {
        ferp_winsock_begin_socket(socket);
    }
}

/* ---- Waits. in: the milliseconds until their deadline. The value of a wait is the code of the
 * failure that it stores. */

static uint64_t deadline_of(const struct step *step)
{
    return ferp_now() + (uint64_t)step->in * FERP_NANOS_PER_MILLI;
}

static fer_error wait_for(const struct step *step, ferp_readiness readiness, int64_t *out)
{
    ferp_wait *wait = &seam.waits[step->on != A];
    fer_error err = ferp_wait_arm(wait, (fer_raw_socket)step->on, readiness);
    if (err.kind == FER_OK) {
        wait->token = seam.has_token ? &seam.token : NULL;
        err = ferp_wait_for(wait, deadline_of(step));
        *out = wait->failure.os_code | (int64_t)wait->failure.kind << 32;
    }
    return err;
}

/* in2: the interests of A, and of B in the upper 4 bits. */
static fer_error wait_pair(const struct step *step)
{
    ferp_ready_pair pair = {
        .raws = {A, B},
        .interests = {(fer_interest)(step->in2 & 15), (fer_interest)(step->in2 >> 4)},
        .tokens = {seam.has_token && step->flags == 1 ? &seam.token : NULL,
                   seam.has_token && step->flags == 0 ? &seam.token : NULL}};
    return ferp_wait_for_pair(&pair, deadline_of(step), FERP_NO_DEADLINE);
}

/* in: their number. They stay armed. */
static fer_error arm_many(const struct step *step)
{
    static ferp_wait waits[MANY_WAITS];
    fer_error err = {FER_OK, 0};
    for (int64_t i = 0; i < step->in && i < MANY_WAITS && err.kind == FER_OK; i++) {
        err = ferp_wait_arm(&waits[i], (fer_raw_socket)step->on, FERP_READABLE);
    }
    return err;
}

/* in2: the interest of A. The value: its readiness. */
static fer_error poll_one(const struct step *step, const fer_cancel_token *token, int64_t *out)
{
    fer_poll_entry entry = {A, (fer_interest)step->in2, 77};
    size_t found = 0;
    fer_error err = ferp_poll(&entry, 1, deadline_of(step), token, &found);
    *out = err.kind == FER_OK ? entry.ready : 0;
    return err;
}

/* in: their number; each has every interest. The value: the number of those that are ready, and the
 * readiness of the last one in the upper bits. */
static fer_error poll_many(const struct step *step, int64_t *out)
{
    static fer_poll_entry entries[1000];
    enum { ENTRIES = sizeof entries / sizeof entries[0] };
    size_t found = 0;
    for (size_t i = 0; i < ENTRIES; i++) {
        entries[i] = (fer_poll_entry){(fer_raw_socket)(A + 4 * i),
                                      FER_READABLE | FER_WRITABLE | FER_PRIORITY, 77};
    }
    fer_error err = ferp_poll(entries, (size_t)step->in, ferp_now(), NULL, &found);
    *out = err.kind == FER_OK ? (int64_t)found | (int64_t)entries[step->in - 1].ready << 32 : 0;
    return err;
}

static fer_error call_waits(const struct step *step, int64_t *out)
{
    static const fer_raw_socket raws[] = {A, B, C};
    ferp_wait *wait = &seam.waits[step->on != A];
    const fer_cancel_token *token = seam.has_token ? &seam.token : NULL;
    fer_interest ready = 0;
    uint32_t ended = 0;
    fer_error err = {FER_OK, 0};
    switch (step->name) {
    case SEAM_wait: return wait_for(step, FERP_READABLE, out);
    case SEAM_wait_datagram: return wait_for(step, FERP_RECEIVABLE, out);
    case SEAM_wait_write: return wait_for(step, FERP_WRITABLE, out);
    case SEAM_wait_connect: return wait_for(step, FERP_CONNECTED, out);
    case SEAM_arm: return ferp_wait_arm(wait, (fer_raw_socket)step->on, FERP_READABLE);
    case SEAM_arm_many: return arm_many(step);
    case SEAM_disarm: ferp_wait_disarm(wait); return err;
    case SEAM_wake: ferp_wake((fer_raw_socket)step->on); return err;
    case SEAM_ready: /* in2: the interest */
        err = ferp_ready(A, (fer_interest)step->in2, deadline_of(step), FERP_NO_DEADLINE, token,
                         &ready);
        *out = ready;
        return err;
    case SEAM_poll: return poll_one(step, token, out);
    case SEAM_wait_pair: return wait_pair(step);
    case SEAM_wait_connects:
        err = poll_connects(raws, 3, deadline_of(step), token, &ended);
        *out = ended;
        return err;
    case SEAM_poll_many: return poll_many(step, out);
    case SEAM_open_token: seam.has_token = true; return ferp_token_open(&seam.token);
    case SEAM_signal_token: ferp_token_signal(&seam.token); return err;
    case SEAM_clear_token: ferp_token_clear(&seam.token); return err;
    case SEAM_pause: return ferp_pause_within(token, deadline_of(step), FERP_NO_DEADLINE);
    case SEAM_close_token:
        ferp_token_close(&seam.token);
        seam.has_token = false;
        return err;
    case SEAM_wait_token: return ferp_token_wait(&seam.token, NULL, deadline_of(step));
    default: script_fail("no such wait", step->name); return err;
    }
}

/* ---- Pollers. in: the interest; the key of an event is the SOCKET. */

/* The value: the key, its interest in the bits above 16, whether notified in bit 27, and the number
 * of events in those above 28. */
static fer_error wait_events(const struct step *step, int64_t *out)
{
    enum { EVENTS = 4 };
    fer_event events[EVENTS];
    size_t count = 0;
    bool notified = false;
    memset(events, 0, sizeof events);
    fer_duration limit = {(uint64_t)step->in * FERP_NANOS_PER_MILLI};
    fer_error err = ferp_poller_wait(&seam.poller, events, EVENTS, limit, &count, &notified);
    *out = (int64_t)(count > 0 ? events[count - 1].key : 0) |
           (int64_t)(count > 0 ? events[count - 1].interest : 0) << 16 | (int64_t)notified << 27 |
           (int64_t)count << 28;
    return err;
}

static fer_error call_poller(const struct step *step, int64_t *out)
{
    fer_raw_socket raw = (fer_raw_socket)step->on;
    fer_event interest = {.key = (uint64_t)step->on, .interest = (fer_interest)step->in};
    switch (step->name) {
    case SEAM_open_poller: return ferp_poller_open(&seam.poller);
    case SEAM_add: return ferp_poller_add(&seam.poller, raw, interest, FER_POLL_LEVEL);
    case SEAM_add_once: return ferp_poller_add(&seam.poller, raw, interest, FER_POLL_ONESHOT);
    case SEAM_modify: /* flags: 1, with edges */
        return ferp_poller_modify(&seam.poller, raw, interest,
                                  step->flags == 1 ? FER_POLL_EDGE : FER_POLL_LEVEL);
    case SEAM_delete_it: return ferp_poller_delete(&seam.poller, raw);
    case SEAM_wait_events: return wait_events(step, out);
    case SEAM_notify: return ferp_poller_notify(&seam.poller);
    default: ferp_poller_close(&seam.poller); return (fer_error){FER_OK, 0};
    }
}

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghi"
#define LABEL_61 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefg"
#define LONGEST_HOST LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 "."
_Static_assert(sizeof LONGEST_HOST == 255, "the longest name has 254 bytes");

/* in: the host. The value: the families of the addresses, in 4 bits each, the first one highest. */
static fer_error look_up(const struct step *step, int64_t *out)
{
    static const char *const hosts[] = {"host.example", "[::1]", "\xFF.example", LONGEST_HOST};
    ferp_lookup lookup;
    fer_socket_addr addr;
    memset(&lookup, 0, sizeof lookup);
    fer_error err = ferp_lookup_run(&lookup, hosts[step->in], (fer_ip_family)0);
    while (err.kind == FER_OK && ferp_lookup_next(&lookup, &addr)) {
        *out = *out << 4 | (addr.ip.family == FER_IP_V6 ? 6 : 4) | addr.port;
    }
    ferp_lookup_end(&lookup);
    return err;
}

static bool no_step(void *argument)
{
    return false;
}

/* in of a wait: the nanoseconds until its deadline; -1 is none. */
static fer_error call_background(const struct step *step, int64_t *out)
{
    static ferp_thread thread = {no_step, NULL, 0};
    char name[256] = "";
    uint32_t index = 77;
    uint16_t port = 77;
    ferp_mutex mutex;
    fer_error err;
    switch (step->name) {
    case SEAM_index_of:
        err = ferp_interface_index("name", &index);
        *out = index;
        return err;
    case SEAM_port_of:
        err = ferp_service_port("http", FER_TYPE_DGRAM, &port);
        *out = port;
        return err;
    case SEAM_name_of_index: return ferp_interface_name((uint32_t)step->in, name);
    case SEAM_start_thread: return ferp_thread_start(&thread);
    case SEAM_read_clock: /* the value: the difference from the script's clock */
        *out = (int64_t)(ferp_now() - (uint64_t)script_now_nanos);
        return (fer_error){FER_OK, 0};
    default:
        (void)ferp_mutex_init(&mutex);
        ferp_mutex_lock(&mutex);
        err = ferp_cond_wait(&mutex,
                             step->in < 0 ? FERP_NO_DEADLINE : ferp_now() + (uint64_t)step->in);
        ferp_mutex_unlock(&mutex);
        return err;
    }
}

fer_error script_call_waiting(const struct step *step, int64_t *out)
{
    int name = step->name;
    if (name == SEAM_look_up) {
        return look_up(step, out);
    }
    if (name > SEAM_read_file && name <= SEAM_read_clock) {
        return call_background(step, out);
    }
    return name < SEAM_look_up ? call_waits(step, out) : call_poller(step, out);
}
