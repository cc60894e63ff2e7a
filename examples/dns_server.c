/* dns_server.c: a DNS server (RFC 1035) for one name, over UDP, which misbehaves to test
 * dns_query.c. It drops the first query, and precedes its answer to the second with one that has a
 * wrong id. It receives and answers in batches, and on a machine with several addresses from the
 * address that was asked, if the system can.
 *
 * usage: dns_server NAME A.B.C.D [ADDR:PORT]
 * The default address is 127.0.0.1 with an ephemeral port. Runs until it is killed. */
#include <stdio.h>
#include <string.h>

#include "dns.h"
#include "ferrule.h"

enum { SECONDS_TO_LIVE = 60, RECORD_LEN = 16, BATCH = 16 };

static const char usage[] = "usage: dns_server NAME A.B.C.D [ADDR:PORT]\n";

/* The server's only record. */
struct zone {
    uint8_t name[DNS_NAME_MAX];
    size_t name_len;
    fer_ipv4_addr address;
};

/* A received query, up to the end of its question, with room for an answer after it. */
struct message {
    uint8_t bytes[DNS_MESSAGE_MAX + RECORD_LEN];
    size_t len;
    size_t name_len;
};

static void complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

static void print_addr(const char *words, const fer_socket_addr *addr)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr_format(addr, text, sizeof text);
    printf("%s %s\n", words, text);
    fflush(stdout);
}

/* Whether the first len bytes are a query with one question. Bytes after the question are
 * removed. */
static bool read_query(struct message *message, size_t len)
{
    struct dns_reader reader = {message->bytes, len, 0};
    struct dns_header header;
    if (!dns_take_header(&reader, &header) ||
        (header.flags & (DNS_IS_RESPONSE | DNS_OPCODE)) != 0 || header.questions != 1 ||
        !dns_skip_name(&reader)) {
        return false;
    }
    message->name_len = reader.at - DNS_HEADER_LEN;
    bool is_whole = dns_take(&reader, 4) != NULL;
    message->len = reader.at;
    return is_whole;
}

/* Appends the record after the question; its name is a pointer to the question's (RFC 1035, section
 * 4.1.4). */
static void append_record(struct message *message, const fer_ipv4_addr *address)
{
    uint8_t *record = message->bytes + message->len;
    dns_put_u16(record, 0xc000 | DNS_HEADER_LEN);
    dns_put_u16(record + 2, DNS_TYPE_A);
    dns_put_u16(record + 4, DNS_CLASS_IN);
    dns_put_u16(record + 6, 0);
    dns_put_u16(record + 8, SECONDS_TO_LIVE);
    dns_put_u16(record + 10, 4);
    memcpy(record + 12, address->octets, 4);
    message->len += RECORD_LEN;
}

/* Turns the query into its answer, in place. */
static void answer_query(struct message *message, const struct zone *zone)
{
    const uint8_t *name = message->bytes + DNS_HEADER_LEN;
    const uint8_t *type = name + message->name_len;
    bool is_known =
        message->name_len == zone->name_len && dns_is_same_name(name, zone->name, zone->name_len);
    bool has_record =
        is_known && dns_get_u16(type) == DNS_TYPE_A && dns_get_u16(type + 2) == DNS_CLASS_IN;
    unsigned kept = dns_get_u16(message->bytes + 2) & DNS_WANTS_RECURSION;
    dns_put_u16(message->bytes + 2,
                DNS_IS_RESPONSE | DNS_IS_AUTHORITY | kept | (is_known ? 0 : DNS_NO_SUCH_NAME));
    dns_put_u16(message->bytes + 6, has_record ? 1 : 0);
    memset(message->bytes + 8, 0, 4); /* no records in the other sections */
    if (has_record) {
        append_record(message, &zone->address);
    }
}

/* A batch of queries, and its answers, of which the second query has two. */
struct batch {
    struct message messages[BATCH];
    struct message wrong;
    fer_datagram_recv received[BATCH];
    fer_datagram_send answers[BATCH + 1];
    size_t answer_count;
    bool has_source; /* answers can be sent from a given address */
};

static void add_answer(struct batch *batch, const struct message *message,
                       const fer_datagram_recv *query, const char *words)
{
    fer_datagram_send answer = {.buf = message->bytes, .len = message->len, .to = &query->from};
    if (batch->has_source) {
        answer.from = query->local_ip;
    }
    batch->answers[batch->answer_count++] = answer;
    print_addr(words, &query->from);
}

/* Adds the answers to a query. *queries counts the valid ones. */
static void serve_query(struct batch *batch, size_t index, const struct zone *zone,
                        unsigned long *queries)
{
    struct message *message = &batch->messages[index];
    const fer_datagram_recv *query = &batch->received[index];
    if (query->truncated || !read_query(message, query->len)) {
        return; /* No answer: two servers could answer each other without end. */
    }
    if (++*queries == 1) {
        print_addr("lost one of", &query->from);
        return;
    }
    answer_query(message, zone);
    if (*queries == 2) {
        batch->wrong = *message;
        batch->wrong.bytes[0] ^= 0xff;
        add_answer(batch, &batch->wrong, query, "wrong id for");
    }
    add_answer(batch, message, query, "answered");
}

/* A client that cannot be answered does not end the server: its answer is skipped. */
static void send_answers(fer_udp_socket *socket, struct batch *batch)
{
    size_t at = 0;
    while (at < batch->answer_count) {
        size_t n = 0;
        fer_error error =
            fer_udp_socket_send_batch(socket, batch->answers + at, batch->answer_count - at, &n);
        at += n + (error.kind != FER_OK);
    }
}

static fer_error serve(fer_udp_socket *socket, const struct zone *zone)
{
    static struct batch batch;
    fer_udp_capabilities found;
    unsigned long queries = 0;
    FER_TRY(fer_udp_socket_enable(socket, FER_UDP_LOCAL_ADDR, NULL));
    FER_TRY(fer_udp_socket_features(socket, &found));
    batch.has_source = (found.available & FER_UDP_SOURCE) != 0;
    for (;;) {
        size_t n = 0;
        for (size_t i = 0; i < BATCH; i++) {
            batch.received[i] =
                (fer_datagram_recv){.buf = batch.messages[i].bytes, .cap = DNS_MESSAGE_MAX};
        }
        fer_error error = fer_udp_socket_recv_batch(socket, batch.received, BATCH, &n);
        if (error.kind == FER_INTERRUPTED) {
            continue;
        }
        FER_TRY(error);
        batch.answer_count = 0;
        for (size_t i = 0; i < n; i++) {
            serve_query(&batch, i, zone, &queries);
        }
        send_answers(socket, &batch);
    }
}

static fer_error bind_and_serve(fer_udp_socket *socket, const char *address,
                                const struct zone *zone)
{
    fer_socket_addr local;
    FER_TRY(fer_udp_socket_bind(socket, address));
    FER_TRY(fer_udp_socket_local_addr(socket, &local));
    print_addr("listening on", &local);
    return serve(socket, zone);
}

static bool parse_zone(struct zone *zone, const char *name, const char *address)
{
    zone->name_len = dns_put_name(zone->name, name);
    return zone->name_len > 0 && fer_ipv4_addr_parse(&zone->address, address).kind == FER_OK;
}

int main(int argc, char **argv)
{
    const char *address = argc > 3 ? argv[3] : "127.0.0.1:0";
    struct zone zone = {.name_len = 0};
    fer_udp_socket socket = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc < 3 || argc > 4 || address[0] == '-' || !parse_zone(&zone, argv[1], argv[2])) {
        fputs(usage, stderr);
        return 2;
    }
    fer_error error = bind_and_serve(&socket, address, &zone);
    fer_udp_socket_close(&socket);
    complain(address, error);
    return 1;
}
