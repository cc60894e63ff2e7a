/* seam_background.c: the simulated system's memory, monitors, threads and names. */
#include "tests/interleave/memory.h"
#include "tests/interleave/seam.h"

static const fer_error success = {FER_OK, 0};

void *ferp_memory_new(size_t size)
{
    return inter_block_new(size);
}

void ferp_memory_free(void *memory)
{
    inter_block_free(memory);
}

/* ---- Monitors. The words: whether a thread is inside, and the number of notifications. */

enum { IS_ENTERED, NOTIFICATIONS };

static void use(const ferp_monitor *monitor)
{
    inter_plain_read((uintptr_t)monitor->words, sizeof monitor->words);
}

fer_error ferp_monitor_begin(ferp_monitor *monitor)
{
    inter_plain_write((uintptr_t)monitor->words, sizeof monitor->words);
    monitor->words[IS_ENTERED] = 0;
    monitor->words[NOTIFICATIONS] = 0;
    return success;
}

void ferp_monitor_end(ferp_monitor *monitor)
{
    inter_plain_write((uintptr_t)monitor->words, sizeof monitor->words);
    INTER_CHECK(monitor->words[IS_ENTERED] == 0);
}

static bool is_free(const void *argument)
{
    const ferp_monitor *monitor = argument;
    return monitor->words[IS_ENTERED] == 0;
}

static void enter(ferp_monitor *monitor, const char *name)
{
    inter_operation operation = inter_operation_on(name, monitor, true);
    operation.caller = __builtin_return_address(0);
    operation.is_ready = is_free;
    operation.argument = monitor;
    (void)inter_step(&operation);
    use(monitor);
    monitor->words[IS_ENTERED] = 1;
    inter_lock_acquired(inter_self(), monitor);
}

static void leave(ferp_monitor *monitor, const char *name)
{
    inter_operation operation = inter_operation_on(name, monitor, true);
    (void)inter_step(&operation);
    use(monitor);
    INTER_CHECK(monitor->words[IS_ENTERED] == 1);
    monitor->words[IS_ENTERED] = 0;
    inter_lock_released(inter_self(), monitor);
}

void ferp_monitor_enter(ferp_monitor *monitor)
{
    enter(monitor, "enter monitor");
}

void ferp_monitor_leave(ferp_monitor *monitor)
{
    leave(monitor, "leave monitor");
}

typedef struct monitor_wait {
    const ferp_monitor *monitor;
    uint64_t notifications;
} monitor_wait;

static bool is_notified(const void *argument)
{
    const monitor_wait *wait = argument;
    return wait->monitor->words[NOTIFICATIONS] != wait->notifications ||
           inter_sky.monitor_wakes_spuriously;
}

fer_error ferp_monitor_wait(ferp_monitor *monitor, uint64_t deadline)
{
    monitor_wait wait = {monitor, monitor->words[NOTIFICATIONS]};
    inter_check_deadline(deadline);
    leave(monitor, "leave to wait");
    inter_operation operation = inter_operation_on("wait in monitor", monitor, false);
    operation.is_ready = is_notified;
    operation.argument = &wait;
    fer_error ended = inter_wait(&operation, deadline);
    inter_sky.monitor_wakes_spuriously = false;
    enter(monitor, "enter after wait");
    return ended.kind == FER_INTERRUPTED ? success : ended;
}

void ferp_monitor_notify_all(ferp_monitor *monitor)
{
    inter_operation operation = inter_operation_on("notify monitor", monitor, true);
    (void)inter_step(&operation);
    INTER_CHECK(monitor->words[IS_ENTERED] == 1);
    monitor->words[NOTIFICATIONS]++;
}

/* ---- Threads */

static void run_steps(void *argument)
{
    inter_plain_read((uintptr_t)argument, sizeof(ferp_thread));
    const ferp_thread thread = *(const ferp_thread *)argument;
    while (thread.step(thread.argument)) {
    }
}

fer_error ferp_thread_start(const ferp_thread *thread)
{
    static const char threads;
    inter_operation operation = inter_operation_on("start thread", &threads, true);
    (void)inter_step(&operation);
    inter_thread_start(run_steps, (void *)(uintptr_t)thread);
    return success;
}

uint64_t ferp_process(void)
{
    return 1;
}

/* ---- Names: each has one address. */

fer_error ferp_lookup_begin(ferp_lookup *lookup, const char *host, fer_ip_family family)
{
    (void)family;
    (void)host;
    inter_operation operation = {.name = "look up"};
    (void)inter_step(&operation);
    if (inter_sky.lookup_failures > 0 && inter_choose(2) == 1) {
        inter_sky.lookup_failures--;
        return (fer_error){FER_HOST_NOT_FOUND, -2};
    }
    *lookup = (ferp_lookup){NULL, lookup};
    return success;
}

bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out)
{
    bool has_next = lookup->next != NULL;
    lookup->next = NULL;
    *out = (fer_socket_addr){0};
    return has_next;
}

void ferp_lookup_end(ferp_lookup *lookup)
{
    lookup->next = NULL;
}
