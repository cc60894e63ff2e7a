/* fuzz_udp_batch.c: one program of batches of datagrams in every dialect, with each datagram
 * accounted for (rules B1 to B8), and once more on Linux with a call for each datagram. What each
 * end receives is equal in all runs, unless a fault is visible in it. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/udp_addresses.h"
#include "fuzz/programs/batch_program.h"

enum { RUNS = 4 };

static const struct {
    const char *name;
    fer_sim_dialect dialect;
    bool as_singles;
} kinds[RUNS] = {{"posix", FER_SIM_DIALECT_POSIX, false},
                 {"singles", FER_SIM_DIALECT_POSIX, true},
                 {"winsock", FER_SIM_DIALECT_WINSOCK, false},
                 {"bsd", FER_SIM_DIALECT_BSD, false}};

static struct batch_program runs[RUNS];

static void print_seen(const char *name, int end, int at, const struct batch_seen *seen)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP] = "";
    (void)fer_socket_addr_format(&seen->from, text, sizeof text);
    fprintf(stderr, "udp_batch: %s: end %d, %d: serial %d, %zu bytes, from %s\n", name, end, at,
            seen->serial, seen->len, text);
}

static void compare_end(const struct batch_model *one, const struct batch_model *other,
                        const char *name, int end)
{
    int count = one->seen_counts[end] < other->seen_counts[end] ? one->seen_counts[end]
                                                                : other->seen_counts[end];
    for (int i = 0; i < count; i++) {
        const struct batch_seen *a = &one->seen[end][i];
        const struct batch_seen *b = &other->seen[end][i];
        if (a->serial != b->serial || a->len != b->len || !is_same(&a->from, &b->from)) {
            print_seen(kinds[0].name, end, i, a);
            print_seen(name, end, i, b);
            abort();
        }
    }
    if (one->seen_counts[end] != other->seen_counts[end]) {
        fprintf(stderr, "udp_batch: end %d: %s has %d datagrams, %s has %d\n", end, kinds[0].name,
                one->seen_counts[end], name, other->seen_counts[end]);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int i = 0; i < RUNS; i++) {
        batch_program_run(&runs[i], kinds[i].dialect, kinds[i].as_singles, data, size);
    }
    for (int i = 1; i < RUNS && runs[0].is_comparable; i++) {
        for (int end = 0; end < BATCH_ENDS && runs[i].is_comparable; end++) {
            compare_end(&runs[0].model, &runs[i].model, kinds[i].name, end);
        }
    }
    return 0;
}
