/* copy.h: the check of the buffer of every copy, before any byte is moved. */
#ifndef FERI_COPY_H
#define FERI_COPY_H

#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/io.h"

/* MISUSE: buffer or its base is NULL. INVALID_INPUT: cap is 0, or start and len are not within
 * cap. */
fer_error feri_copy_check_buffer(const fer_copy_buffer *buffer);

#endif
