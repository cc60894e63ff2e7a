/* memory.c: clocks, the stores of each atomic word, and blocks. races.c has plain accesses. */
#include "tests/interleave/memory.h"

#include <string.h>

#include "tests/interleave/races.h"

typedef struct thread_clocks {
    inter_clock order, system;
} thread_clocks;

static thread_clocks clocks[INTER_THREADS_MAX];

static void join(inter_clock *into, const inter_clock *from)
{
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        into->at[i] = into->at[i] > from->at[i] ? into->at[i] : from->at[i];
    }
}

/* What follows in the thread is not part of what it has published. */
static void begin_event(unsigned self)
{
    clocks[self].order.at[self]++;
    clocks[self].system.at[self]++;
}

const inter_clock *inter_order_of(unsigned thread)
{
    return &clocks[thread].order;
}

void inter_thread_begins(unsigned created, unsigned creator)
{
    join(&clocks[created].order, &clocks[creator].order);
    join(&clocks[created].system, &clocks[creator].system);
    begin_event(created);
    begin_event(creator);
}

void inter_thread_joins(unsigned self, unsigned ended)
{
    join(&clocks[self].order, &clocks[ended].order);
    join(&clocks[self].system, &clocks[ended].system);
}

/* ---- The simulated system's objects, and locks */

enum { OBJECTS_MAX = 64 };

typedef struct object_clocks {
    const void *object;
    inter_clock order, system;
} object_clocks;

static object_clocks objects[OBJECTS_MAX];
static size_t object_count;

static object_clocks *clocks_of(const void *object)
{
    for (size_t i = 0; i < object_count; i++) {
        if (objects[i].object == object) {
            return &objects[i];
        }
    }
    INTER_CHECK(object_count < OBJECTS_MAX);
    objects[object_count] = (object_clocks){.object = object};
    return &objects[object_count++];
}

void inter_system_meets(unsigned self, const void *object)
{
    object_clocks *met = clocks_of(object);
    join(&clocks[self].system, &met->system);
    met->system = clocks[self].system;
    begin_event(self);
}

void inter_lock_acquired(unsigned self, const void *lock)
{
    const object_clocks *acquired = clocks_of(lock);
    join(&clocks[self].order, &acquired->order);
    join(&clocks[self].system, &acquired->system);
}

void inter_lock_released(unsigned self, const void *lock)
{
    object_clocks *released = clocks_of(lock);
    released->order = clocks[self].order;
    released->system = clocks[self].system;
    begin_event(self);
}

/* ---- Atomic words. The order of a word's stores is the order of their execution. */

enum { WORDS_MAX = 128, STORES_MAX = 48, READS_MAX = 96 };

typedef struct store {
    uint64_t value;
    unsigned thread;
    uint16_t event;
    inter_clock order; /* what a load that acquires it gets */
    inter_clock system;
} store;

typedef struct read_of {
    unsigned thread;
    uint16_t event;
    size_t store;
} read_of;

/* A store becomes visible to all threads in finite time (C11, 7.17.3): a thread loads an old store
 * again at most that often. */
enum { OLD_AGAIN_MAX = 2 };

typedef struct word {
    uintptr_t address;
    size_t size;
    unsigned old_again[INTER_THREADS_MAX];
    size_t store_count, read_count;
    store stores[STORES_MAX];
    read_of reads[READS_MAX];
} word;

static word words[WORDS_MAX];
static size_t word_count;

static uint64_t value_in_memory(uintptr_t address, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, (const void *)address, size);
    return value;
}

/* The value of a word that was never accessed atomically was there before the threads, or a plain
 * write stored it, which every accessing thread must know. */
static void restart(word *restarted, uintptr_t address, size_t size)
{
    *restarted = (word){.address = address, .size = size, .store_count = 1};
    restarted->stores[0].value = value_in_memory(address, size);
}

static word *find_word(uintptr_t address)
{
    for (size_t i = 0; i < word_count; i++) {
        if (words[i].address == address) {
            return &words[i];
        }
    }
    return NULL;
}

static word *word_at(uintptr_t address, size_t size)
{
    word *found = find_word(address);
    if (found == NULL) {
        INTER_CHECK(word_count < WORDS_MAX);
        found = &words[word_count++];
        restart(found, address, size);
    } else if (found->store_count == 0) {
        restart(found, address, size);
    }
    return found;
}

void inter_forget_words(uintptr_t address, size_t size)
{
    for (size_t i = 0; i < word_count; i++) {
        if (words[i].address < address + size && address < words[i].address + words[i].size) {
            words[i].store_count = 0;
        }
    }
}

static bool knows(unsigned self, unsigned thread, uint16_t event)
{
    return clocks[self].system.at[thread] >= event;
}

/* The oldest store that a load by this thread can return: nothing older than a store or a read that
 * it knows of (C11, 5.1.2.4, the four coherence rules). */
static size_t oldest_visible(const word *loaded, unsigned self)
{
    size_t oldest = loaded->store_count - 1;
    while (oldest > 0 &&
           !knows(self, loaded->stores[oldest].thread, loaded->stores[oldest].event)) {
        oldest--;
    }
    for (size_t i = 0; i < loaded->read_count; i++) {
        const read_of *at = &loaded->reads[i];
        if (at->store > oldest && knows(self, at->thread, at->event)) {
            oldest = at->store;
        }
    }
    return oldest;
}

static void record_read(word *loaded, unsigned self, size_t index)
{
    for (size_t i = loaded->read_count; i-- > 0;) {
        if (loaded->reads[i].thread == self) {
            if (loaded->reads[i].store == index) {
                return;
            }
            break;
        }
    }
    INTER_CHECK(loaded->read_count < READS_MAX);
    loaded->reads[loaded->read_count++] = (read_of){self, clocks[self].system.at[self], index};
}

size_t inter_stores_read(unsigned thread, uintptr_t address)
{
    const word *found = find_word(address);
    for (size_t i = found == NULL ? 0 : found->read_count; i-- > 0;) {
        if (found->reads[i].thread == thread) {
            return found->reads[i].store + 1;
        }
    }
    return 0;
}

size_t inter_stores_made(uintptr_t address)
{
    const word *found = find_word(address);
    return found == NULL ? 0 : found->store_count;
}

static bool acquires(int order)
{
    return order != INTER_RELAXED && order != INTER_RELEASE;
}

static bool releases(int order)
{
    return order >= INTER_RELEASE;
}

static void read_store(word *loaded, unsigned self, size_t index, int order)
{
    record_read(loaded, self, index);
    if (acquires(order)) {
        join(&clocks[self].order, &loaded->stores[index].order);
        join(&clocks[self].system, &loaded->stores[index].system);
    }
}

uint64_t inter_atomic_load(uintptr_t address, size_t size, int order, bool newest_only)
{
    unsigned self = inter_self();
    word *loaded = word_at(address, size);
    size_t newest = loaded->store_count - 1;
    bool has_choice =
        order != INTER_SEQ_CST && !newest_only && loaded->old_again[self] < OLD_AGAIN_MAX;
    size_t oldest = has_choice ? oldest_visible(loaded, self) : newest;
    size_t index = newest - inter_choose_age((unsigned)(newest - oldest + 1));
    bool is_again = index != newest && inter_stores_read(self, address) == index + 1;
    loaded->old_again[self] = is_again ? loaded->old_again[self] + 1 : 0;
    inter_race_atomic(address, size, false);
    read_store(loaded, self, index, order);
    if (index != newest) {
        inter_note("%#llx, which is old", (unsigned long long)loaded->stores[index].value);
    } else {
        inter_note("%#llx", (unsigned long long)loaded->stores[index].value);
    }
    begin_event(self);
    return loaded->stores[index].value;
}

/* A read-modify-write also passes on what the store before it has released (C11, 5.1.2.4, release
 * sequence). */
static void append(word *stored, uint64_t value, int order, const store *continues)
{
    unsigned self = inter_self();
    INTER_CHECK(stored->store_count < STORES_MAX);
    store *last = &stored->stores[stored->store_count++];
    *last = (store){.value = value, .thread = self, .event = clocks[self].system.at[self]};
    if (continues != NULL) {
        last->order = continues->order;
        last->system = continues->system;
    }
    if (releases(order)) {
        join(&last->order, &clocks[self].order);
        join(&last->system, &clocks[self].system);
    }
    memcpy((void *)stored->address, &value, stored->size);
    begin_event(self);
}

void inter_atomic_store(uintptr_t address, size_t size, uint64_t value, int order)
{
    word *stored = word_at(address, size);
    inter_race_atomic(address, size, true);
    inter_note("%#llx", (unsigned long long)value);
    append(stored, value, order, NULL);
}

uint64_t inter_atomic_exchange_if(uintptr_t address, size_t size, uint64_t expected,
                                  uint64_t desired, int order, int failure_order)
{
    unsigned self = inter_self();
    word *changed = word_at(address, size);
    size_t newest = changed->store_count - 1;
    store before = changed->stores[newest];
    bool is_made = before.value == expected;
    inter_race_atomic(address, size, is_made);
    read_store(changed, self, newest, is_made ? order : failure_order);
    if (is_made) {
        inter_note("%#llx to %#llx", (unsigned long long)expected, (unsigned long long)desired);
        append(changed, desired, order, &before);
    } else {
        inter_note("%#llx, not %#llx", (unsigned long long)before.value,
                   (unsigned long long)expected);
        begin_event(self);
    }
    return before.value;
}

uint64_t inter_atomic_or(uintptr_t address, size_t size, uint64_t bits, int order)
{
    word *changed = word_at(address, size);
    size_t newest = changed->store_count - 1;
    store before = changed->stores[newest];
    inter_race_atomic(address, size, true);
    read_store(changed, inter_self(), newest, order);
    inter_note("%#llx or %#llx", (unsigned long long)before.value, (unsigned long long)bits);
    append(changed, before.value | bits, order, &before);
    return before.value;
}

/* ---- Blocks. A block's memory is not used again in the same schedule. */

enum { ARENA_SIZE = 1 << 18, BLOCKS_MAX = 64, BLOCK_GAP = 64 };

typedef struct block {
    uintptr_t address;
    size_t size;
    bool is_live;
} block;

static _Alignas(16) unsigned char arena[ARENA_SIZE];
static size_t arena_used;
static block blocks[BLOCKS_MAX];
static size_t block_count;

void *inter_block_new(size_t size)
{
    size_t rounded = (size + BLOCK_GAP + 15) & ~(size_t)15;
    INTER_CHECK(block_count < BLOCKS_MAX && arena_used + rounded <= ARENA_SIZE);
    unsigned char *created = arena + arena_used;
    memset(created, 0xA5, rounded);
    blocks[block_count++] = (block){(uintptr_t)created, size, true};
    arena_used += rounded;
    return created;
}

void inter_block_free(void *freed)
{
    if (freed == NULL) {
        return;
    }
    for (size_t i = 0; i < block_count; i++) {
        if (blocks[i].address == (uintptr_t)freed) {
            if (!blocks[i].is_live) {
                inter_fail("a block is freed twice");
            }
            inter_plain_write(blocks[i].address, blocks[i].size);
            blocks[i].is_live = false;
            return;
        }
    }
    inter_fail("memory is freed that is no block");
}

size_t inter_blocks_live(void)
{
    size_t live = 0;
    for (size_t i = 0; i < block_count; i++) {
        live += blocks[i].is_live;
    }
    return live;
}

void inter_check_block(uintptr_t address, size_t size)
{
    if (address - (uintptr_t)arena >= ARENA_SIZE) {
        return;
    }
    for (size_t i = block_count; i-- > 0;) {
        if (blocks[i].address <= address) {
            if (!blocks[i].is_live) {
                inter_fail("freed memory is accessed");
            }
            if (address + size > blocks[i].address + blocks[i].size) {
                inter_fail("memory behind a block is accessed");
            }
            return;
        }
    }
}

void inter_memory_begin(void)
{
    memset(clocks, 0, sizeof clocks);
    for (unsigned i = 0; i < INTER_THREADS_MAX; i++) {
        begin_event(i);
    }
    object_count = 0;
    word_count = 0;
    block_count = 0;
    arena_used = 0;
    inter_races_begin();
}
