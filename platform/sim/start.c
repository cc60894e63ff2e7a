/* start.c: starting and stopping a simulation, and the public functions of its clock. A network
 * belongs to the thread that started it. */
#include <stdlib.h>
#include <string.h>

#include "core/base/compiler.h"
#include "platform/sim/program.h"
#include "platform/sim/thread.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define THREAD_LOCAL __declspec(thread)
#else
#define THREAD_LOCAL _Thread_local
#endif

enum { DEFAULT_SOCKETS = 128, SOCKETS_MAX = 4096, DEFAULT_BUFFER = 65536, SHORTEST_SEND = 4096 };
#define BUFFER_MAX ((size_t)16 * 1024 * 1024)
#define DEFAULT_LATENCY FERP_NANOS_PER_MILLI
#define MILLION 1000000u

/* The program has at most one simulation. On other threads this is NULL, so that they need no
 * lock. */
static THREAD_LOCAL ferp_sim_network *current_network;
static uint32_t is_running;
static uint64_t runs;

ferp_sim_network *ferp_sim_current(void)
{
    return current_network;
}

/* ---- The config */

static bool is_valid_name(const fer_sim_name *name)
{
    bool has_failure = name->failure == FER_OK || name->failure == FER_HOST_NOT_FOUND ||
                       name->failure == FER_RESOLVE_TRY_AGAIN ||
                       name->failure == FER_RESOLVE_FAILED;
    return name->host != NULL && (name->addrs != NULL || name->count == 0) && has_failure &&
           name->delay.nanos <= FERP_SIM_YEAR;
}

/* core does not send fewer bytes than SHORTEST_SEND because of a lack of buffers, so that a smaller
 * limit would never let a longer send through. */
static bool is_valid_windows(const fer_sim_windows *windows)
{
    return (windows->no_buffers_above == 0 || windows->no_buffers_above >= SHORTEST_SEND) &&
           windows->no_buffers_until.nanos <= FERP_SIM_YEAR;
}

static bool is_valid(const fer_sim_config *config)
{
    for (size_t i = 0; config->names != NULL && i < config->name_count; i++) {
        if (!is_valid_name(&config->names[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        if (config->fault_chances[i] > MILLION) {
            return false;
        }
    }
    return (unsigned)config->dialect <= FER_SIM_DIALECT_BSD &&
           (unsigned)config->bsd <= FER_SIM_BSD_OPENBSD &&
           (config->tape != NULL || config->tape_len == 0) &&
           (config->names != NULL || config->name_count == 0) &&
           config->latency.nanos <= FERP_SIM_YEAR && config->jitter.nanos <= FERP_SIM_YEAR &&
           config->loopback_latency.nanos <= FERP_SIM_YEAR && is_valid_windows(&config->windows) &&
           config->send_buffer <= BUFFER_MAX && config->receive_buffer <= BUFFER_MAX &&
           config->max_sockets <= SOCKETS_MAX;
}

static size_t or_default(size_t value, size_t fallback)
{
    return value != 0 ? value : fallback;
}

static fer_sim_config with_defaults(const fer_sim_config *config)
{
    fer_sim_config filled = *config;
    filled.latency.nanos = filled.latency.nanos != 0 ? filled.latency.nanos : DEFAULT_LATENCY;
    filled.send_buffer = or_default(filled.send_buffer, DEFAULT_BUFFER);
    filled.receive_buffer = or_default(filled.receive_buffer, DEFAULT_BUFFER);
    filled.max_sockets = or_default(filled.max_sockets, DEFAULT_SOCKETS);
    filled.max_sockets += filled.max_sockets % 2;
    return filled;
}

/* ---- The memory */

/* A fuzzer starts thousands of simulations in a second, and most of the time of a short one would
 * be the kernel's, under AddressSanitizer its allocator's. So the memory of the last one stays for
 * the next one. Only the thread that has set is_running uses it. */
static struct {
    unsigned char *memory;
    size_t size;
} kept;

/* The program may have AddressSanitizer where this library has not. */
#if defined(__ELF__)
void __asan_poison_memory_region(const volatile void *memory, size_t size);
void __asan_unpoison_memory_region(const volatile void *memory, size_t size);
#pragma weak __asan_poison_memory_region
#pragma weak __asan_unpoison_memory_region
#endif

static void poison(size_t size)
{
    (void)size;
#if defined(__ELF__)
    if (__asan_poison_memory_region != NULL) {
        __asan_poison_memory_region(kept.memory, size);
    }
#endif
}

static void unpoison(size_t size)
{
    (void)size;
#if defined(__ELF__)
    if (__asan_unpoison_memory_region != NULL) {
        __asan_unpoison_memory_region(kept.memory, size);
    }
#endif
}

static unsigned char *take_memory(size_t size)
{
    unpoison(kept.size < size ? kept.size : size);
    if (kept.size < size) {
        free(kept.memory);
        kept.memory = malloc(size);
        kept.size = kept.memory != NULL ? size : 0;
    }
    return kept.memory;
}

static void free_memory(void)
{
    unpoison(kept.size);
    free(kept.memory);
    memset(&kept, 0, sizeof kept);
}

/* The rings are large, and are not poisoned. MemorySanitizer finds a byte that was not written only
 * in new memory. */
static void leave_memory(const ferp_sim_network *network)
{
    poison((size_t)(network->bytes - (const unsigned char *)network));
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
    free_memory();
#endif
#endif
}

fer_error fer_sim_free_memory(void)
{
    if (current_network != NULL) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    if (!feri_atomic_replace(&is_running, 0, 1)) {
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    free_memory();
    (void)feri_atomic_replace(&is_running, 1, 0);
    return FERP_SIM_OK;
}

/* ---- The network, in one piece of memory: the structure, the tables, and the rings. The rings are
 * not cleared. */

/* The largest number of events: those of fer_sim_after, one for each datagram and thread, the
 * arrivals of bytes, and those that each socket and link can have at once. A socket has the events
 * of its handler and its script. While it connects, it has up to 7 SYNs or answers, and the next
 * retry. A stream has one report of a router. A direction of a link, of which there are as many as
 * sockets, has one arrival beyond the limit, a FIN, a reset and a retransmission. */
static size_t event_capacity(const fer_sim_config *config)
{
    return (size_t)FERP_SIM_CALLS_MAX + FERP_SIM_DATAGRAMS_MAX + FERP_SIM_THREADS_MAX +
           (FERP_SIM_ARRIVALS_PER_SOCKET + (size_t)14) * config->max_sockets;
}

static size_t rounded(size_t size)
{
    return (size + 63) / 64 * 64;
}

static ferp_sim_network *network_new(const fer_sim_config *config)
{
    size_t link_max = config->max_sockets / 2;
    size_t sockets_at = rounded(sizeof(ferp_sim_network));
    size_t links_at = sockets_at + rounded(config->max_sockets * sizeof(ferp_sim_socket));
    size_t handles_at = links_at + rounded(link_max * sizeof(ferp_sim_link));
    size_t events_at = handles_at + rounded(config->max_sockets * sizeof(ferp_sim_handle));
    size_t payloads_at = events_at + rounded(event_capacity(config) * sizeof(ferp_sim_event));
    size_t relays_at = payloads_at + FERP_SIM_DATAGRAM_BYTES;
    size_t rings_at = relays_at + (size_t)FERP_SIM_RELAYS_MAX * FERP_SIM_RELAY_BYTES;
    size_t ring = config->send_buffer + config->receive_buffer;
    if (config->dialect == FER_SIM_DIALECT_WINSOCK && !config->windows.partial_sends) {
        ring += FERP_SIM_WINDOWS_IO_LENGTH_MAX;
    }
    if (ring > (SIZE_MAX - rings_at) / (2 * link_max)) {
        return NULL;
    }
    unsigned char *memory = take_memory(rings_at + 2 * link_max * ring);
    if (memory == NULL) {
        return NULL;
    }
    memset(memory, 0, events_at);
    ferp_sim_network *network = (ferp_sim_network *)(void *)memory;
    network->config = *config;
    network->sockets = (ferp_sim_socket *)(void *)(memory + sockets_at);
    network->links = (ferp_sim_link *)(void *)(memory + links_at);
    network->handles = (ferp_sim_handle *)(void *)(memory + handles_at);
    network->events = (ferp_sim_event *)(void *)(memory + events_at);
    network->payloads = memory + payloads_at;
    for (size_t i = 0; i < FERP_SIM_RELAYS_MAX; i++) {
        network->relays[i].bytes = memory + relays_at + i * FERP_SIM_RELAY_BYTES;
    }
    network->bytes = memory + rings_at;
    network->link_max = link_max;
    network->event_max = event_capacity(config);
    network->ring_size = ring;
    return network;
}

static void begin(ferp_sim_network *network)
{
    network->switches = ferp_sim_switches_of(&network->config);
    network->random = network->config.seed;
    network->dialect_random = ~network->config.seed;
    network->digest = UINT64_C(0xCBF29CE484222325);
    network->next_sequence = 1;
    network->run = ++runs;
    network->handle_limit = network->config.max_sockets;
    ferp_sim_set_own_addresses(network);
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        network->handles[i].socket = FERP_SIM_NONE;
    }
}

fer_error fer_sim_start(const fer_sim_config *config)
{
    static const fer_sim_config defaults;
    const fer_sim_config *requested = config != NULL ? config : &defaults;
    if (current_network != NULL || !is_valid(requested)) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    if (!feri_atomic_replace(&is_running, 0, 1)) {
        return (fer_error){FER_UNSUPPORTED, 0};
    }
    fer_sim_config full_config = with_defaults(requested);
    bool is_called = ferp_sim_is_called();
    ferp_sim_network *network = is_called ? network_new(&full_config) : NULL;
    if (network == NULL) {
        (void)feri_atomic_replace(&is_running, 1, 0);
        return (fer_error){is_called ? FER_OUT_OF_MEMORY : FER_ALREADY_EXISTS, 0};
    }
    begin(network);
    current_network = network;
    return FERP_SIM_OK;
}

/* ---- The report */

static void add_leak(const ferp_sim_network *network, size_t slot, fer_sim_report *report)
{
    const ferp_sim_socket *socket = &network->sockets[network->handles[slot].socket];
    if (report->leaked_handles < FER_SIM_LEAKS_MAX) {
        fer_sim_leak *leak = &report->leaks[report->leaked_handles];
        leak->raw = ferp_sim_raw_of_slot(network, slot);
        leak->is_listener = socket->state == FERP_SIM_LISTENING;
        leak->local = socket->local;
        leak->peer = socket->remote;
    }
    report->leaked_handles++;
}

static void fill(const ferp_sim_network *network, fer_sim_report *report)
{
    memset(report, 0, sizeof *report);
    for (size_t i = 0; i < network->config.max_sockets; i++) {
        int socket = network->handles[i].socket;
        if (socket != FERP_SIM_NONE && !network->sockets[socket].is_peer) {
            add_leak(network, i, report);
        }
    }
    report->digest = network->digest;
    report->lines = network->records;
    report->elapsed = (fer_duration){network->now};
    report->leaked_lookups = network->lookups_open;
    report->leaked_waits = network->waits_armed;
    report->leaked_pollers = network->pollers_open;
    report->leaked_tokens = network->tokens_open;
    report->tape_used = network->tape_at;
    memcpy(report->faults, network->injected, sizeof report->faults);
}

fer_error fer_sim_stop(fer_sim_report *report)
{
    FERP_SIM_REQUIRE(network)
    if (network->is_running_events || network->is_tracing) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    ferp_sim_end_threads(network);
    if (report != NULL) {
        fill(network, report);
    }
    current_network = NULL;
    leave_memory(network);
    (void)feri_atomic_replace(&is_running, 1, 0);
    return FERP_SIM_OK;
}

/* ---- Time */

fer_duration fer_sim_now(void)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network != NULL) {
        ferp_sim_pay_tick(network);
    }
    return (fer_duration){ferp_now()};
}

fer_error fer_sim_advance(fer_duration duration)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_pay_tick(network);
    if (duration.nanos >= UINT64_MAX - network->now) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    if (network->is_running_events) {
        return (fer_error){FER_DEADLOCK, 0};
    }
    ferp_sim_advance_to(network, network->now + duration.nanos);
    return FERP_SIM_OK;
}

/* A function that schedules itself again lets time pass. */
#define REPEATED_CALL_NANOS 1000u

fer_error fer_sim_after(fer_duration delay, fer_sim_function function, void *context)
{
    FERP_SIM_REQUIRE(network)
    if (function == NULL || delay.nanos == FER_DURATION_NONE_NANOS) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    if (network->calls == FERP_SIM_CALLS_MAX) {
        return (fer_error){FER_OUT_OF_MEMORY, 0};
    }
    ferp_sim_event event = {.kind = FERP_SIM_EVENT_CALL, .function = function, .context = context};
    uint64_t least = network->is_running_events ? REPEATED_CALL_NANOS : 0;
    ferp_sim_schedule(network, event, delay.nanos > least ? delay.nanos : least);
    return FERP_SIM_OK;
}
