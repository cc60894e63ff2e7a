/* program.c: whether the calls of this program come to the simulation. A library that the program
 * links may call ferrule over the system's sockets. */
#include "platform/posix/features.h"

#include "platform/sim/program.h"

#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"

#if defined(__ELF__)
#include <dlfcn.h>
#elif defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

#if defined(FERI_FUZZ_HARNESS)
/* A harness links nothing else, and is faster without the functions that it does not call. */
bool ferp_sim_is_called(void)
{
    return true;
}
#else
/* One function of each source of core that has public ones. They bring all of ferrule into a
 * program that starts a simulation, so that a static library of the program finds no other. */
#define ENTRY(function)                             \
    {                                               \
#function, (ferp_sim_function *)&(function) \
    }
const ferp_sim_entry ferp_sim_entries[] = {
    ENTRY(fer_cancel_token_cancel),
    ENTRY(fer_connector_close),
    ENTRY(fer_copy),
    ENTRY(fer_error_format),
    ENTRY(fer_instant_now),
    ENTRY(fer_interface_index),
    ENTRY(fer_ip_addr_cmp),
    ENTRY(fer_ip_addr_format),
    ENTRY(fer_ip_addr_parse),
    ENTRY(fer_lookup_close),
    ENTRY(fer_lookup_host_with),
    ENTRY(fer_poller_add),
    ENTRY(fer_socket_addr_cmp),
    ENTRY(fer_socket_as_raw),
    ENTRY(fer_socket_bind),
    ENTRY(fer_stream_read),
    ENTRY(fer_stream_send_file),
    ENTRY(fer_tcp_listener_accept),
    ENTRY(fer_udp_socket_as_raw),
    ENTRY(fer_unix_datagram_as_raw),
    ENTRY(fer_unix_listener_accept),
    {NULL, NULL},
};

#if defined(__ELF__)
/* Weak: a static program has none, and no other ferrule either. */
#pragma weak dladdr
#pragma weak dlsym

/* dladdr of Solaris takes no pointer to const. */
static bool is_in_this_module(const void *address)
{
    Dl_info info;
    Dl_info own;
    return dladdr((void *)(uintptr_t)address, &info) != 0 &&
           dladdr((void *)(uintptr_t)ferp_sim_entries, &own) != 0 &&
           info.dli_fbase == own.dli_fbase;
}

/* What the other modules of the program call by this name: nothing, or this module's. */
static bool is_global_here(const char *name)
{
    const void *found = dlsym(RTLD_DEFAULT, name);
    return found == NULL || is_in_this_module(found);
}

/* A shared library that contains the static library over the system's sockets exports only its mark
 * (platform/posix/socket.c): the functions are hidden. */
static bool is_only_ferrule(void)
{
    if (dladdr == NULL || dlsym == NULL) {
        return true;
    }
    bool is_only = is_global_here("ferp_calls_the_system");
    for (const ferp_sim_entry *entry = ferp_sim_entries; entry->name != NULL; entry++) {
        is_only = is_only && is_in_this_module((const void *)(uintptr_t)entry->function) &&
                  is_global_here(entry->name);
    }
    return is_only;
}
#elif defined(_WIN32)
static bool is_only_ferrule(void)
{
    return GetModuleHandleW(L"libferrule.dll") == NULL && GetModuleHandleW(L"ferrule.dll") == NULL;
}
#else
static bool is_only_ferrule(void)
{
    return true;
}
#endif

bool ferp_sim_is_called(void)
{
    static bool is_known;
    is_known = is_known || is_only_ferrule();
    return is_known;
}
#endif
