/* scripted_options.c: the scripted seam's groups, shutdown, modes, options and waits. */
#include "unit/scripted_take.h"

#include <inttypes.h>

#define ARMED ((uintptr_t)0xA43ED)

static const char *change_name(ferp_membership change)
{
    return change == FERP_JOIN ? "join" : "leave";
}

fer_error ferp_change_group_v4(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv4_addr *group, const fer_ipv4_addr *source,
                               const fer_ipv4_addr *local)
{
    char texts[3][FER_IPV4_ADDR_TEXT_CAP] = {"", "", "any"};
    fer_ipv4_addr_format(*group, texts[0], sizeof texts[0]);
    fer_ipv4_addr_format(*local, texts[1], sizeof texts[1]);
    if (source != NULL) {
        fer_ipv4_addr_format(*source, texts[2], sizeof texts[2]);
    }
    return TAKE_WITH(CHANGE_GROUP_V4, raw, "%s,%s,%s,%s", change_name(change), texts[0], texts[2],
                     texts[1])
        ->error;
}

fer_error ferp_change_group_v6(fer_raw_socket raw, ferp_membership change,
                               const fer_ipv6_addr *group, const fer_ipv6_addr *source,
                               uint32_t interface_index)
{
    char texts[2][FER_IPV6_ADDR_TEXT_CAP] = {"", "any"};
    fer_ipv6_addr_format(*group, texts[0], sizeof texts[0]);
    if (source != NULL) {
        fer_ipv6_addr_format(*source, texts[1], sizeof texts[1]);
    }
    return TAKE_WITH(CHANGE_GROUP_V6, raw, "%s,%s,%s,%" PRIu32, change_name(change), texts[0],
                     texts[1], interface_index)
        ->error;
}

SCRIPTED(fer_error, ferp_bytes_queued, (fer_raw_socket raw, size_t *n),
         script_store_count(TAKE(BYTES_QUEUED, raw), n));
SCRIPTED(fer_error, ferp_shutdown, (fer_raw_socket raw, fer_shutdown how),
         TAKE_WITH(SHUTDOWN, raw, "%d", (int)how)->error);

SCRIPTED_OUT(ferp_take_error, (fer_raw_socket raw, fer_error *pending), TAKE(TAKE_ERROR, raw),
             pending, result->pending);

static const char *direction_name(ferp_direction direction)
{
    return direction == FERP_READING ? "reading" : "writing";
}

SCRIPTED(
    fer_error, ferp_set_timeout,
    (fer_raw_socket raw, ferp_direction direction, fer_duration timeout),
    TAKE_WITH(SET_TIMEOUT, raw, "%s,%" PRIu64, direction_name(direction), timeout.nanos)->error);

SCRIPTED_OUT(ferp_timeout, (fer_raw_socket raw, ferp_direction direction, fer_duration *out),
             TAKE_WITH(TIMEOUT, raw, "%s", direction_name(direction)), out,
             (fer_duration){result->value});
SCRIPTED(fer_error, ferp_set_nonblocking, (fer_raw_socket raw, bool on),
         TAKE_WITH(SET_NONBLOCKING, raw, "%d", on)->error);

SCRIPTED_OUT(ferp_is_nonblocking, (fer_raw_socket raw, bool *out), TAKE(IS_NONBLOCKING, raw), out,
             result->value != 0);

#define OPTION_NAME(name, ...) #name,
static const char *const option_names[] = {FERP_OPTIONS(OPTION_NAME)};

SCRIPTED(fer_error, ferp_set_option, (fer_raw_socket raw, ferp_option option, uint32_t value),
         TAKE_WITH(SET_OPTION, raw, "%s,%" PRIu32, option_names[option], value)->error);

SCRIPTED_OUT(ferp_option_value, (fer_raw_socket raw, ferp_option option, uint32_t *out),
             TAKE_WITH(OPTION_VALUE, raw, "%s", option_names[option]), out,
             (uint32_t)result->value);
SCRIPTED(fer_error, ferp_bind_device, (fer_raw_socket raw, fer_ip_family of, const char *name),
         TAKE_WITH(BIND_DEVICE, raw, "v%d,%s", (int)of, name)->error);
SCRIPTED(fer_error, ferp_set_linger, (fer_raw_socket raw, struct ferp_linger linger),
         TAKE_WITH(SET_LINGER, raw, "%d,%" PRIu32, linger.on, linger.seconds)->error);

SCRIPTED_OUT(ferp_linger, (fer_raw_socket raw, struct ferp_linger *out), TAKE(LINGER, raw), out,
             ((struct ferp_linger){result->on, (uint32_t)result->value}));

fer_error ferp_wait_arm(ferp_wait *wait, fer_raw_socket raw, ferp_readiness readiness)
{
    static const char *const names[] = {"READABLE", "WRITABLE", "ACCEPTABLE", "RECEIVABLE",
                                        "CONNECTED"};
    const fer_error error = TAKE_WITH(WAIT_ARM, raw, "%s", names[readiness])->error;
    wait->words[0] = error.kind == FER_OK ? ARMED : 0;
    wait->call_deadline = 0;
    wait->token = NULL;
    wait->failure = (fer_error){FER_OK, 0};
    script.waits_armed += error.kind == FER_OK;
    return error;
}

static void end_wait(ferp_wait *wait)
{
    assert_true(wait->words[0] == ARMED);
    wait->words[0] = 0;
    script.waits_armed--;
}

fer_error ferp_wait_for(ferp_wait *wait, uint64_t deadline)
{
    char text[24];
    script_format_time(text, sizeof text, deadline);
    const script_result *result = script_take(SCRIPT_WAIT_FOR, FER_RAW_SOCKET_NONE, "%s%s", text,
                                              wait->token == NULL ? "" : ",token");
    end_wait(wait);
    wait->failure = result->pending;
    script.now += result->elapsed;
    if (result->error.kind == FER_TIMED_OUT && script.now < deadline) {
        script.now = deadline;
    }
    return result->error;
}

void ferp_wait_disarm(ferp_wait *wait)
{
    const script_result *result = script_take(SCRIPT_WAIT_DISARM, FER_RAW_SOCKET_NONE, "");
    end_wait(wait);
    wait->failure = result->pending;
}

SCRIPTED_VOID(ferp_wake, (fer_raw_socket raw), (void)TAKE(WAKE, raw));

/* ---- Credentials and interfaces */

SCRIPTED_OUT(ferp_unix_peer_cred, (fer_raw_socket raw, fer_unix_cred *out),
             TAKE(UNIX_PEER_CRED, raw), out, ((fer_unix_cred){(uint32_t)result->value, 2, 3}));
SCRIPTED_OUT(ferp_interface_index, (const char *interface_name, uint32_t *out),
             script_take(SCRIPT_INTERFACE_INDEX, FER_RAW_SOCKET_NONE, "%s", interface_name), out,
             (uint32_t)result->value);
SCRIPTED_OUT(ferp_service_port, (const char *service, fer_type type, uint16_t *out),
             script_take(SCRIPT_SERVICE_PORT, FER_RAW_SOCKET_NONE, "%s,%d", service, (int)type),
             out, (uint16_t)result->value);
fer_error ferp_interface_name(uint32_t index, char *name)
{
    memcpy(name, "lo", 3);
    return script_take(SCRIPT_INTERFACE_NAME, FER_RAW_SOCKET_NONE, "%d", (int)index)->error;
}
