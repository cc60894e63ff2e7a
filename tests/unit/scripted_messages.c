/* scripted_messages.c: the scripted seam's batches of datagrams. */
#include "platform/messages.h"
#include "unit/scripted_take.h"

/* A call moves several messages if the system's calls wait in the kernel. */
size_t ferp_messages_per_call(void)
{
    return script.traits.io_waits_in_kernel ? FERP_MESSAGES_MAX : 1;
}

/* Logs the count, and the length, the size of segments and the TOS of the first message. The value
 * is the number of messages that were sent. */
fer_error ferp_send_messages(fer_raw_socket raw, const struct ferp_send_message *messages,
                             size_t count, unsigned flags, size_t *sent)
{
    assert_in_range(count, 1, FERP_MESSAGES_MAX);
    return script_store_count(
        script_take(flags == 0 ? SCRIPT_SEND_MESSAGES : SCRIPT_TRY_SEND_MESSAGES, raw,
                    "%d,%u,%u/%u/%x", (int)raw, (unsigned)count, (unsigned)messages[0].len,
                    (unsigned)messages[0].segment_size, messages[0].has_tos ? messages[0].tos : 0u),
        sent);
}

/* The value is the number of messages of one byte, which are all from one sender. */
fer_error ferp_recv_messages(fer_raw_socket raw, fer_datagram_recv *messages, size_t count,
                             unsigned flags, size_t *received)
{
    assert_in_range(count, 1, FERP_MESSAGES_MAX);
    const script_result *result =
        script_take(flags == 0 ? SCRIPT_RECV_MESSAGES : SCRIPT_TRY_RECV_MESSAGES, raw, "%d,%u",
                    (int)raw, (unsigned)count);
    fer_error error = script_store_count(result, received);
    assert_true(*received <= count);
    for (size_t i = 0; i < *received; i++) {
        messages[i] = (fer_datagram_recv){.buf = messages[i].buf,
                                          .cap = messages[i].cap,
                                          .len = 1,
                                          .segment_size = 1,
                                          .from = result->addr};
    }
    return error;
}

/* clang-format off */
SCRIPTED(fer_error, ferp_set_udp_feature,
         (fer_raw_socket raw, fer_ip_family family, fer_udp_features feature, bool on),
         TAKE_WITH(SET_UDP_FEATURE, raw, "v%d,%u,%d", (int)family, (unsigned)feature, on)->error);
/* clang-format on */

SCRIPTED_OUT(ferp_udp_feature,
             (fer_raw_socket raw, fer_ip_family family, fer_udp_features feature, bool *on),
             TAKE_WITH(UDP_FEATURE, raw, "v%d,%u", (int)family, (unsigned)feature), on,
             result->value != 0);

fer_error ferp_set_dont_fragment(fer_raw_socket raw, fer_ip_family family, bool on)
{
    return TAKE_WITH(SET_DONT_FRAGMENT, raw, "v%d,%d", (int)family, on)->error;
}

SCRIPTED_OUT(ferp_dont_fragment, (fer_raw_socket raw, fer_ip_family family, bool *on),
             TAKE_WITH(DONT_FRAGMENT, raw, "v%d", (int)family), on, result->value != 0);
SCRIPTED_OUT(ferp_path_mtu, (fer_raw_socket raw, fer_ip_family family, uint32_t *out),
             TAKE_WITH(PATH_MTU, raw, "v%d", (int)family), out, (uint32_t)result->value);
