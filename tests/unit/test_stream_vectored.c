/* test_stream_vectored.c: how much of the caller's slices one system call receives (rule R3). */
#include "unit/scripted_platform.h"

#include "core/transfer/stream_io.h"

static size_t n;
static char buf[64];

static fer_handle open_stream(const struct ferp_traits *traits)
{
    script_begin(traits);
    script_queue("recv* 1, send* 1, recv_vectored* 1, send_vectored* 1");
    return script_stream(0);
}

#define OPEN_TEST(function) \
    SCRIPT_TEST_WITH(fer_handle handle, open_stream(&script_posix), function)

/* Reads into and writes from slices of these lengths, and checks the calls. */
static void check_both(fer_handle *handle, const size_t *lengths, size_t count,
                       const char *read_log, const char *write_log)
{
    fer_io_slice_mut into[8];
    fer_io_slice from[8];
    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++) {
        into[i] = (fer_io_slice_mut){buf, lengths[i]};
        from[i] = (fer_io_slice){buf, lengths[i]};
    }
    assert_ok(feri_stream_read_vectored(handle, into, count, &n));
    assert_int_equal(n, script.times[SCRIPT_RECV] + script.times[SCRIPT_RECV_VECTORED] > 0);
    assert_log(read_log);
    assert_ok_log(feri_stream_write_vectored(handle, from, count, &n), write_log);
    script.times[SCRIPT_RECV] = script.times[SCRIPT_RECV_VECTORED] = 0;
}

OPEN_TEST(leading_slices_of_nothing_are_left_out)
{
    check_both(&handle, (size_t[]){0, 0, 3, 0, 1}, 5, "recv_vectored(1,3x3)",
               "send_vectored(1,3x3)");
}

OPEN_TEST(slices_of_nothing_make_no_call)
{
    check_both(&handle, (size_t[]){0, 0}, 2, "", "");
    check_both(&handle, (size_t[]){0}, 0, "", "");
    assert_ok(feri_stream_read_vectored(&handle, NULL, 0, NULL));
    assert_ok_log(feri_stream_write_vectored(&handle, NULL, 0, NULL), "");
}

OPEN_TEST(a_sum_beyond_the_limit_is_cut_to_it)
{
    script.traits.io_length_max = 10;
    check_both(&handle, (size_t[]){4, 6}, 2, "recv_vectored(1,2x4)", "send_vectored(1,2x4)");
    check_both(&handle, (size_t[]){9, 2}, 2, "recv_vectored(1,2x9)", "send_vectored(1,2x9)");
    check_both(&handle, (size_t[]){4, 7, 1}, 3, "recv_vectored(1,2x4)", "send_vectored(1,2x4)");
    check_both(&handle, (size_t[]){4, 3, 4}, 3, "recv_vectored(1,3x4)", "send_vectored(1,3x4)");
    check_both(&handle, (size_t[]){10, 0, 1}, 3, "recv_vectored(1,2x10)", "send_vectored(1,2x10)");
    check_both(&handle, (size_t[]){4, SIZE_MAX - 3, 1}, 3, "recv_vectored(1,2x4)",
               "send_vectored(1,2x4)");
}

OPEN_TEST(a_cut_call_has_sixteen_slices_at_most)
{
    fer_io_slice slices[20];
    script.traits.io_length_max = 18;
    for (size_t i = 0; i < 20; i++) {
        slices[i] = (fer_io_slice){buf, 1};
    }
    slices[15].len = 64;
    assert_ok(feri_stream_write_vectored(&handle, slices, 20, NULL));
    slices[15].len = 1;
    slices[16].len = 64;
    assert_ok(feri_stream_write_vectored(&handle, slices, 20, NULL));
    assert_log("send_vectored(1,16x1) send_vectored(1,16x1)");
    assert_false(feri_plan_slices(slices, 20).is_clipped);
}

OPEN_TEST(a_first_slice_beyond_the_limit_is_cut_itself)
{
    script.traits.io_length_max = 10;
    check_both(&handle, (size_t[]){11}, 1, "recv(1,10)", "send(1,10)");
    check_both(&handle, (size_t[]){0, 0, SIZE_MAX, 1}, 4, "recv(1,10)", "send(1,10)");
    check_both(&handle, (size_t[]){10}, 1, "recv_vectored(1,1x10)", "send_vectored(1,1x10)");
}

OPEN_TEST(a_slice_of_null_with_a_length_is_refused_if_it_would_be_passed)
{
    script.traits.io_slices_max = 2;
    fer_io_slice_mut into[] = {{NULL, 0}, {buf, 1}, {NULL, 1}, {NULL, 1}};
    fer_io_slice from[] = {{NULL, 0}, {buf, 1}, {NULL, 1}, {NULL, 1}};
    assert_error_n(feri_stream_read_vectored(&handle, into, 4, &n), FER_MISUSE, 0, n, 0);
    assert_error_n(feri_stream_write_vectored(&handle, from, 4, &n), FER_MISUSE, 0, n, 0);
    script.traits.io_slices_max = 1;
    assert_ok(feri_stream_read_vectored(&handle, into, 4, &n));
    assert_ok(feri_stream_write_vectored(&handle, from, 4, &n));
    assert_log("recv_vectored(1,1x1) send_vectored(1,1x1)");
    into[1].base = NULL;
    from[1].base = NULL;
    assert_error(feri_stream_read_vectored(&handle, into, 2, &n), FER_MISUSE, 0);
    assert_error_log(feri_stream_write_vectored(&handle, from, 2, &n), FER_MISUSE, 0, "");
}

TEST_MAIN("stream_vectored")
