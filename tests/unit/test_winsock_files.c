/* test_winsock_files.c: platform/winsock/copying.c reads a file that belongs to the program's
 * completion port. Windows only. Rule M3. */
#include "platform/winsock/winsock.h"

#include "platform/copying.h"
#include "support/seam.h"

/* A file of the bytes "0123456789" that is deleted when it is closed. */
static HANDLE new_file(DWORD flags)
{
    char folder[MAX_PATH];
    char path[MAX_PATH];
    DWORD written = 0;
    assert_true(GetTempPathA(sizeof folder, folder) > 0);
    assert_true(GetTempFileNameA(folder, "fer", 0, path) != 0);
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE | DELETE,
                              FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, CREATE_ALWAYS,
                              FILE_FLAG_DELETE_ON_CLOSE, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(WriteFile(file, "0123456789", 10, &written, NULL) && written == 10);
    HANDLE opened =
        CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, flags, NULL);
    assert_true(opened != INVALID_HANDLE_VALUE);
    CloseHandle(file);
    return opened;
}

static void assert_reads(HANDLE file, uint64_t offset, const char *text)
{
    char buf[16];
    size_t n = 77;
    assert_ok(ferp_read_file((fer_raw_file)file, offset, buf, sizeof buf, &n));
    assert_int_equal(n, strlen(text));
    assert_memory_equal(buf, text, n);
}

/* "a valid event handle whose low-order bit is set keeps I/O completion from being queued"
 * ("GetQueuedCompletionStatus function", MSDN). */
TEST(a_read_leaves_no_packet_in_the_completion_port_of_the_file)
{
    HANDLE file = new_file(FILE_FLAG_OVERLAPPED);
    HANDLE port = CreateIoCompletionPort(file, NULL, 42, 1);
    DWORD moved;
    ULONG_PTR key;
    OVERLAPPED *request;
    assert_non_null(port);
    assert_reads(file, 3, "3456789");
    assert_reads(file, 10, "");
    assert_false(GetQueuedCompletionStatus(port, &moved, &key, &request, 0));
    assert_null(request);
    CloseHandle(port);
    CloseHandle(file);
}

TEST(a_file_without_overlapped_requests_is_read_too)
{
    HANDLE file = new_file(0);
    assert_reads(file, 9, "9");
    assert_reads(file, UINT64_C(1) << 40, "");
    CloseHandle(file);
}

TEST_MAIN("winsock_files")
