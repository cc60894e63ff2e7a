/* dns_server.c: a DNS server (RFC 1035) for one name, over UDP, which misbehaves to test
 * dns_query.c. It drops the first query, and precedes its answer to the second with one that has a
 * wrong id.
 *
 * usage: dns_server NAME A.B.C.D [ADDR:PORT]
 * The default address is 127.0.0.1 with an ephemeral port. Runs until it is killed. */
#include <stdio.h>
#include <string.h>

#include "dns.h"
#include "ferrule.h"

enum { SECONDS_TO_LIVE = 60, RECORD_LEN = 16 };

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

/* A client that cannot be answered does not end the server. */
static void reply(fer_udp_socket *socket, const struct message *message, const fer_socket_addr *to,
                  const char *words)
{
    if (fer_udp_socket_send_to(socket, message->bytes, message->len, to, NULL).kind == FER_OK) {
        print_addr(words, to);
    }
}

static fer_error serve(fer_udp_socket *socket, const struct zone *zone)
{
    struct message message;
    fer_udp_received got;
    for (unsigned long queries = 0;;) {
        fer_error error = fer_udp_socket_recv_from(socket, message.bytes, DNS_MESSAGE_MAX, &got);
        if (error.kind == FER_INTERRUPTED) {
            continue;
        }
        FER_TRY(error);
        if (got.truncated || !read_query(&message, got.len)) {
            /* No answer: two servers could answer each other without end. */
            continue;
        }
        queries++;
        if (queries == 1) {
            print_addr("lost one of", &got.from);
            continue;
        }
        answer_query(&message, zone);
        if (queries == 2) {
            message.bytes[0] ^= 0xff;
            reply(socket, &message, &got.from, "wrong id for");
            message.bytes[0] ^= 0xff;
        }
        reply(socket, &message, &got.from, "answered");
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
