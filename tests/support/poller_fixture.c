/* poller_fixture.c: shared by the conformance tests of pollers; see poller_fixture.h. */
#include "support/poller_fixture.h"

enum { POLLERS_MAX = 8, EVENTS_MAX = 16, QUIET_MS = 20 };

static fer_poller pollers[POLLERS_MAX];
static size_t poller_count;
static struct mailbox mailboxes[MAILBOXES_MAX];
static size_t mailbox_count;
static peer_socket poster;

/* ---- Before and after a test */

int poller_test_begin(void **state)
{
    poster = PEER_NONE;
    return socket_test_begin(state);
}

/* Closes the sockets before the pollers that they may be registered with, which rule P4 allows. */
int poller_test_end(void **state)
{
    while (mailbox_count > 0) {
        mailbox_close(&mailboxes[--mailbox_count]);
    }
    while (poller_count > 0) {
        fer_poller_close(&pollers[--poller_count]);
    }
    return socket_test_end(state);
}

/* ---- Pollers */

fer_poller *test_poller(void)
{
    assert_true(poller_count < POLLERS_MAX);
    fer_poller *poller = &pollers[poller_count];
    memset(poller, 0, sizeof *poller);
    assert_ok(fer_poller_new(poller));
    poller_count++;
    return poller;
}

fer_event reading(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_READABLE};
}
fer_event writing(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_WRITABLE};
}
fer_event both_interests(uint64_t key)
{
    return (fer_event){.key = key, .interest = FER_READABLE | FER_WRITABLE};
}
fer_event no_interest(uint64_t key)
{
    return (fer_event){.key = key, .interest = 0};
}

void skip_without_edges(void)
{
    fer_poller *poller = test_poller();
    struct mailbox *mailbox = test_mailbox();
    fer_error error = fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_EDGE);
    if (error.kind == FER_OK && !peer_is_windows()) {
        return;
    }
    assert_own(error, FER_UNSUPPORTED);
    assert_own(fer_poller_delete(poller, mailbox->raw), FER_NOT_FOUND);
    assert_ok(fer_poller_add(poller, mailbox->raw, reading(1), FER_POLL_LEVEL));
    assert_own(fer_poller_modify(poller, mailbox->raw, reading(2), FER_POLL_EDGE), FER_UNSUPPORTED);
    assert_own(fer_poller_modify(poller, mailbox->raw, reading(3), FER_POLL_EDGE_ONESHOT),
               FER_UNSUPPORTED);
    mailbox_send(mailbox);
    assert_event(poller, 1, true, false);
    assert_event(poller, 1, true, false);
    skip_because("this OS has no edge-triggered sockets; asking for them is UNSUPPORTED and "
                 "changes nothing");
}

/* ---- Waits */

struct wait_result wait_for(fer_poller *poller, uint64_t key, fer_duration timeout)
{
    fer_event events[EVENTS_MAX];
    size_t count = 77;
    struct wait_result result = {0};
    assert_ok(fer_poller_wait(poller, timeout, events, EVENTS_MAX, &count, NULL));
    assert_true(count <= EVENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (events[i].key != key) {
            fail_msg("an event of key %llu, expected only %llu", (unsigned long long)events[i].key,
                     (unsigned long long)key);
        }
        assert_true(events[i].interest != 0 && events[i].reserved_ == 0);
        result.events++;
        result.readable = result.readable || (events[i].interest & FER_READABLE) != 0;
        result.writable = result.writable || (events[i].interest & FER_WRITABLE) != 0;
        result.all |= events[i].interest;
    }
    return result;
}

void expect_event(fer_poller *poller, uint64_t key, bool readable, bool writable, const char *file,
                  int line)
{
    struct wait_result result = wait_for(poller, key, millis(PEER_LIMIT_MS));
    if (result.events == 0 || result.readable != readable || result.writable != writable) {
        print_error("%u events of %llu:%s%s, not%s%s\n", (unsigned)result.events,
                    (unsigned long long)key, result.readable ? " readable" : "",
                    result.writable ? " writable" : "", readable ? " readable" : "",
                    writable ? " writable" : "");
        _fail(file, line);
    }
}

void expect_reports(fer_poller *poller, uint64_t key, fer_interest wanted, const char *file,
                    int line)
{
    fer_interest all = 0;
    uint64_t began = peer_now_us();
    while ((all & wanted) != wanted && peer_now_us() - began < PEER_LIMIT_MS * UINT64_C(1000)) {
        all |= wait_for(poller, key, millis(PEER_LIMIT_MS)).all;
        peer_pause((all & wanted) != wanted);
    }
    if ((all & wanted) != wanted) {
        print_error("key %llu is reported as %u, without %u\n", (unsigned long long)key,
                    (unsigned)all, (unsigned)(wanted & ~all));
        _fail(file, line);
    }
}

static void expect_none(fer_poller *poller, fer_duration timeout, const char *file, int line)
{
    fer_event events[EVENTS_MAX];
    size_t count = 77;
    fer_error error = fer_poller_wait(poller, timeout, events, EVENTS_MAX, &count, NULL);
    expect_kind(error, FER_OK, "fer_poller_wait", file, line);
    if (count != 0) {
        print_error("%u events, the first of key %llu:%s%s, expected none\n", (unsigned)count,
                    (unsigned long long)events[0].key,
                    (events[0].interest & FER_READABLE) != 0 ? " readable" : "",
                    (events[0].interest & FER_WRITABLE) != 0 ? " writable" : "");
        _fail(file, line);
    }
}

void expect_no_event(fer_poller *poller, const char *file, int line)
{
    expect_none(poller, millis(0), file, line);
    expect_none(poller, millis(QUIET_MS), file, line);
}

void expect_notified(fer_poller *poller, const char *file, int line)
{
    expect_none(poller, FER_DURATION_NONE, file, line);
}

/* ---- Mailboxes */

static struct mailbox *open_mailbox(struct mailbox *mailbox)
{
    fer_socket_addr addr = loopback(PEER_V4, 0);
    uint16_t port = 0;
    poster = poster == PEER_NONE ? peer_datagram(PEER_V4, &port) : poster;
    assert_true(poster != PEER_NONE);
    memset(mailbox, 0, sizeof *mailbox);
    assert_ok(fer_udp_socket_bind_addr(&mailbox->socket, &addr));
    assert_ok(fer_udp_socket_local_addr(&mailbox->socket, &addr));
    assert_ok(fer_udp_socket_set_nonblocking(&mailbox->socket, true));
    mailbox->raw = fer_udp_socket_as_raw(&mailbox->socket);
    mailbox->port = addr.port;
    return mailbox;
}

struct mailbox *test_mailbox(void)
{
    assert_true(mailbox_count < MAILBOXES_MAX);
    return open_mailbox(&mailboxes[mailbox_count++]);
}

/* Earlier mailboxes keep their raw values until the end of the test. */
struct mailbox *test_mailbox_with_raw(fer_raw_socket raw)
{
    while (mailbox_count < MAILBOXES_MAX) {
        struct mailbox *mailbox = test_mailbox();
        if (mailbox->raw == raw) {
            return mailbox;
        }
    }
    skip_because("this OS has not reused the closed socket's raw value yet");
    return NULL;
}

void mailbox_send(const struct mailbox *mailbox)
{
    assert_true(peer_datagram_send(poster, PEER_V4, mailbox->port, "post", 4));
    assert_true(peer_raw_wait_readable(mailbox->raw));
}

void mailbox_drain(struct mailbox *mailbox)
{
    char buf[8];
    fer_udp_received got;
    while (fer_udp_socket_recv_from(&mailbox->socket, buf, sizeof buf, &got).kind == FER_OK) {
    }
}

void mailbox_close(struct mailbox *mailbox)
{
    fer_udp_socket_close(&mailbox->socket);
}
