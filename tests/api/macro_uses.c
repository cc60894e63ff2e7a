/* macro_uses.c: uses each macro of the public headers but those of their declarations, as C and as
 * C++. msvc_headers.sh compiles it, and requires a use of each. */
#include "ferrule.h"
#include "ferrule/sim.h"

FER_STATIC_ASSERT(FER_VERSION_NUMBER ==
                      FER_VERSION_MAJOR * 10000 + FER_VERSION_MINOR * 100 + FER_VERSION_PATCH,
                  "the version as a number");

#define NAMES_OF_KIND(name, value, rust_name, phrase) #name, rust_name, phrase,
#define NAMES_OF_FAULT(name, words, chances) #name, words, chances,
extern const char *const texts[];
const char *const texts[] = {FER_VERSION_TEXT,
                             FER_ERROR_KINDS(NAMES_OF_KIND) FER_SIM_FAULTS(NAMES_OF_FAULT) NULL};

extern const uint32_t numbers[];
const uint32_t numbers[] = {
    FER_READABLE,          FER_WRITABLE,       FER_PRIORITY,          FER_READ_CLOSED,
    FER_WRITE_CLOSED,      FER_FAILED,         FER_PROTOCOL_DEFAULT,  FER_PROTOCOL_ICMP,
    FER_PROTOCOL_TCP,      FER_PROTOCOL_UDP,   FER_PROTOCOL_ICMPV6,   FER_RESOLVER_NO_LIMIT,
    FER_RESOLVER_NO_QUEUE, FER_UDP_LOCAL_ADDR, FER_UDP_ECN,           FER_UDP_COALESCING,
    FER_UDP_DROPS,         FER_UDP_TIMESTAMPS, FER_UDP_SOURCE,        FER_UDP_SEGMENTING,
    FER_UDP_BATCHING,      FER_UDP_HOP_LIMIT,  FER_UDP_TRAFFIC_CLASS, FER_UDP_SEND_HOP_LIMIT,
    FER_UDP_COALESCED_MAX};

extern char buffers[FER_ERROR_TEXT_CAP + FER_INTERFACE_NAME_CAP + FER_IP_ADDR_TEXT_CAP +
                    FER_IPV4_ADDR_TEXT_CAP + FER_IPV6_ADDR_TEXT_CAP + FER_SOCKET_ADDR_TEXT_CAP +
                    FER_UNIX_ADDR_NAME_MAX + FER_UNIX_HANDLES_MAX];

fer_error use_values(fer_raw_socket raw);
fer_error use_values(fer_raw_socket raw)
{
    const fer_ipv4_addr v4[] = {FER_IPV4_ADDR_LOCALHOST, FER_IPV4_ADDR_UNSPECIFIED,
                                FER_IPV4_ADDR_BROADCAST};
    const fer_ipv6_addr v6[] = {FER_IPV6_ADDR_LOCALHOST, FER_IPV6_ADDR_UNSPECIFIED};
    fer_duration none = FER_DURATION_NONE;
    fer_instant never = FER_INSTANT_NONE;
    if (none.nanos != FER_DURATION_NONE_NANOS || raw == FER_RAW_SOCKET_NONE ||
        raw == FER_SIM_PEER_NONE) {
        FER_IGNORE(fer_error_from_raw_os_error(v4[0].octets[0] + v6[0].octets[15]));
    }
    FER_TRY(fer_error_from_raw_os_error((int32_t)fer_instant_remaining(never).nanos));
    return FER_ERROR_OK;
}

#ifdef DISCARDS_A_RESULT
void discard(void);
void discard(void)
{
    fer_error_from_raw_os_error(0);
}
#endif
