/* address_text.c: the speed of parsing and formatting addresses, beside libc's inet_pton and
 * inet_ntop and the peers. Uses 32768 distinct texts, too many for a branch predictor. Output: see
 * bench.h. POSIX only. */
#define _POSIX_C_SOURCE 200809L
#define BENCH_CLOCK CLOCK_PROCESS_CPUTIME_ID
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/peers.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"

enum { TEXTS = 32768, POOL_SIZE = TEXTS * 64, TEXT_CAP = 64 };

typedef struct texts {
    bench_texts view;
    char pool[POOL_SIZE];
    uint32_t at[TEXTS];
    size_t used;
    size_t count;
} texts;

static texts v4_texts, v6_texts, sa_texts, bad_texts;
static fer_ipv4_addr v4_values[TEXTS];
static fer_ipv6_addr v6_values[TEXTS];
static uint64_t random_state = UINT64_C(0x9E3779B97F4A7C15);

/* ---- Texts and values */

static uint32_t random_below(uint32_t limit)
{
    return (uint32_t)(bench_random(&random_state) >> 33) % limit;
}

static void texts_add(texts *set, const char *text)
{
    const size_t size = strlen(text) + 1;
    set->view = (bench_texts){set->pool, set->at};
    memcpy(&set->pool[set->used], text, size);
    set->at[set->count++] = (uint32_t)set->used;
    set->used += size;
}

static fer_ipv4_addr random_v4(void)
{
    return fer_ipv4_addr_from_bits((uint32_t)(bench_random(&random_state) >> 32));
}

/* One in eight is IPv4-mapped; three in eight have a run of zeros. One group in sixteen is short by
 * chance. */
static fer_ipv6_addr random_v6(void)
{
    uint16_t segments[8];
    for (size_t i = 0; i < 8; i++) {
        segments[i] = (uint16_t)random_below(65536);
    }
    const uint32_t kind = random_below(8);
    if (kind == 0) {
        const fer_ipv4_addr v4 = random_v4();
        return fer_ipv4_addr_to_ipv6_mapped(v4);
    }
    const uint32_t begin = random_below(7);
    const uint32_t len = 2 + random_below(6);
    for (uint32_t i = begin; kind <= 3 && i < 8 && i < begin + len; i++) {
        segments[i] = 0;
    }
    return fer_ipv6_addr_from_segments(segments);
}

static void write_v4(char *text, size_t at)
{
    inet_ntop(AF_INET, v4_values[at].octets, text, TEXT_CAP);
}

static void write_v6(char *text, size_t at)
{
    inet_ntop(AF_INET6, v6_values[at].octets, text, TEXT_CAP);
}

static void write_bad(char *text)
{
    static const char *const domains[] = {"example.com", "localhost", "db-1.internal",
                                          "a.b.c.d.example.org", "x"};
    const uint32_t kind = random_below(6);
    const uint32_t n = random_below(256);
    if (kind < 2) {
        snprintf(text, TEXT_CAP, "host%u.%s", (unsigned)random_below(100000),
                 domains[random_below(5)]);
    } else if (kind == 2) {
        snprintf(text, TEXT_CAP, "%u.%u.%u.%u", (unsigned)n, (unsigned)random_below(256),
                 (unsigned)(256 + random_below(700)), (unsigned)n);
    } else if (kind == 3) {
        snprintf(text, TEXT_CAP, "%u.%u.%u", (unsigned)n, (unsigned)random_below(256),
                 (unsigned)random_below(256));
    } else if (kind == 4) {
        snprintf(text, TEXT_CAP, "%x:%x::%x::%x", (unsigned)random_below(65536), (unsigned)n,
                 (unsigned)n, (unsigned)random_below(65536));
    } else {
        snprintf(text, TEXT_CAP, "%x:%x:%x:%x", (unsigned)random_below(65536), (unsigned)n,
                 (unsigned)n, (unsigned)random_below(65536));
    }
}

static void make_inputs(void)
{
    char text[TEXT_CAP];
    char with_port[TEXT_CAP + 16];
    for (size_t i = 0; i < TEXTS; i++) {
        const bool is_v4 = random_below(2) == 0;
        v4_values[i] = random_v4();
        v6_values[i] = random_v6();
        write_v4(text, i);
        texts_add(&v4_texts, text);
        write_v6(text, i);
        texts_add(&v6_texts, text);
        if (is_v4) {
            write_v4(text, i);
        }
        snprintf(with_port, sizeof with_port, is_v4 ? "%s:%u" : "[%s]:%u", text,
                 (unsigned)random_below(65536));
        texts_add(&sa_texts, with_port);
        write_bad(text);
        texts_add(&bad_texts, text);
    }
}

/* ---- The contenders: each processes `count` texts or values */

static uint64_t first_bytes(const void *value)
{
    uint32_t bytes;
    memcpy(&bytes, value, sizeof bytes);
    return bytes;
}

/* Adds up what `expression` makes of each text. */
#define PARSES(name, type, expression)                    \
    static uint64_t name(const void *input, size_t count) \
    {                                                     \
        const bench_texts *set = input;                   \
        uint64_t sum = 0;                                 \
        for (size_t i = 0; i < count; i++) {              \
            const char *text = &set->pool[set->at[i]];    \
            type addr;                                    \
            sum += expression;                            \
        }                                                 \
        return sum;                                       \
    }
PARSES(libc_parse_v4, struct in_addr, inet_pton(AF_INET, text, &addr) == 1 ? first_bytes(&addr) : 0)
PARSES(libc_parse_v6, struct in6_addr,
       inet_pton(AF_INET6, text, &addr) == 1 ? first_bytes(&addr) : 0)
PARSES(libc_parse_ip, struct in6_addr,
       inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, &addr) == 1
           ? first_bytes(&addr)
           : 0)
PARSES(ferrule_parse_v4, fer_ipv4_addr,
       fer_ipv4_addr_parse(&addr, text).kind == FER_OK ? first_bytes(&addr) : 0)
PARSES(ferrule_parse_v6, fer_ipv6_addr,
       fer_ipv6_addr_parse(&addr, text).kind == FER_OK ? first_bytes(&addr) : 0)
PARSES(ferrule_parse_ip, fer_ip_addr,
       fer_ip_addr_parse(&addr, text).kind == FER_OK ? first_bytes(&addr.u.v4) : 0)
PARSES(ferrule_parse_sa, fer_socket_addr,
       fer_socket_addr_parse(&addr, text).kind == FER_OK ? first_bytes(&addr.ip.u.v4) + addr.port
                                                         : 0)

/* What a program without a library does: split at the last colon, copy the host part, call
 * inet_pton and strtoul. */
static uint64_t libc_parse_one_sa(const char *text)
{
    char host[TEXT_CAP];
    struct in6_addr addr;
    const char *colon = strrchr(text, ':');
    const size_t bracket = text[0] == '[' ? 1 : 0;
    const size_t len = (size_t)(colon - text) - 2 * bracket;
    memcpy(host, text + bracket, len);
    host[len] = '\0';
    char *end = NULL;
    const unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || port > 65535 || inet_pton(bracket ? AF_INET6 : AF_INET, host, &addr) != 1) {
        return 0;
    }
    return first_bytes(&addr) + port;
}

static uint64_t libc_parse_sa(const void *input, size_t count)
{
    const bench_texts *set = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += libc_parse_one_sa(&set->pool[set->at[i]]);
    }
    return sum;
}

#define FORMATS(name, type, call)                         \
    static uint64_t name(const void *input, size_t count) \
    {                                                     \
        const type *values = input;                       \
        char text[TEXT_CAP];                              \
        uint64_t sum = 0;                                 \
        for (size_t i = 0; i < count; i++) {              \
            sum += (uintptr_t)(call);                     \
            sum += first_bytes(text);                     \
        }                                                 \
        return sum;                                       \
    }
FORMATS(libc_format_v4, fer_ipv4_addr, inet_ntop(AF_INET, values[i].octets, text, sizeof text))
FORMATS(libc_format_v6, fer_ipv6_addr, inet_ntop(AF_INET6, values[i].octets, text, sizeof text))
FORMATS(ferrule_format_v4, fer_ipv4_addr, fer_ipv4_addr_format(values[i], text, sizeof text))
FORMATS(ferrule_format_v6, fer_ipv6_addr, fer_ipv6_addr_format(values[i], text, sizeof text))

/* ---- The cases */

/* No member of bench_peer: the case has no peers. */
#define NO_PEERS SIZE_MAX

static const struct {
    const char *name;
    const void *input;
    bench_body libc;
    bench_body ferrule;
    size_t peers;
} cases[] = {
    {"parse_v4", &v4_texts.view, libc_parse_v4, ferrule_parse_v4, offsetof(bench_peer, parse_v4)},
    {"parse_v6", &v6_texts.view, libc_parse_v6, ferrule_parse_v6, offsetof(bench_peer, parse_v6)},
    {"parse_sa", &sa_texts.view, libc_parse_sa, ferrule_parse_sa, NO_PEERS},
    {"reject", &bad_texts.view, libc_parse_ip, ferrule_parse_ip, NO_PEERS},
    {"format_v4", v4_values, libc_format_v4, ferrule_format_v4, offsetof(bench_peer, format_v4)},
    {"format_v6", v6_values, libc_format_v6, ferrule_format_v6, offsetof(bench_peer, format_v6)},
};

int main(int argc, char **argv)
{
    bench_options("address_text", argc, argv);
    bench_print_absent_peers();
    make_inputs();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bench_contender contenders[] = {
            {"libc", cases[i].libc}, {"libc-again", cases[i].libc}, {"ferrule", cases[i].ferrule}};
        if (cases[i].peers == NO_PEERS) {
            bench_run(&(bench_case){cases[i].name, cases[i].input, TEXTS, contenders, 3});
        } else {
            bench_run_beside_peers(cases[i].name, cases[i].input, TEXTS, contenders, 3,
                                   cases[i].peers);
        }
    }
    return 0;
}
