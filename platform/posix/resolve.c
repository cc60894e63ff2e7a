/* resolve.c: name lookup by getaddrinfo. Its codes are a number space of their own and are reported
 * as negative numbers on every system. glibc's are negative; those of macOS and the BSDs are
 * positive and could be mistaken for errno values. */
#include "platform/posix/posix.h"

#include <netdb.h>
#include <string.h>

static fer_error_kind kind_of(int code)
{
    switch (code) {
    case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
#endif
#if defined(EAI_ADDRFAMILY) && EAI_ADDRFAMILY != EAI_NONAME
    case EAI_ADDRFAMILY:
#endif
        return FER_HOST_NOT_FOUND;
    case EAI_AGAIN: return FER_RESOLVE_TRY_AGAIN;
    default: return FER_RESOLVE_FAILED;
    }
}

/* EAI_SYSTEM carries no cause. errno does, and is reported unchanged, as a positive number. */
static fer_error error_of(int code)
{
    if (code == EAI_SYSTEM) {
        return (fer_error){FER_RESOLVE_FAILED, errno};
    }
    return (fer_error){kind_of(code), code > 0 ? -code : code};
}

fer_error ferp_lookup_begin(ferp_lookup *lookup, const char *host)
{
    struct addrinfo hints;
    struct addrinfo *found = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    int code = getaddrinfo(host, NULL, &hints, &found);
    if (code != 0) {
        return error_of(code);
    }
    lookup->first = found;
    lookup->next = found;
    return (fer_error){FER_OK, 0};
}

/* Skips entries of other families, and entries whose length does not fit their family. */
bool ferp_lookup_next(ferp_lookup *lookup, fer_socket_addr *out)
{
    const struct addrinfo *entry = lookup->next;
    while (entry != NULL) {
        const struct addrinfo *current = entry;
        struct sockaddr_storage storage;
        entry = entry->ai_next;
        lookup->next = current->ai_next;
        if (current->ai_addr == NULL || current->ai_addrlen > sizeof storage) {
            continue;
        }
        memset(&storage, 0, sizeof storage);
        memcpy(&storage, current->ai_addr, current->ai_addrlen);
        if (ferp_posix_socket_addr(&storage, out)) {
            out->port = 0;
            return true;
        }
    }
    return false;
}

void ferp_lookup_end(ferp_lookup *lookup)
{
    freeaddrinfo(lookup->first);
    lookup->first = NULL;
    lookup->next = NULL;
}
