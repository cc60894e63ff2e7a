/* table.h: constant tables of 256 entries, computed by the compiler: FERI_256_OF(X) is {X(0), X(1),
 * … X(255)}. */
#ifndef FERI_TABLE_H
#define FERI_TABLE_H

#define FERI_4_OF(X, n) X(n), X((n) + 1), X((n) + 2), X((n) + 3)
#define FERI_16_OF(X, n) \
    FERI_4_OF(X, n), FERI_4_OF(X, (n) + 4), FERI_4_OF(X, (n) + 8), FERI_4_OF(X, (n) + 12)
#define FERI_64_OF(X, n) \
    FERI_16_OF(X, n), FERI_16_OF(X, (n) + 16), FERI_16_OF(X, (n) + 32), FERI_16_OF(X, (n) + 48)
#define FERI_256_OF(X)                                                              \
    {                                                                               \
        FERI_64_OF(X, 0), FERI_64_OF(X, 64), FERI_64_OF(X, 128), FERI_64_OF(X, 192) \
    }

#endif
