/* unix_peer_sim.c: plain Unix sockets of the simulated network: sockets without faults and
 * dialect. */
#include "conformance/peer_system.h"
#include "conformance/unix_peer.h"

#include <stdlib.h>
#include <string.h>

#include "ferrule/sim.h"
#include "platform/sim/network.h"

enum { PATHS_MAX = 16, PATH_CAP = 108 };

static char paths[PATHS_MAX][PATH_CAP];
static size_t path_count;

PEER_IS(unix_peer_has_streams, true)
PEER_IS(unix_peer_has_datagrams, !peer_is_windows())
bool unix_peer_own_cred(fer_unix_cred *out)
{
    *out = (fer_unix_cred){1000, 100, 4242};
    return !peer_is_windows();
}
PEER_IS(unix_peer_has_abstract_names, ferp_traits()->has_abstract_unix_names)
PEER_IS(unix_peer_reports_unread_input, !ferp_sim_current()->switches->unix_close_is_orderly)
PEER_IS(unix_peer_survives_low_limit, true)
PEER_IS(unix_peer_has_bsd_datagrams, ferp_sim_current()->switches->unix_full_datagrams)
PEER_IS(unix_peer_reads_past_only_handles, false)
PEER_IS(unix_peer_forgets_closed_peer, ferp_sim_current()->switches->unix_closed_peer_has_no_name)
size_t unix_peer_path_cap(void)
{
    return ferp_traits()->unix_path_max + 1;
}

/* ---- Paths */

const char *unix_peer_path(const char *name)
{
    static const char directory[] = "/run/";
    if (path_count == PATHS_MAX || strlen(name) + sizeof directory > PATH_CAP) {
        abort();
    }
    memcpy(paths[path_count], directory, sizeof directory);
    memcpy(paths[path_count] + sizeof directory - 1, name, strlen(name) + 1);
    return paths[path_count++];
}

static fer_unix_addr name_of(const char *path)
{
    fer_unix_addr addr = {0};
    FER_IGNORE(fer_unix_addr_from_pathname(&addr, path));
    return addr;
}

bool unix_peer_path_exists(const char *path)
{
    fer_unix_addr addr = name_of(path);
    const ferp_sim_network *world = ferp_sim_current();
    for (int i = 0; i < FERP_SIM_UNIX_NAMES_MAX; i++) {
        if (world->unix_names[i].exists &&
            memcmp(&world->unix_names[i].addr, &addr, sizeof addr) == 0) {
            return true;
        }
    }
    return false;
}

bool unix_peer_remove(const char *path)
{
    return fer_sim_remove_path(path).kind == FER_OK;
}

bool unix_peer_create_file(const char *path)
{
    return false;
}

void unix_peer_remove_all(void)
{
    while (path_count > 0) {
        FER_IGNORE(fer_sim_remove_path(paths[--path_count]));
    }
}

/* ---- Sockets */

static peer_socket new_socket(fer_type type, const fer_unix_addr *addr)
{
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    if (ferp_socket_new(FER_DOMAIN_UNIX, type, 0, &raw).kind != FER_OK) {
        return PEER_NONE;
    }
    peer_adopt(raw);
    if (addr != NULL && ferp_unix_bind(raw, addr).kind != FER_OK) {
        peer_close(raw);
        return PEER_NONE;
    }
    return raw;
}

static peer_socket new_socket_at(fer_type type, const char *path)
{
    fer_unix_addr addr = name_of(path == NULL ? "" : path);
    if (path != NULL && fer_unix_addr_is_unnamed(&addr)) {
        return PEER_NONE;
    }
    return new_socket(type, path == NULL ? NULL : &addr);
}

static peer_socket start_listening(peer_socket bound, int backlog)
{
    if (bound != PEER_NONE) {
        FER_IGNORE(ferp_listen(bound, backlog));
    }
    return bound;
}

peer_socket unix_peer_unconnected(const char *path)
{
    return new_socket_at(FER_TYPE_STREAM, path);
}
peer_socket unix_peer_datagram(const char *path)
{
    return new_socket_at(FER_TYPE_DGRAM, path);
}
peer_socket unix_peer_listen(const char *path, int backlog)
{
    return start_listening(new_socket_at(FER_TYPE_STREAM, path), backlog);
}

bool unix_peer_send_only_handle(fer_raw_socket through, fer_raw_socket handle)
{
    return false;
}

peer_socket unix_peer_listen_abstract(const void *name, size_t len)
{
    fer_unix_addr addr;
    FER_IGNORE(fer_unix_addr_from_abstract_name(&addr, name, len));
    return start_listening(new_socket(FER_TYPE_STREAM, &addr), 4);
}

static bool connect_to(peer_socket peer, const char *path)
{
    fer_unix_addr addr = name_of(path);
    (void)peer_raw_set_nonblocking(peer, true);
    return ferp_unix_connect(peer, &addr).kind == FER_OK && peer_raw_set_nonblocking(peer, false);
}

peer_socket unix_peer_connect(const char *path, const char *own_path)
{
    peer_socket peer = new_socket_at(FER_TYPE_STREAM, own_path);
    if (peer != PEER_NONE && !connect_to(peer, path)) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

bool unix_peer_datagram_send(peer_socket peer, const char *path, const void *buf, size_t len)
{
    size_t n = 0;
    fer_unix_addr addr = name_of(path);
    return ferp_unix_send_to(peer, buf, len, 0, &addr, &n).kind == FER_OK;
}

peer_outcome unix_peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                        const char *by_path, bool *named)
{
    fer_unix_received got;
    fer_unix_addr wanted = name_of(by_path == NULL ? "" : by_path);
    *n = 0;
    FER_IGNORE(ferp_set_timeout(peer, FERP_READING, fer_duration_from_millis(PEER_LIMIT_MS)));
    if (ferp_unix_recv_from(peer, buf, cap, 0, &got).kind != FER_OK) {
        return PEER_TIMED_OUT;
    }
    *n = got.len;
    *named = memcmp(&got.from, &wanted, sizeof wanted) == 0;
    return PEER_GOT;
}
