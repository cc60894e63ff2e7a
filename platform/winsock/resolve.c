/* resolve.c: names of network interfaces, and lookup of names and services by the system. */
#include "platform/winsock/winsock.h"

#include <string.h>

/* A name has at most 254 bytes, and UTF-16 needs at most as many units as UTF-8 bytes. */
#define WIDE_HOST_CAP 256

/* Invalid UTF-8 fails: a replacement character would name another host. GetAddrInfoW encodes names
 * beyond ASCII for DNS ("GetAddrInfoW function", MSDN, Remarks). */
static fer_error wide_host_from(const char *host, WCHAR wide[WIDE_HOST_CAP])
{
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, host, -1, wide, WIDE_HOST_CAP) > 0) {
        return FERP_WINSOCK_OK;
    }
    return (fer_error){FER_INVALID_INPUT, 0};
}

/* GetAddrInfoW returns a Winsock code ("GetAddrInfoW function", MSDN). */
static fer_error resolver_error(int32_t code)
{
    switch (code) {
    case WSAHOST_NOT_FOUND:
    case WSANO_DATA: return (fer_error){FER_HOST_NOT_FOUND, code};
    case WSATRY_AGAIN: return (fer_error){FER_RESOLVE_TRY_AGAIN, code};
    default: return (fer_error){FER_RESOLVE_FAILED, code};
    }
}

/* GetAddrInfoW takes an IPv6 address in brackets (Wine 8). No other system's resolver does. */
static bool is_bracketed_addr(const char *host)
{
    return host[0] == '[' && strchr(host, ':') != NULL;
}

static int query(const WCHAR *host, const WCHAR *service, int family, int type, ADDRINFOW **found)
{
    ADDRINFOW hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = family;
    hints.ai_socktype = type;
    return GetAddrInfoW(host, service, &hints, found);
}

fer_error ferp_lookup_run(ferp_lookup *lookup, const char *host, fer_ip_family family)
{
    WCHAR wide[WIDE_HOST_CAP];
    ADDRINFOW *found = NULL;
    FER_TRY(ferp_winsock_start());
    FER_TRY(wide_host_from(host, wide));
    if (is_bracketed_addr(host)) {
        return resolver_error(WSAHOST_NOT_FOUND);
    }
    int wanted = family == FER_IP_V4 ? AF_INET : family == FER_IP_V6 ? AF_INET6 : AF_UNSPEC;
    int code = query(wide, NULL, wanted, SOCK_STREAM, &found);
    if (code != 0) {
        return resolver_error(code);
    }
    lookup->first = found;
    lookup->next = found;
    return FERP_WINSOCK_OK;
}

/* As platform/posix/resolve.c. */
bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out)
{
    while (lookup->next != NULL) {
        const ADDRINFOW *entry = lookup->next;
        lookup->next = entry->ai_next;
        if (entry->ai_addr != NULL &&
            ferp_sockaddr_to(entry->ai_addr, entry->ai_addrlen, out).kind == FER_OK) {
            out->port = 0;
            return true;
        }
    }
    return false;
}

void ferp_lookup_end(ferp_lookup *lookup)
{
    if (lookup->first != NULL) {
        FreeAddrInfoW(lookup->first);
    }
    lookup->first = NULL;
    lookup->next = NULL;
}

/* ---- Services */

/* An unknown one is WSATYPE_NOT_FOUND (Wine 8), or WSAHOST_NOT_FOUND ("GetAddrInfoW function",
 * MSDN). */
fer_error ferp_service_port(const char *service, fer_type type, uint16_t *out)
{
    WCHAR wide[WIDE_HOST_CAP];
    ADDRINFOW *found = NULL;
    struct sockaddr_in addr;
    FER_TRY(ferp_winsock_start());
    FER_TRY(wide_host_from(service, wide));
    int system_type = type == FER_TYPE_STREAM ? SOCK_STREAM : SOCK_DGRAM;
    int code = query(NULL, wide, AF_INET, system_type, &found);
    if (code == WSATYPE_NOT_FOUND || code == WSAHOST_NOT_FOUND) {
        return (fer_error){FER_NOT_FOUND, 0};
    }
    if (code != 0) {
        return resolver_error(code);
    }
    memcpy(&addr, found->ai_addr, sizeof addr);
    FreeAddrInfoW(found);
    *out = ntohs(addr.sin_port);
    return FERP_WINSOCK_OK;
}

/* ---- Network interfaces. iphlpapi.dll is loaded for each call, so no program links it. Its
 * functions set no error code ("if_nametoindex function (netioapi.h)", MSDN). A name has at most
 * NDIS_IF_MAX_STRING_SIZE bytes, which is 256. */

typedef ULONG(WINAPI *name_to_index_function)(const char *name);
typedef char *(WINAPI *index_to_name_function)(ULONG index, char *name);

static const WCHAR interface_module[] = L"iphlpapi.dll";
static const fer_error interface_unknown = {FER_NOT_FOUND, 0};

static HMODULE load_interfaces(void)
{
    return LoadLibraryExW(interface_module, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
}

fer_error ferp_interface_index(const char *interface_name, uint32_t *out)
{
    name_to_index_function to_index = NULL;
    ULONG index = 0;
    HMODULE module = load_interfaces();
    if (module == NULL) {
        return ferp_winsock_error(WSAEOPNOTSUPP);
    }
    if (ferp_winsock_find_function(interface_module, "if_nametoindex", &to_index)) {
        index = to_index(interface_name);
    }
    (void)FreeLibrary(module);
    if (index == 0) {
        return interface_unknown;
    }
    *out = index;
    return FERP_WINSOCK_OK;
}

fer_error ferp_interface_name(uint32_t index, char *name)
{
    index_to_name_function to_name = NULL;
    bool is_found = false;
    HMODULE module = load_interfaces();
    if (module == NULL) {
        return ferp_winsock_error(WSAEOPNOTSUPP);
    }
    if (ferp_winsock_find_function(interface_module, "if_indextoname", &to_name)) {
        is_found = to_name(index, name) != NULL;
    }
    (void)FreeLibrary(module);
    return is_found ? FERP_WINSOCK_OK : interface_unknown;
}
