/* stress_relay.c: many clients at a relay_server --broadcast: most of them only receive, some send,
 * and in each round some are closed in the middle of a line. Every line contains its sender and its
 * number, so each receiver that stays detects a line that is lost, duplicated, reordered or mixed
 * with another one.
 *
 * usage: stress_relay HOST:PORT IDLE BUSY ROUNDS SEED [PROCESS]
 * PROCESS is the server's process ID. If the system reports a process's memory (/proc), the
 * server's must not grow after the first quarter of the rounds. */
#include "examples/example_os.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum {
    LINE_LEN = 32,
    EVENTS_CAP = 256,
    READ_CAP = 65536,
    BATCH = 100,
    SOURCE_ADDRS = 8,
    FIRST_PART = LINE_LEN + 20
};
enum { TIMEOUT_SECONDS = 60, RSS_SLACK_KIB = 2048, RSS_SLACK_PERCENT = 5 };

/* The line number for a sender that had already ended when the receiver connected. The receiver
 * checks only the text of that sender's lines. */
#define UNKNOWN UINT32_MAX

struct sender {
    uint32_t sent; /* number of lines */
    bool is_closed;
};

struct peer {
    fer_tcp_stream stream;
    bool is_busy;
    bool is_open;
    uint32_t sender; /* its number; every peer that ever sends has one */
    bool has_sender;
    uint32_t *received; /* the number of the last line from each sender */
    size_t line_len;
    char line[LINE_LEN + 1];
};

static struct {
    fer_poller poller;
    fer_socket_addr server;
    struct peer *peers;
    size_t count;
    size_t idle;
    struct sender *senders;
    uint32_t sender_count;
    uint32_t sender_cap;
    uint64_t received;
    uint64_t closed;
    uint64_t random;
} all;

/* ---- Failures end the program */

static void fail(const char *what)
{
    printf("FAILED: %s\n", what);
    exit(1);
}

static void require(fer_error error, const char *what)
{
    if (error.kind != FER_OK) {
        char text[FER_ERROR_TEXT_CAP];
        fer_error_format(error, text, sizeof text);
        printf("FAILED: %s: %s\n", what, text);
        exit(1);
    }
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fail("no memory");
    }
    return memory;
}

/* ---- Random choices and lines */

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static size_t choose(size_t below)
{
    all.random += UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mix(all.random) % below);
}

/* Contains the sender, the number, and a checksum of both. */
static void make_line(char line[LINE_LEN + 1], uint32_t sender, uint32_t number)
{
    uint64_t sum = mix(((uint64_t)sender << 32) | number) & UINT64_C(0xfffffffffffffff);
    (void)snprintf(line, LINE_LEN + 1, "%08" PRIx32 "%08" PRIx32 "%015" PRIx64 "\n", sender, number,
                   sum);
}

/* ---- Receiving */

/* The line of a sender that was closed in good order inside of it is cut. The server adds its
 * end. */
static void receive_line(struct peer *peer, size_t len)
{
    char wanted[LINE_LEN + 1];
    uint32_t sender = UINT32_MAX;
    uint32_t number = 0;
    (void)sscanf(peer->line, "%8" SCNx32 "%8" SCNx32, &sender, &number);
    make_line(wanted, sender, number);
    const struct sender *from = &all.senders[sender < all.sender_count ? sender : 0];
    bool is_cut = len == FIRST_PART - LINE_LEN + 1 && from->is_closed && number == from->sent;
    if (sender >= all.sender_count || (len != LINE_LEN && !is_cut) ||
        memcmp(peer->line, wanted, len - 1) != 0) {
        printf("got \"%.*s\"\n", (int)len - 1, peer->line);
        fail("a line that no client sent: cut or mixed up");
    }
    if (is_cut || peer->received[sender] == UNKNOWN) {
        return;
    }
    if (number != peer->received[sender] + 1 || number > from->sent) {
        printf("line %lu of sender %lu after %lu of %lu\n", (unsigned long)number,
               (unsigned long)sender, (unsigned long)peer->received[sender],
               (unsigned long)from->sent);
        fail("a line is lost, duplicated or reordered");
    }
    peer->received[sender] = number;
    all.received++;
}

static void process_bytes(struct peer *peer, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (peer->line_len == LINE_LEN) {
            fail("a line without an end: mixed up");
        }
        peer->line[peer->line_len++] = bytes[i];
        if (bytes[i] == '\n') {
            receive_line(peer, peer->line_len);
            peer->line_len = 0;
        }
    }
}

static void receive(struct peer *peer)
{
    static char bytes[READ_CAP];
    size_t n = 0;
    if (!peer->is_open) {
        return; /* closed while an earlier event of the same wait was processed */
    }
    fer_error error = fer_tcp_stream_read(&peer->stream, bytes, sizeof bytes, &n);
    if (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED) {
        return;
    }
    require(error, "a client that stays was disconnected");
    if (n == 0) {
        fail("a client that stays received an end of file");
    }
    process_bytes(peer, bytes, n);
}

static void process_events(fer_duration limit)
{
    fer_event events[EVENTS_CAP];
    size_t count = 0;
    require(fer_poller_wait(&all.poller, limit, events, EVENTS_CAP, &count, NULL), "wait");
    for (size_t i = 0; i < count; i++) {
        receive(&all.peers[events[i].key]);
    }
}

static bool is_complete(const struct peer *peer)
{
    for (uint32_t i = 0; i < all.sender_count && peer->is_open; i++) {
        if (!all.senders[i].is_closed && peer->received[i] != all.senders[i].sent) {
            return false;
        }
    }
    return true;
}

/* Waits until every peer has received all lines of the open senders. */
static void wait_for_missing(void)
{
    uint64_t deadline = example_milliseconds() + TIMEOUT_SECONDS * 1000;
    for (size_t i = 0; i < all.count; i++) {
        while (!is_complete(&all.peers[i])) {
            process_events(fer_duration_from_secs(1));
            if (example_milliseconds() > deadline) {
                fail("lines are lost, or the server is too slow");
            }
        }
    }
}

/* ---- Sending */

static void make_sender(struct peer *peer)
{
    if (all.sender_count == all.sender_cap) {
        fail("too many senders");
    }
    peer->sender = all.sender_count++;
    peer->has_sender = true;
}

static void write_part(struct peer *peer, const char *bytes, size_t len)
{
    require(fer_tcp_stream_write_all(&peer->stream, bytes, len, NULL),
            "the server does not accept the data");
}

/* Makes another line, which every open peer must receive. */
static void make_next_line(const struct peer *peer, char line[LINE_LEN + 1])
{
    make_line(line, peer->sender, ++all.senders[peer->sender].sent);
}

/* ---- Opening and closing peers */

/* Binds to several source addresses, so that there are enough ports. Systems whose loopback has
 * only one address use that one. */
static void connect_from(struct peer *peer, size_t index)
{
    fer_socket socket = {0};
    fer_ipv4_addr ip = fer_ipv4_addr_new(127, 0, 0, (uint8_t)(1 + index % SOURCE_ADDRS));
    fer_socket_addr source = fer_socket_addr_v4_new(ip, 0);
    require(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0), "socket");
    FER_IGNORE(fer_socket_bind(&socket, &source));
    require(
        fer_socket_connect_timeout(&socket, &all.server, fer_duration_from_secs(TIMEOUT_SECONDS)),
        "connect");
    require(fer_socket_into_tcp_stream(&socket, &peer->stream), "into stream");
    require(fer_tcp_stream_set_nonblocking(&peer->stream, true), "nonblocking");
}

static void open_peer(size_t index)
{
    struct peer *peer = &all.peers[index];
    const fer_event input = {.key = index, .interest = FER_READABLE};
    connect_from(peer, index);
    require(
        fer_poller_add(&all.poller, fer_tcp_stream_as_raw(&peer->stream), input, FER_POLL_LEVEL),
        "add");
    peer->is_open = true;
    peer->has_sender = false;
    peer->line_len = 0;
    for (uint32_t i = 0; i < all.sender_cap; i++) {
        peer->received[i] = all.senders[i].is_closed ? UNKNOWN : all.senders[i].sent;
    }
    if (peer->is_busy) {
        make_sender(peer);
    }
}

/* The server accepts in the order of the connects. When it has relayed a line of the last peer, it
 * has accepted all peers before. */
static void sync_with_server(struct peer *last)
{
    char line[LINE_LEN + 1];
    if (!last->has_sender) {
        make_sender(last);
    }
    make_next_line(last, line);
    write_part(last, line, LINE_LEN);
    wait_for_missing();
}

static void open_peers(const size_t *indexes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        open_peer(indexes[i]);
        if ((i + 1) % BATCH == 0 || i + 1 == count) {
            sync_with_server(&all.peers[indexes[i]]);
        }
    }
}

/* Closes about half of the peers with a reset and the others in good order, as the system sees
 * it. */
static void close_peer(struct peer *peer)
{
    if (choose(2) == 0) {
        require(fer_tcp_stream_set_linger(&peer->stream, fer_duration_from_secs(0)), "linger");
    }
    require(fer_poller_delete(&all.poller, fer_tcp_stream_as_raw(&peer->stream)), "delete");
    fer_tcp_stream_close(&peer->stream);
    peer->is_open = false;
    all.closed++;
    if (peer->has_sender) {
        all.senders[peer->sender].is_closed = true;
    }
}

static size_t close_some(size_t *indexes, size_t from, size_t below, size_t want)
{
    size_t count = 0;
    for (size_t i = 0; i < want && below > from; i++) {
        size_t index = from + choose(below - from);
        if (all.peers[index].is_open) {
            close_peer(&all.peers[index]);
            indexes[count++] = index;
        }
    }
    return count;
}

/* ---- Rounds */

/* Each busy peer sends two lines, with a pause inside the second. Some peers are closed during the
 * pause. Their lines may be received or not. */
static void run_round(size_t *closed)
{
    char(*lines)[2 * LINE_LEN + 1] = allocate(all.count - all.idle, sizeof *lines);
    for (size_t i = all.idle; i < all.count; i++) {
        struct peer *peer = &all.peers[i];
        make_next_line(peer, lines[i - all.idle]);
        make_next_line(peer, lines[i - all.idle] + LINE_LEN);
        write_part(peer, lines[i - all.idle], FIRST_PART);
    }
    process_events(fer_duration_from_secs(0));
    size_t count = close_some(closed, 0, all.idle, 1 + all.idle / 500);
    count += close_some(closed + count, all.idle, all.count, 1 + (all.count - all.idle) / 20);
    for (size_t i = all.idle; i < all.count; i++) {
        if (all.peers[i].is_open) {
            write_part(&all.peers[i], lines[i - all.idle] + FIRST_PART, 2 * LINE_LEN - FIRST_PART);
        }
    }
    free(lines);
    wait_for_missing();
    open_peers(closed, count);
}

/* Returns the server's resident memory in KiB: the second number of statm (man 5 proc), in pages of
 * 4 KiB. Returns 0 if the system does not report it. */
static unsigned long resident_kib(const char *process)
{
    char path[64];
    unsigned long size = 0;
    unsigned long resident = 0;
    snprintf(path, sizeof path, "/proc/%s/statm", process);
    FILE *file = process[0] != '\0' ? fopen(path, "r") : NULL;
    if (file == NULL) {
        return 0;
    }
    if (fscanf(file, "%lu %lu", &size, &resident) != 2) {
        resident = 0;
    }
    fclose(file);
    return resident * 4;
}

static void check_memory(unsigned long warm, unsigned long last)
{
    if (warm == 0 || last == 0) {
        puts("memory: not reported by this system");
        return;
    }
    printf("memory of the server: %lu KiB when warm, %lu KiB at the end\n", warm, last);
    if (last > warm + warm * RSS_SLACK_PERCENT / 100 + RSS_SLACK_KIB) {
        fail("the server's memory grew");
    }
}

static void set_up(size_t idle, size_t busy, size_t rounds)
{
    size_t *indexes = allocate(idle + busy, sizeof *indexes);
    all.idle = idle;
    all.count = idle + busy;
    all.sender_cap = (uint32_t)(busy + all.count / BATCH + 1 + rounds * (2 + busy / 20 + 2));
    all.peers = allocate(all.count, sizeof *all.peers);
    all.senders = allocate(all.sender_cap, sizeof *all.senders);
    require(fer_poller_new(&all.poller), "poller");
    for (size_t i = 0; i < all.count; i++) {
        all.peers[i].received = allocate(all.sender_cap, sizeof *all.peers[i].received);
        all.peers[i].is_busy = i >= idle;
        indexes[i] = i;
    }
    open_peers(indexes, all.count);
    free(indexes);
}

static void tear_down(void)
{
    for (size_t i = 0; i < all.count; i++) {
        FER_IGNORE(fer_poller_delete(&all.poller, fer_tcp_stream_as_raw(&all.peers[i].stream)));
        fer_tcp_stream_close(&all.peers[i].stream);
        free(all.peers[i].received);
    }
    fer_poller_close(&all.poller);
    free(all.senders);
    free(all.peers);
}

int main(int argc, char **argv)
{
    if (argc < 6 || fer_socket_addr_parse(&all.server, argv[1]).kind != FER_OK) {
        fputs("usage: stress_relay ADDR:PORT IDLE BUSY ROUNDS SEED [PROCESS]\n", stderr);
        return 2;
    }
    size_t rounds = strtoul(argv[4], NULL, 10);
    const char *process = argc > 6 ? argv[6] : "";
    unsigned long warm = 0;
    all.random = strtoul(argv[5], NULL, 10);
    set_up(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), rounds);
    size_t *closed = allocate(all.count, sizeof *closed);
    for (size_t i = 0; i < rounds; i++) {
        run_round(closed);
        unsigned long resident = resident_kib(process);
        warm = i == rounds / 4 ? resident : warm;
    }
    free(closed);
    printf("%zu rounds: %llu lines received, each complete and in order; %llu clients closed and "
           "replaced\n",
           rounds, (unsigned long long)all.received, (unsigned long long)all.closed);
    check_memory(warm, resident_kib(process));
    tear_down();
    return 0;
}
