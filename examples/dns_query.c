/* dns_query.c: queries a DNS server for a name's IPv4 addresses over UDP (RFC 1035). It sends the
 * query up to five times and doubles the wait each time. Responses are untrusted: one that does not
 * match the query is dropped, and a malformed one is an error. dns_server.c is a server for it.
 *
 * usage: dns_query HOST:PORT NAME
 * The addresses go to standard output. The exit code is 1 if there are none. */
#include "example_os.h"

#include <stdio.h>
#include <string.h>

#include "dns.h"
#include "ferrule.h"

enum { TRIES = 5, FIRST_WAIT_MS = 200 };
enum { RECORD_HEAD_LEN = 10, ADDRESSES_MAX = DNS_MESSAGE_MAX / (1 + RECORD_HEAD_LEN + 4) };

static const char usage[] = "usage: dns_query HOST:PORT NAME\n";

struct query {
    uint8_t bytes[DNS_HEADER_LEN + DNS_NAME_MAX + 4];
    size_t len;
};

struct response {
    uint8_t bytes[DNS_MESSAGE_MAX];
    size_t len;
};

struct addresses {
    fer_ipv4_addr list[ADDRESSES_MAX];
    size_t count;
};

static void complain(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
}

/* False if name is no name. All tries use the same id, so a late answer to an earlier try is
 * accepted. */
static bool write_query(struct query *query, unsigned id, const char *name)
{
    size_t name_len = dns_put_name(query->bytes + DNS_HEADER_LEN, name);
    uint8_t *rest = query->bytes + DNS_HEADER_LEN + name_len;
    dns_put_u16(query->bytes, id);
    dns_put_u16(query->bytes + 2, DNS_WANTS_RECURSION);
    dns_put_u16(query->bytes + 4, 1);
    dns_put_u16(rest, DNS_TYPE_A);
    dns_put_u16(rest + 2, DNS_CLASS_IN);
    query->len = DNS_HEADER_LEN + name_len + 4;
    return name_len > 0;
}

/* ---- The exchange */

/* [::] reaches IPv4 too, on every system that has IPv6. */
static fer_error bind_anywhere(fer_udp_socket *socket)
{
    fer_error error = fer_udp_socket_bind(socket, "[::]:0");
    return error.kind == FER_OK ? error : fer_udp_socket_bind(socket, "0.0.0.0:0");
}

/* Whether the bytes are a response to this query (RFC 5452, sections 4.2 and 9.1). */
static bool is_answer_to(const struct query *query, const uint8_t *bytes, size_t len)
{
    struct dns_reader reader = {bytes, len, 0};
    struct dns_header header;
    size_t question_len = query->len - DNS_HEADER_LEN;
    if (!dns_take_header(&reader, &header)) {
        return false;
    }
    const uint8_t *question = dns_take(&reader, question_len);
    return question != NULL && header.id == dns_get_u16(query->bytes) && header.questions == 1 &&
           (header.flags & (DNS_IS_RESPONSE | DNS_OPCODE)) == DNS_IS_RESPONSE &&
           dns_is_same_name(question, query->bytes + DNS_HEADER_LEN, question_len);
}

/* Drops datagrams that do not answer the query; they do not extend the wait. */
static fer_error await_answer(fer_udp_socket *socket, const struct query *query,
                              struct response *response, fer_instant end)
{
    for (;;) {
        fer_udp_received got;
        fer_duration left = fer_instant_remaining(end);
        if (left.nanos == 0) {
            return (fer_error){FER_TIMED_OUT, 0};
        }
        FER_TRY(fer_udp_socket_set_read_timeout(socket, left));
        fer_error error =
            fer_udp_socket_recv(socket, response->bytes, sizeof response->bytes, &got);
        if (error.kind == FER_INTERRUPTED) {
            continue;
        }
        FER_TRY(error);
        if (!got.truncated && is_answer_to(query, response->bytes, got.len)) {
            response->len = got.len;
            return error;
        }
        fprintf(stderr, "dropped what is no answer to this question\n");
    }
}

static void pause_until(fer_instant end)
{
    example_pause((unsigned)(fer_instant_remaining(end).nanos / 1000000));
}

/* Also retries a refusal after its wait, because the server may be starting. */
static fer_error send_and_wait(fer_udp_socket *socket, const struct query *query,
                               struct response *response)
{
    fer_error error = {FER_TIMED_OUT, 0};
    for (unsigned attempt = 0; attempt < TRIES; attempt++) {
        fer_instant end =
            fer_instant_after(fer_duration_from_millis((uint64_t)FIRST_WAIT_MS << attempt));
        error = fer_udp_socket_send(socket, query->bytes, query->len, NULL);
        if (error.kind == FER_OK) {
            error = await_answer(socket, query, response, end);
        }
        if (error.kind != FER_TIMED_OUT && error.kind != FER_CONNECTION_REFUSED &&
            error.kind != FER_INTERRUPTED) {
            return error;
        }
        complain("no answer", error);
        pause_until(end);
    }
    return error;
}

static fer_error query_server(const char *server, const struct query *query,
                              struct response *response)
{
    fer_udp_socket socket = {0};
    fer_error error = bind_anywhere(&socket);
    if (error.kind == FER_OK) {
        /* From now on only the server's datagrams are received. */
        error = fer_udp_socket_connect(&socket, server);
    }
    if (error.kind == FER_OK) {
        error = send_and_wait(&socket, query, response);
    }
    fer_udp_socket_close(&socket);
    return error;
}

/* ---- The answer */

static void print_addresses(const struct addresses *found)
{
    for (size_t i = 0; i < found->count; i++) {
        char text[FER_IPV4_ADDR_TEXT_CAP];
        fer_ipv4_addr_format(found->list[i], text, sizeof text);
        printf("%s\n", text);
    }
}

/* Reads one record (RFC 1035, section 4.1.3) and stores it if it is an address. The record's name
 * is ignored, because an alias has another name. */
static bool read_record(struct dns_reader *reader, struct addresses *found)
{
    if (!dns_skip_name(reader)) {
        return false;
    }
    const uint8_t *head = dns_take(reader, RECORD_HEAD_LEN);
    if (head == NULL) {
        return false;
    }
    size_t len = dns_get_u16(head + 8);
    const uint8_t *bytes = dns_take(reader, len);
    if (bytes == NULL) {
        return false;
    }
    if (dns_get_u16(head) != DNS_TYPE_A || dns_get_u16(head + 2) != DNS_CLASS_IN) {
        return true;
    }
    if (len != 4 || found->count == ADDRESSES_MAX) {
        return false;
    }
    found->list[found->count] = fer_ipv4_addr_new(bytes[0], bytes[1], bytes[2], bytes[3]);
    found->count++;
    return true;
}

/* Returns the problem with the response, or NULL: only then is found valid. The response has passed
 * is_answer_to. */
static const char *read_response(const struct query *query, const struct response *response,
                                 struct addresses *found)
{
    struct dns_reader reader = {response->bytes, response->len, query->len};
    unsigned flags = dns_get_u16(response->bytes + 2);
    unsigned records = dns_get_u16(response->bytes + 6);
    if ((flags & DNS_CODE) != 0) {
        return (flags & DNS_CODE) == DNS_NO_SUCH_NAME ? "no such name"
                                                      : "the server cannot answer, or will not";
    }
    if ((flags & DNS_IS_TRUNCATED) != 0) {
        return "the answer is too long for UDP";
    }
    for (unsigned i = 0; i < records; i++) {
        if (!read_record(&reader, found)) {
            return "the answer is badly formed";
        }
    }
    return found->count == 0 ? "no address" : NULL;
}

int main(int argc, char **argv)
{
    struct query query = {{0}, 0};
    struct response response;
    struct addresses found = {.count = 0};
    uint16_t id = 0; /* random, because an attacker who guesses it can forge the answer */
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc != 3 || argv[1][0] == '-') {
        fputs(usage, stderr);
        return 2;
    }
    if (!example_random(&id)) {
        fprintf(stderr, "cannot get a random number\n");
        return 1;
    }
    if (!write_query(&query, id, argv[2])) {
        fprintf(stderr, "%s: not a name\n", argv[2]);
        return 2;
    }
    fer_error error = query_server(argv[1], &query, &response);
    if (error.kind != FER_OK) {
        complain(argv[1], error);
        return 1;
    }
    const char *problem = read_response(&query, &response, &found);
    if (problem != NULL) {
        fprintf(stderr, "%s: %s\n", argv[2], problem);
        return 1;
    }
    print_addresses(&found);
    return 0;
}
