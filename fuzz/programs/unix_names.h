/* unix_names.h: the names of a program of Unix sockets, as unix_program.c uses them. */
#ifndef FUZZ_UNIX_NAMES_H
#define FUZZ_UNIX_NAMES_H

#include <string.h>

#include "ferrule/unix.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/unix_model.h"

enum { NAME_MAX_LENGTH = 107 };

/* The last path and the last name have the maximum length. */
static const char longest_path[] = "/run/a path as long as it may be. a path as long as it may be. "
                                   "a path as long as it may be. a path as longx";
static const char *paths[UNIX_PATHS] = {"a", "b", longest_path};
static const char abstract_names[NAME_MAX_LENGTH] = "a\0b";

static size_t longest_name;

static inline size_t abstract_length(int name)
{
    return name == UNIX_NAMES - 1 ? longest_name : 1;
}

static inline void check_name(const fer_unix_addr *got, int expected)
{
    size_t len = 0;
    const char *path = fer_unix_addr_as_pathname(got);
    const char *name = fer_unix_addr_as_abstract_name(got, &len);
    if (expected == UNIX_UNNAMED) {
        FUZZ_CHECK(fer_unix_addr_is_unnamed(got) && path == NULL && name == NULL);
    } else if (expected < UNIX_PATHS) {
        FUZZ_CHECK(path != NULL && strcmp(path, paths[expected]) == 0 && name == NULL);
    } else {
        FUZZ_CHECK(name != NULL && len == abstract_length(expected) &&
                   memcmp(name, abstract_names, len) == 0);
    }
}

/* The BSDs' longest names are four bytes shorter: sun_path has 104. */
static inline void set_longest_names(fer_sim_dialect dialect)
{
    fer_unix_addr addr;
    bool is_bsd = dialect == FER_SIM_DIALECT_BSD;
    longest_name = is_bsd ? NAME_MAX_LENGTH - 4 : NAME_MAX_LENGTH;
    paths[UNIX_PATHS - 1] = is_bsd ? longest_path + 4 : longest_path;
    FUZZ_CHECK(fer_unix_addr_from_pathname(&addr, longest_path).kind ==
               (is_bsd ? FER_INVALID_INPUT : FER_OK));
}

#endif
