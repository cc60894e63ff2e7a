/* trace.c: the trace, a line of text for each call and event, and the digest of all lines and all
 * moved bytes. A line's text is made only if the config has a trace function. The digest covers the
 * parts of a line instead of its text. */
#include <string.h>

#include "platform/sim/network.h"

enum { LINE_CAP = 320 };

/* ---- The digest: FNV-1a by Fowler, Noll and Vo, in steps of 8 bytes */

static uint64_t mixed(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x100000001B3);
    return digest ^ digest >> 32;
}

static void mix(ferp_sim_network *network, uint64_t value)
{
    network->digest = mixed(network->digest, value);
}

/* The same on every machine. */
static uint64_t word_at(const unsigned char *bytes)
{
    unsigned char eight[8]; /* one check by a sanitizer, not eight */
    uint64_t word = 0;
    memcpy(eight, bytes, sizeof eight);
    for (size_t i = 0; i < 8; i++) {
        word |= (uint64_t)eight[i] << (8 * i);
    }
    return word;
}

/* Four digests of a word in four each: the processor multiplies them at the same time. */
static size_t mix_long(ferp_sim_network *network, const unsigned char *bytes, size_t len)
{
    uint64_t first = network->digest, second = ~first, third = first + 1, fourth = first - 1;
    size_t at = 0;
    for (; len - at >= 32; at += 32) {
        first = mixed(first, word_at(bytes + at));
        second = mixed(second, word_at(bytes + at + 8));
        third = mixed(third, word_at(bytes + at + 16));
        fourth = mixed(fourth, word_at(bytes + at + 24));
    }
    network->digest = mixed(mixed(mixed(first, second), third), fourth);
    return at;
}

void ferp_sim_trace_bytes(ferp_sim_network *network, const unsigned char *bytes, size_t len)
{
    size_t at = len >= 32 ? mix_long(network, bytes, len) : 0;
    for (; len - at >= 8; at += 8) {
        mix(network, word_at(bytes + at));
    }
    for (; at < len; at++) {
        mix(network, bytes[at]);
    }
}

static void mix_text(ferp_sim_network *network, const char *text)
{
    ferp_sim_trace_bytes(network, (const unsigned char *)text, strlen(text));
}

static void mix_addr(ferp_sim_network *network, const fer_socket_addr *addr)
{
    mix(network, (uint64_t)addr->ip.family << 16 | addr->port);
    if (addr->ip.family == FER_IP_V4) {
        ferp_sim_trace_bytes(network, addr->ip.u.v4.octets, sizeof addr->ip.u.v4.octets);
    } else if (addr->ip.family == FER_IP_V6) {
        ferp_sim_trace_bytes(network, addr->ip.u.v6.octets, sizeof addr->ip.u.v6.octets);
    }
}

static void digest(ferp_sim_network *network, const ferp_sim_record *record)
{
    mix(network, network->now);
    mix_text(network, record->verb);
    if (record->socket != NULL) {
        mix_addr(network, &record->socket->local);
        mix_addr(network, &record->socket->remote);
    }
    if (record->addr != NULL) {
        mix_addr(network, record->addr);
    }
    mix(network, record->requested);
    mix(network, record->moved);
    mix(network, (uint64_t)record->error.kind << 32 | (uint32_t)record->error.os_code);
}

/* ---- The text */

typedef struct line {
    char text[LINE_CAP];
    size_t len;
} line;

/* Truncates text that does not fit. The rest of the array is NUL. */
static void add(line *out, const char *text)
{
    for (size_t i = 0; text[i] != '\0' && out->len + 1 < sizeof out->text; i++) {
        out->text[out->len++] = text[i];
    }
}

/* Adds a decimal number with at least `digits` digits. */
static void add_number(line *out, uint64_t value, size_t digits)
{
    char text[24] = {0};
    size_t at = sizeof text - 1;
    while (value > 0 || sizeof text - 1 - at < digits) {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    }
    add(out, text + at);
}

static void add_addr(line *out, const fer_socket_addr *addr)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP] = "?";
    if (addr->ip.family == FER_IP_V4 || addr->ip.family == FER_IP_V6) {
        (void)fer_socket_addr_format(addr, text, sizeof text);
    }
    add(out, text);
}

static void add_ends(line *out, const ferp_sim_socket *socket)
{
    if (socket->has_local) {
        add_addr(out, &socket->local);
    } else {
        add(out, "new");
    }
    if (socket->state != FERP_SIM_UNCONNECTED && socket->state != FERP_SIM_LISTENING) {
        add(out, " -> ");
        add_addr(out, &socket->remote);
    }
    add(out, " ");
}

static void add_outcome(line *out, const ferp_sim_record *record)
{
    if (record->has_bytes) {
        add(out, " ");
        add_number(out, record->requested, 1);
        add(out, " bytes");
        if (record->error.kind == FER_OK && record->moved == 0 && record->requested > 0) {
            add(out, ": the end");
        } else if (record->error.kind == FER_OK && record->moved != record->requested) {
            add(out, ", cut to ");
            add_number(out, record->moved, 1);
        }
    }
    if (record->error.kind != FER_OK) {
        char text[FER_ERROR_TEXT_CAP];
        (void)fer_error_format(record->error, text, sizeof text);
        add(out, ": ");
        add(out, text);
    }
}

static void write_line(ferp_sim_network *network, const ferp_sim_record *record)
{
    line out = {{0}, 0};
    add(&out, "t=");
    add_number(&out, network->now / 1000000000u, 1);
    add(&out, ".");
    add_number(&out, network->now % 1000000000u, 9);
    add(&out, " s ");
    if (record->socket != NULL) {
        add_ends(&out, record->socket);
    }
    add(&out, record->verb);
    if (record->addr != NULL) {
        add(&out, " ");
        add_addr(&out, record->addr);
    }
    add_outcome(&out, record);
    network->is_tracing = true;
    network->config.trace(network->config.trace_context, out.text);
    network->is_tracing = false;
}

void ferp_sim_trace(ferp_sim_network *network, const ferp_sim_record *record)
{
    network->records++;
    digest(network, record);
    if (network->config.trace != NULL) {
        write_line(network, record);
    }
}

fer_error ferp_sim_trace_call(ferp_sim_network *network, const char *verb,
                              const ferp_sim_socket *socket, fer_error error)
{
    ferp_sim_record record = {.verb = verb, .socket = socket, .error = error};
    ferp_sim_trace(network, &record);
    return error;
}

void ferp_sim_trace_event(ferp_sim_network *network, const char *verb,
                          const ferp_sim_socket *socket)
{
    (void)ferp_sim_trace_call(network, verb, socket, FERP_SIM_OK);
}
