/* address_text.c: the speed of parsing and formatting addresses, beside libc's inet_pton and
 * inet_ntop and the peers. Uses 32768 distinct texts, too many for a branch predictor. The cases
 * named _hot use 4096, few enough for it. Output: see bench.h. POSIX only. */
#define _POSIX_C_SOURCE 200809L
#define BENCH_CLOCK CLOCK_PROCESS_CPUTIME_ID
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/peers.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"

enum { TEXTS_COLD = 32768, TEXTS_HOT = 4096, POOL_SIZE = TEXTS_COLD * 64, TEXT_CAP = 64 };

typedef struct texts {
    bench_texts view;
    char pool[POOL_SIZE];
    uint32_t at[TEXTS_COLD];
    size_t used;
    size_t count;
} texts;

static texts v4_texts, v6_texts, uneven_texts, ip_texts, sa_texts, bad_texts;
static fer_ipv4_addr v4_values[TEXTS_COLD];
static fer_ipv6_addr v6_values[TEXTS_COLD];
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
 * chance. If short_one_in is not 0, one group in short_one_in is short too, which no processor can
 * predict. */
static fer_ipv6_addr random_v6(uint32_t short_one_in)
{
    uint16_t segments[8];
    for (size_t i = 0; i < 8; i++) {
        segments[i] = (uint16_t)random_below(65536);
        if (short_one_in > 0 && random_below(short_one_in) == 0) {
            segments[i] = (uint16_t)random_below(256);
        }
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
    for (size_t i = 0; i < TEXTS_COLD; i++) {
        const bool is_v4 = random_below(2) == 0;
        v4_values[i] = random_v4();
        v6_values[i] = random_v6(4);
        write_v6(text, i);
        texts_add(&uneven_texts, text);
        v6_values[i] = random_v6(0);
        write_v4(text, i);
        texts_add(&v4_texts, text);
        write_v6(text, i);
        texts_add(&v6_texts, text);
        if (is_v4) {
            write_v4(text, i);
        }
        texts_add(&ip_texts, text);
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

static uint64_t libc_parse_v4(const void *input, size_t count)
{
    const bench_texts *set = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        struct in_addr addr;
        sum += inet_pton(AF_INET, &set->pool[set->at[i]], &addr) == 1 ? first_bytes(&addr) : 0;
    }
    return sum;
}

static uint64_t ferrule_parse_v4(const void *input, size_t count)
{
    const bench_texts *set = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_ipv4_addr addr;
        sum += fer_ipv4_addr_parse(&addr, &set->pool[set->at[i]]).kind == FER_OK
                   ? first_bytes(&addr)
                   : 0;
    }
    return sum;
}

static uint64_t libc_parse_v6(const void *input, size_t count)
{
    const bench_texts *set = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        struct in6_addr addr;
        sum += inet_pton(AF_INET6, &set->pool[set->at[i]], &addr) == 1 ? first_bytes(&addr) : 0;
    }
    return sum;
}

static uint64_t ferrule_parse_v6(const void *input, size_t count)
{
    const bench_texts *set = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_ipv6_addr addr;
        sum += fer_ipv6_addr_parse(&addr, &set->pool[set->at[i]]).kind == FER_OK
                   ? first_bytes(&addr)
                   : 0;
    }
    return sum;
}

static uint64_t libc_parse_ip(const void *input, size_t count)
{
    const bench_texts *set = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = &set->pool[set->at[i]];
        struct in6_addr addr;
        const int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
        sum += inet_pton(family, text, &addr) == 1 ? first_bytes(&addr) : 0;
    }
    return sum;
}

static uint64_t ferrule_parse_ip(const void *input, size_t count)
{
    const bench_texts *set = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_ip_addr addr;
        sum += fer_ip_addr_parse(&addr, &set->pool[set->at[i]]).kind == FER_OK
                   ? first_bytes(&addr.u.v4)
                   : 0;
    }
    return sum;
}

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

static uint64_t ferrule_parse_sa(const void *input, size_t count)
{
    const bench_texts *set = input;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        fer_socket_addr addr;
        sum += fer_socket_addr_parse(&addr, &set->pool[set->at[i]]).kind == FER_OK
                   ? first_bytes(&addr.ip.u.v4) + addr.port
                   : 0;
    }
    return sum;
}

static uint64_t libc_format_v4(const void *input, size_t count)
{
    const fer_ipv4_addr *values = input;
    char text[TEXT_CAP];
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        inet_ntop(AF_INET, values[i].octets, text, sizeof text);
        sum += first_bytes(text);
    }
    return sum;
}

static uint64_t ferrule_format_v4(const void *input, size_t count)
{
    const fer_ipv4_addr *values = input;
    char text[TEXT_CAP];
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += fer_ipv4_addr_format(values[i], text, sizeof text);
        sum += first_bytes(text);
    }
    return sum;
}

static uint64_t libc_format_v6(const void *input, size_t count)
{
    const fer_ipv6_addr *values = input;
    char text[TEXT_CAP];
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        inet_ntop(AF_INET6, values[i].octets, text, sizeof text);
        sum += first_bytes(text);
    }
    return sum;
}

static uint64_t ferrule_format_v6(const void *input, size_t count)
{
    const fer_ipv6_addr *values = input;
    char text[TEXT_CAP];
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += fer_ipv6_addr_format(values[i], text, sizeof text);
        sum += first_bytes(text);
    }
    return sum;
}

/* ---- The cases */

/* No member of bench_peer: the case has no peers. */
enum { NO_PEERS = -1 };

static void run_one(const char *name, const void *input, size_t count,
                    const bench_contender *contenders, size_t contender_count, ptrdiff_t peers)
{
    const bench_case alone = {name, input, count, contenders, contender_count};
    if (peers == NO_PEERS) {
        bench_run(&alone);
    } else {
        bench_run_beside_peers(name, input, count, contenders, contender_count, (size_t)peers);
    }
}

static void run_cold_and_hot(const char *name, const void *input, const bench_contender *contenders,
                             size_t contender_count, ptrdiff_t peers)
{
    char hot_name[32];
    snprintf(hot_name, sizeof hot_name, "%s_hot", name);
    run_one(name, input, TEXTS_COLD, contenders, contender_count, peers);
    run_one(hot_name, input, TEXTS_HOT, contenders, contender_count, peers);
}

#define CONTENDERS_OF(case_name)                                      \
    {                                                                 \
        {"libc", libc_##case_name}, {"libc-again", libc_##case_name}, \
        {                                                             \
            "ferrule", ferrule_##case_name                            \
        }                                                             \
    }

int main(int argc, char **argv)
{
    static const bench_contender parse_v4[] = CONTENDERS_OF(parse_v4);
    static const bench_contender parse_v6[] = CONTENDERS_OF(parse_v6);
    static const bench_contender parse_ip[] = CONTENDERS_OF(parse_ip);
    static const bench_contender parse_sa[] = CONTENDERS_OF(parse_sa);
    static const bench_contender format_v4[] = CONTENDERS_OF(format_v4);
    static const bench_contender format_v6[] = CONTENDERS_OF(format_v6);
    bench_options("address_text", argc, argv);
    bench_print_absent_peers();
    make_inputs();
    run_cold_and_hot("parse_v4", &v4_texts.view, parse_v4, 3, offsetof(bench_peer, parse_v4));
    run_cold_and_hot("parse_v6", &v6_texts.view, parse_v6, 3, offsetof(bench_peer, parse_v6));
    run_cold_and_hot("parse_v6_uneven", &uneven_texts.view, parse_v6, 3, NO_PEERS);
    run_cold_and_hot("parse_ip", &ip_texts.view, parse_ip, 3, NO_PEERS);
    run_cold_and_hot("parse_sa", &sa_texts.view, parse_sa, 3, NO_PEERS);
    run_cold_and_hot("reject", &bad_texts.view, parse_ip, 3, NO_PEERS);
    run_cold_and_hot("format_v4", v4_values, format_v4, 3, offsetof(bench_peer, format_v4));
    run_cold_and_hot("format_v6", v6_values, format_v6, 3, offsetof(bench_peer, format_v6));
    return 0;
}
