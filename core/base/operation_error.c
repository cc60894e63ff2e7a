/* operation_error.c: maps errors by operation, and decides which errors end a stream. */
#include "core/base/operation_error.h"

#include <stddef.h>

#include "core/base/assert.h"

typedef struct mapping {
    feri_operation operation;
    fer_error_kind from;
    fer_error_kind to;
    bool keeps_code;
} mapping;

#define MAPPING(operation, from, to, keeps_code, why) \
    {FERI_OPERATION_##operation, from, to, keeps_code},
static const mapping mappings[] = {FERI_OPERATION_ERRORS(MAPPING)};
#undef MAPPING

fer_error feri_map_failure(feri_operation operation, fer_error error)
{
    FERI_ASSERT((unsigned)operation <= FERI_OPERATION_UNADDRESSED);
    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++) {
        if (mappings[i].operation == operation && mappings[i].from == error.kind) {
            return (fer_error){mappings[i].to, mappings[i].keeps_code ? error.os_code : 0};
        }
    }
    return error;
}

bool feri_error_is_fatal(fer_error error)
{
    switch (error.kind) {
#define NONFATAL_CASE(kind) case kind:
        FERI_NONFATAL_KINDS(NONFATAL_CASE)
        return false;
    default: return true;
    }
}

bool feri_error_is_fatal_without_peer(fer_error error)
{
    switch (error.kind) {
        FERI_NONFATAL_KINDS_WITH_PEER(NONFATAL_CASE)
#undef NONFATAL_CASE
        return true;
    default: return false;
    }
}
