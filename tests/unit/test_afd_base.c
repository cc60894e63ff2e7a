/* test_afd_base.c: the base SOCKET below layered providers that hide it in the reported ways. */
#include "platform/winsock/afd.h"
#include "support/group.h"

static int WINAPI scripted_ioctl(SOCKET socket, DWORD code, LPVOID in, DWORD in_size, LPVOID out,
                                 DWORD out_size, LPDWORD length, LPWSAOVERLAPPED overlapped,
                                 LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);

#define WSAIoctl scripted_ioctl
#include "platform/winsock/afd_base.c"

/* The answers of the providers. An endless chain has a lower SOCKET below each one. */
static struct answer {
    SOCKET socket;
    DWORD code;
    SOCKET lower;
} answers[8];
static size_t answer_count;
static int error;
static int calls;

static int WINAPI scripted_ioctl(SOCKET socket, DWORD code, LPVOID in, DWORD in_size, LPVOID out,
                                 DWORD out_size, LPDWORD length, LPWSAOVERLAPPED overlapped,
                                 LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    assert_true(in == NULL && in_size == 0 && overlapped == NULL && routine == NULL);
    assert_int_equal(out_size, sizeof(SOCKET));
    calls++;
    for (size_t i = 0; i < answer_count; i++) {
        if ((answers[i].socket == socket || answers[i].socket == 0) && answers[i].code == code) {
            *(SOCKET *)out = answers[i].socket == 0 ? socket + 4 : answers[i].lower;
            *length = out_size;
            return 0;
        }
    }
    WSASetLastError(error);
    return SOCKET_ERROR;
}

static void answer(SOCKET socket, DWORD code, SOCKET lower)
{
    answers[answer_count++] = (struct answer){socket, code, lower};
}

static int begin(void **state)
{
    (void)state;
    answer_count = 0;
    error = WSAEOPNOTSUPP;
    calls = 0;
    return 0;
}

#define BASE_TEST(function) TEST_WITH(function, begin, NULL)

static void assert_base(SOCKET socket, SOCKET base)
{
    SOCKET found = INVALID_SOCKET;
    assert_int_equal(ferp_afd_base_of(socket, &found).kind, FER_OK);
    assert_true(found == base);
}

BASE_TEST(without_layers_one_call_answers)
{
    answer(100, IOCTL_BASE_HANDLE, 100);
    assert_base(100, 100);
    assert_int_equal(calls, 1);
}

/* Komodia: SIO_BASE_HANDLE fails, SIO_BSP_HANDLE_POLL answers; two of them, one over the other. */
BASE_TEST(each_layer_is_passed)
{
    answer(100, IOCTL_BSP_HANDLE_POLL, 200);
    answer(200, IOCTL_BSP_HANDLE_POLL, 300);
    answer(300, IOCTL_BASE_HANDLE, 300);
    assert_base(100, 300);
}

BASE_TEST(any_of_the_other_codes_descends_a_layer)
{
    const DWORD codes[] = {IOCTL_BSP_HANDLE_SELECT, IOCTL_BSP_HANDLE_POLL, IOCTL_BSP_HANDLE};
    for (size_t i = 0; i < 3; i++) {
        answer_count = 0;
        answer(100, IOCTL_BSP_HANDLE_SELECT, 100); /* itself, which is no lower layer */
        answer(100, codes[i], 200);
        answers[0].code = codes[i] == IOCTL_BSP_HANDLE_SELECT ? 0 : IOCTL_BSP_HANDLE_SELECT;
        answer(200, IOCTL_BASE_HANDLE, 300);
        assert_base(100, 300);
    }
}

BASE_TEST(the_lowest_socket_found_is_the_answer_if_the_base_is_hidden)
{
    assert_base(100, 100);
    answer(100, IOCTL_BSP_HANDLE_SELECT, 200);
    assert_base(100, 200);
    answer(200, IOCTL_BASE_HANDLE, INVALID_SOCKET);
    assert_base(100, 200);
}

BASE_TEST(an_endless_chain_of_layers_ends)
{
    SOCKET found = INVALID_SOCKET;
    answer(0, IOCTL_BSP_HANDLE_POLL, 0);
    assert_int_equal(ferp_afd_base_of(100, &found).kind, FER_OK);
    assert_true(calls <= 4 * LAYERS_MAX);
}

BASE_TEST(the_search_of_two_layers_that_name_each_other_ends)
{
    SOCKET found = INVALID_SOCKET;
    answer(100, IOCTL_BSP_HANDLE_POLL, 200);
    answer(200, IOCTL_BSP_HANDLE_POLL, 100);
    assert_int_equal(ferp_afd_base_of(100, &found).kind, FER_OK);
    assert_true(found == 100 || found == 200);
    assert_true(calls <= 4 * LAYERS_MAX);
}

BASE_TEST(a_handle_that_is_no_socket_is_a_bad_handle)
{
    SOCKET found = INVALID_SOCKET;
    error = WSAENOTSOCK;
    assert_int_equal(ferp_afd_base_of(100, &found).kind, FER_BAD_HANDLE);
    assert_int_equal(calls, 1);
}

TEST_MAIN("afd_base")
