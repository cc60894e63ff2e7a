/* driven.c: the connectors of a poller as a tree in their own memory. The root is the one whose
 * next step is the earliest, of several the one that was started first, and a key finds its
 * connector.
 *
 * The tree is a heap by the time of the next step, and a trie by a hash of the key: a node of depth
 * d is on the path that the first d bits of its hash describe (a priority search tree, McCreight
 * 1985, with the halves of a hash in place of medians). No two keys have the same hash, so no path
 * is longer than 65 nodes. With a million nodes the longest has about 25. */
#include "core/wait/poller.h"

enum { HASH_BITS = 64 };

/* The keys differ in their higher bits, and an odd factor is a permutation. */
static uint64_t hash_of(uint64_t key)
{
    return key / FERI_DRIVEN_KEYS * UINT64_C(0x9E3779B97F4A7C15);
}

static bool is_before(const feri_poller_driven *one, const feri_poller_driven *other)
{
    return one->until != other->until ? one->until < other->until
                                      : one->serial - other->serial > UINT32_MAX / 2;
}

static feri_poller_driven **child_at(feri_poller_driven *node, uint64_t hash, unsigned depth)
{
    return &node->below[hash >> (HASH_BITS - 1 - depth) & 1];
}

void feri_driven_add(fer_poller *poller, feri_poller_driven *added, uint64_t until)
{
    feri_poller_driven *root = feri_poller_first_driven(poller);
    feri_poller_driven **at = &root;
    added->until = until;
    added->below[0] = NULL;
    added->below[1] = NULL;
    for (unsigned depth = 0; *at != NULL; depth++) {
        feri_poller_driven *old = *at;
        if (is_before(added, old)) { /* it takes the place of old, which moves down */
            added->below[0] = old->below[0];
            added->below[1] = old->below[1];
            old->below[0] = NULL;
            old->below[1] = NULL;
            *at = added;
            added = old;
        }
        at = child_at(*at, hash_of(feri_driven_key(added)), depth);
    }
    *at = added;
    feri_poller_set_driven(poller, root);
}

/* The earlier of the two children moves up, at each depth. */
bool feri_driven_remove(fer_poller *poller, feri_poller_driven *removed)
{
    feri_poller_driven *root = feri_poller_first_driven(poller);
    feri_poller_driven **at = &root;
    const uint64_t hash = hash_of(feri_driven_key(removed));
    for (unsigned depth = 0; *at != removed; depth++) {
        if (*at == NULL) {
            return false;
        }
        at = child_at(*at, hash, depth);
    }
    feri_poller_driven *left = removed->below[0];
    feri_poller_driven *right = removed->below[1];
    while (left != NULL || right != NULL) {
        bool is_right = left == NULL || (right != NULL && is_before(right, left));
        feri_poller_driven *up = is_right ? right : left;
        feri_poller_driven *other = is_right ? left : right;
        left = up->below[0];
        right = up->below[1];
        *at = up;
        up->below[!is_right] = other;
        at = &up->below[is_right];
    }
    *at = NULL;
    feri_poller_set_driven(poller, root);
    return true;
}

feri_poller_driven *feri_driven_find(const fer_poller *poller, uint64_t key)
{
    feri_poller_driven *at = feri_poller_first_driven(poller);
    const uint64_t hash = hash_of(key);
    for (unsigned depth = 0; at != NULL; depth++) {
        if (key - feri_driven_key(at) < FERI_DRIVEN_KEYS) {
            return at;
        }
        at = *child_at(at, hash, depth);
    }
    return NULL;
}
