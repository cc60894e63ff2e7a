/* error.c: maps the network's codes to the dialect's numbers and kinds, by the tables of the two
 * backends. */
#include "platform/sim/network.h"

#define CASE(name, on_linux, on_bsd, kind) \
    case on_linux: return kind;

static fer_error_kind linux_kind(int32_t os_code)
{
    switch (os_code) {
    case 0:
        return FER_OK;
        FERP_POSIX_ERRORS(CASE)
        FERP_POSIX_OTHER_ERRORS(CASE)
    default: return FER_UNCATEGORIZED;
    }
}

#undef CASE
#define CASE(name, on_linux, on_bsd, kind) \
    case on_bsd: return kind;

static fer_error_kind bsd_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK; FERP_POSIX_ERRORS(CASE)
    default: return FER_UNCATEGORIZED;
    }
}

#undef CASE
#define CASE(number, name, kind) \
    case number: return kind;

static fer_error_kind windows_kind(int32_t os_code)
{
    switch (os_code) {
    case 0: return FER_OK; FERP_WINSOCK_ERRORS(CASE)
    default: return FER_UNCATEGORIZED;
    }
}

#undef CASE

static fer_error_kind kind_in(fer_sim_dialect dialect, int32_t os_code)
{
    switch (dialect) {
    case FER_SIM_DIALECT_WINSOCK: return windows_kind(os_code);
    case FER_SIM_DIALECT_BSD: return bsd_kind(os_code);
    case FER_SIM_DIALECT_POSIX:
    default: return linux_kind(os_code);
    }
}

fer_error_kind ferp_error_kind(int32_t os_code)
{
    const ferp_sim_network *network = ferp_sim_current();
    return kind_in(network != NULL ? network->config.dialect : FER_SIM_DIALECT_POSIX, os_code);
}

static int32_t linux_code(ferp_sim_code code)
{
    switch (code) {
#define CASE(name, on_posix, on_windows) \
    case FERP_SIM_##name: return FERP_SIM_LINUX_##on_posix;
        FERP_SIM_CODES(CASE)
#undef CASE
    case FERP_SIM_NO_ERROR:
    default: return 0;
    }
}

static int32_t bsd_code(ferp_sim_code code)
{
    switch (code) {
#define CASE(name, on_posix, on_windows) \
    case FERP_SIM_##name: return FERP_SIM_BSD_##on_posix;
        FERP_SIM_CODES(CASE)
#undef CASE
    case FERP_SIM_NO_ERROR:
    default: return 0;
    }
}

static int32_t windows_code(ferp_sim_code code)
{
    switch (code) {
#define CASE(name, on_posix, on_windows) \
    case FERP_SIM_##name: return FERP_SIM_WINDOWS_##on_windows;
        FERP_SIM_CODES(CASE)
#undef CASE
    case FERP_SIM_NO_ERROR:
    default: return 0;
    }
}

fer_error ferp_sim_error(const ferp_sim_network *network, ferp_sim_code code)
{
    int32_t number = network->config.dialect == FER_SIM_DIALECT_WINSOCK ? windows_code(code)
                     : network->config.dialect == FER_SIM_DIALECT_BSD   ? bsd_code(code)
                                                                        : linux_code(code);
    return (fer_error){kind_in(network->config.dialect, number), number};
}

/* ---- Texts: the name of the code, so that they are the same on every host. */

#define CASE(name, on_linux, on_bsd, kind) \
    case on_linux: return #name;

static const char *linux_name(int32_t os_code)
{
    switch (os_code) {
        FERP_POSIX_ERRORS(CASE)
        FERP_POSIX_OTHER_ERRORS(CASE)
    default: return "";
    }
}

#undef CASE
#define CASE(name, on_linux, on_bsd, kind) \
    case on_bsd: return #name;

static const char *bsd_name(int32_t os_code)
{
    switch (os_code) {
        FERP_POSIX_ERRORS(CASE)
    default: return "";
    }
}

#undef CASE
#define CASE(number, name, kind) \
    case number: return #name;

static const char *windows_name(int32_t os_code)
{
    switch (os_code) {
        FERP_WINSOCK_ERRORS(CASE)
    default: return "";
    }
}

#undef CASE

static void store_text(const char *text, char *buf, size_t cap)
{
    size_t len = 0;
    for (; len < cap - 1 && text[len] != '\0'; len++) {
        buf[len] = text[len];
    }
    buf[len] = '\0';
}

/* The network's resolver has a code for each kind (resolve.c), and no text. */
void ferp_error_text(fer_error error, char *buf, size_t cap)
{
    const ferp_sim_network *network = ferp_sim_current();
    int32_t os_code = error.kind == FER_UNCATEGORIZED ? error.os_code : 0;
    switch (network != NULL ? network->config.dialect : FER_SIM_DIALECT_POSIX) {
    case FER_SIM_DIALECT_WINSOCK: store_text(windows_name(os_code), buf, cap); break;
    case FER_SIM_DIALECT_BSD: store_text(bsd_name(os_code), buf, cap); break;
    case FER_SIM_DIALECT_POSIX:
    default: store_text(linux_name(os_code), buf, cap); break;
    }
}

/* The host's number: the program was compiled with its <errno.h>. The codes are the dialect's. */
int ferp_errno(fer_error error)
{
    return ferp_errno_of_kind(error.kind);
}
