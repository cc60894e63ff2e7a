/* unix_addr.c: addresses of Unix sockets. */
#include <string.h>

#include "core/base/facts.h"
#include "core/base/result.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

_Static_assert(FERP_UNIX_UNNAMED == 0, "all zero bytes are the unnamed address");

fer_error fer_unix_addr_from_pathname(fer_unix_addr *out, const char *path)
{
    if (out == NULL || path == NULL) {
        return feri_own_error(FER_MISUSE);
    }
    const char *end = memchr(path, '\0', feri_unix_path_max() + 1);
    if (end == NULL || end == path) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    fer_unix_addr made = {.kind_ = FERP_UNIX_PATHNAME, .len_ = (uint16_t)(end - path)};
    memcpy(made.name_, path, made.len_);
    *out = made;
    return feri_ok();
}

fer_error fer_unix_addr_from_abstract_name(fer_unix_addr *out, const void *name, size_t len)
{
    if (out == NULL || (name == NULL && len > 0)) {
        return feri_own_error(FER_MISUSE);
    }
    if (len > feri_unix_path_max()) {
        return feri_own_error(FER_INVALID_INPUT);
    }
    if (!feri_has_abstract_unix_names()) {
        return feri_own_error(FER_UNSUPPORTED);
    }
    fer_unix_addr made = {.kind_ = FERP_UNIX_ABSTRACT, .len_ = (uint16_t)len};
    if (len > 0) {
        memcpy(made.name_, name, len);
    }
    *out = made;
    return feri_ok();
}

bool fer_unix_addr_is_unnamed(const fer_unix_addr *addr)
{
    return addr != NULL && addr->kind_ == FERP_UNIX_UNNAMED;
}

/* An address from the OS can fill sun_path without a NUL, one byte longer than an address made
 * here. Memory that was never set by a function here may lack the NUL. */
const char *fer_unix_addr_as_pathname(const fer_unix_addr *addr)
{
    bool is_path = addr != NULL && addr->kind_ == FERP_UNIX_PATHNAME && addr->len_ > 0 &&
                   addr->len_ <= feri_unix_path_max() + 1;
    return is_path && addr->name_[addr->len_] == '\0' ? addr->name_ : NULL;
}

const void *fer_unix_addr_as_abstract_name(const fer_unix_addr *addr, size_t *len)
{
    if (addr == NULL || len == NULL || addr->kind_ != FERP_UNIX_ABSTRACT ||
        addr->len_ > feri_unix_path_max()) {
        return NULL;
    }
    *len = addr->len_;
    return addr->name_;
}
