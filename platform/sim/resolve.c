/* resolve.c: lookups of names: "localhost", the names of the config, and the address texts that the
 * systems' resolvers accept; and of services. */
#include <string.h>

#include "platform/sim/thread.h"

#define SLOW_NANOS (UINT64_C(5) * 1000000000)

/* The resolver's codes, by system. */
typedef struct codes {
    int32_t host_not_found;
    int32_t try_again;
    int32_t failed;
} codes;

static codes codes_of(const ferp_sim_network *network)
{
    if (ferp_sim_is_winsock(network)) {
        return (codes){FERP_SIM_WINDOWS_WSAHOST_NOT_FOUND, FERP_SIM_WINDOWS_WSATRY_AGAIN,
                       FERP_SIM_WINDOWS_WSANO_RECOVERY};
    }
    return network->switches->eai_noname_is_8 ? (codes){-8, -2, -4} : (codes){-2, -3, -4};
}

static fer_error failure(const ferp_sim_network *network, fer_error_kind kind)
{
    codes numbers = codes_of(network);
    switch (kind) {
    case FER_HOST_NOT_FOUND: return (fer_error){kind, numbers.host_not_found};
    case FER_RESOLVE_TRY_AGAIN: return (fer_error){kind, numbers.try_again};
    default: return (fer_error){FER_RESOLVE_FAILED, numbers.failed};
    }
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* Compares without case and without one trailing dot. */
static bool is_same_name(const char *one, const char *other)
{
    size_t i = 0;
    while (one[i] != '\0' && lower(one[i]) == lower(other[i])) {
        i++;
    }
    const char *remainder = one[i] == '\0' ? other + i : one + i;
    return (one[i] == '\0' || other[i] == '\0') &&
           (remainder[0] == '\0' || (remainder[0] == '.' && remainder[1] == '\0' && i > 0));
}

static fer_error injected_fault(ferp_sim_network *network)
{
    static const fer_error_kind kinds[] = {FER_RESOLVE_TRY_AGAIN, FER_HOST_NOT_FOUND,
                                           FER_RESOLVE_FAILED};
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_RESOLVE_SLOW)) {
        FER_TRY(ferp_sim_spend(network, SLOW_NANOS));
    }
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_RESOLVE_FAILS)) {
        return failure(network, kinds[ferp_sim_choose(network, 3)]);
    }
    return FERP_SIM_OK;
}

/* Parses short IPv4 forms such as 127.1: numbers in C's bases; the last one fills the remaining
 * octets (inet_aton(3)). */
static bool read_number(const char **text, uint64_t *value)
{
    const char *at = *text;
    unsigned base = 10;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    } else if (at[0] == '0') {
        base = 8;
    }
    const char *begin = at;
    for (*value = 0; *value <= UINT32_MAX; at++) {
        char byte = lower(*at);
        unsigned digit = byte >= '0' && byte <= '9'   ? (unsigned)(byte - '0')
                         : byte >= 'a' && byte <= 'f' ? (unsigned)(byte - 'a') + 10
                                                      : 16;
        if (digit >= base) {
            break;
        }
        *value = *value * base + digit;
    }
    *text = at;
    return at > begin && *value <= UINT32_MAX;
}

/* As inet_aton. Windows takes no fewer than four parts, and blanks behind the last one (ReactOS'
 * test of getaddrinfo). */
static bool read_unusual_v4(const char *text, bool windows, fer_ipv4_addr *out)
{
    uint64_t bits = 0;
    for (unsigned part = 0; part < 4; part++) {
        uint64_t value = 0;
        if (!read_number(&text, &value)) {
            return false;
        }
        text += windows ? strspn(text, " ") : 0;
        if (*text == '\0') {
            *out = fer_ipv4_addr_from_bits((uint32_t)(bits | value));
            return value >> (32 - 8 * part) == 0 && (part == 3 || !windows);
        }
        if (*text != '.' || value > 255) {
            return false;
        }
        bits |= value << (24 - 8 * part);
        text++;
    }
    return false;
}

static bool is_link_scoped(const fer_ipv6_addr *v6)
{
    return fer_ipv6_addr_is_unicast_link_local(*v6) ||
           (v6->octets[0] == 0xff && (v6->octets[1] & 0x0f) == 2);
}

static const char *const interfaces[FERP_SIM_INTERFACES] = {"lo", "eth0"};

/* Parses a network interface's number. Linux also accepts its name, "lo" or "eth0", after an
 * address of link scope (RFC 4007, 11; glibc's __inet6_scopeid_pton). */
static bool read_scope(const ferp_sim_network *network, const char *text, const fer_ipv6_addr *v6,
                       uint32_t *scope)
{
    uint64_t value = 0;
    for (size_t i = 0;
         i < FERP_SIM_INTERFACES && !ferp_sim_is_winsock(network) && is_link_scoped(v6); i++) {
        if (strcmp(text, interfaces[i]) == 0) {
            *scope = (uint32_t)i + 1;
            return true;
        }
    }
    size_t at = 0;
    for (; text[at] >= '0' && text[at] <= '9' && value <= UINT32_MAX; at++) {
        value = value * 10 + (uint64_t)(text[at] - '0');
    }
    *scope = (uint32_t)value;
    return at > 0 && text[at] == '\0' && value <= UINT32_MAX;
}

/* Parses an IPv6 address with a scope, for example "fe80::1%2". core parses addresses without a
 * scope before the lookup. */
static bool read_scoped_v6(const ferp_sim_network *network, const char *text, fer_socket_addr *out)
{
    const char *percent = strchr(text, '%');
    fer_ipv6_addr v6;
    uint32_t scope = 0;
    if (percent == NULL ||
        fer_ipv6_addr_parse_n(&v6, text, (size_t)(percent - text)).kind != FER_OK ||
        !read_scope(network, percent + 1, &v6, &scope)) {
        return false;
    }
    *out = fer_socket_addr_v6_new(v6, 0, 0, scope);
    return true;
}

static bool read_address(const ferp_sim_network *network, const char *text, fer_socket_addr *out)
{
    fer_ipv4_addr v4;
    if (!read_unusual_v4(text, ferp_sim_is_winsock(network), &v4)) {
        return read_scoped_v6(network, text, out);
    }
    *out = fer_socket_addr_v4_new(v4, 0);
    return true;
}

/* Stores the text's address as an entry like the config's, in one of FERP_SIM_TEXTS_MAX slots that
 * are reused in turn. */
static const fer_sim_name *entry_of_text(ferp_sim_network *network, const char *host)
{
    fer_socket_addr addr;
    if (!read_address(network, host, &addr)) {
        return NULL;
    }
    size_t slot = network->next_text++ % FERP_SIM_TEXTS_MAX;
    network->text_addrs[slot] = addr;
    network->texts[slot] =
        (fer_sim_name){.host = "", .addrs = &network->text_addrs[slot], .count = 1};
    return &network->texts[slot];
}

static const fer_sim_name *find(ferp_sim_network *network, const char *host)
{
    static const fer_socket_addr loopbacks[] = {
        {.ip = {.family = FER_IP_V6, .u.v6 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}}},
        {.ip = {.family = FER_IP_V4, .u.v4 = {{127, 0, 0, 1}}}},
    };
    static const fer_sim_name localhost = {.host = "localhost", .addrs = loopbacks, .count = 2};
    for (size_t i = 0; i < network->config.name_count; i++) {
        if (is_same_name(network->config.names[i].host, host)) {
            return &network->config.names[i];
        }
    }
    return is_same_name(localhost.host, host) ? &localhost : entry_of_text(network, host);
}

/* ---- The seam. In a lookup, `first` is the entry and `next` the number of addresses returned. The
 * addresses of the other family are returned too: the seam allows it. */

static bool has_family(const fer_sim_name *name, fer_ip_family family)
{
    size_t at = 0;
    while (at < name->count && name->addrs[at].ip.family != family) {
        at++;
    }
    return at < name->count;
}

static fer_error look_up(ferp_sim_network *network, ferp_lookup *lookup, const char *host,
                         fer_ip_family family)
{
    FER_TRY(injected_fault(network));
    const fer_sim_name *name = find(network, host);
    if (name == NULL) {
        return failure(network, FER_HOST_NOT_FOUND);
    }
    if (name->delay.nanos > 0) {
        uint64_t delay = name->delay.nanos < FERP_SIM_YEAR ? name->delay.nanos : 0;
        FER_TRY(ferp_sim_spend(network, delay));
    }
    if (name->failure != FER_OK || name->count == 0) {
        return failure(network, name->failure != FER_OK ? name->failure : FER_HOST_NOT_FOUND);
    }
    if (family != FERP_ANY_FAMILY && !has_family(name, family)) {
        return failure(network, FER_HOST_NOT_FOUND);
    }
    lookup->first = (void *)(uintptr_t)name;
    lookup->next = NULL;
    return FERP_SIM_OK;
}

fer_error ferp_lookup_run(ferp_lookup *lookup, const char *host, fer_ip_family family)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_run_due_events(network);
    fer_error error = look_up(network, lookup, host, family);
    network->lookups_open += error.kind == FER_OK;
    return ferp_sim_trace_call(
        network, network->threads.is_inside ? "resolve in the background" : "resolve", NULL, error);
}

bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out)
{
    const fer_sim_name *name = lookup->first;
    uintptr_t returned = (uintptr_t)lookup->next;
    if (returned >= name->count) {
        return false;
    }
    *out = name->addrs[returned];
    out->port = 0;
    lookup->next = (void *)(returned + 1);
    return true;
}

void ferp_lookup_end(ferp_lookup *lookup)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network != NULL) {
        network->lookups_open--;
    }
    lookup->first = NULL;
    lookup->next = NULL;
}

/* ---- Services: some that every system lists */

typedef struct service {
    const char *name;
    fer_type type;
    uint16_t port;
} service;

static const service services[] = {
    {"domain", FER_TYPE_STREAM, 53}, {"domain", FER_TYPE_DGRAM, 53},  {"ftp", FER_TYPE_STREAM, 21},
    {"http", FER_TYPE_STREAM, 80},   {"https", FER_TYPE_STREAM, 443}, {"ntp", FER_TYPE_DGRAM, 123},
    {"smtp", FER_TYPE_STREAM, 25},   {"ssh", FER_TYPE_STREAM, 22},
};

static fer_error find_service(ferp_sim_network *network, const char *name, fer_type type,
                              uint16_t *out)
{
    fer_error error = injected_fault(network);
    for (size_t i = 0; error.kind == FER_OK && i < sizeof services / sizeof services[0]; i++) {
        if (services[i].type == type && strcmp(services[i].name, name) == 0) {
            *out = services[i].port;
            return FERP_SIM_OK;
        }
    }
    bool is_unknown = error.kind == FER_OK || error.kind == FER_HOST_NOT_FOUND;
    return is_unknown ? (fer_error){FER_NOT_FOUND, 0} : error;
}

fer_error ferp_service_port(const char *name, fer_type type, uint16_t *out)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_run_due_events(network);
    return ferp_sim_trace_call(network, "find service", NULL,
                               find_service(network, name, type, out));
}

/* ---- Network interfaces */

/* As interface_error of the backends: Linux reports ENODEV, the BSDs ENXIO, Windows no code. */
static fer_error interface_error(const ferp_sim_network *network)
{
    return (fer_error){FER_NOT_FOUND, ferp_sim_is_winsock(network)
                                          ? 0
                                          : ferp_sim_error(network, FERP_SIM_ENODEV).os_code};
}

fer_error ferp_interface_index(const char *interface_name, uint32_t *out)
{
    FERP_SIM_REQUIRE(network)
    for (uint32_t i = 0; i < FERP_SIM_INTERFACES; i++) {
        if (strcmp(interface_name, interfaces[i]) == 0) {
            *out = i + 1;
            return FERP_SIM_OK;
        }
    }
    return interface_error(network);
}

fer_error ferp_interface_name(uint32_t index, char *name)
{
    FERP_SIM_REQUIRE(network)
    if (index == 0 || index > FERP_SIM_INTERFACES) {
        return interface_error(network);
    }
    memcpy(name, interfaces[index - 1], strlen(interfaces[index - 1]) + 1);
    return FERP_SIM_OK;
}
