/* stream_fixture.c: see stream_fixture.h. */
#include "support/stream_fixture.h"

struct stream_kind stream_kinds[7] = {
    {&test_pair_connected_v4, NULL}, {&test_pair_accepted_v4, NULL},
    {&test_pair_connected_v6, NULL}, {&test_pair_accepted_v6, NULL},
    {NULL, &unix_connected_kind},    {NULL, &unix_accepted_kind},
    {NULL, &unix_paired_kind},
};

struct stream_pair stream_pair_open(const struct stream_kind *kind)
{
    if (kind->tcp != NULL) {
        struct pair *pair = pair_open_kind(kind->tcp);
        return (struct stream_pair){tcp_ref(&pair->stream), pair->other};
    }
    void *state = kind->of_unix;
    struct unix_pair pair = unix_pair_open(&state);
    return (struct stream_pair){unix_ref(pair.stream), pair.other};
}

void stream_pair_close(void)
{
    assert_int_equal(unix_test_end(NULL), 0);
}

void stream_pair_send(struct stream_pair pair, const char *text)
{
    assert_true(peer_send_all(pair.other, text, strlen(text)));
    assert_true(peer_raw_wait_readable(stream_as_raw(pair.stream)));
}

void assert_stream_alive(struct stream_pair pair)
{
    assert_stream_exchange(pair.stream, pair.other);
}

stream_ref stream_like(stream_ref stream)
{
    return stream.tcp != NULL ? tcp_ref(test_stream()) : unix_ref(test_unix_stream());
}
