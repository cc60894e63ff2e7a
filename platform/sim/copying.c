/* copying.c: files, which the POSIX dialect, FreeBSD and macOS send, and pipes between two streams,
 * these in the POSIX dialect only. A fill receives
 * and a drain sends as every other call, faults and waits included. */
#include "platform/copying.h"

#include <string.h>

#include "core/base/compiler.h"
#include "platform/sim/network.h"

fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out)
{
    FERP_SIM_REQUIRE(network)
    (void)waits;
    if (network->config.dialect != FER_SIM_DIALECT_POSIX) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    for (int i = 0; i < FERP_SIM_RELAYS_MAX; i++) {
        ferp_sim_relay *relay = &network->relays[i];
        if (!relay->is_open && !ferp_sim_injects(network, NULL, FER_SIM_FAULT_NO_PIPE)) {
            relay->is_open = true;
            relay->cap = cap < FERP_SIM_RELAY_BYTES ? cap : FERP_SIM_RELAY_BYTES;
            relay->first = 0;
            relay->count = 0;
            out->ends[0] = i;
            return ferp_sim_trace_call(network, "open a pipe", NULL, FERP_SIM_OK);
        }
    }
    return ferp_sim_trace_call(network, "open a pipe", NULL,
                               ferp_sim_error(network, FERP_SIM_EMFILE));
}

static ferp_sim_relay *relay_of(ferp_sim_network *network, const ferp_pipe *pipe)
{
    ferp_sim_relay *relay = &network->relays[pipe->ends[0]];
    FERI_ASSERT(relay->is_open);
    return relay;
}

void ferp_pipe_close(const ferp_pipe *pipe)
{
    ferp_sim_network *network = ferp_sim_current();
    if (network != NULL) {
        relay_of(network, pipe)->is_open = false;
        ferp_sim_trace_event(network, "close a pipe", NULL);
    }
}

/* Linux, tcp_splice_read: no byte at an urgent mark is spliced. The result is 0 if the stream waits
 * or its end has arrived, and EAGAIN otherwise. */
static fer_error status_at_mark(ferp_sim_network *network, const ferp_sim_socket *socket)
{
    bool would_block = socket->settings.nonblocking && !socket->shut_read &&
                       !ferp_sim_pipe_in(network, socket)->fin_arrived;
    return ferp_sim_error(network, would_block ? FERP_SIM_EAGAIN : FERP_SIM_NO_ERROR);
}

static fer_error refused(ferp_sim_network *network)
{
    return (fer_error){FER_UNSUPPORTED, ferp_sim_error(network, FERP_SIM_EINVAL).os_code};
}

/* A segment takes a slot of the pipe, so a pipe can be full before it has cap bytes. */
static size_t shorten_to_slots(ferp_sim_network *network, size_t len)
{
    if (len < 2 || !ferp_sim_injects(network, NULL, FER_SIM_FAULT_PIPE_FULL)) {
        return len;
    }
    return 1 + ferp_sim_choose(network, (uint32_t)(len - 1));
}

fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE(network)
    ferp_sim_relay *relay = relay_of(network, pipe);
    FERI_ASSERT(relay->count == 0);
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_SPLICE_REFUSED)) {
        return refused(network);
    }
    ferp_sim_socket *source = ferp_sim_socket_of(network, from);
    if (source != NULL) {
        ferp_sim_inject_mark(network, source, 0);
    }
    if (source != NULL && ferp_sim_is_at_mark(network, source)) {
        return status_at_mark(network, source);
    }
    size_t most = shorten_to_slots(network, len < relay->cap ? len : relay->cap);
    fer_error error = ferp_recv(from, relay->bytes, most, 0, n);
    relay->first = 0;
    relay->count = *n;
    return error;
}

fer_error ferp_pipe_drain(ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE(network)
    ferp_sim_relay *relay = relay_of(network, pipe);
    FERI_ASSERT(len > 0 && len <= relay->count);
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_SPLICE_REFUSED)) {
        return refused(network);
    }
    fer_error error = ferp_send(to, relay->bytes + relay->first, len, 0, n);
    relay->first += *n;
    relay->count -= *n;
    return error;
}

fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE(network)
    ferp_sim_relay *relay = relay_of(network, pipe);
    FERI_ASSERT(len > 0 && len <= relay->count);
    memcpy(buf, relay->bytes + relay->first, len);
    relay->first += len;
    relay->count -= len;
    *n = len;
    return FERP_SIM_OK;
}

/* ---- Files */

static ferp_sim_file *file_of(ferp_sim_network *network, fer_raw_file file)
{
    bool is_number = file >= FERP_SIM_FILE_FIRST && file < FERP_SIM_FILE_FIRST + FERP_SIM_FILES_MAX;
    ferp_sim_file *found = is_number ? &network->files[(size_t)(file - FERP_SIM_FILE_FIRST)] : NULL;
    return found != NULL && found->is_open ? found : NULL;
}

fer_error fer_sim_file_new(const void *buf, size_t len, fer_raw_file *file)
{
    FERP_SIM_REQUIRE(network)
    if (file == NULL || (buf == NULL && len > 0)) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    for (int i = 0; i < FERP_SIM_FILES_MAX; i++) {
        if (!network->files[i].is_open) {
            network->files[i] = (ferp_sim_file){true, buf, len, len};
            *file = FERP_SIM_FILE_FIRST + i;
            return FERP_SIM_OK;
        }
    }
    return (fer_error){FER_OUT_OF_MEMORY, 0};
}

fer_error fer_sim_file_set_len(fer_raw_file file, size_t len)
{
    FERP_SIM_REQUIRE(network)
    ferp_sim_file *found = file_of(network, file);
    if (found == NULL || len > found->cap) {
        return (fer_error){FER_INVALID_INPUT, 0};
    }
    found->len = len;
    return FERP_SIM_OK;
}

void fer_sim_file_close(fer_raw_file file)
{
    ferp_sim_network *network = ferp_sim_current();
    ferp_sim_file *found = network == NULL ? NULL : file_of(network, file);
    if (found != NULL) {
        found->is_open = false;
    }
}

/* Returns the bytes of the file from an offset on, at most *len, which becomes their number. */
static const unsigned char *bytes_at(const ferp_sim_file *file, uint64_t offset, size_t *len)
{
    size_t left = offset < file->len ? file->len - (size_t)offset : 0;
    *len = left < *len ? left : *len;
    return left == 0 ? NULL : (const unsigned char *)file->bytes + offset;
}

fer_error ferp_send_file(fer_raw_socket to, fer_raw_file file, uint64_t offset, size_t len,
                         size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE(network)
    const ferp_sim_file *found = file_of(network, file);
    bool is_posix = network->config.dialect == FER_SIM_DIALECT_POSIX;
    bool ends_with_an_error = network->switches->sends_files_until_an_error;
    if (!is_posix && !ends_with_an_error) {
        return ferp_sim_error(network, FERP_SIM_EOPNOTSUPP);
    }
    if (found == NULL || ferp_sim_injects(network, NULL, FER_SIM_FAULT_SPLICE_REFUSED)) {
        return refused(network);
    }
    /* The system takes some pages at a time, and the file may change meanwhile. */
    fer_error error = FERP_SIM_OK;
    size_t moved;
    do {
        size_t part = len - *n < FERP_SIM_RELAY_BYTES ? len - *n : FERP_SIM_RELAY_BYTES;
        const unsigned char *bytes = bytes_at(found, offset + *n, &part);
        moved = 0;
        error = part == 0 ? FERP_SIM_OK : ferp_send(to, bytes, part, 0, &moved);
        *n += moved;
    } while (ends_with_an_error && error.kind == FER_OK && moved > 0);
    return error;
}

fer_error ferp_read_file(fer_raw_file file, uint64_t offset, void *buf, size_t len, size_t *n)
{
    *n = 0;
    FERP_SIM_REQUIRE(network)
    const ferp_sim_file *found = file_of(network, file);
    if (found == NULL) {
        return ferp_sim_error(network, FERP_SIM_EBADF);
    }
    if (ferp_sim_injects(network, NULL, FER_SIM_FAULT_INTERRUPTED)) {
        return ferp_sim_error(network, FERP_SIM_EINTR);
    }
    const unsigned char *bytes = bytes_at(found, offset, &len);
    if (len > 1 && ferp_sim_injects(network, NULL, FER_SIM_FAULT_PARTIAL_READ)) {
        len = 1 + ferp_sim_choose(network, (uint32_t)(len - 1));
    }
    if (len > 0) {
        memcpy(buf, bytes, len);
    }
    *n = len;
    return FERP_SIM_OK;
}
