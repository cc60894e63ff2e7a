/* steps.c: mutations of whole steps of a program and of their arguments, beside those of bytes by
 * libFuzzer or AFL++. No input is decoded here. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes before the steps, of each step, and after them. Bytes that are not a whole step follow the
 * last one, or are before the first one if the harness decodes from the end. */
static const struct {
    size_t front, step, back;
    bool from_end;
} shape = {FUZZ_SHAPE};

enum { AT_ONCE = 8, STEP_MAX = 8 };

struct input {
    uint8_t *bytes;
    size_t size, max;
    uint32_t random; /* not 0 */
};

/* 0 to count - 1, by xorshift. */
static size_t below(struct input *input, size_t count)
{
    input->random ^= input->random << 13;
    input->random ^= input->random >> 17;
    input->random ^= input->random << 5;
    return input->random % count;
}

static size_t count_of(size_t size)
{
    return (size - shape.front - shape.back) / shape.step;
}

/* The offset of a step, or of the end of the steps. */
static size_t offset_of(size_t size, size_t nth)
{
    size_t first = shape.from_end ? size - shape.back - count_of(size) * shape.step : shape.front;
    return first + nth * shape.step;
}

static uint8_t *step_of(const struct input *input, size_t nth)
{
    return input->bytes + offset_of(input->size, nth);
}

static uint8_t *any_step(struct input *input)
{
    return step_of(input, below(input, count_of(input->size)));
}

/* Inserts as many as fit. */
static void insert(struct input *input, size_t to, const uint8_t *steps, size_t count)
{
    size_t space = (input->max - input->size) / shape.step;
    size_t len = (count < space ? count : space) * shape.step;
    uint8_t *place = step_of(input, to);
    memmove(place + len, place, (size_t)(input->bytes + input->size - place));
    memcpy(place, steps, len);
    input->size += len;
}

static void cut(struct input *input, size_t from, size_t count)
{
    uint8_t *place = step_of(input, from);
    size_t len = count * shape.step;
    memmove(place, place + len, (size_t)(input->bytes + input->size - place) - len);
    input->size -= len;
}

/* The length of a run of steps that begins at `from`. */
static size_t some_from(struct input *input, size_t from, size_t count)
{
    size_t some = 1 + below(input, AT_ONCE);
    return some < count - from ? some : count - from;
}

/* Each byte is any, or that of another step: an argument is often a handle. */
static void fill(struct input *input, uint8_t *step, size_t first, size_t len)
{
    for (size_t i = first; i < first + len; i++) {
        bool is_any = count_of(input->size) == 0 || below(input, 2) == 0;
        step[i] = is_any ? (uint8_t)below(input, 256) : any_step(input)[i];
    }
}

static void mutate(struct input *input)
{
    uint8_t steps[AT_ONCE * STEP_MAX];
    size_t count = count_of(input->size);
    size_t to = below(input, count + 1);
    size_t from = below(input, count > 0 ? count : 1);
    switch (count > 0 ? below(input, 5) : 0) {
    case 0:
        fill(input, steps, 0, shape.step);
        insert(input, to, steps, 1);
        break;
    case 1: cut(input, from, some_from(input, from, count)); break;
    case 2: {
        size_t some = some_from(input, from, count);
        memcpy(steps, step_of(input, from), some * shape.step);
        insert(input, to, steps, some);
        break;
    }
    case 3: {
        uint8_t *other = any_step(input);
        memcpy(steps, other, shape.step);
        memcpy(other, step_of(input, from), shape.step);
        memcpy(step_of(input, from), steps, shape.step);
        break;
    }
    default: fill(input, step_of(input, from), below(input, shape.step), 1); break;
    }
}

static bool is_whole(size_t size)
{
    return size >= shape.front + shape.back;
}

static void make_whole(struct input *input)
{
    size_t least = shape.front + shape.back;
    if (!is_whole(input->size)) {
        memset(input->bytes + input->size, 0, least - input->size);
        input->size = least;
    }
}

/* ---- For AFL++, which loads a module with these functions. */

enum { MAX = 512 }; /* the largest of fuzz/options.sh */

static uint32_t next_random;

void *afl_custom_init(void *fuzzer, unsigned seed);
void afl_custom_deinit(void *state);
uint8_t afl_custom_havoc_mutation_probability(void *state);
size_t afl_custom_havoc_mutation(void *state, const uint8_t *data, size_t size, uint8_t **out,
                                 size_t max);

/* A result of NULL is a failure. */
void *afl_custom_init(void *fuzzer, unsigned seed)
{
    (void)fuzzer;
    next_random = seed | 1;
    return &next_random;
}

void afl_custom_deinit(void *state)
{
    (void)state;
}

/* In percent, before each of AFL++'s mutations of bytes. */
uint8_t afl_custom_havoc_mutation_probability(void *state)
{
    (void)state;
    return 50;
}

/* A result of 0 is no mutation. */
size_t afl_custom_havoc_mutation(void *state, const uint8_t *data, size_t size, uint8_t **out,
                                 size_t max)
{
    static uint8_t bytes[MAX];
    struct input input = {bytes, size, max < MAX ? max : MAX, next_random};
    (void)state;
    *out = bytes;
    if (size > input.max || !is_whole(input.max)) {
        return 0;
    }
    memcpy(bytes, data, size);
    make_whole(&input);
    mutate(&input);
    next_random = input.random;
    return input.size;
}

/* ---- For libFuzzer, which the module does not have. */

#if !defined(FUZZ_AFL)
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max, unsigned seed);

/* Inserts steps of another input, sometimes instead of the rest. Not possible: false. */
static bool splice(struct input *input, const uint8_t *other, size_t other_size)
{
    if (!is_whole(input->size) || other_size < shape.front + shape.back + shape.step) {
        return false;
    }
    size_t count = count_of(input->size);
    size_t others = count_of(other_size);
    size_t from = below(input, others);
    size_t to = below(input, count + 1);
    size_t some = others - from;
    if (below(input, 2) == 0) {
        cut(input, to, count - to);
    } else {
        some = 1 + below(input, some);
    }
    insert(input, to, other + offset_of(other_size, from), some);
    return true;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    struct input input = {data, size, max, seed | 1};
    if (!is_whole(max) || below(&input, 2) == 0) {
        return LLVMFuzzerMutate(data, size, max);
    }
    make_whole(&input);
    for (size_t i = below(&input, 3) + 1; i > 0; i--) {
        mutate(&input);
    }
    return input.size;
}

/* libFuzzer calls it as often as the mutator and calls another one after a result of 0. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max, unsigned seed)
{
    struct input input = {out, one_size, max, seed | 1};
    if (one_size > max || below(&input, 4) != 0) {
        return 0;
    }
    memcpy(out, one, one_size);
    return splice(&input, other, other_size) ? input.size : 0;
}
#endif
